# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times that log lines print, as Unix time.

A stamp without a zone is the host's local time. One without a year (RFC 3164) is of the last year in which it is not
after the file was last written.
"""

from __future__ import annotations

import datetime
import re
import time
import typing as t

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_SLACK = 60.0
"""Seconds by which the clock of who wrote a line may be ahead of the file system's."""
_LEAP = 8
"""Years among which there is always one with a 29 February."""
_LATEST = 253402300799.0
"""The end of the year 9999."""

# 2025-11-30T19:36:22.662807168Z, 2025-11-30 19:36:22,662, 2025/11/30 19:36:22, 20251130T193622+0100
_ISO = re.compile(
    r"(?P<year>\d{4})[-/]?(?P<month>\d\d)[-/]?(?P<day>\d\d)[T ](?P<hour>\d\d):?(?P<minute>\d\d):?(?P<second>\d\d)"
    r"(?:[.,](?P<fraction>\d{1,9}))?(?P<zone> ?Z| ?UTC| ?GMT| ?[+-]\d\d(?::?\d\d)?)?(?![\d:])"
)
# Nov 30 19:36:22, Nov  3 19:36:22.662
_NO_YEAR = re.compile(
    r"(?P<month>[A-Z][a-z]{2}) {1,2}(?P<day>\d{1,2}) (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
    r"(?:\.(?P<fraction>\d{1,9}))?(?![\d:])"
)
# 30 Nov 2025 19:36:22.662, 30-Nov-2025 19:36:22.662, 30-Nov-2025::19:36:22
_DAY_FIRST = re.compile(
    r"(?P<day>\d{1,2})[- ](?P<month>[A-Z][a-z]{2})[- ](?P<year>\d{4})(?: |::)(?P<hour>\d\d):(?P<minute>\d\d):"
    r"(?P<second>\d\d)(?:\.(?P<fraction>\d{1,9}))?(?![\d:])"
)
# Sun Nov 30 19:36:22 2025, Sun Nov 30 19:36:22.662 2025 (ctime(3))
_CTIME = re.compile(
    r"[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) {1,2}(?P<day>\d{1,2}) (?P<hour>\d\d):(?P<minute>\d\d):"
    r"(?P<second>\d\d)(?:\.(?P<fraction>\d{1,9}))? (?P<year>\d{4})(?!\d)"
)
_EPOCH = re.compile(r"\d{9,19}(?:\.\d{1,9})?(?![\d.])")


class Stamp(t.NamedTuple):
    """A time and where its text ends."""

    time: float | None
    end: int


def stamp_at(text: str, position: int, written: float | None) -> Stamp | None:
    """The stamp that begins at a position of a text; None where none does. One that is no date has no time."""
    for pattern in (_ISO, _CTIME, _NO_YEAR, _DAY_FIRST):
        found = pattern.match(text, position)
        if found:
            return Stamp(_time(found.groupdict(), written), found.end())
    return None


def unix_time(text: str) -> float | None:
    """Unix time of a text that is an ISO 8601 or RFC 3339 time, or a count since 1970; None for anything else."""
    found = _ISO.match(text)
    if found:
        return _time(found.groupdict(), None) if found.end() == len(text) else None
    return _since_1970(float(text)) if _EPOCH.fullmatch(text) else None


def _since_1970(number: float) -> float | None:
    """Seconds, milliseconds, microseconds or nanoseconds: until the year 5138 their sizes tell them apart."""
    for unit in (1.0, 1e3, 1e6, 1e9):
        if number / unit < 1e11:
            return round(number / unit, 6)
    return None


def _time(parts: t.Mapping[str, t.Optional[str]], written: float | None) -> float | None:
    month = str(parts["month"])
    numbers = [
        _MONTHS.get(month.lower(), 0) if month.isalpha() else int(month),
        *(int(str(parts[name])) for name in ("day", "hour", "minute", "second")),
    ]
    fraction = float("0." + (parts.get("fraction") or "0"))
    year = parts.get("year")
    if year is not None:
        whole = _at([int(year), *numbers], parts.get("zone"))
        return None if whole is None else round(whole + fraction, 6)
    if written is None or not 0 <= written < _LATEST:
        return None
    last = time.localtime(written).tm_year
    for candidate in range(
        last + 1, last - _LEAP - 1, -1
    ):  # written in the first hours of a year, read by a slow clock
        whole = _at([candidate, *numbers], None)
        if whole is not None and whole <= written + _SLACK:
            return round(whole + fraction, 6)
    return None


def _at(numbers: t.Sequence[int], zone: str | None) -> float | None:
    """Unix time of year, month, day, hour, minute and second. ``zone``: Z, UTC, GMT, +01:00 and the like."""
    try:
        moment = datetime.datetime(*numbers)  # type: ignore[arg-type]
        if zone is None:
            return moment.timestamp()
        zone = zone.strip()
        offset = 0
        if zone[0] in "+-":
            digits = zone[1:].replace(":", "").ljust(4, "0")
            offset = (int(digits[:2]) * 60 + int(digits[2:])) * (-1 if zone[0] == "-" else 1)
        return moment.replace(tzinfo=datetime.timezone(datetime.timedelta(minutes=offset))).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
