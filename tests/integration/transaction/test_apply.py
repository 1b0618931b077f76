# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan is applied, confirmed, taken back."""

from __future__ import annotations


def test_applied_and_confirmed(host):
    result = host.reclaim(host.stale())
    assert (result["state"], result["changed"]) == ("armed", True), result
    assert [step["result"] for step in result["steps"]] == ["done"] * 5
    assert result["dead_man"]["how"] == "process" and result["deadline"]["seconds_left"] > 0
    assert "lookup 100" not in host.ns.sh("ip rule show") and host.ns.sh("ip route show table 100") == ""
    confirmed = host.transaction("confirmed")
    assert (confirmed["state"], confirmed["changed"]) == ("confirmed", True)
    assert host.transaction("confirmed", result["transaction_id"])["changed"] is False
