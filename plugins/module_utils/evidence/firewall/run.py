# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Firewall programs, run inside a namespace with bounded time and output."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import time
import typing as t

from ...kernel.namespace import entered
from ...text import clean

BYTES = 8 << 20
SECONDS = 20.0
_PLACES = ("/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/bin", "/bin")
_SAID = 200


class Refused(Exception):
    """A program did not do it; the message says why."""


class TooLarge(Refused):
    """It wrote more than is taken."""


def program(name: str) -> str | None:
    """Where a program is, also for a user whose PATH has no sbin."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *_PLACES]))


def environment() -> t.Dict[str, str]:
    return dict(os.environ, LC_ALL="C")


def output(netns: str | int | None, argv: t.Sequence[str], most: int = BYTES, seconds: float = SECONDS) -> bytes:
    """What a program writes. Raises Refused.

    The child inherits the namespace of this thread, and nothing else changes for it: ``ip netns exec`` would also
    remount /sys.
    """
    path = program(argv[0])
    if path is None:
        raise Refused("there is no %s on this host" % argv[0])
    try:
        with entered(netns):
            child = subprocess.Popen(  # pylint: disable=ansible-bad-function  # there is no AnsibleModule here
                [path, *argv[1:]],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment(),
            )
    except (OSError, ValueError) as exc:
        raise Refused("%s could not be run: %s" % (argv[0], exc)) from exc
    try:
        said, errors = _collect(child, argv[0], most, seconds)
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
        for stream in (child.stdout, child.stderr):
            if stream is not None:
                stream.close()
    if child.returncode != 0:
        raise Refused("%s failed: %s" % (" ".join(argv), clean(errors.strip() or b"no reason given", _SAID)))
    return said


def _collect(child: subprocess.Popen[bytes], name: str, most: int, seconds: float) -> t.Tuple[bytes, bytes]:
    """Both streams until they end. Raises Refused where that takes too long or becomes too much."""
    end = time.monotonic() + seconds
    parts: t.Dict[int, t.List[bytes]] = {stream.fileno(): [] for stream in (child.stdout, child.stderr) if stream}
    out, err = parts
    opened, size = set(parts), 0
    while opened:
        readable = select.select(list(opened), [], [], max(0.0, end - time.monotonic()))[0]
        if not readable:
            raise Refused("%s did not end within %d s" % (name, seconds))
        for number in readable:
            part = os.read(number, 1 << 16)
            if not part:
                opened.discard(number)
            parts[number].append(part)
            size += len(part)
        if size > most:
            raise TooLarge("%s wrote more than %d MiB" % (name, most >> 20))
    try:
        child.wait(max(0.1, end - time.monotonic()))
    except subprocess.TimeoutExpired as exc:
        raise Refused("%s did not end within %d s" % (name, seconds)) from exc
    return b"".join(parts[out]), b"".join(parts[err])
