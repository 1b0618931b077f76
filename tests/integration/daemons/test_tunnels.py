# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tunnels whose daemon is killed, and the inverse: their rules taken away while it lives. What was seen with Debian 12's
wg-quick over wireguard-go, strongSwan 5.9 and systemd-networkd 252:

* wg-quick up, for a peer with 0.0.0.0/0: the default route in table 51820, a rule "not fwmark 0xca6c lookup 51820" and one
  "lookup main suppress_prefixlength 0" right before it, neither with a protocol (unspec), and the nft table wg-quick-NAME.
* wireguard-go's link is a tun device that goes when the process is killed, and takes its address and routes along. The rules
  and the nft tables stay. "wg-quick down" refuses then; after another "up" it takes away all that suppress prefixes, those
  of other tunnels too.
* a second tunnel: table and mark 51821, and its two rules stand before those of the first.
* charon: a rule 220 "lookup 220" for IPv4 and one for IPv6 from its start, both without a protocol; the route of a policy is
  proto static in table 220, and has a source. All of it stays after kill -9, and so do the policies (ip xfrm policy).
* systemd-networkd leaves foreign rules alone when it starts, and takes all of them away when a link is configured anew
  (networkctl reconfigure). It needs no systemd for that, only the bus.
"""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.tests.integration.daemons.host import said, steps, told

WIREGUARD = """
[Interface]
PrivateKey = %s
Address = %s
ListenPort = 51820
[Peer]
PublicKey = %s
AllowedIPs = %s
"""
IPSEC = """
conn tunnel
    keyexchange=ikev2
    authby=secret
    left=192.0.2.1
    leftsubnet=10.1.0.0/24
    right=192.0.2.2
    rightsubnet=10.2.0.0/24
    auto=route
