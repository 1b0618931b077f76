# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, gathered
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples


def found(document):
    numbers = {name: number for number, name in enumerate(document["hosts"], 1)}
    return gathered.findings(document, numbers, {name: name + ".json" for name in numbers})


def document(*findings, **more):
    return fleet.document({"a": dict(samples.registered(*findings), **more)}, samples.NOON)


def test_what_mends_it_is_what_is_planned_else_the_remedy_else_the_advice():
    mark, other = samples.finding()["fingerprint"], samples.litter(1)["fingerprint"]
    plain = found(document(samples.finding(), samples.litter(1, remedy=[])))
    assert plain[0]["mend"] == {
        "planned": False,
        "command": "systemctl restart doublezerod.service",
        "more": 0,
        "words": samples.finding()["advice"],
        "held": "",
    }
    assert (plain[1]["mend"]["command"], plain[1]["mend"]["words"]) == ("", samples.litter()["advice"])
    plan = samples.plan([mark], [other], command="systemctl restart it")
    planned = found(document(samples.finding(), samples.litter(1), plan=plan))
    assert (planned[0]["mend"]["planned"], planned[0]["mend"]["command"]) == (True, "systemctl restart it")
    assert (planned[1]["mend"]["planned"], planned[1]["mend"]["held"]) == (
        False,
        "The op is not among the allowed ones",
    )


def test_the_tally_tells_open_new_and_waived_apart_and_knows_old_reports():
    judged = samples.judged()
    by_severity = {one["severity"]: one for one in gathered.tally(judged, found(judged))}
    assert by_severity["high"] == {"severity": "high", "open": 1, "new": 0, "waived": 0}
    assert by_severity["low"] == {"severity": "low", "open": 2, "new": 1, "waived": 2}
    del judged["summary"]["open"]
    assert [one["open"] for one in gathered.tally(judged, ())] == [0, 1, 0, 4, 0]


def test_hosts_come_by_what_is_open_there():
    judged = samples.judged()
    told = found(judged)
    hosts = gathered.hosts(judged, told[:-1], told[-1:], dict.fromkeys(judged["hosts"], "f"))
    assert [(host["name"], host["open_total"], host["waived"]) for host in hosts] == [
        ("dfw-mn-bm1", 2, 0),
        ("edge1", 1, 1),
        ("edge2", 0, 1),
        ("edge3", 0, 0),
    ]
    assert sum(host["untold"] for host in hosts) == len(told[-1]["hosts"])


def test_rules_of_a_severity_begin_with_its_anchor():
    rules = gathered.rules(found(document(samples.finding(), samples.litter(1), samples.litter(2, rule="RC302"))))
    assert [(rule["severity"], rule["id"], rule["first"]) for rule in rules] == [
        ("high", "RC102", True),
        ("low", "RC301", True),
        ("low", "RC302", False),
    ]
