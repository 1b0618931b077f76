# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The causes of "network is unreachable" made for real, and told apart from each other: what explain says of each."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.report import story as page
from ansible_collections.netmend.reclaim.plugins.module_utils.story.tell import explain_info
from ansible_collections.netmend.reclaim.plugins.module_utils.story.verdict import VERDICTS
from ansible_collections.netmend.reclaim.tests.integration.kernel import paths

TO = "198.51.100.3"
SEND = """
import socket, sys, time
name, local, to, port = sys.argv[1:5]
open("/proc/self/comm", "w").write(name)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.bind((local, 0))
    sender.connect((to, int(port)))
    print("ready", flush=True)
    time.sleep(600)
"""


def told(ns, **params):
    with Kernel(ns.name) as kernel:
        found = explain_info({"to": TO, "firewall": True, **params}, kernel)
    assert json.loads(json.dumps(found)) == found
    assert found["verdict"] in VERDICTS
    # One screen: every command that is shown can be copied whole.
    lines = page.lines("host", found, 120)
    assert len(lines) <= 60 and any(line.startswith("VERDICT   %s" % found["verdict"]) for line in lines)
    for item in found["chain"]:
        assert item["command"] and any(line.endswith("$ " + item["command"]) for line in lines)
    return found


@pytest.fixture
def host(netns):
    """A host with a default route over a gateway that answers."""
    ns, router = netns(), netns()
    ns.sh("ip link add eth0 type veth peer name veth1 netns %s" % router.name)
    router.sh("ip link set veth1 up; ip address add 192.0.2.1/24 dev veth1; ip address add 198.51.100.3/32 dev lo")
    ns.sh("ip link set eth0 up; ip address add 192.0.2.10/24 dev eth0; ip route add default via 192.0.2.1")
    return ns


def start(ns, *words):
    child = ns.start([sys.executable, "-c", SEND, *words], stdout=subprocess.PIPE)
    assert child.stdout.readline() == "ready\n"
    return child


def test_nothing_is_wrong(host) -> None:
    found = told(host)
    assert (found["verdict"], found["mends"], found["does_not"]) == ("ok", [], [])
    assert all(item["ok"] for item in found["chain"])
    assert found["chain"][-1]["kind"] == "firewall"


# The five causes ------------------------------------------------------------------------------------------------------


def test_a_route_is_missing(host) -> None:
    host.sh("ip route del default")
    found = told(host)
    assert (found["verdict"], found["errno"]) == ("route-missing", "ENETUNREACH")
    assert any("Restarting the program" in item["what"] for item in found["does_not"])
    declared = told(
        host, intent={"routes": [{"dst": "default", "family": "ipv4", "gateway": "192.0.2.1", "table": 254}]}
    )
    assert declared["verdict"] == "route-missing"
    assert [item["command"] for item in declared["mends"] if item["rule"] == "RC209"]


