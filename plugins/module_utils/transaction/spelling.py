# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects as the journal keeps them, and back: the kernel's own message says all of them."""

from __future__ import annotations

import typing as t

from ..kernel.port import Kernel
from ..model import PlanStep, Seen


def to_json(seens: t.Iterable[Seen]) -> t.List[t.Dict[str, str]]:
    return [{"kind": seen.kind, "raw": seen.raw.hex(), "dsts": " ".join(seen.dsts)} for seen in seens]


def from_json(kernel: Kernel, values: t.Iterable[t.Mapping[str, str]]) -> t.List[Seen]:
    return [_seen(kernel, value["kind"], value["raw"], tuple(value["dsts"].split())) for value in values]


def of_step(kernel: Kernel, step: PlanStep) -> Seen | None:
    """What a step acts on; None where that is no object of the kernel. Raises ValueError where it cannot be read."""
    return None if step.kind is None else _seen(kernel, step.kind, step.raw, step.dsts)


def _seen(kernel: Kernel, kind: str, raw: str, dsts: t.Tuple[str, ...]) -> Seen:
    message = bytes.fromhex(raw)
    return Seen(kind, kernel.decode(kind, message), message, dsts)
