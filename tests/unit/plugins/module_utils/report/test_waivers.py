# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import re

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, table, waivers
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples

DAY = 86400.0


def applied(*given, at=samples.NOON, **hosts):
    hosts = hosts or samples.fleet_of_few()
    return waivers.apply(fleet.document(hosts, at), waivers.load(given))


def states(document):
    return [(item["id"], item["state"], item["findings"]) for item in document["waivers"]]


def test_what_is_waived_stays_in_the_report_and_says_so():
    document = applied(samples.waiver())
    assert states(document) == [("old-table", "in-use", 2)]
    assert document["waivers"][0]["selector"] == samples.waiver()["selector"]
    told = {"reason": samples.waiver()["reason"], "by": "dana", "until": "2025-12-31", "id": "old-table"}
    assert [finding["waived"] for finding in document["hosts"]["edge1"]["findings"]] == [told, None]
    sums = document["summary"]
    assert (sums["total"], sums["low"], sums["waived"], sums["open"]["low"]) == (5, 4, 2, 2)


def test_no_waivers_say_nothing():
    document = applied()
    assert document["waivers"] is None
    assert {finding["waived"] for host in document["hosts"].values() for finding in host.get("findings", ())} == {None}


@pytest.mark.parametrize(
    ("selector", "count"),
    [
        ({"rule": "RC102"}, 1),
        ({"rule": "RC[13]0?"}, 5),
        ({"host": "edge*"}, 3),
        ({"host": "edge*", "rule": "RC102"}, 0),
        ({"severity": "high"}, 1),
        ({"owner": "doublezero*"}, 1),
        ({"kind": "rule"}, 4),
        ({"kind": "rule", "object": {"table": 52, "src": "10.9.[12].0/24"}}, 3),
        ({"object": {"table": "52"}}, 4),
        ({"object": {"nothing": "*x*"}}, 0),
        ({"fingerprint": samples.finding()["fingerprint"]}, 1),
    ],
)
def test_selectors(selector, count):
    assert applied(samples.waiver(selector=selector))["summary"]["waived"] == count


def test_of_a_list_in_an_object_one_value_must_fit():
    listed = samples.litter(object={"kind": "rule", "selector": {"via": ["192.0.2.1", "192.0.2.9"], "src": None}})
    for pattern, fits in (("*.9", 1), ("*.7", 0)):
        given = samples.waiver(selector={"object": {"via": pattern}})
        assert applied(given, a=samples.registered(listed))["summary"]["waived"] == fits


@pytest.mark.parametrize(
    ("until", "at", "state"),
    [
        ("2025-11-24", "2025-11-24T00:00:00", "in-use"),
        ("2025-11-24", "2025-11-24T23:59:59", "in-use"),
        ("2025-11-24", "2025-11-25T00:00:00", "expired"),
        ("2024-02-29", "2024-02-29T12:00:00", "in-use"),
        ("2024-02-29", "2024-03-01T00:00:00", "expired"),
    ],
)
def test_it_holds_until_the_end_of_its_day_in_utc(until, at, state):
    moment = datetime.datetime.fromisoformat(at).replace(tzinfo=datetime.timezone.utc).timestamp()
    document = applied(samples.waiver(until=until), at=moment)
    assert states(document) == [("old-table", state, 2)]
    assert document["summary"]["waived"] == (2 if state == "in-use" else 0)


def test_an_expired_one_speaks_up_and_what_it_covered_counts_again():
    document = applied(samples.waiver(until="2025-11-01"))
    assert (
        fleet.failing(document, "low")[0] == "a finding of severity low or above on 3 hosts (dfw-mn-bm1, edge1, edge2)"
    )
    words = "The waiver old-table of dana expired after 2025-11-01, and 2 findings that it covered are open again."
    assert words in " ".join(table.lines(document, 200))
    assert [item["id"] for item in waivers.lapsed(document)] == ["old-table"]


