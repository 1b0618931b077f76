# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller side of the report: it runs once for all hosts of a play and touches none of them."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import shutil
import typing as t

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible.utils.color import stringc
from ansible.utils.display import Display, get_text_width
from ansible.utils.path import unfrackpath
from ansible_collections.netmend.reclaim.plugins.module_utils.report import (
    fleet,
    handing,
    history,
    merging,
    plans,
    slices,
    store,
    table,
    waivers,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.report.formats import DEFAULT, FORMATS, chosen
from ansible_collections.netmend.reclaim.plugins.module_utils.report.store import StoreError, earlier
from ansible_collections.netmend.reclaim.plugins.module_utils.report.text import count, plain
from ansible_collections.netmend.reclaim.plugins.module_utils.report.textfile import TextfileError, write
from ansible_collections.netmend.reclaim.plugins.module_utils.rules.base import SEVERITIES
from ansible_collections.netmend.reclaim.plugins.plugin_utils import judging
from ansible_collections.netmend.reclaim.plugins.plugin_utils.console import say

display = Display()

_MANY = 100
"""Hosts from which writing the report takes long enough to be announced."""
_COLOURS = {
    "critical": "bright red",
    "high": "red",
    "medium": "yellow",
    "low": "cyan",
    "info": "normal",
    "unreachable": "bright red",
    "failed": "bright red",
    "skipped": "cyan",
}


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core is not typed
    """Writes and prints the report."""

    TRANSFERS_FILES = False
    BYPASS_HOST_LOOP = True
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: t.Any = None, task_vars: t.Optional[t.Dict[str, t.Any]] = None) -> t.Dict[str, t.Any]:
        result: t.Dict[str, t.Any] = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        _spec, args = self.validate_argument_spec(
            {
                "path": {"type": "str", "default": "reports"},
                "formats": {"type": "list", "elements": "str", "choices": list(FORMATS), "default": list(DEFAULT)},
                "prometheus_textfile": {"type": "str"},
                "fail_on": {"type": "str", "default": "never", "choices": ["never", *reversed(SEVERITIES)]},
                "results": {"type": "str", "default": "reclaim_audit"},
                "applied": {"type": "str"},
                "before": {"type": "str"},
                "fail_on_new": {"type": "bool", "default": False},
                "baseline": {"type": "str"},
                "save_baseline": {"type": "str"},
                "waivers": {"type": "list", "elements": "raw", "default": []},
                "waiver_files": {"type": "list", "elements": "str", "default": []},
                "keep": {"type": "int", "default": 0},
                "merge": {"type": "list", "elements": "str"},
                "expected": {"type": "list", "elements": "str"},
                "hand_on": {"type": "bool", "default": False},
            },
            mutually_exclusive=[("merge", "applied"), ("merge", "before")],
            required_by={"expected": ["merge"]},
        )
        job = task_vars.get("awx_job_id")
        if args["hand_on"] and not str(job).isdigit():
            words = (
                "hand_on: there is nobody to hand a report on to: this is no job of AWX, for awx_job_id is not defined"
            )
            return dict(result, failed=True, changed=False, written=False, msg=words)
        if args["merge"] is not None:
            with _alone(args):
                return dict(result, changed=False, **_merged(args, handing.slices(task_vars)))
        results = _results(task_vars, args["results"])
        waiting = _waiting(results, task_vars)
        if waiting:
            say("%s more to audit before the report is written." % count(len(waiting), "host"))
            return dict(result, changed=False, written=False)
        applied = _results(task_vars, args["applied"]) if args["applied"] else None
        with _alone(args):
            return dict(result, changed=False, **_report(results, applied, args, job))


@contextlib.contextmanager
def _alone(args: t.Mapping[str, t.Any]) -> t.Iterator[None]:
    """While no other run writes into the same directory: it is told when it begins, and from what was there before."""
    with store.locked(unfrackpath(args["path"], follow=False)) as problem:
        if problem:
            display.warning(plain(problem))
        yield


def _results(task_vars: t.Mapping[str, t.Any], name: str) -> fleet.Results:
    """What each host of the play registered; None where it registered nothing."""
    hostvars = task_vars["hostvars"]
    # Raw: what came from a host is never a template.
    return {host: hostvars.raw_get(host).get(name) for host in task_vars["ansible_play_hosts_all"]}


def _waiting(results: t.Mapping[str, t.Any], task_vars: t.Mapping[str, t.Any]) -> t.List[str]:
    """The hosts of the play's later batches (``serial``): still in the play, and not audited yet."""
    batch = set(task_vars["ansible_play_batch"])
    return [host for host in task_vars["ansible_play_hosts"] if host not in batch and results[host] is None]


