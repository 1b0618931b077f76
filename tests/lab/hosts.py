# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of the lab and what is wrong with them: the one place that says what is planted and what must be found.

Addresses are from the documentation ranges and from the report of the incident; no packet leaves the lab.
"""

from __future__ import annotations

from table import App, Expect, Host, Scene, Until, Vpn

GATEWAY = "192.0.2.1"
ALLOCATED = "209.245.225.161"
"""The address of the incident."""
PEERS = ("216.238.110.55", "203.0.113.66")
CLIENTS = {"vpn1": (ALLOCATED, 11), "vpn2": ("209.245.225.162", 12), "vpn3": ("209.245.225.163", 13)}
"""Allocated address and number of each host that uses the VPN."""
_EVERYBODY = tuple(address for allocated, number in CLIENTS.values() for address in (allocated, "192.0.2.%d" % number))

PLAIN = Host(
    "plain1",
    21,
    "Healthy, with nothing to see.",
    (
        Scene("A server that others talk to.", apps=(App("lab-server", "listen --bind 192.0.2.21:7000"),)),
        Scene(
            "The holder of an address that link1 will want too.", before="address add 2001:db8:1::99/64 dev eth0 nodad"
        ),
    ),
)

BUSY = Host(
    "busy1",
    22,
    "Healthy, with much that looks wrong and is not.",
    (
        Scene(
            "A prefix in the local table that no link holds (AnyIP), and a program that sends from it.",
            before="route add local 198.51.100.0/24 dev lo",
            apps=(App("lab-anyip", "send --bind 198.51.100.7:9000 --to 192.0.2.21:9"),),
        ),
        Scene(
            "A rule to a table that throws; the main table has the route.",
            before="""
                rule add pref 3000 to 10.30.0.0/16 lookup 300
                route add throw 10.30.0.0/16 table 300
            """,
        ),
        Scene(
            "A table that only marked packets reach.",
            before="""
                rule add pref 3001 fwmark 0x30 lookup 301
                route add default via 192.0.2.1 table 301
            """,
        ),
        Scene(
            "A load balancer that listens on an address which another host holds now.",
            sysctl={"net.ipv4.ip_nonlocal_bind": "1"},
            apps=(App("lab-balancer", "listen --bind 192.0.2.150:8080"),),
        ),
        Scene(
            "An address on the loopback that routes and rules of another link use as their source.",
            before="""
                address add 192.0.2.151/32 dev lo
                rule add pref 3002 from 192.0.2.151 lookup 302
                route add default via 192.0.2.1 dev eth0 src 192.0.2.151 table 302
            """,
            apps=(App("lab-loopback", "send --bind 192.0.2.151:9001 --to 192.0.2.21:9 --connect"),),
        ),
        Scene(
            "A tun link, whose operational state never is anything but UNKNOWN, with a route.",
            apps=(App("lab-tun", "tun tun0"),),
            after="""
                address add 10.31.0.1/24 dev tun0
                link set tun0 up
                route add 10.32.0.0/16 dev tun0
            """,
        ),
        Scene(
            "A second default route, worse and over another link: a backup.",
            links=("lan1",),
            before="""
                address add 10.33.0.2/24 dev lan1
                route add default via 10.33.0.1 dev lan1 metric 200
            """,
        ),
        Scene("A link that is down, and nobody needs it.", links=("lan2",), before="link set lan2 down"),
        Scene(
            "A tunnel whose ends are there, and a link whose neighbour is entered by hand.",
            before="""
                link add vx0 type vxlan id 22 local 192.0.2.22 remote 192.0.2.21 dstport 4789
                address add 10.34.0.1/24 dev vx0
                link set vx0 up
                neighbour add 192.0.2.199 lladdr 02:00:00:00:00:99 dev eth0 nud permanent
            """,
        ),
        Scene(
            "A gateway in no subnet of its link, and meant so (onlink).",
            before="route add 10.37.0.0/16 via 172.16.99.1 dev eth0 onlink",
        ),
        Scene(
            "A next-hop object that a route uses.",
            before="""
                nexthop add id 35 via 192.0.2.1 dev eth0
                route add 10.35.0.0/16 nhid 35
            """,
        ),
        Scene(
            "What is declared is there.",
            before="rule add pref 3003 to 10.36.0.0/16 lookup main",
            intent={
                "addresses": [{"address": "192.0.2.151/32", "interface": "lo"}],
                "routes": [{"dst": "default", "gateway": "192.0.2.1"}, {"dst": "default", "family": "ipv6"}],
                "rules": [{"priority": 3003, "to": "10.36.0.0/16", "table": 254}],
                "links": [{"name": "lan1"}, {"name": "tun0"}],
            },
        ),
    ),
)

APP = Host(
    "app1",
    31,
    "Programs that go on sending from what is gone.",
    (
        Scene(
            "A UDP socket bound to an address that was then taken away.",
            before="address add 192.0.2.141/32 dev eth0",
            apps=(App("lab-bound", "send --bind 192.0.2.141:9000 --to 192.0.2.21:9"),),
            after="address delete 192.0.2.141/32 dev eth0",
            expect=(Expect("RC101", ("192.0.2.141", "9000")),),
        ),
        Scene(
            "A UDP socket connected from an address that was then taken away.",
            before="address add 192.0.2.142/32 dev eth0",
            apps=(App("lab-connected", "send --bind 192.0.2.142:9001 --to 192.0.2.21:9 --connect"),),
            after="address delete 192.0.2.142/32 dev eth0",
            expect=(Expect("RC101", ("192.0.2.142", "9001")),),
        ),
        Scene(
            "A TCP connection from an address that was then taken away.",
            before="address add 192.0.2.143/32 dev eth0",
            apps=(App("lab-dialled", "dial --bind 192.0.2.143:9002 --to 192.0.2.21:7000"),),
            after="address delete 192.0.2.143/32 dev eth0",
            expect=(Expect("RC101", ("192.0.2.143", "9002")),),
        ),
        Scene(
            "A connected socket whose destination somebody made unreachable.",
            apps=(App("lab-refused", "send --bind 192.0.2.31:9003 --to 10.50.0.9:9 --connect"),),
            after="route add unreachable 10.50.0.0/16",
            expect=(Expect("RC103", ("10.50.0.9",)),),
        ),
        Scene(
            "A socket bound to a link that was then deleted.",
            links=("gone0",),
            apps=(App("lab-device", "send --bind 192.0.2.31:9004 --to 10.51.0.9:9 --device gone0 --connect"),),
            after="link delete gone0",
            expect=(Expect("RC104", ("9004",)),),
        ),
    ),
)

ROUTER = Host(
    "router1",
    32,
    "Routes that lost what they rest on.",
    (
        Scene(
            "Routes in a table of their own whose preferred source left: the kernel cleans up only the main table.",
            before="""
                address add 192.0.2.131/32 dev eth0
                rule add pref 1000 to 10.1.0.0/16 lookup 100
                route add 10.1.0.0/17 via 192.0.2.1 src 192.0.2.131 table 100
                route add 10.1.128.0/17 via 192.0.2.1 src 192.0.2.131 table 100
            """,
            after="address delete 192.0.2.131/32 dev eth0",
            expect=(Expect("RC201", ("192.0.2.131",)),),
        ),
        # The kernel forgets failed neighbours when all namespaces together have many, but not those learned elsewhere.
        Scene(
            "A route through a gateway that does not answer.",
            before="""
                neighbour add 192.0.2.199 dev eth0 nud none extern_learn
                route add 10.2.0.0/16 via 192.0.2.199
            """,
            knock="10.2.0.9:9",
            until=Until("neighbour show 192.0.2.199", "FAILED"),
            expect=(Expect("RC202", ("192.0.2.199",)),),
        ),
        Scene(
            "A route over a link that lost its carrier.",
            links=("lan1",),
            before="""
                address add 10.3.0.2/24 dev lan1
                route add 10.13.0.0/16 via 10.3.0.1 dev lan1
            """,
            far="link set {host}.lan1 down",
            until=Until("route show 10.13.0.0/16", "linkdown"),
            expect=(Expect("RC202", ("lan1",)), Expect("RC402", ("lan1",))),
        ),
        Scene(
            "Routes in a table that no rule looks up.",
            before="route add 10.4.0.0/16 via 192.0.2.1 table 104",
            expect=(Expect("RC204", ("104",)),),
        ),
        Scene(
            "A route that another one with a better metric hides for ever.",
            before="""
                route add 10.5.0.0/16 via 192.0.2.1 dev eth0 metric 100
                route add 10.5.0.0/16 via 192.0.2.1 dev eth0 metric 200
            """,
            expect=(Expect("RC205", ("10.5.0.0/16",)),),
        ),
        Scene(
            "A declared route that somebody removed.",
            intent={"routes": [{"dst": "10.7.0.0/16", "gateway": "192.0.2.1"}]},
            expect=(Expect("RC207", ("10.7.0.0/16",)),),
        ),
        Scene(
            "A next-hop object that nothing uses.",
            before="nexthop add id 66 via 192.0.2.1 dev eth0",
            expect=(Expect("RC208", ("66",)),),
        ),
        Scene(
            "The declared default route is gone.",
            after="route delete default via 192.0.2.1 dev eth0",
            intent={"routes": [{"dst": "default"}]},
            expect=(Expect("RC209", ("0.0.0.0/0",)),),
        ),
        Scene(
            "The same subnet on two links.",
            links=("lan2", "lan3"),
            before="""
                address add 10.9.0.1/24 dev lan2
                address add 10.9.0.2/24 dev lan3
            """,
            expect=(Expect("RC406", ("10.9.0.0/24",)),),
        ),
        Scene(
            "A gateway that fell out of its link's subnet when somebody corrected the prefix length.",
            links=("lan4",),
            before="""
                address add 10.10.1.2/16 dev lan4
                route add 10.14.0.0/16 via 10.10.200.1 dev lan4
            """,
            after="""
                address add 10.10.1.2/24 dev lan4
                address delete 10.10.1.2/16 dev lan4
            """,
            expect=(Expect("RC407", ("10.10.200.1", "lan4")),),
        ),
        Scene(
            "A neighbour entered by hand, of a subnet that is gone.",
            before="""
                address add 10.8.0.1/24 dev eth0
                neighbour add 10.8.0.9 lladdr 02:00:00:00:00:08 dev eth0 nud permanent
            """,
            after="address delete 10.8.0.1/24 dev eth0",
            expect=(Expect("RC408", ("10.8.0.9",)),),
        ),
    ),
)

POLICY = Host(
    "policy1",
    33,
    "Policy rules that lead nowhere, and one that is missing.",
    (
        Scene(
            "A rule to a table that is empty.",
            before="rule add pref 2001 from 192.0.2.33 lookup 2001",
            expect=(Expect("RC301", ("2001",)),),
        ),
        Scene(
            "A rule of a link that is gone.",
            links=("gone0",),
            before="rule add pref 2002 iif gone0 lookup main",
            after="link delete gone0",
            expect=(Expect("RC302", ("gone0",)),),
        ),
        Scene(
            "A rule from an address that left.",
            before="""
                address add 192.0.2.181/32 dev eth0
                rule add pref 2003 from 192.0.2.181 lookup 2003
                route add default via 192.0.2.1 table 2003
            """,
            after="address delete 192.0.2.181/32 dev eth0",
            expect=(Expect("RC303", ("192.0.2.181",)),),
        ),
        Scene(
            "A declared rule that another tool's clean-up took.",
            intent={"rules": [{"priority": 2004, "to": "10.20.0.0/16", "table": 254}]},
            expect=(Expect("RC304", ("10.20.0.0/16",)),),
        ),
    ),
)

LINK = Host(
    "link1",
    34,
    "Links that are needed and do not work.",
    (
        Scene(
            "A declared link is down.",
            links=("lan1",),
            before="link set lan1 down",
            intent={"links": [{"name": "lan1"}]},
            expect=(Expect("RC401", ("lan1",)),),
        ),
        Scene(
            "A declared link has no carrier.",
            links=("lan2",),
            far="link set {host}.lan2 down",
            intent={"links": [{"name": "lan2"}]},
            expect=(Expect("RC402", ("lan2",)),),
        ),
        Scene(
            "A tunnel that sends from an address which left.",
            before="""
                address add 192.0.2.171/32 dev eth0
                link add vx1 type vxlan id 34 local 192.0.2.171 remote 192.0.2.21 dstport 4789
                address add 10.71.0.1/24 dev vx1
                link set vx1 up
            """,
            after="address delete 192.0.2.171/32 dev eth0",
            expect=(Expect("RC403", ("vx1", "192.0.2.171")),),
        ),
        Scene(
            "An address that another host holds: duplicate address detection fails.",
            sysctl={"net.ipv6.conf.eth0.accept_dad": "1"},
            before="address add 2001:db8:1::99/64 dev eth0",
            until=Until("-6 address show dev eth0", "dadfailed"),
            expect=(Expect("RC409", ("2001:db8:1::99",)),),
        ),
    ),
)

VPN = (
    Host("peer1", 41, "Healthy: the far end of the VPN's sessions.", vpn=Vpn(PEERS[0], _EVERYBODY, far=True)),
    Host("peer2", 42, "Healthy: the other far end.", vpn=Vpn(PEERS[1], _EVERYBODY, far=True)),
    Host(
        "vpn1",
        11,
        "The incident: sessions that outlived their address, and a healthy one beside them over the same socket.",
        (
            Scene(
                "Connected with an allocated address, disconnected, connected without it.",
                expect=(Expect("RC102", (ALLOCATED, "doublezero0", *PEERS)),),
            ),
        ),
        Vpn(CLIENTS["vpn1"][0], PEERS, reconnects=True),
    ),
    Host(
        "vpn2",
        12,
        "Healthy: the same story with a repaired daemon.",
        vpn=Vpn(CLIENTS["vpn2"][0], PEERS, fixed=True, reconnects=True),
    ),
    Host(
        "vpn3",
        13,
        "Healthy: somebody writes lies into the daemon's log.",
        vpn=Vpn(CLIENTS["vpn3"][0], PEERS, lie=PEERS[0]),
    ),
)

HOSTS = (PLAIN, BUSY, *VPN, APP, ROUTER, POLICY, LINK)
"""In the order in which they are made."""
