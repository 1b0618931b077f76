# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds of any runs, whatever was found, left out or cut off, and of any day."""

from __future__ import annotations

import datetime
import json

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, history, waivers
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

HOSTS = ("a", "b", "c")
FINDINGS = [samples.finding(), *(samples.litter(number) for number in range(1, 6))]


def audits():
    """One host's result: some findings, each perhaps more than once, seen well or less well."""

    def made(findings, rules, blind, omitted):
        ran = [finding for finding in findings if finding["rule"] in rules]
        ran.sort(key=lambda finding: (finding["severity"] != "high", finding["fingerprint"]))
        result = samples.registered(*ran, rules=sorted(rules), unseen=[samples.NOT_ROOT] if blind else [])
        result["summary"]["omitted"] = omitted
        return result

    return st.builds(
        made,
        st.lists(st.sampled_from(FINDINGS), max_size=6),
        st.sampled_from([{"RC102", "RC301"}, {"RC102"}, {"RC301"}]),
        st.booleans(),
        st.sampled_from([0, 0, 3]),
    )


def fleets():
    absent = st.sampled_from([samples.unreachable(), samples.failed(), None])
    return st.dictionaries(st.sampled_from(HOSTS), st.one_of(audits(), audits(), absent))


def play(runs, rename=lambda name: name):
    """The documents of runs, one after another."""
    last, documents = None, []
    for number, hosts in enumerate(runs):
        document = fleet.document({rename(name): result for name, result in hosts.items()}, samples.NOON + number)
        document = history.compare(document, last, last)
        known = json.loads(json.dumps(history.state(document, last)))
        documents.append(history.with_trend(document, last))
        last = history.load(known, str(number))
    return documents, last


def marks(host):
    return {finding["fingerprint"] for finding in host.get("findings", ())}


@hypothesis.given(st.lists(fleets(), min_size=2, max_size=5))
def test_each_finding_is_accounted_for_once(runs):
    """What was known of a host is found again, resolved, or waits for a better look; never two of these, never none."""
    _documents, last = play(runs[:-1])
    (*_earlier, document), after = play(runs)
    told = document["history"]
    for name, host in document["hosts"].items():
        known = set(last.hosts[name].findings) if name in last.hosts else set()
        resolved = {item["fingerprint"] for item in told["resolved"] if item["host"] == name}
        unlooked = {item["fingerprint"] for item in told["unlooked"] if item["host"] == name}
        if host["status"] != "audited":
            assert not resolved | unlooked
            continue
        found = marks(host)
        assert found & known | resolved | unlooked == known
        assert not (resolved & unlooked or resolved & found or unlooked & found)
        assert len(resolved) == sum(item["host"] == name for item in told["resolved"])
        for finding in host["findings"]:
            assert (finding["standing"] == "known") == (finding["fingerprint"] in known)
        assert set(after.hosts[name].findings) == found | unlooked
    assert {item["host"] for item in told["resolved"]} <= set(document["hosts"])


@hypothesis.given(st.lists(fleets(), min_size=1, max_size=4))
def test_a_host_that_is_not_audited_is_known_as_it_was(runs):
    _documents, last = play(runs)
    _documents, after = play([*runs, {"a": samples.unreachable()}])
    assert after.hosts == last.hosts


@hypothesis.given(st.lists(fleets(), min_size=1, max_size=4))
def test_the_same_again_is_all_known(runs):
    (*_earlier, document), _last = play([*runs, runs[-1]])
    standings = {finding["standing"] for host in document["hosts"].values() for finding in host.get("findings", ())}
    assert standings <= {"known"}
    assert document["history"]["resolved"] == []
    assert document["summary"]["new"] == 0


@hypothesis.given(st.lists(fleets(), min_size=1, max_size=4))
def test_since_never_moves_while_a_finding_stands(runs):
    documents, _last = play(runs)
    stood = {}
    for document in documents:
        for name, host in document["hosts"].items():
            for finding in host.get("findings", ()):
                place = (name, finding["fingerprint"])
                if finding["standing"] == "known":
                    assert finding["since"] == stood[place]
                stood[place] = finding["since"]
                assert finding["since"] <= document["generated"]


@hypothesis.given(st.lists(fleets(), min_size=1, max_size=4))
def test_names_do_not_matter(runs):
    """Hosts that are all called otherwise, in another order, come out alike."""
    names = {"a": "zürich/1", "b": "../up", "c": "a"}
    plain, _last = play(runs)
    renamed, _last = play(runs, names.__getitem__)
    for one, other in zip(plain, renamed):
        for name, host in one["hosts"].items():
            assert host.get("findings") == other["hosts"][names[name]].get("findings")
        assert one["summary"] == other["summary"]
        for key in ("resolved", "unlooked") if one["history"] else ():
            told = sorted((names[item["host"]], item["fingerprint"]) for item in one["history"][key])
            assert told == sorted((item["host"], item["fingerprint"]) for item in other["history"][key])
        if one["history"]:
            assert one["history"]["trend"] == other["history"]["trend"]


@hypothesis.given(
    st.datetimes(
        datetime.datetime(2000, 1, 1), datetime.datetime(2100, 1, 1), timezones=st.just(datetime.timezone.utc)
    ),
    st.dates(datetime.date(2000, 1, 1), datetime.date(2100, 1, 1)),
)
def test_a_waiver_holds_up_to_its_day_and_not_after(moment, until):
    document = waivers.apply(
        fleet.document({"a": samples.registered(samples.litter(2))}, moment.timestamp()),
        waivers.load([samples.waiver(until=until.isoformat())]),
    )
    holds = moment.date() <= until
    (finding,) = document["hosts"]["a"]["findings"]
    assert (finding["waived"] is not None) == holds
    assert document["waivers"][0]["state"] == ("in-use" if holds else "expired")
    assert document["summary"]["open"]["low"] == (0 if holds else 1)
