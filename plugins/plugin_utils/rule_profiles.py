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
from ansible.module_utils.common.validation import check_type_dict, check_type_list
from ansible.utils.path import unfrackpath
from ansible_collections.netmend.reclaim.plugins.module_utils.rules import CHECKS
from ansible_collections.netmend.reclaim.plugins.module_utils.rules.base import SEVERITIES

SHIPPED = pathlib.Path(__file__).resolve().parent.parent / "module_utils" / "rules" / "profiles"

Json = t.Dict[str, t.Any]

_SHAPE: t.Mapping[str, type] = {
    "name": str,
    "title": str,
    "description": str,
    "intent": dict,
    "rules": list,
}
_RULE: t.Mapping[str, type] = {
    "rule": str,
    "run": bool,
    "cause": str,
    "found": str,
    "severity": str,
    "reason": str,
}
_INTENT: t.Mapping[str, type] = {"owners": list, "forwarding": list}
"""What a kind of host can say of what should be there; what is declared of one host is the option ``intent``."""
_LONGEST = 60
"""Characters of a name."""


def shipped() -> t.Dict[str, Json]:
    """The profiles of the collection by their names."""
    return {name: _read(path) for name, path in _shipped().items()}


def _shipped() -> t.Dict[str, pathlib.Path]:
    return {path.stem: path for path in sorted(SHIPPED.glob("*.yml"))}


def options(asked: t.Any, rules: t.Any = None, intent: t.Any = None) -> Json:
    """The options ``profile``, ``rules`` and ``intent`` of the module: the names of the profiles that were asked for, and what
    comes of them together with what was said explicitly.

    Of several profiles the later one wins, and what is explicit wins over all. Raises ValueError that names what is wrong.
    """
    profiles = [_one(item) for item in _listed("profile", [asked] if isinstance(asked, dict) else asked) if item]
    said = _mapping("rules", rules, "include, exclude, severities")
    wanted = _mapping("intent", intent, "addresses, routes and the like")
    runs: t.Dict[str, bool] = {}
    severities: t.List[Json] = []
    for profile in profiles:
        for item in profile["rules"]:
            if "run" in item:
                runs[item["rule"]] = item["run"]
            else:
                weight = {key: item[key] for key in ("rule", "cause", "found", "severity") if key in item}
                severities.append(dict(weight, reason="profile %s: %s" % (profile["name"], item["reason"])))
    include = _listed("rules.include", said.get("include"))
    exclude = _listed("rules.exclude", said.get("exclude"))
    exclude += [rule for rule, run in sorted(runs.items()) if not (run or rule in include or rule in exclude)]
    severities += _listed("rules.severities", said.get("severities"))
    for key in _INTENT:
        expected = [item for profile in profiles for item in profile.get("intent", {}).get(key, ())]
        if expected:
            wanted[key] = list(dict.fromkeys([*expected, *_listed("intent.%s" % key, wanted.get(key))]))
    return {
        "profile": [profile["name"] for profile in profiles],
        "rules": dict(said, include=include, exclude=exclude, severities=severities),
        "intent": wanted,
    }


def _listed(name: str, value: t.Any) -> t.List[t.Any]:
    """A list, as Ansible makes one of what is written: of ``a,b`` for instance."""
    try:
        return [] if value is None or value == "" else list(check_type_list(value))
    except TypeError:
        raise ValueError("%s: expected a list; got %r" % (name, value)) from None


def _mapping(name: str, value: t.Any, keys: str) -> Json:
    try:
        return dict(check_type_dict(value or {}))
    except TypeError:
        raise ValueError("%s: expected a dictionary with %s; got %r" % (name, keys, value)) from None


def _one(item: t.Any) -> Json:
    if isinstance(item, dict):
        return checked(item, "profile")
    if not isinstance(item, str):
        raise ValueError("profile: expected a name, the path of a YAML file, or a dictionary; got %r" % (item,))
    known = _shipped()
    if item in known:
        return _read(known[item])
    if "/" in item or item.endswith((".yml", ".yaml")):
        return _read(pathlib.Path(unfrackpath(item, follow=False)))
    raise ValueError(
        "profile: there is none with the name %s; the profiles are %s. The path of a file has a / or ends with .yml"
        % (item, ", ".join(known))
    )


def _read(path: pathlib.Path) -> Json:
    try:
        held = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError("profile: %s cannot be read: %s" % (path, error.strerror)) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError("profile: %s is no YAML: %s" % (path, " ".join(str(error).split()))) from None
    return checked(held, str(path))


def checked(value: t.Any, where: str) -> Json:
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
        if not item["reason"].strip():
            raise ValueError("%s (%s): reason: expected a word on why" % (place, item["rule"]))
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
    expected = value.get("intent", {})
    _shaped(expected, _INTENT, (), "%s: intent" % where)
    for item in expected.get("owners", ()):
        if not isinstance(item, str) or not item:
            raise ValueError("%s: intent: owners: expected names; got %r" % (where, item))
    for item in expected.get("forwarding", ()):
        if item not in ("ipv4", "ipv6"):
            raise ValueError("%s: intent: forwarding: expected ipv4, ipv6; got %r" % (where, item))
    return t.cast("Json", value)


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
