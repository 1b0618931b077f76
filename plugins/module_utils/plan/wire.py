# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan as JSON (docs/schema/plan-1.json) and back. Pure.

JSON with one spelling for one value: texts, whole numbers, true, false and null; no fractions, so that every language
spells it alike. A plan that comes back is not trusted: it is checked whole before it is believed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import socket
import typing as t

from .. import switches
from ..bounds import encodable
from ..evidence.firewall import allow
from ..model import OPS, REASONS, Plan, PlanStep, Withheld
from ..shapes import Check, ShapeError, count, each, expect, mapping, maybe, record, text, values, word
from .ops import kind_of

SCHEMA = "1.0"
RISKS = ("low", "medium", "high")
DESTINATIONS = 4_000_000
"""Destinations that a plan may name: more than any host has routes."""
_DEPTH = 8
_TEXT = 100_000
_RAW = re.compile(r"(?:[0-9a-f]{2}){1,65536}\Z")
_FINGERPRINT = re.compile(r"[0-9a-f]{16}\Z")
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_VERSION = re.compile(r"1\.[0-9]{1,4}\Z")


def to_json(plan: Plan) -> t.Dict[str, t.Any]:
    """A plan as plain JSON values, with its digest."""
    value = {
        "schema": SCHEMA,
        "host": dict(plan.host),
        "generation": plan.generation,
        "created": int(plan.created),
        "made_by": plan.made_by,
        "steps": [_step_to_json(step) for step in plan.steps],
        "withheld": [dataclasses.asdict(item) for item in plan.withheld],
        "protected": list(plan.protected),
        "limits": dict(plan.limits),
        "links": dict(plan.links),
    }
    value["digest"] = digest(value)
    return value


def _step_to_json(step: PlanStep) -> t.Dict[str, t.Any]:
    fields = {field.name: getattr(step, field.name) for field in dataclasses.fields(step)}
    return dict(
        fields,
        findings=list(step.findings),
        object=dict(step.object),
        args=dict(step.args),
        dsts=" ".join(step.dsts),
        count=step.count,
    )


def from_json(value: t.Any) -> Plan:
    """The plan that JSON values stand for. Raises ValueError that says what is wrong, and where."""
    _PLAN(value, "plan")
    told = value["digest"]
    if digest(value) != told:
        raise ShapeError(
            "plan: it was changed after it was made: the digest of what it says is %s, not %s" % (digest(value), told)
        )
    steps = tuple(_step_from_json(item, "plan.steps[%d]" % number) for number, item in enumerate(value["steps"]))
    for one, other in zip(steps, steps[1:]):
        if OPS.index(one.op) > OPS.index(other.op):
            raise ShapeError("plan.steps: %s stands after %s; expected the order of the ops" % (other.op, one.op))
    if sum(step.count for step in steps) > DESTINATIONS:
        raise ShapeError("plan.steps: more than %d objects" % DESTINATIONS)
    return Plan(
        host=value["host"],
        generation=value["generation"],
        created=float(value["created"]),
        made_by=value["made_by"],
        steps=steps,
        withheld=tuple(Withheld(**item) for item in value["withheld"]),
        protected=tuple(value["protected"]),
        limits=value["limits"],
        links=value["links"],
    )


def _step_from_json(item: t.Mapping[str, t.Any], where: str) -> PlanStep:
    dsts = tuple(item["dsts"].split(" ")) if item["dsts"] else ()
    kind = kind_of(item["op"])
    expect(item["kind"] == kind, where + ".kind", "that of %s: %s" % (item["op"], kind or "none"))
    expect((kind is None) == (not item["raw"]), where + ".raw", "there where the step has an object, and only there")
    expect((kind is None) == (not item["object"]), where + ".object", "there where raw is, and only there")
    expect((kind == "route") == bool(dsts), where + ".dsts", "there where the step is about routes, and only there")
    expect(len(set(dsts)) == len(dsts), where + ".dsts", "without repetition")
    for dst in dsts:
        _prefix(dst, where + ".dsts")
    expect(item["count"] == (len(dsts) or 1), where + ".count", "how many dsts there are")
    _args_of(item["op"])(item["args"], where + ".args")
    fields = {key: item[key] for key in item if key != "count"}
    return PlanStep(**dict(fields, findings=tuple(item["findings"]), dsts=dsts))


def digest(value: t.Mapping[str, t.Any]) -> str:
    """SHA-256 over the canonical JSON of all but the digest itself."""
    return hashlib.sha256(canonical({key: item for key, item in value.items() if key != "digest"})).hexdigest()


