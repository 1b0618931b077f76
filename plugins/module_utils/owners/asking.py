# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask an owner: over HTTP on its unix socket, with its own command, or by its files. Bounded in time and size.

Raises OSError, and ValueError for an answer that is none; the message says what was wrong, for a person.
"""

from __future__ import annotations

import errno
import glob
import http.client
import io
import os
import select
import shlex
import shutil
import signal
import socket
import stat
import struct
import subprocess
import time
import typing as t

from ..model import Want
from ..text import clean
from . import answers
from .profile import Ask

TIMEOUT = 5.0
"""Seconds in which an answer must be there."""
LIMIT = 4 << 20
"""Bytes of an answer. A longer one is not read to its end, and is no answer."""
FILES = 256
"""Files that one pattern may stand for."""


_UCRED = struct.Struct("=iII")
"""struct ucred (unix(7)): pid, uid, gid of who called listen(2)."""


class Once:
    """Asks each question once, and tells its answer, or why there was none, to all who ask again."""

    def __init__(self) -> None:
        self._answers: t.Dict[t.Tuple[str, ...], t.Union[str, Exception]] = {}

    def __call__(self, question: t.Tuple[str, ...], ask: t.Callable[[], str]) -> str:
        if question not in self._answers:
            try:
                self._answers[question] = ask()
            except (OSError, ValueError) as exc:
                self._answers[question] = exc
        answer = self._answers[question]
        if isinstance(answer, Exception):
            raise answer
        return answer


class _Received:
    """What HTTPResponse needs of a socket: all that came is there already."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


def get(path: str, request: str, pids: t.Collection[int]) -> str:
    """``GET request`` on the unix socket at ``path``, which one of these processes must have opened.

    Who else listens there may be one of another network namespace, or anyone who may write to the directory.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as connection:
        connection.settimeout(TIMEOUT)
        connection.connect(path)
        pid = _UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))[0]
        if pid not in pids:
            raise ValueError("%s is not the owner's own: the process %d opened it" % (path, pid))
        return over(connection, request)


def over(connection: socket.socket, request: str) -> str:
    """``GET request`` on an open connection, which its other end closes then."""
    head = "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nConnection: close\r\n\r\n" % request
    # Read to the end and then understood, not the other way round: a line that comes byte by byte has no end in time.
    received = _received(connection, head.encode("ascii"), "GET %s" % request)
    try:
        answer = http.client.HTTPResponse(t.cast(socket.socket, _Received(received)), method="GET")
        answer.begin()
        if answer.status != 200:
            raise ValueError("GET %s is answered with %d %s" % (request, answer.status, clean(answer.reason or "", 64)))
        return answer.read().decode("utf-8", "replace")
    except http.client.HTTPException as exc:
        raise ValueError("GET %s is not answered in HTTP: %s" % (request, type(exc).__name__)) from exc


def _received(connection: socket.socket, head: bytes, name: str) -> bytes:
    deadline = time.monotonic() + TIMEOUT
    parts: t.List[bytes] = []
    size = 0
    try:
        connection.settimeout(TIMEOUT)
        connection.sendall(head)
        while True:
            connection.settimeout(max(deadline - time.monotonic(), 0.001))
            part = connection.recv(65536)
            if not part:
                return b"".join(parts)
            parts.append(part)
            size += len(part)
            if size > LIMIT:
                raise ValueError("%s is answered with more than %d bytes" % (name, LIMIT))
    except socket.timeout as exc:
        raise ValueError("%s is not answered within %d s" % (name, TIMEOUT)) from exc


def run(argv: t.Sequence[str]) -> str:
    """What a command prints. Its process group is ended where it does not end by itself."""
    program = shutil.which(argv[0])
    if program is None:
        raise ValueError("there is no %s on this host" % argv[0])
    child = subprocess.Popen(  # pylint: disable=ansible-bad-function,consider-using-with  # no AnsibleModule; ended below
        [program, *argv[1:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(os.environ, LC_ALL="C"),
        start_new_session=True,
    )
    try:
        output = _drained(child, " ".join(argv[:2]))
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        if child.stdout is not None:
            child.stdout.close()
    if child.returncode != 0:
        raise ValueError("%s ended with exit status %d" % (" ".join(argv[:2]), child.returncode))
    return output.decode("utf-8", "replace")


def _drained(child: subprocess.Popen[bytes], name: str) -> bytes:
    descriptor = t.cast(t.IO[bytes], child.stdout).fileno()
    deadline = time.monotonic() + TIMEOUT
    parts: t.List[bytes] = []
    size = 0
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            raise ValueError("%s did not end within %d s" % (name, TIMEOUT))
        part = os.read(descriptor, 65536)
        if not part:
            break
        parts.append(part)
        size += len(part)
        if size > LIMIT:
            raise ValueError("%s prints more than %d bytes" % (name, LIMIT))
    try:
        child.wait(timeout=max(deadline - time.monotonic(), 0.1))
    except subprocess.TimeoutExpired as exc:
        raise ValueError("%s did not end within %d s" % (name, TIMEOUT)) from exc
    return b"".join(parts)


def files(patterns: t.Iterable[str]) -> t.List[str]:
    """The paths that patterns stand for, sorted; a pattern that nothing fits stands for none."""
    found: t.List[str] = []
    for pattern in patterns:
        directory = os.path.dirname(pattern)
        if not glob.has_magic(directory):
            _listed(directory)
        found.extend(sorted(glob.iglob(pattern))[:FILES])
    return list(dict.fromkeys(found))


def _listed(directory: str) -> None:
    """Raise PermissionError where it may not be known what a directory has; one that is not there has nothing."""
    try:
        os.stat(directory)
    except (FileNotFoundError, NotADirectoryError):
        return
    if not os.access(directory, os.R_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), directory)


def in_files(ask: Ask) -> answers.Answered:
    """What an owner's files say."""
    wants: t.List[Want] = []
    whole = True
    for path in files(ask.files):
        stem = os.path.splitext(os.path.basename(path))[0]
        answer = answers.read(ask, content(path), path, shlex.join(["cat", path]), stem)
        wants.extend(answer.wants)
        whole = whole and answer.whole
    return answers.Answered(tuple(wants), whole)


def content(path: str) -> str:
    """The text of a regular file."""
    # O_NONBLOCK: opening a FIFO must not wait for its writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("%s is not a regular file" % path)
        data = stream.read(LIMIT + 1)
    if len(data) > LIMIT:
        raise ValueError("%s has more than %d bytes" % (path, LIMIT))
    return data.decode("utf-8", "replace")


def why(exc: Exception) -> str:
    """Why it could not be asked, in words."""
    return clean(exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc), 200)
