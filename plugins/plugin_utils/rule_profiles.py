# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Profiles of rules: what an audit looks for on one kind of host, and how bad that is there. On the controller only.

A profile is data: those that are shipped are the YAML files in module_utils/rules/profiles, users write their own in the same
shape. What comes of them is handed to the module as its option ``rules``.
"""

from __future__ import annotations

import pathlib
import typing as t

import yaml
from ansible_collections.netmend.reclaim.plugins.module_utils.rules import CHECKS
from ansible_collections.netmend.reclaim.plugins.module_utils.rules.base import SEVERITIES

SHIPPED = pathlib.Path(__file__).resolve().parent.parent / "module_utils" / "rules" / "profiles"

Find = t.Callable[[str], str]
"""Where on the controller the file of this path is."""

_SHAPE = {
    "name": str,
    "title": str,
    "description": str,
    "rules": list,
}
_RULE = {
    "rule": str,
    "run": bool,
    "cause": str,
    "found": str,
    "severity": str,
    "reason": str,
}
_LONGEST = 60
"""Characters of a name."""


def shipped() -> t.Dict[str, t.Dict[str, t.Any]]:
    """The profiles of the collection by their names."""
    found = [_read(path) for path in sorted(SHIPPED.glob("*.yml"))]
    return {profile["name"]: profile for profile in found}


def rules(asked: t.Any, explicit: t.Mapping[str, t.Any], find: Find) -> t.Tuple[t.List[str], t.Dict[str, t.Any]]:
    """The names of the profiles that were asked for, and the option ``rules`` of them and of what was said explicitly.

    Of several profiles the later one wins, and what is explicit wins over all. Raises ValueError that names what is wrong.
    """
    profiles = [_one(item, find) for item in (asked if isinstance(asked, list) else [asked]) if item not in (None, "")]
    off: t.Dict[str, bool] = {}
    severities: t.List[t.Dict[str, str]] = []
    for profile in profiles:
        for item in profile["rules"]:
            if "run" in item:
                off[item["rule"]] = not item["run"]
            if "severity" in item:
                severities.append({key: item[key] for key in ("rule", "cause", "found", "severity") if key in item})
    include = _listed(explicit, "include")
    exclude = [*_listed(explicit, "exclude"), *(rule for rule in sorted(off) if off[rule] and rule not in include)]
    made = {"include": include, "exclude": list(dict.fromkeys(exclude))}
    return [profile["name"] for profile in profiles], {
        **explicit,
        **made,
        "severities": [*severities, *_listed(explicit, "severities")],
    }


def _listed(explicit: t.Mapping[str, t.Any], key: str) -> t.List[t.Any]:
    value = explicit.get(key)
    return list(value) if isinstance(value, (list, tuple)) else [] if value is None else [value]


def _one(item: t.Any, find: Find) -> t.Dict[str, t.Any]:
    if isinstance(item, dict):
        return checked(item, "profile")
    if not isinstance(item, str):
        raise ValueError("profile: expected a name, the path of a YAML file, or a dictionary; got %r" % (item,))
    known = shipped()
    if item in known:
        return known[item]
    if "/" in item or item.endswith((".yml", ".yaml")):
        return _read(pathlib.Path(find(item)))
    raise ValueError(
        "profile: there is none with the name %s; the profiles are %s. A path has a / or ends with .yml"
        % (item, ", ".join(known))
    )


def _read(path: pathlib.Path) -> t.Dict[str, t.Any]:
    try:
        return checked(yaml.safe_load(path.read_text(encoding="utf-8")), str(path))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise ValueError("profile: %s cannot be read: %s" % (path, " ".join(str(error).split()))) from None


def checked(value: t.Any, where: str) -> t.Dict[str, t.Any]:
    """The profile, where it is one. Raises ValueError that says where it is not."""
    _shaped(value, _SHAPE, ("name", "rules"), where)
    if not 0 < len(value["name"].strip()) <= _LONGEST:
        raise ValueError("%s: name: expected 1 to %d characters" % (where, _LONGEST))
    for number, item in enumerate(value["rules"], 1):
        place = "%s: rules: item %d" % (where, number)
        _shaped(item, _RULE, ("rule", "reason"), place)
        if item["rule"] not in CHECKS:
            raise ValueError(
                "%s: no rule has the id %s; the rules are %s" % (place, item["rule"], ", ".join(sorted(CHECKS)))
            )
        if ("run" in item) == ("severity" in item):
            raise ValueError("%s (%s): expected either run or severity" % (place, item["rule"]))
        if "run" in item and ("cause" in item or "found" in item):
            raise ValueError("%s (%s): a rule runs or not; cause and found are for severity" % (place, item["rule"]))
        for key in ("found", "severity"):
            if item.get(key, "info") not in SEVERITIES:
                raise ValueError(
                    "%s (%s): %s is %s; expected one of %s"
                    % (place, item["rule"], key, item[key], ", ".join(SEVERITIES))
                )
    return t.cast("t.Dict[str, t.Any]", value)


def _shaped(value: t.Any, shape: t.Mapping[str, type], required: t.Sequence[str], where: str) -> None:
    if not isinstance(value, dict):
        raise ValueError("%s: expected a dictionary with %s; got %s" % (where, ", ".join(shape), type(value).__name__))
    unknown = sorted(str(key) for key in value if key not in shape)
    if unknown:
        raise ValueError("%s: unknown: %s; expected %s" % (where, ", ".join(unknown), ", ".join(shape)))
    missing = [key for key in required if key not in value]
    if missing:
        raise ValueError("%s: missing: %s" % (where, ", ".join(missing)))
    for key, content in value.items():
        if not isinstance(content, shape[key]):
            raise ValueError("%s: %s: expected %s; got %r" % (where, key, shape[key].__name__, content))
