# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit's own logic, on a port that plays back values; on the real kernel: tests/integration/kernel/test_audit.py."""

from __future__ import annotations

import dataclasses
import json

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.audit import audit, generation, request
from ansible_collections.netmend.reclaim.plugins.module_utils.identity import canonical
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.netlink import Overrun
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    Address,
    Answer,
    Flow,
    Hop,
    Link,
    Neighbour,
    Route,
    RouteGroup,
    Rule,
    Session,
    Snapshot,
    Unseen,
)

SNAPSHOT = Snapshot(
    links=(Link(1, "lo", up=True, carrier=True, loopback=True), Link(2, "eth0", up=True, carrier=True)),
    addresses=(Address(4, 2, "192.0.2.1", 24, valid_lifetime=60),),
    rules=(Rule(4, 0, table=255), Rule(4, 32766, table=254)),
    local=("192.0.2.1/32",),
)
GROUPS = (
    RouteGroup(Route(4, None, 254, hops=(Hop(2, "192.0.2.254"),)), 1, ("0.0.0.0/0",)),
    RouteGroup(Route(4, None, 100, hops=(Hop(2, "192.0.2.254"),)), 70, ("198.51.100.0/24",)),
    RouteGroup(Route(4, None, 100, hops=(Hop(2, "192.0.2.253"),)), 30, ("203.0.113.0/24",)),
)


class Port:
    """What an audit needs of a Kernel."""

    def __init__(self, breaks=0) -> None:
        self.netns = None
        self.unseen = [Unseen("raw sockets", "the kernel has no module raw_diag")]
        self.unsteady = ["rules", "rules"]
        self.breaks = breaks
        self.streamed = []

    def snapshot(self):
        return SNAPSHOT

    def route_groups(self):
        self.streamed.append("routes")
        yield GROUPS[0]
        yield GROUPS[1]
        if self.breaks:
            self.breaks -= 1
            raise Overrun("the answer overran the socket's buffer")
        yield GROUPS[2]

    def sessions(self):
        self.streamed.append("sessions")
        for number in range(3):
            yield Session(4, "udp", "198.51.100.%d" % number, 5000, "192.0.2.9", 9, inode=7 + number)

    def flows(self):
        self.streamed.append("flows")
        yield Flow(4, "udp", "192.0.2.1", "192.0.2.9", 5000, 53, "192.0.2.9", "192.0.2.1", 53, 5000)

    def running(self, names):
        return []

    def of_the_system(self):
        return False

    def holders(self, inodes):
        return {}

    def lookup(self, queries):
        return [Answer("ENETUNREACH" if query.source else None) for query in queries]


def test_one_pass_and_what_it_says() -> None:
    port = Port()
    result = audit(port, request({}))
    assert port.streamed == ["routes", "sessions", "flows"]
    assert result["snapshot"]["counts"] == {
        "links": 2,
        "addresses": 1,
        "rules": 2,
        "nexthops": 0,
        "neighbours": 0,
        "routes": 101,
        "sessions": 3,
        "flows": 1,
    }
    assert result["unsteady"] == ["rules"]
    assert result["unseen"] == [{"what": "raw sockets", "why": "the kernel has no module raw_diag"}]
    assert result["summary"]["by_rule"] == {"RC101": 3, "RC204": 1}
    (table,) = [finding for finding in result["findings"] if finding["rule"] == "RC204"]
    assert table["count"] == 100
    severities = [finding["severity"] for finding in result["findings"]]
    assert severities == sorted(severities, key=["critical", "high", "medium", "low", "info"].index)
    assert json.loads(json.dumps(result)) == result


def test_a_stream_that_breaks_off_is_read_from_the_start() -> None:
    result = audit(Port(breaks=2), request({"rules": {"include": ["RC204"]}}))
    assert [finding["count"] for finding in result["findings"]] == [100], "nothing is counted twice"
    with pytest.raises(Overrun):
        audit(Port(breaks=3), request({}))


def test_only_the_streams_that_rules_watch_are_read() -> None:
    port = Port()
    result = audit(port, request({"rules": {"include": ["RC409"]}}))
    assert port.streamed == []
    assert result["rules"] == ["RC409"]


def test_the_rest_is_counted() -> None:
    result = audit(Port(), request({"limit": 1}))
    assert len(result["findings"]) == 1
    assert (result["summary"]["total"], result["summary"]["omitted"]) == (4, 3)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"rules": {"include": ["RC999"]}}, "no rule has the id RC999; the rules are RC101"),
        ({"rules": {"exclude": ["rc101"]}}, "no rule has the id rc101"),
        ({"rules": {"include": ["RC101"], "exclude": ["RC101"]}}, "nothing would be audited"),
        ({"limit": 0}, "limit: 0 findings; expected at least 1"),
    ],
)
def test_bad_requests(params, words) -> None:
    with pytest.raises(ValueError, match=words):
        audit(Port(), request(params))


def test_fingerprints_do_not_hang_on_what_changes_by_itself() -> None:
    one = {item["fingerprint"] for item in audit(Port(), request({}))["findings"]}
    two = {item["fingerprint"] for item in audit(Port(), request({}))["findings"]}
    assert one == two
    assert len(one) == 4


def test_the_generation_is_what_somebody_configured() -> None:
    moved = dataclasses.replace(
        SNAPSHOT,
        addresses=(dataclasses.replace(SNAPSHOT.addresses[0], valid_lifetime=59),),
        neighbours=(Neighbour(4, 2, "192.0.2.254"),),
    )
    assert generation(moved) == generation(SNAPSHOT)
    assert generation(dataclasses.replace(SNAPSHOT, rules=SNAPSHOT.rules[:1])) != generation(SNAPSHOT)


def test_canonical_json_has_one_spelling() -> None:
    assert canonical({"b": (1, 2), "a": None}) == '{"a":null,"b":[1,2]}'


def test_an_owner_that_nobody_describes_cannot_be_expected() -> None:
    described = {"owners": [{"name": "mine", "processes": ["mined"]}]}
    assert request(dict(described, intent={"owners": ["mine"]})).intent.owners == ("mine",)
    with pytest.raises(
        ValueError, match="nobody describes bogus, so it cannot be told whether it runs; those described are mine"
    ):
        request(dict(described, intent={"owners": ["mine", "bogus"]}))
