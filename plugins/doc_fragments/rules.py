# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Which rules run, and how bad their findings are."""

    DOCUMENTATION = r"""
options:
  profile:
    description:
      - What kind of host it is; profiles of rules, which say which rules run there and how bad their findings are.
      - The collection has V(server), V(router), V(kubernetes-node), V(vpn-host) and V(validator). An item with a slash, or that
        ends with C(.yml) or C(.yaml), is the path of a file on the controller, a relative one under its current directory. A
        dictionary is a profile itself. Their shape is C(docs/schema/profile-1.json) in the collection.
      - Of several the later one wins, and O(rules) wins over all. Without any, each rule runs and is as bad as it says.
    type: list
    elements: raw
    default: []
  rules:
    description:
      - Which rules run, by their ids, for example V(RC201), and how bad their findings are. It wins over O(profile).
    type: dict
    default: {}
    suboptions:
      include:
        description:
          - Only these, and these even where a profile turns them off. All rules when empty.
        type: list
        elements: str
        default: []
      exclude:
        description:
          - Not these.
        type: list
        elements: str
        default: []
      severities:
        description:
          - How bad findings are where that is not as their rule says. Of those that fit a finding the last one holds, and an
            item of the finding's evidence says so.
        type: list
        elements: dict
        default: []
        suboptions:
          rule:
            description:
              - The id of the rule.
            type: str
            required: true
          cause:
            description:
              - Only findings with this C(cause) in their C(details).
            type: str
          found:
            description:
              - Only findings to which the rule gives this severity.
            type: str
            choices: [critical, high, medium, low, info]
          severity:
            description:
              - The severity that they have here.
            type: str
            required: true
            choices: [critical, high, medium, low, info]
          reason:
            description:
              - Why.
            type: str
"""
