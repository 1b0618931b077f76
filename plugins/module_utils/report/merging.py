# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One fleet out of the reports of its slices: no host is lost, and none is there twice. Pure.

Of what several slices say of a host, the greatest by one total order is kept. So neither the order of the slices nor the
grouping matters, and merging what is merged changes nothing.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ..shapes import ShapeError, expect, mapping, record, seconds, text
from . import fleet, mends, shape
from .text import count

Host = t.Mapping[str, t.Any]

_READS = "1."
"""Schemas of fleet documents that are understood begin so: a minor version only adds."""
_RANK = {fleet.SKIPPED: 0, fleet.UNREACHABLE: 1, fleet.FAILED: 2, fleet.AUDITED: 3}
"""The audit beats what says why there is none; of the latter, the one that got further says more."""
_TOLD = 10
"""Hosts that are named one by one."""
_MISSING = "no report that was merged has this host: its slice did not end, or its report was lost"

_DOCUMENT = record({"schema": text, "generated": seconds, "hosts": mapping})


@dataclasses.dataclass(frozen=True)
class Slice:
    """A report that is merged."""

    name: str
    """The file that it was read from."""
    hosts: t.Mapping[str, Host]
    mends: t.Optional[t.Mapping[str, mends.Mend]]
    """None where no plan was applied."""
    wrong: t.Tuple[str, ...] = ()
    """What is damaged in it, each in words; the hosts concerned are in it as failed."""


@dataclasses.dataclass(frozen=True)
class Twice:
    """A host of which two slices say different things."""

    host: str
    kept: str
    """The file whose word is kept."""
    left: t.Tuple[str, ...]
    """The files whose word is not."""


@dataclasses.dataclass(frozen=True)
class Merged:
    """All slices together."""

    hosts: t.Dict[str, Host]
    mends: t.Optional[t.Dict[str, mends.Mend]]
    twice: t.Tuple[Twice, ...]
    missing: t.Tuple[str, ...]
    """Hosts that were expected and are in no slice; they are in ``hosts`` as failed."""
    unexpected: t.Tuple[str, ...]
    """Hosts that are in a slice and were not expected; they are kept."""


def slice_of(name: str, document: t.Any) -> Slice:
    """What a file holds, as a slice. Raises ShapeError where it is no fleet document at all."""
    _DOCUMENT(document, "the document")
    expect(document["schema"].startswith(_READS), "schema %r" % document["schema"], "one of %sx" % _READS)
    wrong: t.List[str] = []
    hosts = {host: _host(host, item, wrong) for host, item in sorted(document["hosts"].items())}
    mended = document.get("mends")
    if mended is not None:
        mapping(mended, "mends")
        mended = {host: item for host, item in sorted(mended.items()) if _is_mend(host, item, wrong)}
    return Slice(name, hosts, mended, tuple(wrong))


def _host(name: str, item: t.Any, wrong: t.List[str]) -> Host:
    try:
        mapping(item, "it")
        expect(item.get("name") == name, "its name", "that under which it is kept")
        if item.get("status") != fleet.AUDITED:
            expect(item.get("status") in fleet.STATUSES, "its status", "one of " + ", ".join(fleet.STATUSES))
            text(item.get("reason"), "its reason")
            return t.cast("Host", item)
        shape.audit(item)
    except ShapeError as error:
        wrong.append("what it says of the host %r is damaged: %s" % (name, error))
        return fleet.without(name, fleet.FAILED, "its entry in a report that was merged is damaged: %s" % error)
    # What the slice's own comparison and waivers said is asked anew of the whole.
    bare = [{key: value for key, value in one.items() if key not in fleet.JUDGED} for one in item["findings"]]
    return dict(item, findings=bare)


def _is_mend(host: str, item: t.Any, wrong: t.List[str]) -> bool:
    try:
        mends.check(item, "it")
    except ShapeError as error:
        wrong.append("what it says of mending the host %r is damaged: %s" % (host, error))
        return False
    return True


def merge(slices: t.Iterable[Slice], expected: t.Optional[t.Iterable[str]] = None) -> Merged:
    """All of them as one; ``expected`` are the hosts that must be in it, None where nobody said."""
    slices = sorted(slices, key=lambda one: one.name)
    hosts, twice = _greatest([(one.name, one.hosts) for one in slices], _host_order)
    with_mends = [(one.name, one.mends) for one in slices if one.mends is not None]
    mended, twice_mended = _greatest(with_mends, _mend_order)
    missing: t.Tuple[str, ...] = ()
    unexpected: t.Tuple[str, ...] = ()
    if expected is not None:
        wanted = set(expected)
        missing = tuple(sorted(wanted - set(hosts)))
        unexpected = tuple(sorted(set(hosts) - wanted))
        hosts.update({name: fleet.without(name, fleet.FAILED, _MISSING) for name in missing})
    return Merged(
        hosts=dict(sorted(hosts.items())),
        mends=mended if with_mends else None,
        twice=tuple(dict.fromkeys((*twice, *twice_mended))),
        missing=missing,
        unexpected=unexpected,
    )


def told(merged: Merged) -> t.List[str]:
    """What a person is to know of a merge, in words."""
    said = []
    for one in merged.twice[:_TOLD]:
        left = ", ".join(one.left[:3])
        said.append(
            "the host %s is in several reports that differ: what %s says is kept, not %s" % (one.host, one.kept, left)
        )
    if len(merged.twice) > _TOLD:
        said.append("so it is with %s more" % count(len(merged.twice) - _TOLD, "host"))
    for names, words in (
        (merged.missing, "in no report: %s"),
        (merged.unexpected, "in a report and was not expected: %s"),
    ):
        if names:
            said.append("%s %s" % (count(len(names), "host"), words % fleet.named(names)))
    return said


_Order = t.Callable[[t.Mapping[str, t.Any]], t.Tuple[t.Any, ...]]


def _greatest(
    parts: t.Sequence[t.Tuple[str, t.Mapping[str, t.Mapping[str, t.Any]]]], order: _Order
) -> t.Tuple[t.Dict[str, t.Any], t.List[Twice]]:
    """Of each name the greatest value, and which files said something else."""
    found: t.Dict[str, t.List[t.Tuple[t.Tuple[t.Any, ...], str, t.Any]]] = {}
    for file, items in parts:
        for name, item in items.items():
            found.setdefault(name, []).append((order(item), file, item))
    kept: t.Dict[str, t.Any] = {}
    twice = []
    for name, said in sorted(found.items()):
        best = max(said, key=lambda one: one[0])
        kept[name] = best[2]
        left = tuple(file for rank, file, _item in said if rank != best[0])
        if left:
            twice.append(Twice(name, best[1], left))
    return kept, twice


def _host_order(item: Host) -> t.Tuple[t.Any, ...]:
    """An audit beats none, a newer one an older one; the text decides between what is equal by both."""
    # That a host was missing in an earlier merge says nothing of the host.
    rank = -1 if item.get("reason") == _MISSING else _RANK[item["status"]]
    return rank, float(item.get("started", 0)) if item["status"] == fleet.AUDITED else 0.0, _canonical(item)


def _mend_order(item: Host) -> t.Tuple[t.Any, ...]:
    """What has a transaction beats what has none, the later one the earlier one (its id begins with the time)."""
    return item["transaction_id"] is not None, item["transaction_id"] or "", _canonical(item)


def _canonical(item: Host) -> str:
    return json.dumps(item, sort_keys=True)