def _merged(args: t.Mapping[str, t.Any], handed: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """One report of the reports of slices. What is damaged among them fails the task once all the others are merged."""
    found = slices.read(unfrackpath(path, follow=False) for path in args["merge"])
    found = slices.with_handed(found, handed)
    merged = merging.merge(found.slices, args["expected"])
    notes, wrong = merging.told(merged), list(found.wrong)
    for path in found.without:
        words = "%s holds no report: its slice had no host, or did not end" % path
        # Only who says which hosts there are can tell the two apart.
        (wrong if args["expected"] is None else notes).append(words)
    if args["expected"] is None and not args["merge"] and not handed:
        wrong.append("merge names no report, and expected does not say which hosts there are")
    for words in notes:
        display.warning(plain(words))
    now = datetime.datetime.now(datetime.timezone.utc)
    document = fleet.assembled(merged.hosts, now.timestamp(), merged.mends)
    # What was read is of no use to later jobs.
    outcome = _write(
        document,
        merged.hosts,
        now,
        args,
        lambda _document, plans: dict(dict.fromkeys(handed, ""), **{handing.PLANS: handing.pack(plans)}),
    )
    outcome["merged"] = {
        "hosts": sorted(merged.hosts),
        "slices": len(found.slices),
        "twice": [dataclasses.asdict(one) for one in merged.twice],
        "missing": list(merged.missing),
        "unexpected": list(merged.unexpected),
        "without": list(found.without),
        "wrong": wrong,
    }
    if wrong:
        rest = [outcome["msg"]] if "msg" in outcome else ["The report of the others: %s" % outcome.get("path")]
        outcome.update(failed=True, msg=" ".join(["Not all could be merged: %s." % plain("; ".join(wrong)), *rest]))
    return outcome


def _report(
    results: fleet.Results, applied: t.Optional[fleet.Results], args: t.Mapping[str, t.Any], job: t.Any
) -> t.Dict[str, t.Any]:
    now = datetime.datetime.now(datetime.timezone.utc)
    if len(results) >= _MANY:
        say("Writing the report of %s." % count(len(results), "host"))
    try:
        before = earlier(unfrackpath(args["before"], follow=False))["hosts"] if args["before"] else None
    except StoreError as error:
        return {"failed": True, "written": False, "msg": str(error)}
    return _write(
        fleet.document(results, now.timestamp(), applied, before),
        results,
        now,
        args,
        lambda document, plans: {handing.SLICE % int(job): handing.pack(handing.report(document, plans))},
    )


_Handed = t.Callable[[t.Mapping[str, t.Any], plans.Sent], t.Dict[str, str]]


def _write(
    document: t.Dict[str, t.Any],
    results: fleet.Results,
    now: datetime.datetime,
    args: t.Mapping[str, t.Any],
    handed: _Handed,
) -> t.Dict[str, t.Any]:
    """Compare a document with what was before, waive, write and print it; ``results`` hold the hosts' plans.

    ``handed`` says, of the document and the plans that were written, what later jobs are handed if that is wanted.
    """
    directory = unfrackpath(args["path"], follow=False)
    past = judging.past(directory, args["baseline"])
    given = judging.given(args["waivers"], args["waiver_files"])
    document = history.compare(document, past.base.past if past.base else None, past.last)
    document = waivers.apply(document, given.waivers)
    known = history.state(document, past.last)
    document = history.with_trend(document, past.last)
    planned, wrong = plans.sent(results)
    # Without the waivers, a plan would mend what somebody said to let be.
    fit = waivers.about(given.waivers, document["generated"])
    planned = plans.let_be(planned, document["hosts"], fit) if not given.wrong else {}
    problems = [*past.wrong, *given.wrong, *past.doubts, *wrong]
    if problems:
        document["problems"] = problems
    for words in [*wrong, *past.doubts, *map(waivers.words, waivers.lapsed(document))]:
        display.warning(plain(words))
    formats = chosen(args["formats"])
    try:
        stored = store.store(directory, document, now, formats, planned, known)
    except StoreError as error:
        say("", *_table(document), "")
        return {"failed": True, "written": False, "msg": str(error)}
    files = {name: os.path.join(stored.path, made.file) for name, made in formats.items()}
    say("", *_table(document), "Report: %s" % files.get("html", stored.path), "")
    if stored.problem:
        display.warning(stored.problem)
    outcome: t.Dict[str, t.Any] = {
        "written": True,
        "path": stored.path,
        "latest": stored.latest,
        "files": files,
        "plans": os.path.join(stored.path, plans.DIRECTORY) if planned else None,
        "compared_with": past.base.path if past.base else None,
        "summary": document["summary"],
    }
    wrongs = [*past.wrong, *given.wrong]
    if args["prometheus_textfile"]:
        path = unfrackpath(args["prometheus_textfile"], follow=False)
        try:
            outcome["prometheus_textfile"] = write(path, FORMATS["prometheus"].render(document))
        except TextfileError as error:
            wrongs.append(str(error))
    if args["save_baseline"]:
        try:
            outcome["saved"] = store.save_baseline(directory, args["save_baseline"], known)
        except StoreError as error:
            wrongs.append(str(error))
    if args["hand_on"]:
        try:
            outcome["ansible_stats"] = {"data": handed(document, planned), "per_host": False, "aggregate": False}
        except handing.HandingError as error:
            wrongs.append(str(error))
    outcome["deleted"], problem = store.prune(
        directory, args["keep"], [stored.path, *([os.path.dirname(past.base.path)] if past.base else [])]
    )
    if problem:
        display.warning(problem)
    if args["fail_on_new"] and past.doubts and not past.base:
        wrongs.append("What is new cannot be told, for no earlier report could be read")
    # A task that fails hands nothing on. Who merges the reports of slices judges what is in them.
    threshold = "never" if args["hand_on"] and args["merge"] is None else args["fail_on"]
    failing = [*wrongs, *fleet.failing(document, threshold, args["fail_on_new"])]
    if failing:
        outcome["failed"] = True
        outcome["msg"] = "%s. The report: %s" % ("; ".join(text.rstrip(".") for text in failing), stored.path)
    return outcome


def _table(document: t.Mapping[str, t.Any]) -> t.List[str]:
    width = shutil.get_terminal_size(fallback=(display.columns, 24)).columns
    return table.lines(document, width, _paint, get_text_width)


def _paint(word: str, text: str) -> str:
    # A log file has no colours.
    return text if C.DEFAULT_LOG_PATH else str(stringc(text, _COLOURS[word]))