"""
NETWORK = """
[Match]
Name=wired
[Network]
Address=198.51.100.1/24
IPv6AcceptRA=no
"""


@pytest.fixture
def wireguard(host):
    """wg0 with a default route through it, and its peer in "far"."""
    keys = [host.run("wg", "genkey").strip() for _side in range(2)]
    public = [host.run("wg", "pubkey", stdin=key).strip() for key in keys]
    near = WIREGUARD % (keys[0], "10.9.0.1/24", public[1], "0.0.0.0/0")
    host.write("/etc/wireguard/wg0.conf", near + "Endpoint = 192.0.2.2:51820\nPersistentKeepalive = 1\n", "600")
    host.write("/root/peer.conf", WIREGUARD % (keys[1], "10.9.0.2/24", public[0], "10.9.0.1/32"), "600")
    host.sh("ip netns exec far wg-quick up /root/peer.conf; wg-quick up wg0")
    host.until("test $(wg show wg0 latest-handshakes | cut -f 2) -gt 0")
    return host


def test_netbird_4578_and_systemd_19106_networkd_takes_the_rules_of_a_tunnel_that_lives(wireguard):
    wireguard.sh("ip link add wired type veth peer name switch; ip link set switch up; mkdir -p /run/dbus")
    wireguard.sh("mkdir -p /run/systemd")
    wireguard.write("/etc/systemd/network/wired.network", NETWORK)
    wireguard.start("dbus", "dbus-daemon", "--system", "--nofork")
    wireguard.until("test -S /run/dbus/system_bus_socket")
    wireguard.start("networkd", "/lib/systemd/systemd-networkd")
    wireguard.until("networkctl --no-pager --no-legend list wired | grep -qw configured")
    assert said(wireguard.audit()) == []

    wireguard.sh("networkctl reconfigure wired")
    wireguard.until("! ip rule | grep -q 51820")
    robbed = wireguard.audit()
    assert told(robbed) == {("RC204", "wireguard", True)} and steps(robbed) == []
    (finding,) = robbed["findings"]
    assert finding["severity"] == "high" and "the rules that are to lead there are gone" in finding["cause"]
    assert "Somebody else removed the rules" in finding["advice"]

    declared = {"rules": [{"family": 4, "priority": 32765, "table": 51820, "mark": 0xCA6C}]}
    assert ("RC304", None, None) in told(wireguard.audit(intent=declared))


def up(host, name: str, addresses: str) -> None:
    """A tunnel with both default routes through it; nobody has to answer at its other end."""
    key, other = (host.run("wg", "genkey").strip() for _side in range(2))
    text = WIREGUARD % (key, addresses, host.run("wg", "pubkey", stdin=other).strip(), "0.0.0.0/0, ::/0")
    text = text.replace("ListenPort = 51820\n", "")
    host.write("/etc/wireguard/%s.conf" % name, text + "Endpoint = 192.0.2.2:51820\n", "600")
    host.sh("wg-quick up " + name)


def kill(host, name: str) -> None:
    """Of the processes that have one name, the one of this tunnel."""
    (pid,) = host.run("pgrep", "--full", "--exact", "wireguard-go " + name).split()
    host.run("kill", "-9", pid)
    host.until("! ip link show " + name)


def test_wireguard_ui_394_a_tunnel_that_was_killed_cannot_be_taken_down(wireguard):
    """Its peer, in another namespace of the host, lives."""
    wireguard.sh("wg-quick down wg0")
    clean = wireguard.sh("ip rule; ip -6 rule")
    assert said(wireguard.audit()) == [], "that it is installed, and not up, leaves nothing"
    up(wireguard, "wg0", "10.9.0.1/24, fd09::1/64")
    assert said(wireguard.audit()) == []

    kill(wireguard, "wg0")
    assert "is not a WireGuard interface" in wireguard.sh("wg-quick down wg0 2>&1 || true")
    dead = wireguard.audit()
    assert told(dead) == {(rule, "wireguard", False) for rule in ("RC301", "RC305", "RC502")}
    assert {item["count"] for item in dead["findings"] if item["rule"] == "RC305"} == {2}
    assert all(
        ["ip -br link show"]
        == [each["command"] for each in item["evidence"] if each["observed"] == "no link of wireguard is here"]
        for item in dead["findings"]
    )
    assert steps(dead) == [
        "ip %s rule del %s" % (family, words)
        for family in ("-4", "-6")
        for words in (
            "from all pref 32764 lookup main suppress_prefixlength 0",
            "not from all fwmark 0xca6c pref 32765 lookup 51820",
        )
    ]
    wireguard.mend(dead["plan"])
    assert wireguard.sh("ip rule; ip -6 rule") == clean

    rest = wireguard.audit()
    assert told(rest) == {("RC502", "wireguard", False)} and steps(rest) == []
    (finding,) = rest["findings"]
    assert set(finding["samples"]) == {"ip wg-quick-wg0", "ip6 wg-quick-wg0"} and finding["severity"] == "low"
    for family in ("ip", "ip6"):
        command = "nft delete table %s wg-quick-wg0" % family
        assert command in finding["advice"]
        wireguard.sh(command)
    assert said(wireguard.audit()) == []


def test_of_two_tunnels_one_lives(host):
    """Whose rules are whose is not known: nothing is taken from the one that lives."""
    up(host, "wg0", "10.9.0.1/24, fd09::1/64")
    up(host, "wg1", "10.8.0.1/24, fd08::1/64")
    assert said(host.audit()) == []
    rules = host.sh("ip rule; ip -6 rule; nft list tables")
    kill(host, "wg0")
    one = host.audit()
    assert told(one) == {("RC301", "wireguard", True)} and steps(one) == []
    assert {item["severity"] for item in one["findings"]} == {"info"}
    assert host.sh("ip rule; ip -6 rule; nft list tables") == rules

    kill(host, "wg1")
    none = host.audit()
    assert told(none) == {(rule, "wireguard", False) for rule in ("RC301", "RC305", "RC502")}
    host.mend(none["plan"])
    assert "wg-quick-wg1" in host.sh("nft list tables")
    assert host.sh("ip rule; ip -6 rule").count("suppress_prefixlength") == 0
    assert told(host.audit()) == {("RC502", "wireguard", False)}


def test_what_a_person_put_into_the_table_of_a_dead_tunnel_keeps_its_rules(host):
    """A route that refuses what the tunnel does not carry is a kill switch, meant for when the tunnel breaks."""
    up(host, "wg0", "10.9.0.1/24, fd09::1/64")
    host.sh("ip route add blackhole default table 51820 metric 900")
    assert said(host.audit()) == []
    kill(host, "wg0")
    held = host.audit()
    assert {(owner, alive) for _rule, owner, alive in told(held)} == {("wireguard", None)} and steps(held) == []
    host.sh("ip route flush table 51820")
    assert ("RC305", "wireguard", False) in told(host.audit())


def test_submariner_346_table_220_stays_when_charon_is_killed(host):
    host.sh("ip address add 10.1.0.1/24 dev lo")
    host.write("/etc/ipsec.conf", IPSEC)
    host.write("/etc/ipsec.secrets", ': PSK "none"\n', "600")
    host.start("charon", "/usr/lib/ipsec/starter", "--nofork")
    host.until("ip route show table 220 | grep -q 10.2.0.0/24")
    alive = host.audit()
    # It has a rule for IPv6 as well, whatever its policies are: that this leads to an empty table is told, as no fault.
    assert [(item["rule"], item["severity"]) for item in alive["findings"]] == [("RC301", "info")]
    assert told(alive) == {("RC301", "strongswan", True)} and steps(alive) == []

    host.kill("starter", "charon")
    dead = host.audit()
    assert told(dead) == {
        ("RC203", "strongswan", False),
        ("RC301", "strongswan", False),
        ("RC305", "strongswan", False),
    }
    host.mend(dead["plan"])
    assert "220" not in host.sh("ip rule; ip -6 rule; ip route show table all")
    assert said(host.audit()) == []


TAILSCALE = """
ip tuntap add tailscale0 mode tun
ip link set tailscale0 up
ip address add 100.100.0.9/32 dev tailscale0
for family in -4 -6; do
    ip $family rule add pref 5210 fwmark 0x80000/0xff0000 lookup main
    ip $family rule add pref 5230 fwmark 0x80000/0xff0000 lookup default
    ip $family rule add pref 5250 fwmark 0x80000/0xff0000 unreachable
    ip $family rule add pref 5270 lookup 52
