# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan is applied and confirmed, refused, or taken back at once."""

from __future__ import annotations

import dataclasses
import json

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.model import PlanStep
from ansible_collections.netmend.reclaim.tests.integration.transaction import plans


def test_applied_and_confirmed(host):
    result = host.reclaim(host.stale())
    assert (result["state"], result["changed"]) == ("armed", True), result
    assert [step["result"] for step in result["steps"]] == ["done"] * 5
    assert result["dead_man"]["how"] == "process" and result["deadline"]["seconds_left"] > 0
    assert "lookup 100" not in host.ns.sh("ip rule show") and host.ns.sh("ip route show table 100") == ""
    confirmed = host.transaction("confirmed")
    assert (confirmed["state"], confirmed["changed"]) == ("confirmed", True)
    assert host.transaction("confirmed", result["transaction_id"])["changed"] is False


def test_a_second_run_has_nothing_to_do(host):
    plan = host.stale()
    host.reclaim(plan)
    host.transaction("confirmed")
    again = host.reclaim(plan)
    assert (again["state"], again["changed"]) == ("nothing-to-do", False)
    assert [step["result"] for step in again["steps"]] == ["skipped"] * 5
    assert all("gone already" in step["words"] for step in again["steps"])
    assert len(host.place().ids()) == 1


def test_check_mode_changes_nothing_and_shows_what_the_real_run_does(host):
    plan, before = host.stale(), host.state()
    told = host.reclaim(plan, _ansible_check_mode=True, rehearse=True)
    assert (told["state"], told["changed"]) == ("planned", True), told
    assert told["rehearsal"]["done"], told["rehearsal"]
    assert host.state() == before
    assert not host.state_dir.exists()
    done = host.reclaim(plan, rehearse=True)
    assert done["state"] == "armed"
    assert done["diff"] == told["diff"]
    assert [one["before_header"] for one in done["diff"]] == [
        "step %d: %s" % (number, "rule.del" if number < 5 else "route.del") for number in range(1, 6)
    ]
    shown = [dict(step, result="") for step in told["steps"]]
    assert shown == [dict(step, result="") for step in done["steps"]]


def test_the_first_failure_takes_all_back(host):
    plan, before = host.stale(), host.state()
    result = host.reclaim(plan, faults={"fail_at": 4})
    assert result["failed"] and result["state"] == "rolled-back" and not result["changed"], result
    assert [step["result"] for step in result["steps"]] == ["done"] * 3 + ["failed", "not-done"]
    assert "step 4" in result["msg"] and "EPERM" in result["msg"]
    assert host.state() == before
    assert host.transaction("listed")["pending"] is None


def test_what_does_not_stay_away_takes_all_back(host):
    plan, before = host.stale(), host.state()
    result = host.reclaim(plan, faults={"undone_at": 2})
    assert result["state"] == "rolled-back" and "not as wanted" in result["msg"], result
    assert host.state() == before


def test_a_destination_that_is_lost_takes_all_back(host):
    (default,) = host.seen("route", lambda route: route.table == 254 and route.hops[0].gateway == "192.0.2.254")
    plan, before = host.plan(("route.del", default)), host.state()
    result = host.reclaim(plan, protect=[selector(address="203.0.113.9")])
    assert result["state"] == "rolled-back", result
    assert "203.0.113.9 was reached before and is not any more: ENETUNREACH" in result["msg"]
    assert host.state() == before


def test_a_rehearsal_that_loses_a_destination_stops_the_plan(host):
    (default,) = host.seen("route", lambda route: route.table == 254 and route.hops[0].gateway == "192.0.2.254")
    before = host.state()
    result = host.reclaim(host.plan(("route.del", default)), rehearse=True, protect=[selector(address="203.0.113.9")])
    assert result["state"] == "refused" and "as rehearsed it would lose 203.0.113.9" in result["msg"], result
    assert result["rehearsal"]["lost"]
    assert host.state() == before and host.place().ids() == []


def test_a_guard_stops_the_plan(host):
    before = host.state()
    result = host.reclaim(host.stale(), protect=[selector(priority=101)])
    assert result["state"] == "refused" and "protect: priority 101 covers it" in result["msg"], result
    assert host.state() == before


def test_the_way_in_stops_the_plan(host):
    """The plan takes the address that the connection ends at."""
    (address,) = host.seen("address", lambda address: address.address == "192.0.2.1")
    plan, before = host.plan(("address.del", address)), host.state()
    environment = ("env", "SSH_CONNECTION=192.0.2.9 50000 192.0.2.1 22")
    result = host.start("reclaim", plan=plan, prefix=environment).result()
    assert result["state"] == "refused" and "the way in ends at 192.0.2.1" in result["msg"], result
    assert host.state() == before
    forced = host.start("reclaim", plan=plan, protect_way_in=False, confirm_within=5, prefix=environment).result()
    assert forced["state"] in ("armed", "rolled-back"), forced
    host.await_state(host.newest(), "rolled-back")
    # Addresses of other subnets on the same link may stand in another order.
    assert sorted(host.state().splitlines()) == sorted(before.splitlines())


