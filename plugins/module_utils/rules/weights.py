# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How bad a finding is on this kind of host, where that is not as its rule says. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Evidence, Finding
from ..text import clean
from . import CHECKS
from .base import SEVERITIES

OPTIONS: t.Dict[str, t.Any] = {
    "rule": {"type": "str", "required": True},
    "cause": {"type": "str"},
    "found": {"type": "str", "choices": list(SEVERITIES)},
    "severity": {"type": "str", "required": True, "choices": list(SEVERITIES)},
    "reason": {"type": "str"},
}
"""One weight, as the option rules.severities of audit_info takes it."""

_REASON = 500
"""Characters of a reason that are kept."""


@dataclasses.dataclass(frozen=True)
class Weight:
    """The severity of findings of one rule; of those of one cause, or of one severity, where that is said."""

    rule: str
    severity: str
    cause: t.Optional[str] = None
    """As in details["cause"] of the finding."""
    found: t.Optional[str] = None
    """The severity that the rule gives it."""
    reason: str = ""

    def fits(self, finding: Finding) -> bool:
        return (
            finding.rule == self.rule
            and self.cause in (None, finding.details.get("cause"))
            and self.found in (None, finding.severity)
        )


def load(value: t.Mapping[str, t.Any]) -> Weight:
    """A weight from the module's argument. Raises ValueError."""
    if value["rule"] not in CHECKS:
        raise ValueError(
            "rules.severities: no rule has the id %s; the rules are %s" % (value["rule"], ", ".join(sorted(CHECKS)))
        )
    return Weight(value["rule"], value["severity"], value.get("cause"), value.get("found"), value.get("reason") or "")


def weighed(findings: t.Iterable[Finding], weights: t.Sequence[Weight]) -> t.List[Finding]:
    """The findings with the severity that the last weight that fits gives, and why. What identifies a finding stays."""
    return [_weigh(finding, weights) for finding in findings]


def _weigh(finding: Finding, weights: t.Sequence[Weight]) -> Finding:
    last = next((weight for weight in reversed(weights) if weight.fits(finding)), None)
    if last is None or last.severity == finding.severity:
        return finding
    why = " (%s)" % clean(last.reason, _REASON) if last.reason else ""
    told = Evidence("severity", "%s by its rule, %s here%s" % (finding.severity, last.severity, why), "")
    return dataclasses.replace(finding, severity=last.severity, evidence=(*finding.evidence, told))
