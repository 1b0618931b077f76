# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps that set a switch of a link: compared with what was seen before it is set, and set back to that."""

from __future__ import annotations

import typing as t

from .. import switches
from ..kernel import sysctl

OPS = ("sysctl.set",)
_STRICT = 1
Args = t.Mapping[str, t.Any]
"""``name``, ``value``, and what it was seen to be: ``seen``."""


def skipped(netns: str | int | None, op: str, args: Args) -> str | None:
    """Why the step is not done now; None where it is. Raises OSError where the switch cannot be read."""
    now = sysctl.read(netns, args["name"])
    if now == args["value"]:
        return "%s is %s already" % (args["name"], now)
    if now != args["seen"]:
        return _changed(args, now)
    return None if _is_stricter(netns, args) else "%s checks no stricter than that now" % args["name"]


def wrong(netns: str | int | None, op: str, args: Args) -> str | None:
    """What is not as the step should have left it; None where all is well."""
    now = sysctl.read(netns, args["name"])
    return None if now == args["value"] else "%s is %s, not %s" % (args["name"], _shown(now), args["value"])


def do(netns: str | int | None, op: str, args: Args) -> str | None:
    """Do the step; what went wrong, in words. What is as wanted already stays so, and what somebody else set as well."""
    try:
        now = sysctl.read(netns, args["name"])
        if now == args["value"]:
            return None
        if now != args["seen"]:
            return _changed(args, now)
        sysctl.write(netns, args["name"], args["value"])
        return wrong(netns, op, args)
    except OSError as exc:
        return "%s: %s" % (args["name"], exc.strerror or exc)


def taken_back(args: Args) -> Args:
    """The arguments of the step that takes it back."""
    return dict(args, value=args["seen"], seen=args["value"])


def sides(command: str, args: Args) -> t.Tuple[str, str]:
    """Before and after, for a diff."""
    before, after = ("%s = %s\n" % (args["name"], args[key]) for key in ("seen", "value"))
    return before, after


def _is_stricter(netns: str | int | None, args: Args) -> bool:
    """Does what is in effect check more than the value would? What is set back to may be any value."""
    link, setting = t.cast("t.Tuple[str, str]", switches.parts(args["name"]))
    if args["value"] not in switches.WANTED[setting]:
        return True
    return any(check.interface == link and check.effective == _STRICT for check in sysctl.source_checks(netns))


def _changed(args: Args, now: str | None) -> str:
    return "%s changed since the plan was made: it is %s, not %s" % (args["name"], _shown(now), args["seen"])


def _shown(now: str | None) -> str:
    return "gone" if now is None else now
