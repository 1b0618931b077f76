# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Log files, line by line: the end of one, or several with those that were rotated away beside them."""

from __future__ import annotations

import itertools
import os
import shlex
import stat
import typing as t

from ..model import EventSource, Unseen
from .line import LINE_LIMIT, Line, writer
from .rotation import ROTATED

TAIL = 16 << 20
"""Bytes that are read from the end of a file, or of several together. At one line in five seconds that is weeks."""

_ENTRIES = 20000
"""Names of a directory that are looked at for rotated files."""
_MOST_ROTATED = 32

_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"(\xb5/\xfd", "zstd"),
    (b"\x04\x22M\x18", "lz4"),
)
_SHOWN_BY = {"gzip": "zcat", "bzip2": "bzcat", "xz": "xzcat"}


def lines(path: str, tail: int = TAIL) -> t.Iterator[Line]:
    """The last lines of a regular file, oldest first. Raises OSError, and ValueError for what is no regular file."""
    with opened(path) as stream:
        yield from _plain(stream, path, tail)


def every(paths: t.Iterable[str], unseen: t.List[Unseen], budget: int = TAIL) -> t.Iterator[Line]:
    """The lines of all these files and of those that were rotated away beside them; no file twice, whatever its name.

    Oldest first within a file, the files themselves newest first: where the budget of bytes ends, the oldest are missing.
    Compressed ones are read from their beginning. What could not be read is added to ``unseen``.
    """
    reading = _Reading(unseen, budget)
    for path in paths:
        yield from reading.lines(path, asked=True)
        for older in rotated(path):
            yield from reading.lines(older, asked=False)


def rotated(path: str) -> t.List[str]:
    """Files that were rotated away from a log, the newest first."""
    directory, name = os.path.split(path)
    found = []
    try:
        with os.scandir(directory or ".") as entries:
            for entry in itertools.islice(entries, _ENTRIES):
                if entry.name.startswith(name) and ROTATED.match(entry.name, len(name)):
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(status.st_mode):
                        found.append((-status.st_mtime, entry.name))
    except OSError:  # the log itself then says why
        return []
    return [os.path.join(directory, name) for _age, name in sorted(found)[:_MOST_ROTATED]]


class _Reading:
    """Several files with one budget."""

    def __init__(self, unseen: t.List[Unseen], budget: int) -> None:
        self._unseen = unseen
        self._left = budget
        self._read: t.Set[t.Tuple[int, int]] = set()

    def lines(self, path: str, asked: bool) -> t.Iterator[Line]:
        """The lines of one file. ``asked``: it was asked for by name, and may be a symbolic link."""
        try:
            with opened(path, 0 if asked else os.O_NOFOLLOW) as stream:
                status = os.fstat(stream.fileno())
                if (status.st_dev, status.st_ino) not in self._read:
                    self._read.add((status.st_dev, status.st_ino))
                    yield from self._bounded(stream, path, status)
        except (OSError, ValueError, EOFError) as exc:
            why = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
            self._miss(path, why)

    def _bounded(self, stream: t.BinaryIO, path: str, status: os.stat_result) -> t.Iterator[Line]:
        if self._left <= 0:
            self._miss(path, "the budget of bytes for all logs was used up")
            return
        compression = _compression(stream)
        if compression is None:
            if status.st_size > self._left:
                self._miss(path, "only its last %d bytes were read" % self._left)
            budget = self._left
            self._left -= min(status.st_size, budget)
            yield from _plain(stream, path, budget)
            return
        show = "%s %s | sed --quiet %%dp" % (_SHOWN_BY.get(compression, "cat"), shlex.quote(path))
        whole = _Counted(_decompressed(stream, compression), self._left)
        try:
            yield from _split(whole, path, status.st_mtime, show, 1)
        finally:
            self._left = whole.left
        if whole.left <= 0:
            self._miss(path, "only its beginning was read: the budget of bytes for all logs was used up")

    def _miss(self, path: str, why: str) -> None:
        if not any(item.what == "log %s" % path for item in self._unseen):
            self._unseen.append(Unseen("log %s" % path, why))


def opened(path: str, flags: int = 0) -> t.BinaryIO:
    """A regular file. Raises OSError, and ValueError for what is none."""
    # O_NONBLOCK: opening a FIFO must not wait for its writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError("log %s is not a regular file" % path)
    return open(descriptor, "rb")


def _compression(stream: t.BinaryIO) -> str | None:
    """By its first bytes: the name of a file tells what somebody called it."""
    head = stream.read(6)
    stream.seek(0)
    return next((name for magic, name in _MAGIC if head.startswith(magic)), None)


def _decompressed(stream: t.BinaryIO, compression: str) -> t.BinaryIO:
    """Late imports: few runs meet such a file. Raises ValueError for a compression that Python has no reader for."""
    try:
        if compression == "gzip":
            import gzip

            return t.cast(t.BinaryIO, gzip.GzipFile(fileobj=stream, mode="rb"))
        if compression == "bzip2":
            import bz2

            return t.cast(t.BinaryIO, bz2.BZ2File(stream, "rb"))
        if compression == "xz":
            import lzma

            return t.cast(t.BinaryIO, lzma.LZMAFile(stream, "rb"))
    except ImportError as exc:  # a Python that was built without it
        raise ValueError("it is compressed with %s, which this Python cannot read: %s" % (compression, exc)) from exc
    raise ValueError("it is compressed with %s, which Python's standard library cannot read" % compression)


class _Counted:
    """Lines of a compressed file, as far as the budget goes."""

    def __init__(self, stream: t.BinaryIO, left: int) -> None:
        self._stream = stream
        self.left = left

    def readline(self) -> bytes:
        if self.left <= 0:
            return b""
        try:
            raw = self._stream.readline(min(LINE_LIMIT, self.left))
        except (OSError, EOFError):
            raise
        except Exception as exc:  # zlib.error and LZMAError are of no family that could be named without the import
            raise ValueError("it is damaged: %s" % exc) from exc
        self.left -= len(raw)
        return raw


def _plain(stream: t.BinaryIO, path: str, tail: int) -> t.Iterator[Line]:
    status = os.fstat(stream.fileno())
    start = max(status.st_size - tail, 0)
    stream.seek(start)
    if start:
        stream.readline(LINE_LIMIT)  # most likely the rest of a line
    counted = _Counted(stream, tail)
    quoted = shlex.quote(path)
    if not start:
        yield from _split(counted, path, status.st_mtime, "sed --quiet %%dp %s" % quoted.replace("%", "%%"), 1)
    else:  # how many lines stand before is not known
        yield from _split(counted, path, status.st_mtime, "tail --lines=100 %s" % quoted, None)


def _split(source: _Counted, path: str, written: float, show: str, number: int | None) -> t.Iterator[Line]:
    """Lines. ``show`` is the command that shows one, with its number where that is known."""
    whole = True
    while True:
        raw = source.readline()
        if not raw:
            return
        begins, whole = whole, raw.endswith(b"\n")
        if begins:  # what follows a cut is no line of its own, whatever it looks like
            text = raw.decode("utf-8", "replace").rstrip("\n")
            yield Line(
                text=text,
                pid=writer(text),
                source=EventSource("log", path=path, line=number),
                written=written,
                command=show if number is None else show % number,
            )
        if whole and number is not None:
            number += 1
