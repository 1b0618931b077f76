# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of a log file, line by line."""

from __future__ import annotations

import os
import stat
import typing as t

from .line import LINE_LIMIT, Line, writer

TAIL = 16 << 20
"""Bytes that are read from the end of a file. At one line in five seconds that is weeks."""


def lines(path: str, tail: int = TAIL) -> t.Iterator[Line]:
    """The last lines of a regular file, oldest first. Raises OSError, and ValueError for what is no regular file."""
    # O_NONBLOCK: opening a FIFO must not wait for its writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("log %s is not a regular file" % path)
        start = max(status.st_size - tail, 0)
        stream.seek(start)
        if start:
            stream.readline(LINE_LIMIT)  # most likely the rest of a line
        left = tail
        whole = True
        while left > 0:
            raw = stream.readline(min(LINE_LIMIT, left))
            if not raw:
                return
            left -= len(raw)
            begins, whole = whole, raw.endswith(b"\n")
            if begins:  # what follows a cut is no line of its own, whatever it looks like
                text = raw.decode("utf-8", "replace").rstrip("\n")
                yield Line(text=text, pid=writer(text))
