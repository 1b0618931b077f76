# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rule of nft as a person reads it, from its JSON. Pure. Close to what ``nft list`` prints, bounded, never parsed again."""

from __future__ import annotations

import json
import typing as t

from ...text import clean

_TEXT = 400
_COMMENT = 128
_SHOWN = 8
"""Elements of an anonymous set that are spelled out."""


def short(text: str) -> str:
    """A comment."""
    return clean(text, _COMMENT)


def rule(expressions: t.Sequence[t.Any], comment: t.Any = None) -> str:
    words = [statement(each) for each in expressions]
    if isinstance(comment, str) and comment:
        words.append('comment "%s"' % short(comment))
    return clean(" ".join(word for word in words if word), _TEXT)


def statement(data: t.Any) -> str:
    """One statement; what is not known is shown as its JSON."""
    if not isinstance(data, dict) or len(data) != 1:
        return _raw(data)
    ((kind, body),) = data.items()
    if kind == "match" and isinstance(body, dict):
        op = body.get("op")
        words = [_expression(body.get("left")), "" if op in ("==", "in") else str(op), _expression(body.get("right"))]
        if isinstance(body.get("left"), dict) and "&" in body["left"]:
            words[1] = str(op)
        return " ".join(word for word in words if word)
    if kind == "vmap" and isinstance(body, dict):
        return "%s vmap %s" % (_expression(body.get("key")), _expression(body.get("data")))
    if kind in ("jump", "goto") and isinstance(body, dict):
        return "%s %s" % (kind, clean(str(body.get("target")), 64))
    if kind == "counter":
        return "counter" if isinstance(body, dict) else "counter name %s" % _raw(body)
    if kind == "reject" and isinstance(body, dict) and body.get("expr"):
        return "reject with %s %s" % (_raw(body.get("type")), _raw(body["expr"]))
    if kind in ("limit", "quota") and isinstance(body, dict):
        unit = "/%s" % _raw(body["per"]) if "per" in body else " %s" % _raw(body.get("val_unit", ""))
        over = "over " if body.get("inv") else ""
        rate = "rate " if kind == "limit" else ""
        return "%s %s%s%s%s" % (kind, rate, over, _raw(body.get("rate", body.get("val"))), unit)
    if kind == "mangle" and isinstance(body, dict):
        return "%s set %s" % (_expression(body.get("key")), _expression(body.get("value")))
    if kind == "xt" and isinstance(body, dict):
        return "xt %s %s" % (_raw(body.get("type")), _raw(body.get("name")))
    if isinstance(body, dict) and body:
        return "%s %s" % (kind, " ".join("%s %s" % (key, _raw(value)) for key, value in body.items()))
    return clean(str(kind), 64) if body is None or body == {} else "%s %s" % (clean(str(kind), 64), _raw(body))


def _expression(data: t.Any) -> str:
    if isinstance(data, list):
        return ",".join(_expression(each) for each in data[:_SHOWN])
    if not isinstance(data, dict) or len(data) != 1:
        return _raw(data)
    ((kind, body),) = data.items()
    if kind == "payload" and isinstance(body, dict) and "field" in body:
        return "%s %s" % (_raw(body.get("protocol")), _raw(body["field"]))
    if kind in ("meta", "ct") and isinstance(body, dict):
        key = _raw(body.get("key"))
        return key if key in ("oifname", "iifname", "oif", "iif") else "%s %s" % (kind, key)
    if kind == "fib" and isinstance(body, dict):
        flags = body.get("flags")
        flags = flags if isinstance(flags, list) else [flags]
        return "fib %s %s" % (" . ".join(_raw(each) for each in flags), _raw(body.get("result")))
    if kind == "prefix" and isinstance(body, dict):
        return "%s/%s" % (_raw(body.get("addr")), _raw(body.get("len")))
    if kind == "elem" and isinstance(body, dict):
        return _expression(body.get("val"))
    if isinstance(body, list):
        if kind == "range":
            return "-".join(_expression(each) for each in body[:2])
        if kind == "concat":
            return " . ".join(_expression(each) for each in body[:_SHOWN])
        if kind == "set":
            return _set(body)
        if kind in ("&", "|", "^", "<<", ">>"):
            return (" %s " % kind).join(_expression(each) for each in body[:_SHOWN])
    if kind == "set":
        return "{ %s }" % _expression(body)
    return _raw(data)


def _set(elements: t.Sequence[t.Any]) -> str:
    shown = []
    for each in elements[:_SHOWN]:
        if isinstance(each, list) and len(each) == 2:
            shown.append("%s : %s" % (_expression(each[0]), statement(each[1])))
        else:
            shown.append(_expression(each))
    more = ", and %d more" % (len(elements) - _SHOWN) if len(elements) > _SHOWN else ""
    return "{ %s%s }" % (", ".join(shown), more)


def _raw(data: t.Any) -> str:
    if isinstance(data, str):
        return clean(data, 64) or '""'
    if isinstance(data, int):
        return str(data)
    return clean(json.dumps(data), _COMMENT)