@pytest.mark.parametrize(
    ("host_fields", "words"),
    [
        ({"machine_id": "f" * 32}, "it was made on another host: machine id " + "f" * 32),
        ({"hostname": "elsewhere"}, "it was made on another host: elsewhere"),
        ({"boot_id": "0" * 8}, "the host was rebooted since it was made"),
        ({"netns": "other"}, "it was made in another network namespace: other"),
    ],
)
def test_a_plan_of_another_host_or_boot_is_refused(host, host_fields, words):
    plan, before = host.stale(), host.state()
    result = host.reclaim(plans.changed(plan, host=dict(plan["host"], **host_fields)))
    assert result["state"] == "refused" and words in result["msg"], result
    assert host.state() == before and host.place().ids() == []


def test_a_tampered_plan_is_refused(host):
    plan, before = host.stale(), host.state()
    plan["steps"][0]["raw"] = plan["steps"][1]["raw"]
    assert "changed after it was made" in host.reclaim(plan)["msg"]
    shown = host.reclaim(plans.changed(plan))  # with a digest that is right
    assert shown["state"] == "refused" and "step 1 shows another object than the one it acts on" in shown["msg"]
    assert host.state() == before


def test_a_changed_object_is_skipped_and_told(host):
    plan = host.stale()
    host.ns.sh("ip rule del pref 100; ip rule add pref 100 to 10.1.0.0/16 lookup 77")
    host.ns.sh("ip route change 10.2.0.0/24 via 192.0.2.251 proto bgp table 100")
    result = host.reclaim(plan)
    assert result["state"] == "armed", result
    rule, *others, route = result["steps"]
    assert rule["result"] == "skipped" and "changed since the plan was made" in rule["words"]
    assert [step["result"] for step in others] == ["done"] * 3
    assert (route["result"], route["count"]) == ("done", 1)
    assert "10.2.0.0/24 changed since the plan was made" in route["words"]
    assert "lookup 77" in host.ns.sh("ip rule show")
    assert host.ns.sh("ip route show table 100").startswith("10.2.0.0/24 via 192.0.2.251")


def test_what_no_finding_calls_for_any_more_is_skipped_and_told(host):
    """The routes look as they did, and their owner lives again: the audit does not find them any more."""
    plan = host.stale()
    rule, *rest = plan["steps"]
    plan = plans.changed(plan, steps=[dict(rule, findings=["1" * 16, "2" * 16]), *rest])
    told = host.reclaim(plan, findings=["2" * 16], _ansible_check_mode=True)
    result = host.reclaim(plan, findings=["2" * 16])
    assert result["state"] == "armed", result
    assert [step["result"] for step in result["steps"]] == ["done"] + ["skipped"] * 4
    assert {step["words"] for step in result["steps"][1:]} == {"what it was planned for is not found any more"}
    assert [step["words"] for step in told["steps"]] == [step["words"] for step in result["steps"]]
    assert host.ns.sh("ip route show table 100").count("bgp") == 2
    host.transaction("confirmed")
    assert host.reclaim(plan, findings=[])["state"] == "nothing-to-do"
    assert host.reclaim(plan)["state"] == "armed"


def test_undone_weeks_later(host):
    before = host.state()
    done = host.reclaim(host.stale())
    host.transaction("confirmed")
    undone = host.transaction("rolled_back", done["transaction_id"])
    assert (undone["state"], undone["undoes"]) == ("armed", done["transaction_id"]), undone
    assert host.transaction("confirmed")["state"] == "confirmed"
    assert host.state() == before
    listed = host.transaction("listed")["transactions"]
    assert [one["undoes"] for one in listed] == [done["transaction_id"], None]
    nothing = host.transaction("rolled_back", done["transaction_id"])
    assert nothing["state"] == "nothing-to-do" and not nothing["changed"]


def test_an_undo_can_be_undone(host):
    first = host.reclaim(host.stale())
    host.transaction("confirmed")
    mended = host.state()
    second = host.transaction("rolled_back", first["transaction_id"])
    host.transaction("confirmed")
    third = host.transaction("rolled_back", second["transaction_id"])
    assert third["state"] == "armed", third
    assert host.state() == mended


