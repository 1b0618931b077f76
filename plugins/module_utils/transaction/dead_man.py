# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The dead-man itself: what the copied program (see program.py) runs.

``prove`` looks whether it could do its work; ``fire`` does it, now; ``wait`` does it at the deadline, in a process of
its own that needs nothing from the one that started it, and ends earlier when the transaction is settled.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
import typing as t

from ..kernel import namespace
from ..kernel.port import Kernel
from . import clock
from .arming import READY
from .history import Transaction, find
from .journal import Record
from .place import Place, held
from .rollback import Settled, prove, roll_back

_GLANCE = 0.5
"""Seconds between two looks at the clock, and at whether all is settled."""
_TRIES = 100
_PAUSE = 1.0


def main(arguments: t.Sequence[str]) -> None:
    mode, path, identifier = arguments[:3]
    os.umask(0o077)
    transaction, standing = find(Place(path), identifier)
    if mode == "wait":
        _detach(transaction, standing.begin, int(arguments[3]))
    elif mode == "prove":
        _prove(standing.begin)
    elif _arrive(standing.begin):
        _fire(transaction)
    else:  # there is nothing to take back; the next run settles it
        sys.stderr.write("the network namespace of %s is gone\n" % identifier)


def _arrive(begin: Record) -> bool:
    """Be in the network namespace of the transaction; False where that is gone."""
    if begin["netns"] is not None:
        try:
            namespace.enter(begin["netns"])
        except OSError:
            return False
    return namespace.identity() == str(begin["network"])


def _prove(begin: Record) -> Kernel:
    """All that a rollback needs is there: the right network, the tables, and the modules that read and write them."""
    if not _arrive(begin):
        raise RuntimeError("its network namespace is another one than that of the plan")
    kernel = Kernel()
    prove(kernel)
    return kernel


def _detach(transaction: Transaction, begin: Record, ready: int) -> None:
    if os.fork():
        os._exit(0)
    with contextlib.suppress(OSError):  # what cannot be had does not matter enough
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as stream:
            stream.write("-1000")
    try:
        with held(transaction.dead_man_lock, 0):
            kernel = _prove(begin)
            os.write(ready, READY + str(os.getpid()).encode())
            os.close(ready)
            ready = -1
            _wait(transaction, begin["deadline"]["since_boot"], kernel)
    except Exception:
        if ready < 0:
            raise
        os.write(ready, traceback.format_exc(limit=-1).encode())


def _wait(transaction: Transaction, deadline: float, kernel: Kernel) -> None:
    while os.path.isdir(transaction.program):
        left = deadline - clock.since_boot()
        if left <= 0:
            _fire(transaction, kernel)
            return
        time.sleep(min(left, _GLANCE))


def _fire(transaction: Transaction, kernel: Kernel | None = None) -> None:
    """Roll back, whatever it takes: what fails now may work in a moment."""
    for attempt in range(1, _TRIES + 1):
        try:
            roll_back(transaction, kernel or Kernel(), "dead-man", "it was not confirmed in time")
            return
        except Settled:
            return
        except Exception:
            if attempt == _TRIES:
                raise
            traceback.print_exc(file=sys.stderr)
            time.sleep(_PAUSE)
