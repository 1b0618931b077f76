# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What reach_info answers to the question of the incident."""

from __future__ import annotations

import json
import typing as t

from hosts import ALLOCATED, PEERS
from lab_runs import Auditor, host_named


def ask(auditor: Auditor, **flow: str) -> dict[str, t.Any]:
    return auditor.module("vpn1", "netmend.reclaim.reach_info", flow)


def test_the_source_is_gone_and_no_route_is_missing(auditor: Auditor) -> None:
    for peer in PEERS:
        answer = ask(auditor, to=peer, source=ALLOCATED, interface="doublezero0", port="44880")
        assert (answer["reachable"], answer["errno"], answer["cause"]) == (False, "ENETUNREACH", "source-not-local")
        assert ALLOCATED in answer["explanation"] and "adding a route will not help" in answer["explanation"]


def test_the_healthy_session_gets_out(auditor: Auditor) -> None:
    answer = ask(auditor, to=PEERS[0], source=host_named("vpn1").address, interface="doublezero0", port="44880")
    assert (answer["reachable"], answer["errno"], answer["cause"]) == (True, None, "ok")
    assert all(link["ok"] for link in answer["chain"])
    assert "doublezero0" in json.dumps(answer["chain"])
