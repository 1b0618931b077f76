# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds and reads the reports that are merged."""

from __future__ import annotations

import dataclasses
import json
import os
import typing as t

from ..shapes import ShapeError
from . import handing
from .merging import Slice, slice_of
from .store import LATEST

_FILE = "fleet.json"


@dataclasses.dataclass(frozen=True)
class Read:
    """What was found under some paths."""

    slices: t.Tuple[Slice, ...]
    wrong: t.Tuple[str, ...]
    """Files that are damaged, or in part, or of something else: each in words that name it."""
    without: t.Tuple[str, ...]
    """Paths with no report: of a slice without hosts, or of one that did not end."""


def read(paths: t.Iterable[str]) -> Read:
    """Each path is a fleet.json, a report, a directory of reports (the latest is read), or a directory of such."""
    files: t.Dict[str, str] = {}
    without: t.List[str] = []
    slices: t.List[Slice] = []
    wrong: t.List[str] = []
    for path in paths:
        try:
            found = _files(path) or _of_children(path, without)
        except OSError as error:
            wrong.append("%s cannot be read: %s" % (path, error.strerror))
            continue
        if not found:
            without.append(path)
        # Under one name only: "latest" is one of the reports beside it.
        files.update({os.path.realpath(file): file for file in found})
    for file in files.values():
        try:
            one = _read(file)
        except OSError as error:
            wrong.append("%s cannot be read: %s" % (file, error.strerror))
        except (ValueError, RecursionError) as error:
            wrong.append("%s is no report of this collection: %s" % (file, error))
        else:
            slices.append(one)
            wrong += ["%s: %s" % (file, words) for words in one.wrong]
    return Read(tuple(slices), tuple(wrong), tuple(dict.fromkeys(without)))


def with_handed(found: Read, handed: t.Mapping[str, t.Any]) -> Read:
    """And the reports that earlier jobs handed on, by the names of their variables."""
    parts, wrong = list(found.slices), list(found.wrong)
    for name, text in handed.items():
        try:
            one = slice_of(name, handing.unpack(name, text))
        except handing.HandingError as error:
            wrong.append(str(error))
        except ShapeError as error:
            wrong.append("%s is no report of this collection: %s" % (name, error))
        else:
            parts.append(one)
            wrong += ["%s: %s" % (name, words) for words in one.wrong]
    return dataclasses.replace(found, slices=tuple(parts), wrong=tuple(wrong))


def _files(path: str) -> t.List[str]:
    """The fleet.json that this path stands for, if it does."""
    if os.path.isfile(path):
        return [path]
    here = (os.path.join(path, _FILE), os.path.join(path, LATEST, _FILE))
    return [name for name in here if os.path.lexists(name)][:1]


def _of_children(path: str, without: t.List[str]) -> t.List[str]:
    found = []
    for name in sorted(os.listdir(path)) if os.path.isdir(path) else ():
        child = os.path.join(path, name)
        if not name.startswith(".") and os.path.isdir(child):
            here = _files(child)
            found += here
            if not here:
                without.append(child)
    return found


def _read(file: str) -> Slice:
    with open(file, encoding="utf-8") as stream:
        return slice_of(file, json.load(stream, parse_constant=_refuse))


def _refuse(constant: str) -> t.Any:
    raise ShapeError("it holds %s, which is not JSON" % constant)
