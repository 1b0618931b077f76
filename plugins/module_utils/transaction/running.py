# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a command of the user's or of an owner's profile: never through a shell, not for ever, and what it says is bounded."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
import typing as t

from ..text import clean

_MOST = 4096
"""Bytes of its output that are kept."""
_SHOWN = 500
_GLANCE = 0.05


def run(argv: t.Sequence[str], seconds: float) -> str | None:
    """None where it ended well; else what went wrong, in words."""
    try:
        child = subprocess.Popen(  # pylint: disable=ansible-bad-function  # there is no AnsibleModule here
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
        )
    except (OSError, ValueError) as exc:
        return "%s cannot be run: %s" % (_shown(argv), exc)
    with t.cast(t.IO[bytes], child.stdout) as output:
        said = _follow(child, output.fileno(), time.monotonic() + seconds)
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # what it started as well
        child.wait()
        return "%s did not end within %d seconds: %s" % (_shown(argv), seconds, clean(said, _SHOWN))
    if child.returncode:
        return "%s ended with status %d: %s" % (_shown(argv), child.returncode, clean(said.strip(), _SHOWN))
    return None


def _follow(child: subprocess.Popen[bytes], output: int, give_up: float) -> bytes:
    """Read what it says, until it ends: not until its output does, for a service that it started may hold that."""
    said = b""
    while time.monotonic() < give_up:
        ended = child.poll() is not None
        if select.select([output], [], [], 0 if ended else _GLANCE)[0]:
            part = os.read(output, _MOST)
            said = (said + part)[:_MOST]
            if part:
                continue
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0, give_up - time.monotonic()))
            break
        if ended:
            break
    return said


def _shown(argv: t.Sequence[str]) -> str:
    return clean(" ".join(argv), _SHOWN)