def test_an_undo_that_is_not_confirmed_is_taken_back(host):
    first = host.reclaim(host.stale())
    host.transaction("confirmed")
    mended = host.state()
    second = host.transaction("rolled_back", first["transaction_id"])
    assert host.state() != mended
    assert host.transaction("rolled_back", second["transaction_id"])["state"] == "rolled-back"
    assert host.state() == mended


def test_check_mode_of_an_undo_changes_nothing(host):
    first = host.reclaim(host.stale())
    host.transaction("confirmed")
    mended = host.state()
    told = host.transaction("rolled_back", first["transaction_id"], _ansible_check_mode=True)
    assert told["state"] == "planned" and len(told["steps"]) == 5
    assert host.state() == mended
    done = host.transaction("rolled_back", first["transaction_id"])
    assert done["diff"] == told["diff"]


def test_an_undo_is_refused_after_a_reboot(host):
    first = host.reclaim(host.stale())
    host.transaction("confirmed")
    host.reboot(first["transaction_id"])
    result = host.transaction("rolled_back", first["transaction_id"])
    assert result["state"] == "refused" and "the host was rebooted since" in result["msg"], result


def test_a_link_that_is_set_up_and_what_hangs_on_it(host):
    host.ns.sh("ip link set up0 down")
    (link,) = host.seen("link", lambda link: link.name == "up0")
    before = host.state()
    done = host.reclaim(host.plan(("link.up", link)))
    assert done["state"] == "armed" and done["diff"][0]["after"] == "up0 is up\n", done
    host.transaction("confirmed")
    undone = host.transaction("rolled_back", done["transaction_id"])
    assert undone["state"] == "armed", undone
    host.transaction("confirmed")
    assert host.state() == before


def test_an_address_and_the_routes_that_prefer_it(host):
    host.ns.sh("ip route add 203.0.113.0/24 via 192.0.2.254 src 198.51.100.1")
    (address,) = host.seen("address", lambda address: address.address == "198.51.100.1")
    before = host.state()
    done = host.reclaim(host.plan(("address.del", address)), rehearse=True)
    assert done["state"] == "armed", done
    assert "198.51.100.1" not in host.ns.sh("ip address show; ip route show table all")
    host.transaction("confirmed")
    undone = host.transaction("rolled_back", done["transaction_id"])
    assert undone["state"] == "armed", undone
    host.transaction("confirmed")
    assert host.state() == before


def test_a_link_that_can_be_made_again(host):
    host.ns.sh(
        """
        ip link add left0 type bridge forward_delay 700; ip link set left0 up; ip link set up1 master left0
        ip address add 10.9.0.1/24 dev left0; ip route add 10.10.0.0/16 via 10.9.0.2 proto static
        """
    )
    (link,) = host.seen("link", lambda link: link.name == "left0")
    plan = host.plan(("link.del", link))
    assert plan["steps"][0]["inverse"] == "link.add"
    done = host.reclaim(plan, rehearse=True)
    assert done["state"] == "armed" and "left0" not in host.ns.sh("ip link show; ip route show"), done
    host.transaction("confirmed")
    undone = host.transaction("rolled_back", done["transaction_id"])
    assert undone["state"] == "armed", undone
    host.transaction("confirmed")
    assert "10.9.0.1/24" in host.ns.sh("ip address show dev left0")
    assert host.ns.sh("ip route show 10.10.0.0/16") == "10.10.0.0/16 via 10.9.0.2 dev left0 proto static \n"
    assert "master left0" in host.ns.sh("ip link show up1")
    assert "forward_delay 700 " in host.ns.sh("ip -d link show left0")


def test_a_link_that_nobody_can_make_again_is_told_when_it_is_undone(host):
    host.ns.sh("ip tuntap add wt0 mode tun")
    (link,) = host.seen("link", lambda link: link.name == "wt0")
    done = host.reclaim(host.plan(("link.del", link)))
    assert done["state"] == "armed" and "wt0" not in host.ns.sh("ip link show"), done
    host.transaction("confirmed")
    undone = host.transaction("rolled_back", done["transaction_id"])
    assert "its attributes alone do not make it again" in json.dumps(undone), undone
    assert "wt0" not in host.ns.sh("ip link show")


def test_flows_are_gone_for_good(host):
    host.ns.sh("conntrack -I -p udp -s 192.0.2.9 -d 192.0.2.1 --sport 4000 --dport 53 --dst-nat 10.88.0.5 -t 600")
    host.ns.sh("conntrack -I -p udp -s 192.0.2.9 -d 192.0.2.1 --sport 4001 --dport 53 --dst-nat 192.0.2.7 -t 600")
    (flow,) = host.seen("flow", lambda flow: flow.reply_src == "10.88.0.5")
    done = host.reclaim(host.plan(("flow.del", flow)), rehearse=True)
    assert done["state"] == "armed", done
    assert [seen.object.sport for seen in host.seen("flow")] == [4001]
    host.transaction("confirmed")
    undone = host.transaction("rolled_back", done["transaction_id"])
    assert "a connection tracking entry cannot be made again" in json.dumps(undone), undone


