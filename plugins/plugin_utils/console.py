# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an action prints beside its result."""

from __future__ import annotations

from ansible import constants as C
from ansible.utils.display import Display


def say(*lines: str) -> None:
    # A callback that writes data to the standard output must have it for itself.
    if C.DEFAULT_STDOUT_CALLBACK.rpartition(".")[2] not in ("json", "jsonl"):
        for line in lines:
            Display().display(line)
