# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps that are about no object of the kernel and are compared, proven and taken back all the same: who knows how."""

from __future__ import annotations

import typing as t

from . import allowing, setting

Args = t.Mapping[str, t.Any]


class Handler(t.Protocol):
    """What a module about such ops can do. ``netns`` is the kernel port's, ``args`` those of the step."""

    @property
    def OPS(self) -> t.Tuple[str, ...]:  # noqa: N802 - a constant of the module
        """What it handles."""

    def skipped(self, netns: str | int | None, op: str, args: Args) -> str | None:
        """Why the step is not done now; None where it is. Raises OSError where that cannot be seen."""

    def wrong(self, netns: str | int | None, op: str, args: Args) -> str | None:
        """What is not as the step should have left it; None where all is well."""

    def do(self, netns: str | int | None, op: str, args: Args) -> str | None:
        """Do the step; what went wrong, in words. What is as wanted already stays so."""

    def taken_back(self, args: Args) -> Args:
        """The arguments of the step that takes it back."""

    def sides(self, command: str, args: Args) -> t.Tuple[str, str]:
        """Before and after, for a diff."""


_HANDLERS: t.Tuple[Handler, ...] = (allowing, setting)
_BY_OP = {op: handler for handler in _HANDLERS for op in handler.OPS}


def handler_of(op: str) -> Handler | None:
    """Who handles an op; None where it is about an object, or about an owner, whose commands nothing takes back."""
    return _BY_OP.get(op)
