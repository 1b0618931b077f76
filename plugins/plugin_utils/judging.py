# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the findings of a report are judged by: earlier reports, and waivers.

What is wrong with either is told when the report is written: nothing that was audited is lost for it.
"""

from __future__ import annotations

import typing as t

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.utils.path import unfrackpath
from ansible_collections.netmend.reclaim.plugins.module_utils.report import history, store, waivers


class Past(t.NamedTuple):
    """What there is to compare with."""

    base: t.Optional[store.Known]
    last: t.Optional[history.Past]
    wrong: t.List[str]
    """Why what was asked for could not be done."""
    doubts: t.List[str]
    """What could not be read of what nobody asked for."""


class Given(t.NamedTuple):
    """The waivers that hold; none where one of them is wrong."""

    waivers: t.Tuple[waivers.Waiver, ...]
    wrong: t.List[str]


def past(directory: str, baseline: t.Optional[str]) -> Past:
    """The newest report in a directory, and the baseline that is asked for or else the same."""
    known, doubts = store.last(directory)
    last = known.past if known else None
    if not baseline:
        return Past(known, last, [], doubts)
    try:
        return Past(store.baseline(directory, baseline), last, [], doubts)
    except store.StoreError as error:
        return Past(None, last, [str(error)], doubts)


def given(listed: t.Sequence[t.Any], files: t.Sequence[str]) -> Given:
    """The waivers of a list and of YAML files."""
    try:
        found = list(listed)
        for file in files:
            found += _from_file(unfrackpath(file, follow=False))
        return Given(waivers.load(_validated(found)), [])
    except ValueError as error:
        return Given((), ["The waivers are wrong, so none was applied and no plan was written: %s" % error])


def _from_file(path: str) -> t.List[t.Any]:
    """A list of them, by itself or as reclaim_waivers, so that a file of variables does too."""
    try:
        with open(path, encoding="utf-8") as stream:
            held = yaml.safe_load(stream)
    except OSError as error:
        raise ValueError("%s cannot be read: %s" % (path, error.strerror)) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError("%s is no YAML: %s" % (path, " ".join(str(error).split()))) from error
    if isinstance(held, dict):
        held = held.get("reclaim_waivers")
    if held is None:
        return []
    if not isinstance(held, list):
        raise ValueError("%s holds no waivers; expected a list of them, or reclaim_waivers with one" % path)
    return held


def _validated(found: t.Sequence[t.Any]) -> t.List[t.Dict[str, t.Any]]:
    spec = {"waivers": {"type": "list", "elements": "dict", "options": waivers.OPTIONS}}
    checked = []
    for number, item in enumerate(found, 1):
        name = item.get("id") if isinstance(item, dict) else None
        result = ArgumentSpecValidator(spec).validate({"waivers": [item]})
        if result.error_messages:
            raise ValueError("the waiver %s: %s" % (name or "#%d" % number, "; ".join(result.error_messages)))
        checked += result.validated_parameters["waivers"]
    return checked
