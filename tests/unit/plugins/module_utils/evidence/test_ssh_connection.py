# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What sshd says of a connection; that it is found and protected: tests/integration/kernel/test_plan.py."""

from __future__ import annotations

import os

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.ssh_connection import ancestors, parse, plain
from ansible_collections.netmend.reclaim.plugins.module_utils.model import WayIn


@pytest.mark.parametrize(
    ("text", "peer", "local"),
    [
        ("198.51.100.9 50000 192.0.2.1 22", "198.51.100.9", "192.0.2.1"),
        ("2001:DB8:0::9 50000 2001:db8::1 22", "2001:db8::9", "2001:db8::1"),
        ("::ffff:198.51.100.9 50000 ::ffff:192.0.2.1 22", "198.51.100.9", "192.0.2.1"),
        ("fe80::9%eth0 50000 fe80::1%eth0 22", "fe80::9%eth0", "fe80::1%eth0"),
    ],
)
def test_ssh_connection(text, peer, local) -> None:
    assert parse(text, "it says so") == WayIn(peer, local, 22, 50000, "it says so")


@pytest.mark.parametrize(
    "text",
    ["", "UNKNOWN 65535 UNKNOWN 65535", "198.51.100.9 50000", "198.51.100.9 a 192.0.2.1 b", "1 2 3 4 5", "é 1 é 2"],
)
def test_what_is_no_connection(text) -> None:
    assert parse(text, "") is None


def test_addresses_as_the_kernel_has_them() -> None:
    assert plain("::FFFF:192.0.2.1") == "192.0.2.1" and plain("FE80::1%a b") == "fe80::1%a b"


def test_ancestors_begin_with_this_process() -> None:
    family = list(ancestors())
    assert family[:2] == [os.getpid(), os.getppid()] and len(set(family)) == len(family)
