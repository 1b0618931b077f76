# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The firewall of one network namespace, whoever manages it: what there is, what it does to a packet that this host sends,
and the kernel's own word on that."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ...model import Firewall, Unseen


def read(netns: str | int | None, unseen: t.List[Unseen]) -> Firewall | None:
    """The firewall of a namespace; None where nothing of it could be read. What could not be is added to ``unseen``."""
    from . import reading  # late: what only judges a firewall that was read starts no programs

    return reading.read(netns, unseen)