def test_a_health_check_that_fails_takes_all_back_at_once(host):
    before = host.state()
    host.reclaim(host.stale())
    checks = [{"reach": "203.0.113.9", "source": "192.0.2.1"}, {"command": ["sh", "-c", "echo not well >&2; exit 3"]}]
    result = host.transaction("confirmed", health_checks=checks)
    assert result["failed"] and result["state"] == "rolled-back", result
    assert "health_checks[1]" in result["msg"] and "status 3: not well" in result["msg"]
    assert host.state() == before


def test_health_checks_of_each_kind_pass(host):
    server = "import http.server as h; h.HTTPServer(('127.0.0.1', 8080), h.SimpleHTTPRequestHandler).serve_forever()"
    host.ns.start(["python3", "-c", server])
    host.ns.until("ss -Hltn sport = 8080 | grep -q .")
    host.reclaim(host.stale())
    checks = [
        {"reach": "203.0.113.9"},
        {"tcp": "127.0.0.1", "port": 8080},
        {"http": "http://127.0.0.1:8080/"},
        {"http": "http://127.0.0.1:8080/none", "status": 404},
        {"command": ["true"]},
    ]
    result = host.transaction("confirmed", health_checks=checks)
    assert result["state"] == "confirmed", result


def test_a_command_of_an_owner(host, tmp_path):
    """It cannot be taken back, and that is said; it is run without a shell."""
    mark = tmp_path / "a b; $(touch c)"
    restart = owner(["touch", str(mark)])
    plan = plans.changed(host.stale())
    plan = plans.changed(plan, steps=[restart, *plan["steps"]])
    result = host.reclaim(plan)
    assert result["state"] == "armed", result
    assert mark.exists() and not (tmp_path / "c").exists()
    back = host.transaction("rolled_back")
    assert back["state"] == "rolled-back" and "a restart cannot be taken back" in back["msg"]


def test_an_owner_takes_its_time_to_bring_back_what_it_wants(host):
    """Its restart takes the default route away, and brings it back a moment later."""
    script = "ip route del default; (sleep 1; ip route add default via 192.0.2.254 dev up0) >/dev/null 2>&1 &"
    plan = host.stale()
    plan = plans.changed(plan, steps=[owner(["sh", "-c", script]), *plan["steps"]])
    result = host.reclaim(plan, protect=[selector(address="203.0.113.9")])
    assert result["state"] == "armed", result


def test_a_command_of_an_owner_that_fails_takes_all_back(host):
    plan, before = host.stale(), host.state()
    plan = plans.changed(plan, steps=[owner(["sh", "-c", "echo no such unit; exit 5"]), *plan["steps"]])
    result = host.reclaim(plan)
    assert result["state"] == "rolled-back" and "status 5: no such unit" in result["msg"], result
    assert host.state() == before


def test_the_journal_says_before_it_does(host):
    result = host.reclaim(host.stale())
    lines = (host.state_dir / ("netns-" + host.name) / result["transaction_id"] / "journal").read_text().splitlines()
    records = [json.loads(line)["record"] for line in lines]
    assert records == ["begin", "plan", "checkpoint", "armed", *["doing", "done"] * 5, "applied", "proof"]
    begin = json.loads(lines[0])
    assert begin["who"]["user"] == "root" and begin["netns"] is None


def test_many_routes_in_one_step(host):
    host.ns.batch(
        "".join("route add 172.%d.%d.0/24 dev up0 table 200\n" % (16 + n // 256, n % 256) for n in range(3000))
    )
    (routes,) = host.seen("route", lambda route: route.table == 200)
    assert routes.count == 3000
    before = host.state()
    done = host.reclaim(host.plan(("route.del", routes)))
    assert done["state"] == "armed" and done["steps"][0]["count"] == 3000
    assert host.ns.sh("ip route show table 200") == ""
    host.transaction("confirmed")
    host.transaction("rolled_back", done["transaction_id"])
    assert host.state() == before


def selector(**said):
    keys = ("kind", "interface", "address", "prefix", "table", "proto", "priority", "mark", "owner", "unit", "rule")
    return dict(dict.fromkeys(keys), **said)


def owner(argv):
    step = PlanStep(
        op="owner.restart",
        findings=(),
        command=" ".join(argv),
        why="it holds a dead session",
        args={"owner": "it", "unit": None, "argv": argv},
        no_inverse="a restart cannot be taken back",
    )
    return dict(dataclasses.asdict(step), findings=[], dsts="", count=1)
