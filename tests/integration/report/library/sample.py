# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands in for audit_info: sends back what a file says, so that a host can say anything."""

from __future__ import annotations

import json

from ansible.module_utils.basic import AnsibleModule


def main():
    module = AnsibleModule({"path": {"type": "path", "required": True}}, supports_check_mode=True)
    with open(module.params["path"], encoding="ascii") as stream:
        module.exit_json(**json.load(stream))


if __name__ == "__main__":
    main()
