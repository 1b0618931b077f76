# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is planted on the hosts of a fleet, what an audit must say of it, and how a person mends it.

Each fault bears the number of its host, so that a finding which is told of another host is a wrong one.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.netmend.reclaim.plugins.module_utils.identity import fingerprint
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Finding
from many_hosts import GATEWAY


class Told(t.NamedTuple):
    """What identifies a finding."""

    rule: str
    kind: str
    selector: t.Mapping[str, t.Any]

    @property
    def mark(self) -> str:
        """The fingerprint that it has to have."""
        return fingerprint(Finding(self.rule, "low", "hint", self.kind, self.selector, "", ()))


@dataclasses.dataclass(frozen=True)
class Fault:
    """Lines of ``ip -batch`` and values with ``{n}`` for the host's number."""

    plant: str
    mend: str
    rule: str
    kind: str
    selector: t.Mapping[str, t.Any]
    intent: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    """What is declared for the host, and what the fault is the lack of."""

    def told(self, number: int) -> Told:
        return Told(self.rule, self.kind, filled(self.selector, number))

    def declared(self, number: int) -> t.Dict[str, t.Any]:
        return dict(filled(self.intent, number))


def filled(value: t.Any, number: int) -> t.Any:
    """Values in which ``{n}`` is the number; one that is nothing but digits then is an int."""
    if isinstance(value, t.Mapping):
        return {name: filled(item, number) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, number) for item in value]
    if not isinstance(value, str) or "{n" not in value:
        return value
    text = value.format(n=number)
    return int(text) if text.isdigit() else text


FAULTS = {
    "litter": Fault(
        "rule add priority 4{n:03} from 203.0.113.0/26 lookup 2{n:03}",
        "rule delete priority 4{n:03}",
        "RC301", "rule", {"family": 4, "table": "2{n:03}"},
    ),
    "orphan": Fault(
        "route add 10.4.{n}.0/24 via %s table 3{n:03}" % GATEWAY,
        "route delete 10.4.{n}.0/24 table 3{n:03}",
        "RC204", "route", {"family": 4, "table": "3{n:03}"},
    ),
    "sourceless": Fault(
        """
        address add 198.51.100.{n}/32 dev eth0
        rule add priority 5{n:03} to 10.1.{n}.0/24 lookup 1{n:03}
        route add 10.1.{n}.0/24 via %s src 198.51.100.{n} table 1{n:03}
        address delete 198.51.100.{n}/32 dev eth0
        """ % GATEWAY,
        """
        rule delete priority 5{n:03}
        route delete 10.1.{n}.0/24 table 1{n:03}
        """,
        "RC201", "route", {"family": 4, "table": "1{n:03}", "source": "198.51.100.{n}", "proto": "boot"},
    ),
    "detached": Fault(
        "rule add priority 6{n:03} iif gone{n} lookup main",
        "rule delete priority 6{n:03}",
        "RC302", "rule",
        {
            "family": 4, "priority": "6{n:03}", "action": "lookup", "table": 254, "from": None, "to": None, "iif": "gone{n}", "oif": None,
            "mark": None,
        },
    ),
    "unused": Fault(
        "nexthop add id {n} via %s dev eth0" % GATEWAY,
        "nexthop delete id {n}",
        "RC208", "nexthop", {"proto": "unspec", "interface": "eth0"},
    ),
    "shadowed": Fault(
        """
        route add 10.5.{n}.0/24 via %s metric 100
        route add 10.5.{n}.0/24 via %s metric 2{n:03}
        """ % (GATEWAY, GATEWAY),
        """
        route delete 10.5.{n}.0/24 metric 100
        route delete 10.5.{n}.0/24 metric 2{n:03}
        """,
        "RC205", "route",
        {
            "family": 4, "table": 254, "proto": "boot", "metric": "2{n:03}", "interfaces": ["eth0"], "gateways": [GATEWAY],
        },
    ),
    "twins": Fault(
        """
        link add lan1 type veth peer name lan2
        link set lan1 addrgenmode none
        link set lan2 addrgenmode none
        link set lan1 up
        link set lan2 up
        address add 10.9.{n}.1/24 dev lan1
        address add 10.9.{n}.2/24 dev eth0
        """,
        "address delete 10.9.{n}.2/24 dev eth0",
        "RC406", "address", {"prefix": "10.9.{n}.0/24", "interfaces": ["eth0", "lan1"]},
    ),
    "undone": Fault(
        "",
        "route add 10.7.{n}.0/24 via %s" % GATEWAY,
        "RC207", "route",
        {
            "family": 4, "dst": "10.7.{n}.0/24", "table": 254, "gateway": GATEWAY, "interface": None, "source": None,
        },
        {"routes": [{"dst": "10.7.{n}.0/24", "gateway": GATEWAY}]},
    ),
    "unruled": Fault(
        "",
        "rule add priority 7{n:03} to 10.8.{n}.0/24 lookup main",
        "RC304", "rule",
        {
            "family": 4, "priority": "7{n:03}", "from": None, "to": "10.8.{n}.0/24", "iif": None, "oif": None, "mark": None,
            "table": 254,
        },
        {"rules": [{"priority": "7{n:03}", "to": "10.8.{n}.0/24", "table": 254}]},
    ),
}  # fmt: skip
