# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Is what a host sent back an audit's result? A host is not trusted: the formats rely on what is checked here. Pure."""

from __future__ import annotations

import json
import typing as t

from ..plan.wire import from_json
from ..rules.base import CONFIDENCES, SEVERITIES
from ..shapes import Check, ShapeError, count, each, flag, mapping, maybe, record, seconds, text, values, word

__all__ = ["ShapeError", "audit"]


def audit(value: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The result of audit_info in plain JSON values, without what Ansible adds to it; with its plan where it has one.

    Raises ShapeError.
    """
    told = {key: value[key] for key in (*_AUDIT, "profile", "plan") if key in value}
    try:
        plain = json.loads(json.dumps(told, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise ShapeError("the result is not JSON: %s" % error) from None
    record(_AUDIT)(plain, "result")
    if "profile" in plain:
        each(text)(plain["profile"], "result.profile")
    for number, finding in enumerate(plain["findings"]):
        each(text)(finding.get("cut", []), "result.findings[%d].cut" % number)
    if plain.get("plan") is not None:
        from_json(plain["plan"])
    return t.cast("t.Dict[str, t.Any]", plain)


_OWNER = record(
    {
        "name": text,
        "alive": maybe(flag),
        "known_by": text,
        "unit": maybe(text),
        "process": maybe(record({"pid": count, "name": text})),
    }
)

_FINDING = record(
    {
        "rule": text,
        "name": text,
        "severity": word(SEVERITIES),
        "confidence": word(CONFIDENCES),
        "object": record({"kind": text, "selector": mapping}),
        "count": count,
        "samples": each(text),
        "cause": text,
        "evidence": each(record({"source": text, "observed": text, "command": text})),
        "owner": maybe(_OWNER),
        "remedy": each(record({"op": text, "args": mapping, "command": text})),
        "advice": text,
        "details": mapping,
        "fingerprint": text,
        "first_seen": maybe(seconds),
        "last_seen": maybe(seconds),
    }
)

_AUDIT: t.Dict[str, Check] = {
    "schema": text,
    "host": record({"hostname": text, "kernel": text, "boot_id": maybe(text)}),
    "started": seconds,
    "seconds": seconds,
    "netns": maybe(text),
    "rules": each(text),
    "findings": each(_FINDING),
    "summary": record(dict(dict.fromkeys(SEVERITIES, count), total=count, by_rule=values(count), omitted=count)),
    "unseen": each(record({"what": text, "why": text})),
    "unsteady": each(text),
    "snapshot": record({"generation": text, "counts": values(count)}),
}
