# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, merging, slices
from ansible_collections.netmend.reclaim.plugins.module_utils.shapes import ShapeError
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples

hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")

OLD = samples.registered(samples.litter(1), started=samples.NOON - 60)
NEW = samples.registered(samples.litter(2), started=samples.NOON)


def document(results, **more):
    return json.loads(json.dumps(dict(fleet.document(results, samples.NOON), **more)))


def part(results, name="a"):
    return merging.slice_of(name, document(results))


@hypothesis.given(st.lists(st.integers(0, 3), min_size=7, max_size=7))
def test_a_partition_is_merged_to_the_whole(slots):
    results = samples.fleet_of_few()
    parts = [part({}, "slice%d" % number) for number in range(4)]
    for number in range(4):
        mine = {name: results[name] for name, slot in zip(sorted(results), slots) if slot == number}
        parts[number] = part(mine, "slice%d" % number)
    merged = merging.merge(parts, results)
    assert (merged.twice, merged.missing, merged.unexpected) == ((), (), ())
    assert fleet.assembled(merged.hosts, samples.NOON, merged.mends) == document(results)


ONE = st.sampled_from([OLD, NEW, samples.unreachable(), samples.failed(), samples.failed("else"), None])
PART = st.dictionaries(st.sampled_from("abcd"), ONE)


def again(merged):
    return merging.slice_of("merged", json.loads(json.dumps(fleet.assembled(merged.hosts, samples.NOON))))


@hypothesis.given(st.lists(PART, max_size=4), st.randoms(use_true_random=False))
def test_neither_order_nor_grouping_matters_and_merging_again_changes_nothing(parts, random):
    every = [part(one, str(number)) for number, one in enumerate(parts)]
    flat = merging.merge(every)
    assert merging.merge([again(flat)]).hosts == flat.hosts
    assert merging.merge([again(flat), *every]).hosts == flat.hosts
    assert merging.merge([again(merging.merge(every[:2])), *every[2:]]).hosts == flat.hosts
    random.shuffle(every)
    assert merging.merge(every).hosts == flat.hosts
    assert set(flat.hosts) == {name for one in parts for name in one}


@hypothesis.given(st.lists(PART, max_size=3), st.lists(PART, max_size=3))
def test_what_was_missing_in_a_merge_is_found_by_a_later_one(first, second):
    first = [part(one, "1%d" % number) for number, one in enumerate(first)]
    second = [part(one, "2%d" % number) for number, one in enumerate(second)]
    nested = merging.merge([again(merging.merge(first, "abcd")), *second], "abcd")
    assert nested.hosts == merging.merge([*first, *second], "abcd").hosts


@pytest.mark.parametrize("other", [OLD, samples.unreachable(), samples.failed(), None])
def test_the_newest_audit_wins_and_it_is_told(other):
    merged = merging.merge([part({"h": NEW}, "b"), part({"h": other}, "a"), part({"h": other}, "c")])
    assert merged.hosts["h"]["started"] == samples.NOON
    assert merged.twice == (merging.Twice("h", "b", ("a", "c")),)
    assert merging.told(merged) == ["the host h is in several reports that differ: what b says is kept, not a, c"]


def test_a_host_in_two_slices_that_say_the_same_is_there_once_and_nothing_is_told():
    merged = merging.merge([part({"h": NEW}, "a"), part({"h": NEW}, "b")])
    assert (list(merged.hosts), merging.told(merged)) == (["h"], [])


def test_expected_hosts_that_no_slice_has_are_failed_and_others_are_kept():
    merged = merging.merge([part({"h": NEW, "extra": NEW})], ["h", "lost"])
    assert (merged.missing, merged.unexpected) == (("lost",), ("extra",))
    assert merged.hosts["lost"]["status"] == "failed"
    assert merging.told(merged) == [
        "1 host in no report: lost",
        "1 host in a report and was not expected: extra",
    ]
    assert fleet.failing(fleet.assembled(merged.hosts, 0.0), "critical") == ["1 host could not be audited (lost)"]


def test_what_a_slice_compared_and_waived_for_itself_is_forgotten():
    whole = document({"h": NEW})
    whole["hosts"]["h"]["findings"][0].update(standing="new", waived={"reason": "r"})
    (finding,) = merging.merge([merging.slice_of("a", whole)]).hosts["h"]["findings"]
    assert finding == samples.litter(2)


def test_mends_are_kept_and_a_transaction_beats_none():
    done = fleet.document({"h": NEW}, 0.0, {"h": samples.applied()}, {})
    not_begun = fleet.document({"h": NEW}, 0.0, {"h": {"skipped": True}}, {})
    parts = [merging.slice_of("a", done), merging.slice_of("b", not_begun), part({"i": NEW}, "c")]
    merged = merging.merge(parts)
    assert merged.mends == done["mends"]
    assert merged.twice == (merging.Twice("h", "a", ("b",)),)
    assert merging.merge([part({"i": NEW})]).mends is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "the document is not an object"),
        ({"hosts": {}}, "schema is missing"),
        ({"schema": "2.0", "generated": 1, "hosts": {}}, "schema '2.0' is not one of 1.x"),
        ({"schema": "1.0", "generated": 1, "hosts": []}, "hosts is not an object"),
    ],
)
def test_what_is_no_fleet_document_is_refused(value, words):
    with pytest.raises(ShapeError, match=words.replace(".", r"\.")):
        merging.slice_of("a", value)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda host: host.pop("findings"), "findings is missing"),
        (lambda host: host.update(name="other"), "its name is not"),
        (lambda host: host.update(status="fine"), "its status is not one of"),
        (lambda host: host.update(status="failed"), "its reason is not text"),
    ],
)
def test_a_damaged_host_is_failed_and_told_and_the_others_are_kept(damage, words):
    whole = document({"bad": OLD, "good": NEW})
    damage(whole["hosts"]["bad"])
    one = merging.slice_of("a", whole)
    assert len(one.wrong) == 1 and "'bad'" in one.wrong[0] and words in one.wrong[0]
    assert {name: host["status"] for name, host in one.hosts.items()} == {"bad": "failed", "good": "audited"}


def test_reading_finds_reports_in_each_way_and_each_once(tmp_path):
    report = tmp_path / "all" / "1" / "2026-01-01T000000Z"
    report.mkdir(parents=True)
    (report / "fleet.json").write_text(json.dumps(document({"h": NEW})))
    (report.parent / "latest").symlink_to(report.name)
    (tmp_path / "all" / "2").mkdir()
    for path in (report / "fleet.json", report, report.parent, tmp_path / "all"):
        assert [list(one.hosts) for one in slices.read([str(path)]).slices] == [["h"]], path
    found = slices.read([str(tmp_path / "all"), str(report), str(tmp_path / "nowhere")])
    assert (len(found.slices), found.wrong) == (1, ())
    assert found.without == (str(tmp_path / "all" / "2"), str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"schema": "1.0", "generated": NaN, "hosts": {}}', "\udcff", "[" * 100000]
)
def test_what_cannot_be_read_is_named_and_the_others_are_read(tmp_path, content):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(document({"h": NEW})))
    bad.write_text(content, encoding="utf-8", errors="surrogateescape")
    found = slices.read([str(bad), str(good)])
    assert [one.name for one in found.slices] == [str(good)]
    assert len(found.wrong) == 1 and found.wrong[0].startswith("%s is no report of this collection: " % bad)
