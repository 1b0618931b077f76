# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JUnit XML: a test suite for each host, a test case for each rule that ran there. Pure.

A finding fails its rule's case. Where all that a rule found is waived, or was found before and not looked at this time, its
case is skipped with the reason. A host that could not be audited is an error, not a success.
"""

from __future__ import annotations

import datetime
import typing as t
import xml.etree.ElementTree as ET

from ..rules import CHECKS
from .fleet import AUDITED, SKIPPED, profile
from .text import count, plain, utc

PRODUCT = "netmend.reclaim"

Json = t.Mapping[str, t.Any]


def render(fleet: Json) -> str:
    """A fleet document."""
    root = ET.Element("testsuites", name=PRODUCT)
    unlooked: t.Dict[str, t.List[Json]] = {}
    for item in (fleet.get("history") or {}).get("unlooked", ()):
        unlooked.setdefault(item["host"], []).append(item)
    for name, host in fleet["hosts"].items():
        suite = ET.SubElement(root, "testsuite", name=plain(name))
        suite.set("hostname", plain(name))
        at = host["started"] if host["status"] == AUDITED else fleet["generated"]
        suite.set("timestamp", datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S"))
        suite.set("time", "%.3f" % host.get("seconds", 0))
        if profile(host):
            ET.SubElement(ET.SubElement(suite, "properties"), "property", name="profile", value=profile(host))
        if host["status"] == AUDITED:
            _audited(suite, host, unlooked.get(name, ()))
        else:
            _absent(suite, host)
        _sum_up(suite, [suite])
    _sum_up(root, list(root))
    root.set("time", "%.3f" % sum(float(suite.get("time", "0")) for suite in root))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _sum_up(element: ET.Element, suites: t.Sequence[ET.Element]) -> None:
    for attribute, tag in (("tests", ""), ("failures", "/failure"), ("errors", "/error"), ("skipped", "/skipped")):
        element.set(attribute, str(sum(len(suite.findall("testcase" + tag)) for suite in suites)))


def _case(suite: ET.Element, name: str) -> ET.Element:
    classname = "%s.%s" % (PRODUCT, suite.get("name"))
    return ET.SubElement(suite, "testcase", classname=classname, name=plain(name), time="0")


def _absent(suite: ET.Element, host: Json) -> None:
    tag = "skipped" if host["status"] == SKIPPED else "error"
    told = ET.SubElement(_case(suite, "audit"), tag, message=plain("%s: %s" % (host["status"], host["reason"])))
    if tag == "error":
        told.set("type", host["status"])


def _audited(suite: ET.Element, host: Json, unlooked: t.Sequence[Json]) -> None:
    found: t.Dict[str, t.List[Json]] = {}
    for finding in host["findings"]:
        found.setdefault(finding["rule"], []).append(finding)
    by_rule = host["summary"]["by_rule"]
    for rule in dict.fromkeys([*host["rules"], *found, *by_rule, *(item["rule"] for item in unlooked)]):
        findings = found.get(rule, [])
        before = [item for item in unlooked if item["rule"] == rule]
        case = _case(suite, _title(rule, [*findings, *before]))
        _rule(case, findings, max(by_rule.get(rule, 0) - len(findings), 0), before)
    unread = ["%s: %s" % (item["what"], item["why"]) for item in host["unseen"]]
    unread += ["%s: it changed each time it was read" % table for table in host["unsteady"]]
    if unread:
        ET.SubElement(suite, "system-out").text = _lines("Could not be read:", *unread)


def _title(rule: str, findings: t.Sequence[Json]) -> str:
    check = CHECKS.get(rule)
    name = check.description.name if check else findings[0]["name"] if findings else ""
    return ("%s %s" % (rule, name)).rstrip()


def _rule(case: ET.Element, findings: t.Sequence[Json], not_sent: int, unlooked: t.Sequence[Json]) -> None:
    """What a rule found on a host; of ``not_sent`` more findings only the number is known, and of those ``unlooked`` nothing
    new."""
    waived = [finding for finding in findings if finding.get("waived")]
    failing = [finding for finding in findings if not finding.get("waived")]
    more = ["%s not sent by the host: raise reclaim_limit" % count(not_sent, "more finding")] if not_sent else []
    reasons = [_waived(finding) for finding in waived]
    reasons += ["not looked at this time, found before: %s" % item["cause"] for item in unlooked]
    if failing or more:
        first = failing[0]["cause"] if failing else more[0]
        others = len(failing) - 1
        message = plain(first) + (" (and %s)" % count(others, "more finding") if others > 0 else "")
        failure = ET.SubElement(case, "failure", message=message)
        failure.set("type", failing[0]["severity"] if failing else "not-sent")
        failure.text = "\n\n".join([*map(_told, failing), *more])
        if reasons:
            ET.SubElement(case, "system-out").text = _lines(*reasons)
    elif reasons:
        ET.SubElement(case, "skipped", message=plain("; ".join(reasons)))
        if waived:
            ET.SubElement(case, "system-out").text = "\n\n".join(map(_told, waived))


def _waived(finding: Json) -> str:
    waiver = finding["waived"]
    return "waived by %s until %s: %s" % (waiver["by"], waiver["until"], waiver["reason"])


def _told(finding: Json) -> str:
    """A finding with all that a person needs to see it for himself."""
    lines = ["%s (%s): %s" % (finding["severity"], finding["confidence"], finding["cause"])]
    if finding.get("standing"):
        since = finding.get("since")
        lines.append("%s%s" % (finding["standing"], "" if since is None else ", since %s" % utc(since)))
    for item in finding["evidence"]:
        lines.append("%s: %s" % (item["source"], item["observed"]))
        if item["command"]:
            lines.append("  $ " + item["command"])
    lines += ["mend: %s" % step["command"] for step in finding["remedy"]]
    if finding["advice"]:
        lines.append(finding["advice"])
    lines.append("fingerprint: %s" % finding["fingerprint"])
    return _lines(*lines)


def _lines(*texts: str) -> str:
    return "\n".join(plain(text) for text in texts)