def test_what_a_valid_one_covers_is_not_open_again_because_another_expired():
    document = applied(samples.waiver(id="old", until="2025-11-01"), samples.waiver(id="renewed"))
    assert states(document) == [("old", "expired", 0), ("renewed", "in-use", 2)]
    assert waivers.lapsed(document) == []
    assert "Fits nothing here: waiver old" in table.lines(document, 100)


def test_the_first_that_fits_waives_and_the_others_are_in_use():
    document = applied(samples.waiver(id="one"), samples.waiver(id="two"))
    assert states(document) == [("one", "in-use", 2), ("two", "in-use", 2)]
    assert document["hosts"]["edge1"]["findings"][0]["waived"]["id"] == "one"


def test_what_is_waived_raises_no_alarm():
    document = applied(samples.waiver(selector={"rule": "RC102"}), a=samples.registered(samples.finding()))
    assert fleet.failing(document, "info") == []
    assert fleet.verdict(document) == "Nothing is open: all that was found is waived."
    said = table.lines(document, 100)
    assert said == ["1 host: 1 audited. 1 finding on 1 host: 1 high. 1 waived."]
    more = applied(
        samples.waiver(selector={"rule": "RC102"}), a=samples.registered(samples.finding(), samples.litter())
    )
    assert fleet.verdict(more) == "Nothing pressing; 1 of 1 audited host has something to tidy up."


def test_an_omitted_finding_is_open_whatever_is_waived():
    result = samples.registered(samples.litter(2))
    result["summary"].update(low=3, total=3, omitted=2)
    document = applied(samples.waiver(), a=result)
    assert document["summary"]["open"]["low"] == 2


def test_without_an_id_its_place_is_its_name():
    first, second = samples.waiver(id="first"), samples.waiver(id=None)
    assert [item.id for item in waivers.load([first, second])] == ["first", "#2"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"until": "soon"}, "the waiver old-table: until is 'soon'; expected its last day like 2026-12-31"),
        ({"until": "2025-02-30"}, "until is '2025-02-30'"),
        ({"until": "2025-1-1"}, "until is '2025-1-1'"),
        ({"until": "2026-12-31 00:00:00"}, "until is '2026-12-31 00:00:00'"),
        ({"reason": "  "}, "reason is empty; expected why the finding is let be"),
        ({"by": ""}, "by is empty; expected who answers for it"),
        ({"selector": {}}, "its selector fits every finding"),
        ({"selector": {"host": "*"}}, "its selector fits every finding"),
        ({"selector": {"host": "**", "rule": "RC*", "object": {"table": "*"}}}, "its selector fits every finding"),
        ({"selector": {"rule": "RC???", "owner": ""}}, "its selector fits every finding"),
        ({"selector": {"rule": "RC999"}}, "no rule has the id RC999"),
        ({"selector": {"object": {"src": ["a"]}}}, "object.src is ['a']; expected a text"),
    ],
)
def test_what_is_wrong_is_named(changes, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        waivers.load([samples.waiver(**changes)])


def test_two_of_one_name_are_refused():
    with pytest.raises(ValueError, match="another waiver has the same id"):
        waivers.load([samples.waiver(), samples.waiver()])


def test_hostile_hosts_and_waivers_do_nothing_to_a_terminal():
    given = [
        samples.waiver(id=text, by=text or "x", reason=text, selector={"host": "*%d" % number}, until="2025-01-01")
        for number, text in enumerate(samples.HOSTILE)
    ]
    for line in table.lines(applied(*given, **samples.hostile_fleet()), 100):
        assert line.isprintable()


def test_who_may_be_concerned():
    given = waivers.load([samples.waiver(selector={"host": "edge*"}), samples.waiver(id="2", until="2020-01-01")])
    fits = waivers.about(given, samples.NOON)
    assert (fits("edge1"), fits("db1")) == (True, False)
    assert waivers.about(waivers.load([samples.waiver()]), samples.NOON)("db1")