def canonical(value: t.Any) -> bytes:
    """JSON with one spelling for one value: keys sorted, no blanks, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def view(item: t.Any) -> t.Dict[str, t.Any]:
    """A value of the model as a plan shows it: what is absent or empty is left out."""
    return t.cast("t.Dict[str, t.Any]", encodable(_said(dataclasses.asdict(item))))


def _said(value: t.Any) -> t.Any:
    if isinstance(value, float):
        return int(value)
    if isinstance(value, dict):
        return {key: _said(part) for key, part in value.items() if part not in (None, (), "")}
    return [_said(part) for part in value] if isinstance(value, (list, tuple)) else value


# What is expected where -----------------------------------------------------------------------------------------------


def _plain(value: t.Any, where: str, depth: int = _DEPTH) -> None:
    """Any JSON value that a plan may hold, not too deep."""
    expect(depth > 0, where, "simple: it is nested too deep")
    if isinstance(value, dict):
        mapping(value, where)
        for item in value.values():
            _plain(item, where, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _plain(item, where, depth - 1)
    elif isinstance(value, int):
        expect(-(1 << 63) <= value < 1 << 64, where, "a number of 64 bits")
    elif isinstance(value, str):
        _short(value, where)
    else:
        expect(value is None, where, "made of texts, whole numbers, true, false and null")


def _plain_mapping(value: t.Any, where: str) -> None:
    mapping(value, where)
    _plain(value, where)


def _short(value: t.Any, where: str) -> None:
    text(value, where)
    expect(len(value) <= _TEXT, where, "short: it has %d characters" % len(value))


def _like(pattern: t.Pattern[str], what: str) -> Check:
    def check(value: t.Any, where: str) -> None:
        text(value, where)
        expect(pattern.match(value) is not None, where, what)

    return check


def _prefix(value: str, where: str) -> None:
    expect(_is_prefix(value), where, "made of prefixes like 192.0.2.0/24: %r" % value[:64])


def _is_prefix(value: str) -> bool:
    """Spelled as the kernel's tools do (``::ffff:0.0.0.0/96``): ipaddress does not on every Python, and takes longer."""
    address, _slash, length = value.partition("/")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        packed = socket.inet_pton(family, address)
        behind = 8 * len(packed) - int(length)
    except (OSError, ValueError):
        return False
    if behind < 0 or str(int(length)) != length or int(length) < 0:
        return False
    return socket.inet_ntop(family, packed) == address and not int.from_bytes(packed, "big") & ((1 << behind) - 1)


def _address(value: t.Any, where: str) -> None:
    text(value, where)
    expect(_is_prefix("%s/%d" % (value, 128 if ":" in value else 32)), where, "an address")


def _port(value: t.Any, where: str) -> None:
    count(value, where)
    expect(0 < value < 1 << 16, where, "a port")


def _nonempty(value: t.Any, where: str) -> None:
    each(_short)(value, where)
    expect(bool(value), where, "a list of at least one")


def _raw(value: t.Any, where: str) -> None:
    text(value, where)
    expect(not value or _RAW.match(value) is not None, where, "a message in hexadecimal")


def _ifindexes(value: t.Any, where: str) -> None:
    values(_short)(value, where)
    expect(all(name.isascii() and name.isdigit() for name in value), where, "a map from numbers of links to names")


def _switch(value: t.Any, where: str) -> None:
    """Which switch is set to what, and what it was seen to be."""
    _SWITCH(value, where)
    known = switches.parts(value["name"])
    expect(known is not None, where + ".name", "a switch that a step may set, like net.ipv4.conf.eth0.rp_filter")
    setting = t.cast("t.Tuple[str, str]", known)[1]
    word(switches.VALUES[setting])(value["seen"], where + ".seen")
    word(switches.WANTED[setting])(value["value"], where + ".value")


_SWITCH = record({"name": _short, "value": _short, "seen": _short}, closed=True)
_OWNER = record({"owner": _short, "unit": maybe(_short), "argv": _nonempty}, closed=True)
_ALLOW = record(
    {
        "manager": word(allow.MANAGERS),
        "backend": word(allow.BACKENDS),
        "family": word(("ip", "ip6", "inet")),
        "table": _like(allow.NAME, "the name of a table"),
        "chain": _like(allow.NAME, "the name of a chain"),
        "rule": _short,
        "protocol": word(allow.PROTOCOLS),
        "source": maybe(_address),
        "to": _address,
        "port": maybe(_port),
    },
    closed=True,
)
_ARGS: t.Mapping[str, Check] = {
    "owner.release": _OWNER,
    "owner.restart": _OWNER,
    "sysctl.set": _switch,
    "firewall.allow": _ALLOW,
    "firewall.revoke": _ALLOW,
}
_NO_ARGS = record({}, closed=True)


def _args_of(op: str) -> Check:
    return _ARGS.get(op, _NO_ARGS)


_FINDING = _like(_FINGERPRINT, "a fingerprint")

_STEP = record(
    {
        "op": word(OPS),
        "findings": each(_FINDING),
        "command": _short,
        "why": _short,
        "kind": maybe(_short),
        "object": _plain_mapping,
        "raw": _raw,
        "dsts": text,
        "count": count,
        "args": _plain_mapping,
        "inverse": maybe(word(OPS)),
        "no_inverse": _short,
        "risk": word(RISKS),
        "risk_because": _short,
    },
    closed=True,
)

_PLAN = record(
    {
        "schema": _like(_VERSION, "a version of this shape: 1.x"),
        "host": record(
            {"hostname": _short, "machine_id": maybe(_short), "boot_id": maybe(_short), "netns": maybe(_short)},
            closed=True,
        ),
        "generation": _short,
        "created": count,
        "made_by": _short,
        "steps": each(_STEP),
        "withheld": each(
            record(
                {"finding": _FINDING, "rule": _short, "op": maybe(word(OPS)), "reason": word(REASONS), "words": _short},
                closed=True,
            )
        ),
        "protected": each(_short),
        "limits": _plain_mapping,
        "links": _ifindexes,
        "digest": _like(_DIGEST, "a SHA-256 in hexadecimal"),
    },
    closed=True,
)