@pytest.mark.parametrize("variant", ["nft", "iptables-nft", "iptables-legacy"])
def test_the_firewall_drops_it(host, variant) -> None:
    if variant == "nft":
        host.sh(
            "nft add table inet t; nft add chain inet t o '{ type filter hook output priority 0; }'; "
            "nft add rule inet t o ip daddr %s udp dport 53 counter drop" % TO
        )
    else:
        if shutil.which(variant) is None:
            pytest.skip("there is no %s" % variant)
        done = subprocess.run(
            ["ip", "netns", "exec", host.name, variant, "-A", "OUTPUT", "-d", TO, "-p", "udp", "--dport", "53", "-j", "DROP"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        if done.returncode != 0 and variant == "iptables-legacy":
            pytest.skip("this kernel has no legacy iptables: %s" % done.stderr.strip())
        assert done.returncode == 0, done.stderr
    found = told(host, protocol="udp", port=53)
    assert (found["verdict"], found["errno"]) == ("firewall", None)
    last = found["chain"][-1]
    assert (last["kind"], last["ok"]) == ("firewall", False)
    assert "drop" in last["text"].lower()
    assert any(item["what"] == "Adding a route" for item in found["does_not"])
    # Another port is let pass, and said so.
    assert told(host, protocol="udp", port=54)["verdict"] == "ok"


def test_the_link_is_down(host) -> None:
    host.sh("ip link set eth0 down")
    found = told(host, interface="eth0")
    assert (found["verdict"], found["errno"]) == ("link-down", "ENETUNREACH")
    # Asked without the interface: the routes went with their link, and the address that it holds tells which.
    found = told(host)
    assert (found["verdict"], found["errno"]) == ("link-down", "ENETUNREACH")
    assert "eth0, which holds 192.0.2.10/24, is down" in found["cause"]
    assert found["mends"][0]["command"] == "ip -n %s link set dev eth0 up" % host.name
    declared = told(host, intent={"links": [{"name": "eth0"}]})
    assert (declared["verdict"], declared["mends"][0]["rule"]) == ("link-down", "RC401")


def test_another_link_is_down_and_has_nothing_to_do_with_it(host) -> None:
    host.sh("ip link add lan1 type veth peer name lan2; ip address add 10.9.0.1/24 dev lan1; ip route del default")
    assert told(host)["verdict"] == "route-missing"


def test_a_program_keeps_a_dead_session(host) -> None:
    host.sh("ip address add 192.0.2.77/24 dev eth0")
    start(host, "vpn-daemon", "192.0.2.77", TO, "4789")
    host.sh("ip address del 192.0.2.77/24 dev eth0")
    found = told(host)
    assert (found["verdict"], found["errno"]) == ("source-gone", "ENETUNREACH")
    assert found["flow"]["source"] == "192.0.2.77" and found["flow"]["program"] == "vpn-daemon"
    assert [item["verdict"] for item in found["others"]] == ["ok"]
    assert found["owner"]["name"] == "vpn-daemon" or found["owner"]["process"]["name"] == "vpn-daemon"
    assert any("vpn-daemon" in item["observed"] for item in found["witnesses"])
    vain = {item["what"]: item["why"] for item in found["does_not"]}
    assert "before it looks for a route" in vain["Adding a route"]


def test_the_prefix_is_wrong(host) -> None:
    """The declared /24 was entered as /28: the gateway is off the subnet, and its route could not be made."""
    host.sh("ip address flush dev eth0; ip address add 192.0.2.200/28 dev eth0")
    intent = {
        "addresses": [{"address": "192.0.2.200/24", "interface": "eth0"}],
        "routes": [{"dst": "default", "family": "ipv4", "gateway": "192.0.2.1", "table": 254}],
    }
    found = told(host, intent=intent)
    assert found["verdict"] == "configuration"
    assert "192.0.2.200" in found["cause"] and "RC602" in {item["rule"] for item in found["findings"]}


def test_the_gateway_is_wrong(host) -> None:
    """192.0.2.254 is nobody, and another one is declared."""
    host.sh("ip route replace default via 192.0.2.254")
    with host.entered():
        import socket

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"x", (TO, 9))
    host.until("ip neigh show 192.0.2.254 | grep -q FAILED")
    assert told(host)["verdict"] == "next-hop"
    intent = {"routes": [{"dst": "default", "family": "ipv4", "gateway": "192.0.2.1", "table": 254}]}
    found = told(host, intent=intent)
    assert found["verdict"] == "configuration"


def test_the_dns_server_is_wrong(host, resolv_conf) -> None:
    """The host reaches what it asks for names, and that is no DNS server; another one is declared."""
    resolv_conf("nameserver %s\n" % TO)
    found = told(host, resolver_query=True)
    assert found["verdict"] == "configuration"
    assert found["findings"][0]["rule"] == "RC601" and "no name resolves" in found["cause"]
    declared = told(host, intent={"resolvers": ["192.0.2.1"]})
    assert declared["verdict"] == "configuration"
    assert "192.0.2.1" in declared["cause"] and declared["mends"]
    # Where no route leads to it, that is what is wrong.
    host.sh("ip route del default")
    assert told(host, resolver_query=True)["verdict"] == "route-missing"


# Beyond the host ------------------------------------------------------------------------------------------------------


@pytest.fixture
def way(netns):
    return paths.path(netns)


@pytest.mark.parametrize("to", [paths.FAR, paths.FAR6])
def test_a_black_hole_on_the_path(way, to) -> None:
    """Nothing on the host is wrong, and only probes tell: told apart from the five causes, which it does not hide either."""
    paths.narrow(way, 1300)
    way.first.sh(paths.NO_TELLING)
    assert told(way.host, to=to)["verdict"] == "ok", "it cannot be known without a packet"
    found = told(way.host, to=to, probes=True)
    assert (found["verdict"], found["errno"]) == ("path", None)
    assert "vanish" in found["cause"] and all(item["ok"] for item in found["chain"])
    assert found["findings"][0]["rule"] == "RC504" and "ICMP" in found["mends"][1]["what"]
    assert any(item["what"] == "Adding a route" for item in found["does_not"])
    # Each of the host's own causes on top of it is told first.
    family = 4 if to == paths.FAR else 6
    way.host.sh("nft 'table inet t { chain o { type filter hook output priority 0; udp dport 53 drop; }; }'")
    assert told(way.host, to=to, probes=True, protocol="udp", port=53)["verdict"] == "firewall"
    absent = "203.0.113.77" if family == 4 else "2001:db8:9::77"
    assert told(way.host, to=to, probes=True, source=absent)["verdict"] == "source-gone"
    way.host.sh("ip -%d route del default" % family)
    assert told(way.host, to=to, probes=True)["verdict"] == "route-missing"
    way.host.sh("ip link set eth0 down")
    assert told(way.host, to=to, probes=True, interface="eth0")["verdict"] == "link-down"


def test_a_path_that_says_what_passes_stops_nothing(way) -> None:
    paths.narrow(way, 1300)
    found = told(way.host, to=paths.FAR, probes=True)
    assert found["verdict"] == "ok"
    assert [(item["rule"], item["severity"]) for item in found["findings"]] == [("RC504", "low")]


def test_a_path_that_ends_at_a_router(way) -> None:
    way.second.sh("ip route del 198.51.100.0/24")
    found = told(way.host, to=paths.FAR, probes=True)
    assert found["verdict"] == "path" and paths.ROUTERS[1] in found["cause"]


def test_probes_go_to_the_destination_that_was_asked_about_only(way) -> None:
    start(way.host, "other", "192.0.2.10", paths.FAR, "4789")
    way.far.sh(
        "nft 'table ip c { chain i { type filter hook input priority 0; icmp type echo-request counter name pings; }; "
        "counter pings { }; }'"
    )
    told(way.host, to=paths.ROUTERS[1], probes=True)
    assert "packets 0 " in way.far.sh("nft list counter ip c pings")


# And others -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("commands", "verdict"),
    [
        ("ip route add blackhole 198.51.100.0/24", "route-refuses"),
        ("ip rule add pref 100 to 198.51.100.0/24 prohibit", "rule-refuses"),
        ("ip route add throw 198.51.100.0/24; ip route del default", "route-missing"),
    ],
)
def test_what_refuses_is_named(host, commands, verdict) -> None:
    host.sh(commands)
    found = told(host)
    assert found["verdict"] == verdict
    assert "198.51.100.0/24" in found["explanation"]


