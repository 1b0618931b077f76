# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The dead-man from outside: set it before the first change, see whether it lives, take it away when all is settled.

Where systemd runs and sees the same network and mounts, it is a transient timer (systemd-run(1)): systemd's own, so that
nothing that ends a session ends it. Elsewhere it is a process of its own session, which keeps the namespaces that it
was started in.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
import time
import typing as t

from ..kernel import namespace
from ..text import clean
from . import program
from .history import Standing, Transaction
from .place import is_held

SYSTEMD, PROCESS = "systemd", "process"
READY = b"ready\n"
_PATIENCE = 60.0
"""Seconds for starting a Python and reading the small tables on a slow host."""
_LONGEST = 500


class NotArmed(Exception):
    """There is no dead-man, so nothing may be changed; the message says why."""


def arm(transaction: Transaction, seconds: float) -> t.Dict[str, t.Any]:
    """Set it and see that it is set; what the journal keeps of it. Raises NotArmed."""
    try:
        command = program.write(transaction.program)
        why = _why_no_systemd()
        if why is None:
            why = _start_timer(transaction, command, seconds)
        if why is None:
            return {"how": SYSTEMD, "unit": _unit(transaction)}
        return {"how": PROCESS, "pid": _start_process(transaction, command), "why": why}
    except (OSError, subprocess.SubprocessError) as exc:
        raise NotArmed("the dead-man cannot be set: %s" % clean(str(exc), _LONGEST)) from exc


def lives(transaction: Transaction, standing: Standing) -> bool:
    """Will it fire, or is it firing?"""
    if standing.armed is None:
        return False
    if standing.armed["how"] == PROCESS:
        return is_held(transaction.dead_man_lock)
    return any(_is_active(standing.armed["unit"] + kind) for kind in (".timer", ".service"))


def disarm(transaction: Transaction, standing: Standing) -> None:
    """All is settled. A dead-man that is a process ends when its program is gone; that which calls this may be it."""
    shutil.rmtree(transaction.program, ignore_errors=True)
    if standing.armed is not None and standing.armed["how"] == SYSTEMD:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            _run("systemctl", "stop", standing.armed["unit"] + ".timer")


def _unit(transaction: Transaction) -> str:
    return "netmend-reclaim-" + transaction.id


def _why_no_systemd() -> str | None:
    if not os.path.isdir("/run/systemd/system"):
        return "systemd does not run here"
    if not namespace.is_hosts():
        return "this is not the network or not the mounts of pid 1"
    if shutil.which("systemd-run") is None:
        return "there is no systemd-run"
    return None


def _start_timer(transaction: Transaction, command: t.Sequence[str], seconds: float) -> str | None:
    """None, or what systemd says against it. Raises NotArmed where the program itself does not work."""
    arguments = (transaction.place.path, transaction.id)
    proven = _run(*command, "prove", *arguments)
    if proven.returncode != 0:
        raise NotArmed("the dead-man does not work: %s" % _said(proven))
    unit = _unit(transaction)
    started = _run(
        "systemd-run",
        "--unit=" + unit,
        "--description=Rolls back %s unless it is confirmed in time" % transaction.id,
        "--collect",
        "--on-active=%.3f" % seconds,
        "--timer-property=AccuracySec=100ms",
        "--property=Restart=on-failure",
        "--property=RestartSec=1",
        "--property=StartLimitIntervalSec=0",
        "--",
        *command,
        "fire",
        *arguments,
    )
    if started.returncode == 0 and _is_active(unit + ".timer"):
        return None
    return "systemd-run: " + (_said(started) or "the timer is not active")


def _start_process(transaction: Transaction, command: t.Sequence[str]) -> int:
    """Start it; it has its lock, and has read the kernel's tables, when it says that it is ready. Its pid."""
    reading, writing = os.pipe()
    try:
        try:
            child = subprocess.Popen(  # pylint: disable=ansible-bad-function  # it outlives this
                [*command, "wait", transaction.place.path, transaction.id, str(writing)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                pass_fds=(writing,),
                start_new_session=True,
            )
        finally:
            os.close(writing)
        said = _read_all(reading, _PATIENCE)
        child.wait(_PATIENCE)  # it leaves a child of its own behind, which nobody here is the parent of
    finally:
        os.close(reading)
    first, _newline, rest = said.partition(b"\n")
    if first + b"\n" != READY or not is_held(transaction.dead_man_lock):
        raise NotArmed("the dead-man does not work: %s" % clean(said.strip() or b"it does not answer", _LONGEST))
    return int(rest)


def _read_all(descriptor: int, seconds: float) -> bytes:
    """Up to the end, or to the end of patience."""
    said = b""
    give_up = time.monotonic() + seconds
    while select.select([descriptor], [], [], max(0.0, give_up - time.monotonic()))[0]:
        part = os.read(descriptor, 4096)
        if not part:
            break
        said += part
    return said


def _is_active(unit: str) -> bool:
    return _run("systemctl", "is-active", unit).stdout.strip() in ("active", "activating")


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return clean((done.stderr or done.stdout).strip(), _LONGEST)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # pylint: disable=ansible-bad-function  # there is no AnsibleModule here
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_PATIENCE,
        check=False,
    )
