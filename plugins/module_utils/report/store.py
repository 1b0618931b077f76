# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a report is kept: ``<directory>/<time>/`` with ``<directory>/latest`` pointing at the newest."""

from __future__ import annotations

import dataclasses
import datetime
import errno
import json
import os
import shutil
import typing as t
import uuid

from . import jsons, plans
from .formats import Render
from .names import file_names

LATEST = "latest"


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


def store(
    directory: str,
    fleet: t.Mapping[str, t.Any],
    now: datetime.datetime,
    formats: t.Mapping[str, Render],
    planned: t.Optional[t.Mapping[str, t.Mapping[str, t.Any]]] = None,
) -> Stored:
    """Write a fleet document in all formats, each host's own part, and the plans of those that have one.

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


def _name(now: datetime.datetime) -> str:
    return now.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H%M%SZ")


def _fill(path: str, fleet: t.Mapping[str, t.Any], formats: t.Mapping[str, Render]) -> None:
    os.mkdir(os.path.join(path, "hosts"))
    for host, name in file_names(fleet["hosts"]).items():
        _write(os.path.join(path, "hosts", name), jsons.render(fleet["hosts"][host]))
    for name, render in formats.items():
        _write(os.path.join(path, name), render(fleet))


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
