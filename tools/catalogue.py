# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write docs/rules.md, the catalogue of rules, from the registry and from the worlds that each rule is tried in.

``--check`` ends with 1 where the page is not up to date.
"""

from __future__ import annotations

import pathlib
import sys
import typing as t

import yaml
from ansible_collections.netmend.reclaim.plugins.module_utils.rules import CHECKS
from ansible_collections.netmend.reclaim.plugins.module_utils.rules.base import Description
from ansible_collections.netmend.reclaim.plugins.plugin_utils.rule_profiles import shipped

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "rules.md"
WORLDS = ROOT / "tests" / "fixtures" / "worlds"
FAMILIES = {
    "RC1": "Sessions",
    "RC2": "Routes",
    "RC3": "Policy rules",
    "RC4": "Links, addresses, neighbours",
    "RC5": "Firewall and path",
    "RC6": "Configuration",
}

EXPECTED = {
    "owners": "* Expected to run (**RC605**): %s.\n",
    "forwarding": "* Expected to be forwarded (**RC606**): %s.\n",
}
"""What a profile's intent says."""

HEAD = """\
<!-- Written by "make fixtures" from the registry in plugins/module_utils/rules: edit it there. -->

# The rules

What an audit looks for. Each finding names its rule, what was seen, and the command that shows you the same. A severity is
the usual one; a finding says another where the harm is another.

"""


def page(descriptions: t.Sequence[Description]) -> str:
    tables = [table for table in (family(*item, descriptions) for item in FAMILIES.items()) if table]
    return HEAD + "\n".join(tables) + "".join(section(one) for one in descriptions) + profiles()


def family(prefix: str, title: str, descriptions: t.Sequence[Description]) -> str:
    members = [one for one in descriptions if one.id.startswith(prefix)]
    if not members:
        return ""
    lines = ["**%s**" % title, "", "| rule | name | severity | what it finds |", "|---|---|---|---|"]
    lines += [
        "| [%s](#%s) | %s | %s | %s |" % (one.id, anchor(one), one.name, one.severity, one.title.replace("|", "\\|"))
        for one in members
    ]
    return "\n".join(lines) + "\n"


def section(one: Description) -> str:
    remedies = ", ".join("`%s`" % op for op in one.remedies) or "only a person can mend it"
    return """
## %s %s

%s Severity: %s.

%s

* **Proof**: %s
* **What would look the same and be healthy**: %s
* **What may mend it**: %s
%s""" % (
        one.id, one.name, sentence(one.title), one.severity, one.rationale, one.proof, one.false_positives, remedies,
        tried(one.id),
    )  # fmt: skip


def tried(number: str) -> str:
    """The worlds of a rule by their names; each is made on a real kernel by the tests."""
    path = WORLDS / ("%s.yml" % number)
    if not path.is_file():
        return ""
    worlds = yaml.safe_load(path.read_text(encoding="utf-8"))
    return "* **Tried, fires**: %s.\n* **Tried, near misses**: %s.\n" % (
        "; ".join(worlds["fires"]),
        "; ".join(worlds["near_misses"]),
    )


def profiles() -> str:
    """What each profile of rules changes, and why."""
    parts = ["\n# The profiles\n\nWhat they do not name is as its rule says. `reclaim_profile: router` chooses one.\n"]
    for name, profile in shipped().items():
        parts.append("\n## Profile %s\n\n%s. %s\n\n" % (name, profile["title"], profile["description"]))
        for key, expected in profile.get("intent", {}).items():
            parts.append(EXPECTED[key] % ", ".join(expected))
        parts += ["* **%s**: %s. %s\n" % (item["rule"], change(item), item["reason"]) for item in profile["rules"]]
    return "".join(parts)


def change(item: t.Mapping[str, t.Any]) -> str:
    if "run" in item:
        return "runs" if item["run"] else "does not run"
    which = ["cause `%s`" % item["cause"]] if "cause" in item else []
    which += ["else %s" % item["found"]] if "found" in item else []
    return "severity %s%s" % (item["severity"], " (%s)" % ", ".join(which) if which else "")


def anchor(one: Description) -> str:
    """As Markdown renderers make it from the heading."""
    return ("%s-%s" % (one.id, one.name)).lower()


def sentence(text: str) -> str:
    return text[0].upper() + text[1:] + ("" if text.endswith(".") else ".")


def main() -> int:
    wanted = page([CHECKS[number].description for number in sorted(CHECKS)])
    if sys.argv[1:] == ["--check"]:
        if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != wanted:
            print("%s is not what the registry says: run 'make fixtures' and commit it" % PAGE.name)
            return 1
        print("%s: %d rules, up to date" % (PAGE.name, len(CHECKS)))
        return 0
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
