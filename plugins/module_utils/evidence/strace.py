# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What strace prints (strace(1)), line by line: sends that failed with an errno of the unreachable family.

Understood are attached and started programs, one process or several (``-f``: ``[pid 7]``, or the bare number that goes
into a file), calls that others interrupt (``<unfinished ...>``, ``<... resumed>``), the stamps of ``-t``, ``-tt``,
``-ttt`` and ``-r``, the decorations of ``-y``, ``-yy`` and ``-Y``, and what ``-T`` adds. Lines of anything else are passed
over. Each line costs an effort that is linear in what is kept of it.

Only ``-ttt`` tells a date: with any other stamp the time of an event is not known.

strace numbers threads. An event has the number of the process where that is known (strace was attached to one process,
and its command line or its own first line says to which) and of the thread where it is not. With ``-f`` the children of
the process are followed too, and count as the process.
"""

from __future__ import annotations

import re
import shlex
import typing as t

from ..model import Event, EventSource
from ..text import clean
from . import syscall
from .ends import End
from .errors import REFUSED, UNREACHABLE
from .line import LINE_LIMIT

TEXT = 400
SOCKETS = 4096
"""Descriptors of which it is kept what earlier calls told."""
UNFINISHED = 1024
"""Threads whose unfinished call is kept, and how many characters of it."""
UNFINISHED_LENGTH = 4096

_SPEAKS_OF_THE_NETWORK = ("ENETUNREACH", "EHOSTUNREACH", "ENETDOWN", "EADDRNOTAVAIL")
"""What no file or device answers. The others count only on what is known to be an Internet socket."""
_OF_BIND = ("EADDRNOTAVAIL", "ENODEV")
"""EACCES is of a port below 1024, EINVAL of a socket that is bound already."""
_TEACHING = ("bind", "connect", *syscall.OTHERS)
"""Calls that tell something also where they succeed."""
_TAIL = 512
_PREFIX = re.compile(
    # The pid stands in brackets, or bare where the output is a file: pids have at most seven digits (PID_MAX_LIMIT).
    r"(?:\[pid {1,10}(?P<pid>\d{1,10})(?:<(?P<name>[^<>]{1,64})>)?\] {1,10}"
    r"|(?P<bare>\d{1,7})(?:<(?P<bare_name>[^<>]{1,64})>)? {1,10}(?=\S))?"
    r"(?:(?P<unix>\d{9,11}(?:\.\d{1,9})?) {1,10}|\d\d:\d\d:\d\d(?:\.\d{1,9})? {1,10})?"
    r"(?:\(\+ {0,10}\d{1,9}\.\d{1,9}\) {1,10}| {0,10}\d{1,8}\.\d{1,9} {1,10})?",
    re.ASCII,
)
_RESUMED = re.compile(r"<\.\.\. (?P<name>[a-z0-9_]{1,32}) resumed> ?", re.ASCII)
_UNFINISHED = re.compile(r" ?<unfinished \.\.\.>\s*\Z")
_ATTACHED = re.compile(r"strace: Process (?P<pid>\d{1,10}) attached(?: with \d{1,7} threads)?\s*\Z", re.ASCII)
# What a call begins with, or goes on with. Anything may stand in it: what was read and sent, names of files and threads.
_OF_A_CALL = re.compile(r"[a-z_][a-z0-9_]{0,40}\(|<\.\.\. ", re.ASCII)
# Options of a command line as people quote it, in their several spellings
_ATTACH = re.compile(r"(?:^|\s)(?:-[a-zA-Z]{0,8}p ?|--attach[= ])(?P<pids>\d{1,10}(?:[, ]\d{1,10}){0,64})", re.ASCII)


Whose = t.Callable[[int], t.Optional[int]]
"""The process of a thread."""
_Key = t.Tuple[t.Optional[int], int]
"""Whose descriptor, and its number."""


class _Socket(t.NamedTuple):
    """What a trace told of a socket."""

    local: End = End()
    remote: End = End()
    inode: str | None = None


def parse(lines: t.Iterable[str], path: str | None = None, pid: int | None = None) -> t.Iterator[Event]:
    """The events that a trace tells of, one for each failed send. ``pid``: the process that was traced, where that is known."""
    trace = Trace(pid)
    quoted = shlex.quote(path) if path else ""
    for number, line in enumerate(lines, 1):
        command = "sed --quiet %dp %s" % (number, quoted) if path else ""
        event = trace.line(line, EventSource("strace", path=path, line=number), command)
        if event is not None:
            yield event


class Trace:
    """What must be known of earlier lines to understand one."""

    def __init__(self, pid: int | None = None, whose: Whose | None = None) -> None:
        self._given = pid
        self._whose = whose
        self._attached: t.Set[int] = set()
        self._begun = False
        """A call was printed: who is attached from now on is a thread or a child."""
        self._broken = ""
        self._unfinished: t.Dict[int | None, str] = {}
        self._sockets: t.Dict[_Key, _Socket] = {}
        self._lifetimes = False
        """The trace shows when descriptors are closed or made anew."""

    @property
    def process(self) -> int | None:
        """The one process that is traced, where that is known."""
        if self._given is not None:
            return self._given
        return next(iter(self._attached)) if len(self._attached) == 1 else None

    def _process_of(self, thread: int | None) -> int | None:
        if self._whose is not None and thread is not None:
            return self._whose(thread)
        return self.process if self.process is not None else thread

    def line(self, line: str, source: EventSource, command: str = "") -> Event | None:
        """The event that the next line tells of, None for none."""
        text, tail = self._broken + line[:LINE_LIMIT], line[-_TAIL:]
        self._broken = ""
        if text.find("strace", 0, 256) >= 0 or tail.find("strace: Process ") >= 0:
            interrupted = self._of_strace(text)
            if interrupted:
                return None
        prefix = t.cast("t.Match[str]", _PREFIX.match(text))  # all of it may be missing
        number = prefix.group("pid") or prefix.group("bare")
        thread = int(number) if number else None
        position = prefix.end()
        resumed = _RESUMED.match(text, position)
        if resumed:
            begun = self._unfinished.pop(thread, None)
            if begun is None or not begun.startswith(resumed.group("name") + "("):
                return None
            text, position = begun + text[resumed.end() :], 0
        name = syscall.begins(text, position)
        if name is None:
            return None
        self._begun = True
        unfinished = _UNFINISHED.search(tail)
        if unfinished:
            self._keep(thread, text[position:])
            return None
        if name not in _TEACHING and tail.find("= -1 E") < 0:
            return None
        call = syscall.read(text[position:], tail)
        if call is None:
            return None
        program = prefix.group("name") or prefix.group("bare_name")
        stamp = prefix.group("unix")
        return self._event(call, thread, program, None if stamp is None else float(stamp), source, command)

    def _of_strace(self, text: str) -> bool:
        """Learn from strace's own words. True where they stand in the middle of a call, which the next line goes on with."""
        found = _ATTACHED.search(text, max(len(text) - 80, 0))
        if found:
            if not self._begun and found.start() == 0:
                self._attached.add(int(found.group("pid")))
            self._broken = text[: found.start()][:UNFINISHED_LENGTH]
            return True
        if _OF_A_CALL.match(text, t.cast("t.Match[str]", _PREFIX.match(text)).end()):
            return False
        before, command, options = text[:512].partition("strace ")
        if command and not self._begun and before[-1:] in ("", " ", "/", "$", "#", ">"):
            for attach in _ATTACH.finditer(options):
                self._attached.update(int(pid) for pid in re.split("[, ]", attach.group("pids")))
        return False

    def _keep(self, thread: int | None, text: str) -> None:
        if thread not in self._unfinished and len(self._unfinished) >= UNFINISHED:
            del self._unfinished[next(iter(self._unfinished))]
        self._unfinished[thread] = _UNFINISHED.sub("", text)[:UNFINISHED_LENGTH]

    def _event(
        self,
        call: syscall.Call,
        thread: int | None,
        program: str | None,
        time: float | None,
        source: EventSource,
        command: str,
    ) -> Event | None:
        pid = self._process_of(thread)
        known = self._known(call, pid)
        self._learn(call, pid, known)
        local = syscall.sent_from(call, known.local)
        remote = End() if call.name == "bind" else _first(call.address, call.connected, known.remote)
        if not _tells(call, call.family or ("inet" if known.local.address or known.remote.address else None)):
            return None
        return Event(
            error=call.error or "",
            source=source,
            text=clean(call.text, TEXT - len(call.result)) + clean(call.result, TEXT),
            program=clean(program, 64) if program and thread == pid else None,
            pid=pid,
            local_addr=local.address,
            local_port=local.port,
            remote_addr=remote.address,
            remote_port=remote.port,
            interface=local.interface or remote.interface or call.address.interface,
            first=time,
            last=time,
            command=command,
        )

    def _known(self, call: syscall.Call, pid: int | None) -> _Socket:
        """What earlier calls told of the socket of this one, where it is surely the same."""
        known = None if call.fd is None else self._sockets.get((pid, call.fd))
        if known is None or call.bound.address or call.connected.address:
            return _Socket()
        if call.inode is not None and known.inode is not None:
            return known if call.inode == known.inode else _Socket()
        return known if self._lifetimes else _Socket()

    def _learn(self, call: syscall.Call, pid: int | None, known: _Socket) -> None:
        """What a call that succeeded tells of its socket, for calls to come."""
        if call.name in syscall.OTHERS:
            self._lifetimes = True
        if call.name == "socket" and call.value is not None:
            self._sockets.pop((pid, call.value), None)
        if call.fd is None:
            return
        key = (pid, call.fd)
        if call.name == "close":
            self._sockets.pop(key, None)
        elif call.family == "inet" and call.name == "bind" and call.value == 0:
            self._remember(key, _Socket(call.address, known.remote, call.inode))
        elif call.family == "inet" and call.name == "connect" and (call.value == 0 or call.error == "EINPROGRESS"):
            self._remember(key, _Socket(known.local, call.address, call.inode))

    def _remember(self, key: _Key, socket: _Socket) -> None:
        if key not in self._sockets and len(self._sockets) >= SOCKETS:
            del self._sockets[next(iter(self._sockets))]
        self._sockets[key] = socket


def _first(*ends: End) -> End:
    return next((end for end in ends if end.address is not None), End())


def _tells(call: syscall.Call, family: str | None) -> bool:
    """Did a send fail, and is it of the network?"""
    if call.error not in UNREACHABLE + REFUSED or call.name in syscall.OTHERS or family == "other":
        return False
    if call.name == "bind":
        return family == "inet" and call.error in _OF_BIND
    if family == "packet":
        return call.error in UNREACHABLE
    return family == "inet" or call.error in _SPEAKS_OF_THE_NETWORK
