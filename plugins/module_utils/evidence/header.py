# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands before the message of a log line: when, by whom.

RFC 3164 and RFC 5424 headers, the ISO form that rsyslog and journalctl write, and the stamps that programs print
themselves. Each pattern is tried once, at the start of the line.
"""

from __future__ import annotations

import dataclasses
import re

from .stamps import stamp_at, unix_time

_PRIORITY = re.compile(r"<\d{1,3}>")
# host tag[pid]: message; the kernel's and rsyslog's own lines have no pid. A tag has no space and ends in a colon. Where a
# program prints a stamp itself, its log level may stand where syslog has the host.
_HOST_TAG = re.compile(
    r" (?!(?:trace|debu?g?|info|notice|warn|warning|erro?r?|crit|critical|fatal|alert|emerg|panic) )"
    r"(?P<host>[A-Za-z0-9_][\w.:%-]{0,254})(?<!:) (?:[a-z0-9]{2,10}\.[a-z]{3,7} )?(?P<tag>[\w./@()+-]{1,64})(?:\[(?P<pid>\d{1,9})\])?:(?: |$)",
    re.IGNORECASE | re.ASCII,
)
# <34>1 2025-11-30T19:36:22.662Z host app pid msgid [structured data] message
_RFC5424 = re.compile(
    r"(?P<priority><\d{1,3}>)1 (?P<stamp>-|[\dT:.Z+-]{19,40}) (?P<host>[!-~]{1,255}) (?P<tag>[!-~]{1,48}) "
    r"(?P<pid>[!-~]{1,128}) [!-~]{1,32} (?:-|(?:\[[^\]]{0,1024}\]){1,16})(?: |$)\ufeff?"
)
# 2025-11-30T19:36:22.662Z stderr F message (the log format of Kubernetes' container runtimes)
_CRI = re.compile(r" (?:stdout|stderr) [FP] ")
# 1234:M 30 Nov 2025 19:36:22.662 * message (Redis); 1234:20251130:193622.662 message (Zabbix)
_PID_FIRST = re.compile(r" {0,5}(?P<pid>\d{1,9}):(?:[A-Z] |(?=\d{8}:))")
_ZABBIX = re.compile(r"(?P<date>\d{8}):(?P<clock>\d{6})(?:\.(?P<fraction>\d{1,6}))? ")
# E1130 19:36:22.662807   12345 file.go:138] message: no year; the number is a thread's in C++ and a process's in Go.
_KLOG = re.compile(
    r"[IWEF](?P<month>\d\d)(?P<day>\d\d) (?P<clock>\d\d:\d\d:\d\d\.\d{6}) {1,7}\d{1,9} [\w./-]{1,128}:\d{1,6}\] "
)
# 2016-06-15_08:06:06.86992 message (svlogd(8): always UTC)
_SVLOGD = re.compile(r"(?P<date>\d{4}-\d\d-\d\d)_(?P<clock>\d\d:\d\d:\d\d(?:\.\d{1,9})?) ")
_EPOCH = re.compile(r"\[(?P<time>\d{10}(?:\.\d{1,6})?)\] ")
# service_1  | message (Docker Compose); daemon[1234]: message (the tag alone, as journalctl --output=cat never but many a
# wrapper prints it)
_COMPOSE = re.compile(r"[\w.-]{1,64} {0,30} \| {1,2}(?=\S)")
_TAG_ALONE = re.compile(r"(?P<tag>[A-Za-z][\w./@-]{0,63})\[(?P<pid>\d{1,9})\]: ")
_MONTH_NAMES = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


@dataclasses.dataclass(frozen=True)
class Head:
    """A line without its header, and what the header told."""

    message: str
    program: str | None = None
    pid: int | None = None
    time: float | None = None


def split(text: str, written: float | None) -> Head:
    """The header of a line. ``written``: when its file was last written (see ``stamps``)."""
    text = text.lstrip("\ufeff")
    found = _COMPOSE.match(text)
    if found:
        text = text[found.end() :]
    found = _RFC5424.match(text)
    if found:
        tag, pid = found.group("tag"), found.group("pid")
        return Head(
            text[found.end() :],
            None if tag == "-" else tag,
            int(pid) if pid.isdigit() and len(pid) < 10 else None,
            unix_time(found.group("stamp")),
        )
    found = _PRIORITY.match(text)
    start = found.end() if found else 0
    bracket = text[start : start + 1] == "["
    stamp = stamp_at(text, start + bracket, written)
    if stamp is None:
        return _own(text, written)
    found = _HOST_TAG.match(text, stamp.end)
    # A stamp with a space between date and time is no syslog's: what looks like a tag must have a pid to be one.
    if found and not bracket and (found.group("pid") or " " not in text[start : start + 11] or text[start].isalpha()):
        pid = found.group("pid")
        return Head(text[found.end() :], found.group("tag"), int(pid) if pid else None, stamp.time)
    found = _CRI.match(text, stamp.end)
    rest = text[found.end() if found else stamp.end :]
    return Head(rest.lstrip("] \t"), time=stamp.time)


def _own(text: str, written: float | None) -> Head:
    """The headers of programs that put something before the time."""
    found = _TAG_ALONE.match(text)
    if found:
        return Head(text[found.end() :], found.group("tag"), int(found.group("pid")))
    found = _EPOCH.match(text)
    if found:
        return Head(text[found.end() :], time=unix_time(found.group("time")))
    found = _SVLOGD.match(text)
    if found:
        return Head(text[found.end() :], time=unix_time("%sT%sZ" % found.groups()))
    found = _KLOG.match(text)
    if found:
        month = int(found.group("month"))
        name = _MONTH_NAMES[month - 1] if 1 <= month <= 12 else "Xxx"
        stamp = stamp_at("%s %s %s" % (name, found.group("day"), found.group("clock")), 0, written)
        return Head(text[found.end() :], time=stamp.time if stamp else None)
    found = _PID_FIRST.match(text)
    if not found:
        return Head(text)
    zabbix = _ZABBIX.match(text, found.end())
    if zabbix:
        moment = "%sT%s.%s" % (zabbix.group("date"), zabbix.group("clock"), zabbix.group("fraction") or "0")
        return Head(text[zabbix.end() :], pid=int(found.group("pid")), time=unix_time(moment))
    stamp = stamp_at(text, found.end(), written)
    if stamp is None:
        return Head(text)
    return Head(text[stamp.end :].lstrip(), pid=int(found.group("pid")), time=stamp.time)
