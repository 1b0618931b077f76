# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes each result as a JSON line to the file that RESULTS names: what is printed is for people."""

from __future__ import annotations

DOCUMENTATION = """
name: results
type: notification
short_description: Results as JSON lines
description: For the tests of the collection.
"""

import json  # noqa: E402
import os  # noqa: E402

from ansible.plugins.callback import CallbackBase  # noqa: E402


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "results"

    def _note(self, status, result):
        host = result.host if hasattr(result, "host") else result._host
        answer = result.result if hasattr(result, "result") else result._result
        with open(os.environ["RESULTS"], "a") as stream:
            stream.write(json.dumps([host.get_name(), status, answer], default=str) + "\n")

    def v2_runner_on_ok(self, result):
        self._note("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._note("failed", result)

    def v2_runner_on_unreachable(self, result):
        self._note("unreachable", result)
