# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts on which the daemons of Debian run: each test makes its own, each is ended with it."""

from __future__ import annotations

import pathlib
import sys

import pytest
from ansible_collections.netmend.reclaim.tests.integration.daemons.host import ROOT, Host

sys.path.insert(0, str(ROOT / "tests"))
import roots  # noqa: E402

PACKAGES = (
    "bird2",
    "dbus",
    "frr",
    "iproute2",
    "keepalived",
    "nftables",
    "procps",
    "python3",
    "strongswan-charon",
    "strongswan-starter",
    "systemd",
    "wireguard-go",
    "wireguard-tools",
)
LINKED = """
ip netns add far
ip -n far link set lo up
ip link add eth0 type veth peer name eth0 netns far
ip address add 192.0.2.1/24 dev eth0
ip link set eth0 up
ip -n far address add 192.0.2.2/24 dev eth0
ip -n far link set eth0 up
"""


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    try:
        return roots.directory(PACKAGES)
    except roots.NoRoot as exc:
        pytest.skip(str(exc))


@pytest.fixture
def host(root, tmp_path):
    """192.0.2.1 on eth0, with its neighbour 192.0.2.2 in the namespace "far" of the same host: what runs there is seen on
    the host, as what runs in a container is, and is not the host's own."""
    made = Host("host", root, tmp_path / "host")
    try:
        made.sh(LINKED)
        yield made
    finally:
        made.end()
