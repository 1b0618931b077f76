# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands as a person would type them."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.commands import inside, ip


@pytest.mark.parametrize(
    ("netns", "shown", "within"),
    [
        (None, "ip link show dev 'a;b'", "ss -tun"),
        ("vpn1", "ip -n vpn1 link show dev 'a;b'", "ip netns exec vpn1 ss -tun"),
        ("4711", "nsenter -t 4711 -n ip link show dev 'a;b'", "nsenter -t 4711 -n ss -tun"),
    ],
)
def test_a_namespace_is_a_name_or_the_id_of_a_process(netns: str | None, shown: str, within: str) -> None:
    assert ip(netns, "link", "show", "dev", "a;b") == shown
    assert inside(netns, "ss", "-tun") == within
