# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a report is kept: ``<directory>/<time>/`` with ``<directory>/latest`` pointing at the newest."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import errno
import fcntl
import json
import os
import re
import shutil
import time
import typing as t
import uuid

from ..shapes import ShapeError
from . import history, jsons, plans
from .formats import Format
from .names import file_names

LATEST = "latest"
HISTORY = "history.json"
BASELINES = "baselines"
_REPORT = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{6}Z)(?:-(\d+))?")
_BASELINE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TRIES = 5
"""Earlier reports that are tried, where the last ones cannot be read."""


PATIENCE = 300
"""Seconds that one run waits for another one to have written its report; of 2,000 hosts it takes ten."""


class StoreError(Exception):
    """A report could not be written; the message says what, why, and what to do."""


@dataclasses.dataclass(frozen=True)
class Stored:
    """A report on disk."""

    path: str
    """Its own directory, absolute."""
    latest: t.Optional[str]
    """The symbolic link that now points at it, None where it could not be made."""
    problem: str = ""
    """Why it could not."""


@contextlib.contextmanager
def locked(directory: str, patience: float = PATIENCE) -> t.Iterator[str]:
    """Be the only one to read what is known there and to add to it: of two runs at once the second compares with the first.

    Yields a problem where the other one took too long, and goes on all the same: it is only what a report is compared with
    that may be wrong then, and no report is lost. So it is, without a word, where the file system knows no locks.
    """
    with contextlib.ExitStack() as stack:
        problem = ""
        with contextlib.suppress(OSError):  # who writes tells what is wrong with the directory
            os.makedirs(directory, exist_ok=True)
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            stack.callback(os.close, descriptor)
            if not _lock(descriptor, patience):
                problem = "%s: another run has been writing its report for %d seconds, and is not waited for" % (
                    directory,
                    patience,
                )
        yield problem


def _lock(descriptor: int, patience: float) -> bool:
    """Take the lock of an open directory, as soon as it is free. Its end is that of the descriptor."""
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(0.1)


def store(
    directory: str,
    fleet: t.Mapping[str, t.Any],
    now: datetime.datetime,
    formats: t.Mapping[str, Format],
    planned: t.Optional[t.Mapping[str, t.Mapping[str, t.Any]]] = None,
    known: t.Optional[t.Mapping[str, t.Any]] = None,
) -> Stored:
    """Write a fleet document in these formats, each host's own part, the plans of those that have one, and what is ``known``
    after it (history.state).

    It appears under its name when it is complete: what fails midway leaves nothing behind. Raises StoreError.
    """
    directory = os.path.abspath(directory)
    scratch = os.path.join(directory, ".%s.%s" % (_name(now), uuid.uuid4().hex))
    try:
        os.makedirs(directory, exist_ok=True)
        os.mkdir(scratch)
        try:
            _fill(scratch, fleet, formats)
            _add_plans(scratch, fleet["hosts"], planned or {})
            if known is not None:
                _write(os.path.join(scratch, HISTORY), jsons.render(known))
            path = _settle(scratch, os.path.join(directory, _name(now)))
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
    except OSError as error:
        raise StoreError(
            "The report cannot be written: %s: %s. Set reclaim_report_dir to a directory that you may write to, with "
            "room for it." % (error.filename or directory, error.strerror)
        ) from error
    problem = _point(os.path.join(directory, LATEST), os.path.basename(path))
    return Stored(path, None if problem else os.path.join(directory, LATEST), problem)


def earlier(path: str) -> t.Dict[str, t.Any]:
    """The fleet document of a report that was written before. Raises StoreError."""
    name = os.path.join(path, "fleet.json")
    try:
        with open(name, encoding="utf-8") as stream:
            return dict(json.load(stream))
    except (OSError, ValueError) as error:
        raise StoreError("The earlier report cannot be read: %s: %s" % (name, error)) from error


def last(directory: str) -> t.Tuple[t.Optional[Known], t.List[str]]:
    """What the newest report in a directory knew, and what is wrong with newer ones that cannot be read.

    Newest is what ``latest`` points at, then the names tell.
    """
    names = [os.path.basename(os.path.realpath(os.path.join(directory, LATEST)))]
    names += [name for name in reversed(reports(directory)) if name not in names]
    wrong: t.List[str] = []
    for name in [name for name in names if os.path.isdir(os.path.join(directory, name)) and name != LATEST][:_TRIES]:
        try:
            return _known(os.path.join(directory, name), name), wrong
        except StoreError as error:
            wrong.append(str(error))
    return None, wrong


def baseline(directory: str, wanted: str) -> Known:
    """The baseline of that name, or else the report at that path. Raises StoreError."""
    if _BASELINE.fullmatch(wanted):
        path = os.path.join(directory, BASELINES, wanted + ".json")
        if os.path.lexists(path):
            return _known(path, wanted)
    path = os.path.abspath(os.path.expanduser(wanted))
    if not os.path.exists(path):
        raise StoreError(
            "There is no baseline %s: neither a saved one (%s) nor a report at %s. Save one with reclaim_save_baseline."
            % (wanted, ", ".join(_saved(directory)) or "none is saved in %s" % os.path.join(directory, BASELINES), path)
        )
    report = os.path.basename(os.path.dirname(path))
    return _known(path, report if _REPORT.fullmatch(report) else wanted)


