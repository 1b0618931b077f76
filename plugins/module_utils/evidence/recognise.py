# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a log line to an event: does it tell that the network refused a program, which one, and what flow?

``recognise`` takes a ``Line`` and returns an ``Event`` (``count`` 1, ``first`` and ``last`` its time) or None. What the
text does not hold is None in it, never guessed. The program is the header's tag or the journal's word, else what a field
of the record names, else what the text shows. The journal's time is taken first (its writer cannot choose it), then that
of the record, then that of the header.

Each line costs a bounded effort: it is cut at ``LINE_LIMIT``, most lines go after a look for a few literals, and the
phrasings are tried only on windows about the first mentions of an error.
"""

from __future__ import annotations

import re
import typing as t

from ..model import Event
from ..text import clean
from . import record as records
from .ends import INTERFACE, End, endpoint, is_wildcard, port_number
from .errors import REFUSED, UNREACHABLE, WORDS, errno_named
from .header import Head, split
from .labels import Said, said_of_flow
from .line import LINE_LIMIT, Line
from .phrasings import NUMBERS_ONLY, TABLE
from .phrasings.base import Phrasing, compiled
from .stamps import unix_time

TEXT = 400
NAME = 64

MENTIONS = tuple(
    dict.fromkeys(
        [words for words, _name in WORDS]
        + [name.lower() for name in UNREACHABLE + REFUSED]
        + ["os error", "os { code:", "errno", *NUMBERS_ONLY]
    )
)
_MENTION = re.compile("|".join(re.escape(words) for words in MENTIONS), re.IGNORECASE | re.ASCII)
_BEFORE = 500
_AFTER = 500
_MOSTMENTIONS = 4
# What an error stands after in a sentence that does not tell of one: it is over, supposed, or explained.
_NOT_NOW = re.compile(
    r"\b(?:recovered|reconnected|re-?established|restored|resumed|succeeded|no longer|means?|whether|documentation|"
    r"for example|e\.g\.|such as|retry[_ -]on|retryable|if you|in case)\b",
    re.IGNORECASE | re.ASCII,
)
# What such a sentence goes on with: the error is quoted, asked about, or marked up.
_NOT_TOLD = re.compile(
    r"[\"'`]\s{1,3}[A-Za-z][\w-]{0,40}(?![\w=-])|[\"'`)]{0,3}</?[A-Za-z]|[^\n?]{0,400}\?\s{0,9}(?:\n|\Z)", re.ASCII
)
# The value of a field that is there for the error, and holds nothing but it.
_WHOLE = r"(?:[\w ]{1,40}: ){0,3}<error>\.?\Z"


class _Found(t.NamedTuple):
    error: str
    groups: t.Mapping[str, t.Optional[str]]


def recognise(line: Line, table: t.Sequence[Phrasing] = TABLE) -> Event | None:
    """The event that a line tells of, None where it tells of none. ``table``: the phrasings that are known."""
    text = line.text[:LINE_LIMIT]
    if not _mentions(text):
        return None
    head = split(text, line.written)
    record = records.fields(head.message)
    wrapped = records.first_of(record, records.WRAPPED) if record else None
    if record and wrapped and _mentions(wrapped):  # a container's log file: a line within a line
        inner = split(wrapped, line.written)
        head = Head(
            inner.message,
            inner.program or head.program,
            inner.pid or head.pid,
            unix_time(records.first_of(record, records.TIMES) or "") or inner.time or head.time,
        )
        record = records.fields(inner.message)
    found = _found(record, head.message, table)
    return None if found is None else _event(line, head, record or {}, found)


def _mentions(text: str) -> bool:
    lowered = text.lower()
    return any(words in lowered for words in MENTIONS)


def _found(record: t.Mapping[str, str] | None, message: str, table: t.Sequence[Phrasing]) -> _Found | None:
    if record is None:
        return _phrased(message, table)
    errors = [record[name] for name in records.ERRORS if name in record]
    for text in errors + [record[name] for name in records.MESSAGES if name in record]:
        found = _phrased(text, table)
        if found:
            return found
    for text in errors:
        whole = compiled(_WHOLE).match(text)
        if whole:
            return _Found(errno_named(whole.group("error")) or "", {})
    return None


def _phrased(text: str, table: t.Sequence[Phrasing]) -> _Found | None:
    """The first phrasing of the table that a text has about one of its first mentions of an error."""
    for number, mention in enumerate(_MENTION.finditer(text)):
        if number == _MOSTMENTIONS:
            return None
        start, end = max(mention.start() - _BEFORE, 0), mention.end() + _AFTER
        near = text[start:end].lower()
        for phrasing in table:
            if not any(needle in near for needle in phrasing.needles):
                continue
            match = phrasing.compiled.search(text, start, end)
            if match and not _NOT_NOW.search(text, start, match.end()) and not _NOT_TOLD.match(text, match.end()):
                groups = match.groupdict()
                error = phrasing.error or errno_named(groups.get("error") or "")
                if error:
                    return _Found(error, groups)
    return None


def _event(line: Line, head: Head, record: t.Mapping[str, str], found: _Found) -> Event:
    groups = found.groups
    said = said_of_flow(record) if record else Said()
    local, remote = _end(groups, "local", said.local), _end(groups, "remote", said.remote)
    time = line.time
    if time is None:
        time = unix_time(records.first_of(record, records.TIMES) or "")
    if time is None:
        time = head.time
    return Event(
        error=found.error,
        source=line.source,
        text=clean(line.text[:LINE_LIMIT], TEXT),
        program=_name(
            line.program or head.program or records.first_of(record, records.PROGRAMS) or groups.get("program")
        ),
        unit=_name(line.unit or records.first_of(record, records.UNITS) or groups.get("unit")),
        pid=_pid(line, head, record, groups),
        local_addr=local.address,
        local_port=local.port,
        remote_addr=remote.address,
        remote_port=remote.port,
        interface=_interface(groups.get("interface") or said.interface or local.interface or remote.interface),
        first=time,
        last=time,
        command=line.command,
    )


def _end(groups: t.Mapping[str, t.Optional[str]], side: str, said: End) -> End:
    """One end of the flow. The phrasing's word counts before the record's, but for a wildcard, which is no address yet."""
    end = endpoint(groups.get(side) or "")
    port = port_number(groups.get(side + "_port"))
    if port is None:
        port = end.port
    if end.address is None or (is_wildcard(end.address) and said.address is not None):
        end = End(said.address, None, said.interface)
    return End(end.address, said.port if port is None else port, end.interface)


def _pid(line: Line, head: Head, record: t.Mapping[str, str], groups: t.Mapping[str, t.Optional[str]]) -> int | None:
    for pid in (line.pid, head.pid):
        if pid is not None:
            return pid
    text = records.first_of(record, records.PIDS) or groups.get("pid") or ""
    return int(text) if text.isdigit() and len(text) < 10 else None


def _interface(name: str | None) -> str | None:
    return name if name and re.fullmatch(INTERFACE, name) else None


def _name(text: str | None) -> str | None:
    return clean(text, NAME) if text else None
