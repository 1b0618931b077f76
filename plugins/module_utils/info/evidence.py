# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""evidence_info: what the witnesses that were asked tell, folded."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ..bounds import take
from ..evidence.events import from_journal, from_logs, from_strace
from ..evidence.folding import fold
from ..model import Event, Unseen

if t.TYPE_CHECKING:
    from ..evidence.counters import Counting

OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "logs": {"type": "list", "elements": "path", "default": []},
    "journal": {
        "type": "dict",
        "options": {
            "since": {"type": "int", "default": 15},
            "units": {"type": "list", "elements": "str"},
            "cursor": {"type": "str"},
        },
    },
    "strace": {
        "type": "dict",
        "options": {
            "path": {"type": "path"},
            "pid": {"type": "int"},
            "unit": {"type": "str"},
            "seconds": {"type": "int", "default": 15},
        },
    },
    "counters": {"type": "dict", "options": {"seconds": {"type": "int", "default": 5}}},
}
"""The argument spec of the options that name a witness: the doc fragment ``evidence`` says what they mean."""
_COUNTERS = "the kernel's counters (/proc/net/snmp)"
LONGEST = 7 * 24 * 60
"""Minutes of the journal, at most."""
MOST_PID = 1 << 22
"""PID_MAX_LIMIT (include/linux/threads.h)."""
LONGEST_LOOK = 300
"""Seconds that strace or the counters are looked at, at most."""


def evidence_info(params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """What the module returns. Raises ValueError for options that make no sense."""
    check(params)
    unseen: t.List[Unseen] = []
    events = fold(witnessed(params, unseen, params.get("netns")), time.time())
    shown, total = take(events, params["limit"], dataclasses.asdict)
    return {
        "events": shown,
        "omitted": total - len(shown),
        "unseen": [dataclasses.asdict(item) for item in unseen],
    }


def witnessed(
    params: t.Mapping[str, t.Any], unseen: t.List[Unseen], netns: str | int | None = None
) -> t.Iterator[Event]:
    """The events of each witness that was asked. One that cannot be heard is told in ``unseen``.

    ``netns``: the network namespace whose counters are read. What takes its time is looked at together.
    """
    counting = _counting(netns, unseen) if params.get("counters") else None
    if params.get("logs"):
        yield from from_logs(params["logs"], unseen)
    journal = params.get("journal")
    if journal:
        yield from from_journal(journal["since"], journal["units"] or (), unseen, journal["cursor"])
    if params.get("strace"):
        yield from _traced(params["strace"], unseen)
    if counting is not None:
        yield from _counted(counting, params["counters"]["seconds"], unseen)


def _traced(strace: t.Mapping[str, t.Any], unseen: t.List[Unseen]) -> t.Iterator[Event]:
    if strace.get("path"):
        yield from from_strace(strace["path"], unseen)
        return
    from ..evidence import tracing  # late: most runs trace nothing

    if strace.get("unit"):
        yield from tracing.trace_unit(strace["unit"], strace["seconds"], unseen)
    else:
        yield from tracing.trace(strace["pid"], strace["seconds"], unseen)


def _counting(netns: str | int | None, unseen: t.List[Unseen]) -> Counting | None:
    from ..evidence.counters import Counting

    try:
        return Counting(netns)
    except OSError as exc:
        unseen.append(Unseen(_COUNTERS, exc.strerror or str(exc)))
        return None


def _counted(counting: Counting, seconds: int, unseen: t.List[Unseen]) -> t.Sequence[Event]:
    try:
        return counting.rise_within(seconds)
    except ValueError as exc:  # the namespace went meanwhile
        unseen.append(Unseen(_COUNTERS, str(exc)))
    except OSError as exc:
        unseen.append(Unseen(_COUNTERS, exc.strerror or str(exc)))
    return ()


def check(params: t.Mapping[str, t.Any]) -> None:
    """Raises ValueError that names the option, what it may be, and what to do."""
    if not any(params.get(name) for name in OPTIONS):
        raise ValueError(
            "nothing was asked: name log files (logs), the journal (journal, with {since: 15} for its last 15 minutes), a trace "
            "(strace, with {path: ...} or {pid: ..., seconds: 15}) or the kernel's counters (counters, with {seconds: 5})"
        )
    for path in params.get("logs") or ():
        if not path.startswith("/") or "\0" in path:
            raise ValueError("logs: %r is not an absolute path" % path)
    journal = params.get("journal")
    if journal:
        if not 1 <= journal["since"] <= LONGEST:
            raise ValueError("journal.since: %d is not a number of minutes from 1 to %d" % (journal["since"], LONGEST))
        for unit in journal["units"] or ():
            if not unit or "\0" in unit:
                raise ValueError("journal.units: %r is not the name of a unit; see 'systemctl list-units'" % unit)
    if params.get("strace"):
        _check_strace(params["strace"])
    if params.get("counters"):
        _check_seconds("counters.seconds", params["counters"]["seconds"])
    elif params.get("netns") is not None:
        raise ValueError(
            "netns: only counters are read in a network namespace; ask for them (counters, with {seconds: 5}) too"
        )
    if params.get("limit", 1) < 1:
        raise ValueError("limit: %d is below 1" % params["limit"])


def _check_strace(strace: t.Mapping[str, t.Any]) -> None:
    given = [name for name in ("path", "pid", "unit") if strace.get(name) is not None]
    if len(given) != 1:
        raise ValueError(
            "strace: expected exactly one of path (a file that strace wrote), pid and unit (what to trace), not %s"
            % (" and ".join(given) or "none of them")
        )
    path, pid, unit = strace.get("path"), strace.get("pid"), strace.get("unit")
    if path is not None and (not path.startswith("/") or "\0" in path):
        raise ValueError("strace.path: %r is not an absolute path" % path)
    if pid is not None and not 1 <= pid <= MOST_PID:
        raise ValueError("strace.pid: %d is not a process id from 1 to %d; see 'ps -e'" % (pid, MOST_PID))
    if unit is not None and (not unit or "\0" in unit):
        raise ValueError("strace.unit: %r is not the name of a unit; see 'systemctl list-units'" % unit)
    if path is None:
        _check_seconds("strace.seconds", strace["seconds"])


def _check_seconds(option: str, seconds: int) -> None:
    if not 1 <= seconds <= LONGEST_LOOK:
        raise ValueError("%s: %d is not a number of seconds from 1 to %d" % (option, seconds, LONGEST_LOOK))