done
ip route add 100.100.100.100 dev tailscale0 table 52
ip route add 100.101.0.1 dev tailscale0 table 52
ip -6 route add fd7a:115c:a1e0::53 dev tailscale0 table 52
ip route add throw 127.0.0.0/8 table 52
mkdir -p /var/lib/tailscale
"""


def test_k3s_7772_what_tailscale_left_after_it_was_uninstalled(host):
    """Debian has no tailscaled: a process of that name stands in for one that lives, and ip makes what it makes."""
    host.start("tailscaled", "python3", "-c", NAMED, "tailscaled")
    host.until("pgrep --exact tailscaled")
    host.sh(TAILSCALE)
    assert steps(host.audit()) == []
    assert {alive for _rule, owner, alive in told(host.audit()) if owner == "tailscale"} <= {True}

    host.kill("tailscaled")
    dead = host.audit()
    found = told(dead)
    assert {("RC203", "tailscale", False), ("RC206", "tailscale", False), ("RC305", "tailscale", False)} <= found
    assert {("RC404", "tailscale", False), ("RC405", "tailscale", False)} <= found
    host.mend(dead["plan"])
    assert host.sh("ip rule; ip -6 rule; ip route show table 52; ip -6 route show table 52").count("52") == 0
    assert "tailscale0" not in host.sh("ip link") and said(host.audit()) == []


NAMED = """
import ctypes, signal, sys
ctypes.CDLL(None).prctl(15, sys.argv[1].encode(), 0, 0, 0)
signal.pause()
"""
"""A process with a command name (prctl(2), PR_SET_NAME)."""
