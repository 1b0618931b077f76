# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel refuses, in words."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.resource.refusals import refusal


@pytest.mark.parametrize(
    ("op", "why", "said"),
    [
        (
            "route.add",
            "ENETUNREACH: Nexthop has invalid gateway",
            "X: the kernel says ENETUNREACH (Nexthop has invalid gateway): the gateway is not on a connected subnet of its "
            "interface; add the address first, or set onlink",
        ),
        (
            "rule.add",
            "EPERM",
            "X: the kernel says EPERM: this needs root, or CAP_NET_ADMIN in the network namespace; use become",
        ),
        (
            "link.add",
            "ENOTSUP: Unknown device type.",
            "X: the kernel says EOPNOTSUPP (Unknown device type): this kernel does",
        ),
        ("address.add", "ENOTTY", "X: the kernel says ENOTTY"),
    ],
)
def test_a_refusal_has_the_errno_the_kernels_words_and_what_to_do(op, why, said):
    assert refusal(op, "X", why).startswith(said)
