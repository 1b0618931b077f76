# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes how many bytes each host sent back, as JSON: a line of the file that SIZES names for each result."""

from __future__ import annotations

DOCUMENTATION = """
name: sizes
type: notification
short_description: Bytes of results
description: For the bench of the collection.
"""

import json  # noqa: E402
import os  # noqa: E402

from ansible.plugins.callback import CallbackBase  # noqa: E402


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "sizes"

    def v2_runner_on_ok(self, result):
        answer = result.result if hasattr(result, "result") else result._result
        if "findings" in answer or "ansible_facts" in answer:
            with open(os.environ["SIZES"], "a") as stream:
                stream.write("%d\n" % len(json.dumps(answer, default=str)))
