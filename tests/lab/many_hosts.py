# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many small hosts: network namespaces with an address, a default route and nothing that is wrong.

They share nothing, not even a network: eth0 ends in the host itself. So hundreds of them are made in seconds.
"""

from __future__ import annotations

import json
import pathlib
import typing as t

import namespaces

GATEWAY = "192.0.2.254"
MOST = 250
"""Hosts of which each has an address of its own in one subnet."""
_HOST = """
    link set lo up
    link add eth0 type veth peer name far0
    link set eth0 addrgenmode none
    link set far0 addrgenmode none
    link set far0 up
    link set eth0 up
    address add 192.0.2.%d/24 dev eth0
    route add default via %s
"""


class Fleet:
    """Hosts with the numbers from 1 on, and names that sort as these do."""

    def __init__(self, prefix: str, count: int) -> None:
        if not 0 < count <= MOST:
            raise ValueError("%d hosts; expected 1 to %d" % (count, MOST))
        self.prefix = prefix
        self.numbers = range(1, count + 1)

    @staticmethod
    def name(number: int) -> str:
        return "host%03d" % number

    def netns(self, number: int) -> str:
        return self.prefix + self.name(number)

    def make(self, numbers: t.Collection[int]) -> None:
        namespaces.many("add", [self.netns(number) for number in numbers])
        for number in numbers:
            namespaces.batch(self.netns(number), _HOST % (number, GATEWAY))

    def remove(self) -> None:
        there = [name for name in map(self.netns, self.numbers) if namespaces.exists(name)]
        namespaces.many("delete", there)

    def inventory(self, path: pathlib.Path, more: t.Mapping[int, t.Mapping[str, t.Any]] | None = None) -> None:
        """``more``: variables of some hosts, by number."""
        hosts = {
            self.name(number): {"ansible_host": self.netns(number), **(more or {}).get(number, {})}
            for number in self.numbers
        }
        given = {
            "ansible_connection": "netmend.reclaim.netns",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        }
        path.write_text(json.dumps({"all": {"hosts": hosts, "vars": given}}, indent=1) + "\n", encoding="ascii")
