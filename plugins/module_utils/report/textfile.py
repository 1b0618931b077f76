# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file that another program reads at any time: it is there as a whole, or as it was before."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile

_MODE = 0o644
"""What reads it is another user."""


class TextfileError(Exception):
    """It could not be written; the message says what, why, and what to do."""


def write(path: str, text: str) -> str:
    """Put text in the place of what a file holds; its absolute path. Raises TextfileError.

    Nothing but a regular file is replaced: no device, and no symbolic link, wherever it leads.
    """
    path = os.path.abspath(path)
    directory, name = os.path.split(path)
    try:
        if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
            raise TextfileError(
                "The metrics cannot be written: %s is there and is no regular file; expected one, or none" % path
            )
        # Its name does not end as those that node_exporter reads.
        handle, scratch = tempfile.mkstemp(prefix=".%s." % name[:100], suffix=".new", dir=directory)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
                os.fchmod(stream.fileno(), _MODE)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(scratch, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(scratch)
            raise
        _sync(directory)
    except OSError as error:
        raise TextfileError(
            "The metrics cannot be written: %s: %s. Set reclaim_prometheus_textfile to a file in a directory that is there and "
            "that you may write to." % (path, error.strerror)
        ) from error
    return path


def _sync(directory: str) -> None:
    """That the name is there after a loss of power too; a file system that cannot promise it is no error."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)