def test_a_log_tells_of_the_send(host, tmp_path) -> None:
    log = tmp_path / "daemon.log"
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    log.write_text(
        "%s h daemon: write udp 203.0.113.7:44880->%s:44880: sendmsg: network is unreachable\n" % (stamp, TO)
    )
    found = told(host, logs=[str(log)])
    assert found["verdict"] == "source-gone"
    assert found["flow"]["source"] == "203.0.113.7"
    assert [item["source"] for item in found["witnesses"]] == ["log"]
    assert (found["owner"]["name"], found["owner"]["alive"]) == ("daemon", None)
    assert found["going_on"] is True and found["since"] is not None


def test_options_that_make_no_sense(host) -> None:
    with Kernel(host.name) as kernel, pytest.raises(ValueError, match="port: 0 is not a number"):
        explain_info({"to": TO, "port": 0}, kernel)


def test_the_answer_comes_back_by_another_link_and_is_dropped(host) -> None:
    """A program insists on its second uplink; the way back is the first, so what is answered is dropped at the door."""
    host.sh("ip link add eth1 type veth peer name veth2; ip link set eth1 up; ip link set veth2 up")
    host.sh("ip address add 203.0.113.10/24 dev eth1; ip neigh add %s lladdr 02:00:00:00:00:07 dev eth1" % TO)
    host.sh("cd /proc/sys/net/ipv4/conf; echo 0 > all/rp_filter; echo 1 > eth1/rp_filter")
    bound = (
        "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'eth1')\ns.connect(('%s', 53))\n"
        "print('ready', flush=True)\nimport time\ntime.sleep(600)" % TO
    )
    child = host.start([sys.executable, "-c", bound], stdout=subprocess.PIPE)
    assert child.stdout.readline() == "ready\n"
    found = told(host, interface="eth1")
    assert (found["verdict"], found["errno"]) == ("path", None)
    assert any("rp_filter=2" in (item["command"] or "") for item in found["mends"]), found["mends"]
    # The same destination over the first uplink is another flow.
    assert told(host, interface="eth0")["verdict"] == "ok"
    host.sh("echo 2 > /proc/sys/net/ipv4/conf/eth1/rp_filter")
    assert told(host, interface="eth1")["verdict"] == "ok"
