# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at what a running process sends: strace for a bounded time, within a bounded size (strace(1), ptrace(2)).

The process goes on meanwhile, slower. It is let go whatever happens: strace detaches when it is asked to end, it is asked
to when this process dies (PR_SET_PDEATHSIG), and the kernel detaches and continues what was traced by whoever is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import typing as t

from ..kernel import namespace, processes, units
from ..model import Event, EventSource, Unseen
from ..text import clean
from .line import LINE_LIMIT
from .strace import Trace

MOST_BYTES = 32 << 20
"""Bytes of strace's output that are read. A busy process is let go earlier then."""
MOST_PROCESSES = 32
"""Processes of a unit that are traced."""
CALLS = "trace=sendmsg,sendto,sendmmsg,connect,bind"
_ENDING = 5.0
"""Seconds that strace has to let go before it is killed."""
_PR_SET_PDEATHSIG = 1
_THREADS = 4096


def command(pids: t.Sequence[int]) -> t.List[str]:
    """What is run, and what a person would type. Without abbreviations, but with nothing of what is sent."""
    attach = [word for pid in pids for word in ("-p", str(pid))]
    return ["strace", "-f", "-yy", "-ttt", "-s", "0", "-e", "abbrev=none", "-e", CALLS, *attach]


def trace(pid: int, seconds: float, unseen: t.List[Unseen], most_bytes: int = MOST_BYTES) -> t.Iterator[Event]:
    """The failed sends of one process in the next seconds, one event for each, as they come.

    What cannot be traced, and why, is added to ``unseen``.
    """
    yield from _trace([pid], "process %d" % pid, seconds, unseen, most_bytes)


def trace_unit(unit: str, seconds: float, unseen: t.List[Unseen], most_bytes: int = MOST_BYTES) -> t.Iterator[Event]:
    """The same of all processes of a systemd unit."""
    what = "unit %s" % clean(unit, 64)
    pids = processes_of(unit)
    if not pids:
        unseen.append(
            Unseen("sends of %s" % what, "no process runs in it; see 'systemctl status %s'" % clean(unit, 64))
        )
    if len(pids) > MOST_PROCESSES:
        why = "it has %d processes; only the first %d were traced" % (len(pids), MOST_PROCESSES)
        unseen.append(Unseen("sends of %s" % what, why))
    if pids:
        yield from _trace(pids[:MOST_PROCESSES], what, seconds, unseen, most_bytes)


def processes_of(unit: str) -> t.List[int]:
    """The processes that run in a systemd unit, lowest first, without this one."""
    return [pid for pid in processes.pids() if pid != os.getpid() and units.unit_of(pid) == unit]


def _trace(
    pids: t.Sequence[int], what: str, seconds: float, unseen: t.List[Unseen], most_bytes: int
) -> t.Iterator[Event]:
    program = shutil.which("strace")
    why = "there is no strace on this host" if program is None else _unfit(pids)
    if program is None or why is not None:
        unseen.append(Unseen("sends of %s" % what, why or ""))
        return
    argv = command(pids)
    shown = shlex.join(["timeout", "%g" % seconds, *argv])
    whose = _Whose(pids)
    trace = Trace(whose=whose.process_of)
    try:
        # With -o, each line bears its thread, and strace's own words stand apart.
        with _running([program, "-o", "/dev/stdout", *argv[1:]], pids[0], seconds) as child:
            for text in child.lines(most_bytes):
                event = trace.line(text, EventSource("strace"), shown)
                if event is not None:
                    yield whose.named(event)
    except OSError as exc:
        unseen.append(Unseen("sends of %s" % what, "strace cannot be run: %s" % (exc.strerror or exc)))
        return
    for complaint in child.complaints():
        unseen.append(Unseen("sends of %s" % what, complaint))


def _unfit(pids: t.Sequence[int]) -> str | None:
    """Why none of the processes can be traced, as far as that shows beforehand."""
    if os.getpid() in pids:
        return "it is this very process"
    if not any(os.path.isdir("/proc/%d" % pid) for pid in pids):
        return "there is no such process, or /proc does not show it to this user"
    if len(pids) == 1:
        tracer = _status(pids[0], "TracerPid")
        if tracer:
            who = processes.read(tracer)
            return "it is traced already, by %s (pid %d)" % (who.name if who else "a process that is not shown", tracer)
    return None


