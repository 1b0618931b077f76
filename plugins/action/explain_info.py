# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action of explain_info: as that of audit_info, and prints the story where it is asked to."""

from __future__ import annotations

import shutil
import typing as t

from ansible import constants as C
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.utils.color import stringc
from ansible_collections.netmend.reclaim.plugins.action.audit_info import ActionModule as AuditAction
from ansible_collections.netmend.reclaim.plugins.module_utils.report import story
from ansible_collections.netmend.reclaim.plugins.plugin_utils.console import say

_COLOURS = {"good": "green", "bad": "bright red", "label": "bright blue", "command": "cyan"}


class ActionModule(AuditAction):
    """Runs explain_info with the profiles of owners and of rules."""

    def run(self, tmp: str | None = None, task_vars: t.Dict[str, t.Any] | None = None) -> t.Dict[str, t.Any]:
        show = boolean(self._task.args.get("show") or False, strict=False)
        result = super().run(tmp, task_vars)
        if show and not result.get("failed"):
            host = str((task_vars or {}).get("inventory_hostname", "localhost"))
            width = shutil.get_terminal_size(fallback=(120, 24)).columns
            say("", *story.lines(host, result, width, _paint), "")
        return result


def _paint(word: str, text: str) -> str:
    # A log file has no colours.
    return text if C.DEFAULT_LOG_PATH else str(stringc(text, _COLOURS[word]))
