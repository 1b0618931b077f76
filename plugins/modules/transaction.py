#!/usr/bin/python
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: transaction
short_description: List, confirm or take back the transactions of a host
version_added: 0.2.0
author:
  - The netmend.reclaim authors (@netmend)
description:
  - Lists the transactions of a host, confirms the one that is pending, or takes one back.
  - What M(netmend.reclaim.reclaim) did can be undone from its journal for as long as the host is not rebooted. The undo
    is a transaction too, with a dead-man, proven and confirmed over a fresh connection, and can be undone itself.
extends_documentation_fragment:
  - netmend.reclaim.port
  - netmend.reclaim.transaction
options:
  state:
    description:
      - V(listed) changes nothing.
      - V(confirmed) confirms a pending transaction when O(health_checks) pass, and rolls it back when one does not. Over
        SSH it needs another connection than that which the change was made over.
      - V(rolled_back) takes a transaction back, at once where it is pending, by a transaction of its own where it was
        confirmed.
    type: str
    choices: [listed, confirmed, rolled_back]
    default: listed
  transaction_id:
    description:
      - The transaction. The one that is pending when not given.
    type: str
seealso:
  - module: netmend.reclaim.reclaim
    description: Begins transactions.
"""

EXAMPLES = r"""
- name: What was done on this host?
  netmend.reclaim.transaction:
  register: past

- name: Take the last one back
  netmend.reclaim.transaction:
    state: rolled_back
    transaction_id: "{{ past.transactions[0].transaction_id }}"
"""

RETURN = r"""
transactions:
  description: The newest transactions, newest first; at most 100.
  returned: O(state=listed)
  type: list
  elements: dict
  contains:
    transaction_id:
      description: Its ID.
      type: str
    state:
      description: V(applying), V(armed), V(rolling-back), V(confirmed), V(rolled-back) or V(ended).
      type: str
    pending:
      description: Whether it is neither confirmed nor rolled back, so that no other can begin.
      type: bool
    begun:
      description: When it began, in UTC by the clock of the host.
      type: str
    since:
      description: Since when it is in this state.
      type: str
    who:
      description: Who began it.
      type: str
    undoes:
      description: The ID of the transaction that it takes back, or null.
      type: str
    digest:
      description: The digest of its plan.
      type: str
    done:
      description: How many of its steps were done.
      type: int
    why:
      description: Why it was rolled back or ended.
      type: str
    not_restored:
      description: What could not be taken back.
      type: list
      elements: str
    deadline:
      description: Until when it waits to be confirmed. Null where it does not.
      type: dict
      contains:
        at:
          description: The time, in UTC by the clock of the host.
          type: str
        seconds_left:
          description: Seconds until then.
          type: float
pending:
  description: The ID of the transaction that is pending, or null.
  returned: O(state=listed)
  type: str
state:
  description:
    - V(confirmed), V(rolled-back) or V(ended). Of an undo also V(refused) or V(nothing-to-do), in check mode V(planned).
    - V(armed) where an undo is applied and waits for its dead-man, because it could not be confirmed.
  returned: success or when a plan was refused or taken back
  type: str
  sample: confirmed
transaction_id:
  description: The ID of the transaction. Null where none began.
  returned: as RV(state)
  type: str
  sample: 20260501T120000Z-4f2a91
undoes:
  description: The ID of the transaction that this one takes back, or null.
  returned: as RV(state)
  type: str
steps:
  description: What becomes of each step of the plan.
  returned: as RV(state)
  type: list
  elements: dict
  contains:
    number:
      description: The number of the step, from 1.
      type: int
    op:
      description: What it does.
      type: str
      sample: rule.del
    command:
      description: What a person would type to do the same.
      type: str
      sample: ip -4 rule del pref 100 from 192.0.2.1 lookup 100
    count:
      description: How many objects it is about by now; what changed since it was planned is left out.
      type: int
    result:
      description:
        - V(done), V(failed), V(planned) (in check mode), V(not-done), because something before it failed, or V(skipped),
          because all that it is about changed since the plan was made or is as wanted already.
      type: str
    words:
      description: Why it failed or was skipped, in whole or in part.
      type: str
deadline:
  description: Until when it waits to be confirmed. Null where it does not.
  returned: as RV(state)
  type: dict
  contains:
    at:
      description: The time, in UTC by the clock of the host.
      type: str
    seconds_left:
      description: Seconds until then.
      type: float
dead_man:
  description: What watches over it. Null where nothing was begun.
  returned: as RV(state)
  type: dict
  contains:
    how:
      description: V(systemd) (a transient timer) or V(process).
      type: str
    why:
      description: Why it is a process.
      type: str
rehearsal:
  description: What came of the rehearsal. Null where none was asked for or nothing was to be done.
  returned: as RV(state)
  type: dict
  contains:
    done:
      description: Whether it was rehearsed.
      type: bool
    why_not:
      description: Why it was not.
      type: str
    lost:
      description: Destinations that would be lost, each with C(destination), C(before) and C(after).
      type: list
      elements: dict
    moved:
      description: Destinations that would be reached another way.
      type: list
      elements: dict
    looked_up:
      description: How many destinations the stand-in answered for as the host does.
      type: int
    not_rehearsed:
      description: Steps and destinations that the rehearsal says nothing about.
      type: list
      elements: str
settled:
  description: What earlier runs had left behind, and what was done about it.
  returned: as RV(state)
  type: list
  elements: dict
  contains:
    transaction_id:
      description: The ID of that transaction.
      type: str
    words:
      description: What was done.
      type: str
not_restored:
  description: What could not be taken back, in words. Empty where all is as before.
  returned: as RV(state)
  type: list
  elements: str
confirmed_over:
  description: How many times a fresh connection was tried until the transaction could be confirmed or taken back.
  returned: when a transaction was begun
  type: int
"""

from ansible_collections.netmend.reclaim.plugins.module_utils.module import run_change
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction.ending import transaction
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction.options import OPTIONS


def main() -> None:
    run_change(
        dict(
            OPTIONS,
            state=dict(type="str", choices=["listed", "confirmed", "rolled_back"], default="listed"),
            transaction_id=dict(type="str"),
        ),
        transaction,
    )


if __name__ == "__main__":
    main()