def _status(pid: int, field: str) -> int | None:
    """A number in /proc/PID/status (proc(5)); None where it is not shown."""
    try:
        with open("/proc/%d/status" % pid, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                name, _colon, value = line.partition(":")
                if name == field:
                    return int(value)
    except (OSError, ValueError):
        pass
    return None


class _Whose:
    """The processes behind threads: strace numbers threads, also those of children that it follows."""

    def __init__(self, pids: t.Sequence[int]) -> None:
        self._only = pids[0] if len(pids) == 1 else None
        self._process: t.Dict[int, t.Optional[int]] = {}
        self._names: t.Dict[int, t.Tuple[t.Optional[str], t.Optional[str]]] = {}
        for pid in pids:  # while they are surely there
            self._process[pid] = pid
            self._name(pid)

    def process_of(self, thread: int) -> int | None:
        if thread not in self._process:
            if len(self._process) >= _THREADS:
                self._process.clear()
            found = _status(thread, "Tgid")
            self._process[thread] = self._only if found is None else found
        return self._process[thread]

    def named(self, event: Event) -> Event:
        """The event with the names of its process."""
        name, unit = self._name(event.pid) if event.pid is not None else (None, None)
        return dataclasses.replace(event, program=name, unit=unit, source=dataclasses.replace(event.source, unit=unit))

    def _name(self, pid: int) -> t.Tuple[t.Optional[str], t.Optional[str]]:
        if pid not in self._names:
            if len(self._names) >= _THREADS:
                self._names.clear()
            process = processes.read(pid)
            self._names[pid] = (process.name if process else None, units.unit_of(pid))
        return self._names[pid]


class _Strace:
    """strace while it runs."""

    def __init__(self, child: subprocess.Popen[bytes], errors: t.BinaryIO) -> None:
        self._child = child
        self._errors = errors
        self._said: t.List[str] = []
        self._timers: t.List[threading.Timer] = []

    def limit(self, seconds: float) -> None:
        """Ask it to end after that time, and kill it where it does not."""
        for delay, number in ((seconds, signal.SIGTERM), (seconds + _ENDING, signal.SIGKILL)):
            timer = threading.Timer(delay, self._child.send_signal, (number,))
            timer.daemon = True
            timer.start()
            self._timers.append(timer)

    def lines(self, most: int) -> t.Iterator[str]:
        """What it prints, line by line, until it has let go."""
        output = t.cast(t.BinaryIO, self._child.stdout)
        whole = True
        while most > 0:
            raw = output.readline(min(most, 4 * LINE_LIMIT))
            if not raw:
                return
            most -= len(raw)
            begins, whole = whole, raw.endswith(b"\n")
            if begins:  # of a longer line the rest is no line of its own
                yield raw.decode("utf-8", "replace").rstrip("\n")
        self._said.append("only the first part of what strace printed was read: it sends too much")

    def end(self) -> None:
        """Let go now."""
        for timer in self._timers:
            timer.cancel()
        self._child.terminate()
        t.cast(t.BinaryIO, self._child.stdout).close()
        try:
            self._child.wait(timeout=_ENDING)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._errors.seek(0)
        for line in self._errors.read(16384).decode("utf-8", "replace").splitlines():
            text = line.partition("strace: ")[2]
            if text.startswith("attach:") or "not attach" in text or (self._child.returncode == 1 and text):
                self._said.append(clean(text, 200))
        self._errors.close()

    def complaints(self) -> t.List[str]:
        """What went wrong, once it has ended."""
        return self._said[:4]


@contextlib.contextmanager
def _running(argv: t.Sequence[str], pid: int, seconds: float) -> t.Iterator[_Strace]:
    """strace with these arguments, ended with the block. Raises OSError where it cannot be run."""
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def die_with_us() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it died before that was said
            os._exit(1)

    errors = tempfile.TemporaryFile()
    with _where_it_lives(pid):
        child = subprocess.Popen(  # pylint: disable=ansible-bad-function,subprocess-popen-preexec-fn
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=dict(os.environ, LC_ALL="C"),
            preexec_fn=die_with_us,
            start_new_session=True,  # what is typed at a terminal is not for it
        )
    strace = _Strace(child, errors)
    strace.limit(seconds)
    try:
        yield strace
    finally:
        strace.end()


@contextlib.contextmanager
def _where_it_lives(pid: int) -> t.Iterator[None]:
    """In the network namespace of a process: strace asks its own for the names of interfaces and the ends of sockets."""
    with contextlib.ExitStack() as stack:
        if processes.living_here(None, [pid])[pid] is False:
            try:
                stack.enter_context(namespace.entered(pid))
            except (ValueError, OSError):  # it is gone, or may not be entered: then it may not be traced either
                pass
        yield