def save_baseline(directory: str, name: str, known: t.Mapping[str, t.Any]) -> str:
    """Keep what is known under a name, in place of what had it; its path. Raises StoreError."""
    if not _BASELINE.fullmatch(name):
        raise StoreError(
            "The baseline cannot be saved: %r is no name for it; expected up to 64 letters, digits, dots, dashes and "
            "underscores, a letter or digit first" % name
        )
    path = os.path.join(os.path.abspath(directory), BASELINES, name + ".json")
    scratch = os.path.join(os.path.dirname(path), ".%s" % uuid.uuid4().hex)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            _write(scratch, jsons.render(known))
            os.replace(scratch, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(scratch)
            raise
    except OSError as error:
        raise StoreError("The baseline cannot be saved: %s: %s" % (path, error.strerror)) from error
    return path


class Known(t.NamedTuple):
    """What was known after an earlier report."""

    path: str
    past: history.Past


def _known(path: str, name: str) -> Known:
    """From a report's directory, its history.json or, of an older one, fleet.json; or from such a file."""
    if os.path.isdir(path):
        file = os.path.join(path, HISTORY)
        path = file if os.path.lexists(file) else os.path.join(path, "fleet.json")
    try:
        with open(path, encoding="utf-8") as stream:
            return Known(path, history.load(json.load(stream), name))
    except OSError as error:
        raise StoreError("%s cannot be compared with: %s" % (path, error.strerror)) from error
    except (ShapeError, ValueError, RecursionError) as error:
        raise StoreError("%s cannot be compared with: it is damaged, or something else: %s" % (path, error)) from error


def _saved(directory: str) -> t.List[str]:
    try:
        return sorted(
            name[: -len(".json")] for name in os.listdir(os.path.join(directory, BASELINES)) if name.endswith(".json")
        )
    except OSError:
        return []


def reports(directory: str) -> t.List[str]:
    """The names of the reports in a directory, the oldest first; nothing else that is there."""
    try:
        found = [
            _REPORT.fullmatch(entry.name) for entry in os.scandir(directory) if entry.is_dir(follow_symlinks=False)
        ]
    except OSError:
        return []
    return [match.group() for match in sorted(filter(None, found), key=lambda match: (match[1], int(match[2] or 1)))]


def prune(directory: str, keep: int, spare: t.Collection[str] = ()) -> t.Tuple[t.List[str], str]:
    """Delete all but the newest ``keep`` reports: their names, and why it broke off, if it did. 0 keeps all.

    What a symbolic link beside them points at is kept too, such as ``latest``, and so are the paths in ``spare``; and what
    has the name of a report and is none. No link is followed.
    """
    directory = os.path.abspath(directory)
    if not keep:
        return [], ""
    kept = {os.path.realpath(path) for path in spare}
    gone = []
    try:
        kept |= {os.path.realpath(entry.path) for entry in os.scandir(directory) if entry.is_symlink()}
        for name in reports(directory)[:-keep]:
            path = os.path.join(directory, name)
            if os.path.realpath(path) in kept or not _is_report(path):
                continue
            # It is gone under its name at once, and nobody reads half of it.
            scratch = os.path.join(directory, ".%s.%s" % (name, uuid.uuid4().hex))
            os.rename(path, scratch)
            gone.append(name)
            shutil.rmtree(scratch)
    except OSError as error:
        return gone, "Old reports were not all deleted: %s: %s" % (error.filename or directory, error.strerror)
    return gone, ""


def _is_report(path: str) -> bool:
    file = os.path.join(path, "fleet.json")
    try:
        if os.path.islink(file) or not os.path.isdir(os.path.join(path, "hosts")):
            return False
        with open(file, encoding="ascii") as stream:
            return stream.read(100).startswith('{\n "schema": "1.')
    except (OSError, ValueError):
        return False


def _name(now: datetime.datetime) -> str:
    return now.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H%M%SZ")


def _fill(path: str, fleet: t.Mapping[str, t.Any], formats: t.Mapping[str, Format]) -> None:
    os.mkdir(os.path.join(path, "hosts"))
    for host, name in file_names(fleet["hosts"]).items():
        _write(os.path.join(path, "hosts", name), jsons.render(fleet["hosts"][host]))
    for made in formats.values():
        _write(os.path.join(path, made.file), made.render(fleet))


def _add_plans(path: str, hosts: t.Collection[str], planned: t.Mapping[str, t.Mapping[str, t.Any]]) -> None:
    if planned:
        os.mkdir(os.path.join(path, plans.DIRECTORY))
    for host, name in file_names(hosts).items():
        if host in planned:
            _write(os.path.join(path, plans.DIRECTORY, name), jsons.render(planned[host]))


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)


def _settle(scratch: str, path: str) -> str:
    """Give a complete report its name, or the next free one: two runs may start in one second."""
    number = 1
    while True:
        name = path if number == 1 else "%s-%d" % (path, number)
        try:
            os.rename(scratch, name)
            return name
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
        number += 1


def _point(link: str, target: str) -> str:
    """Make a symbolic link in one step, or say why not. What is there and no symbolic link is left alone."""
    scratch = "%s.%s" % (link, uuid.uuid4().hex)
    try:
        if os.path.lexists(link) and not os.path.islink(link):
            raise FileExistsError(errno.EEXIST, "something that is not a symbolic link has this name", link)
        os.symlink(target, scratch)
        try:
            os.replace(scratch, link)
        except OSError:
            os.unlink(scratch)
            raise
    except OSError as error:
        return "%s does not point at this report: %s" % (link, error.strerror)
    return ""
