# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A destination that is given by its name: a real DNS server in a namespace beside the host that asks it."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import time

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.child import in_child
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence import resolving
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import namespace
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.story.tell import explain_info
from ansible_collections.netmend.reclaim.tests.integration.kernel.test_explain import start, told

NAME = "vpn.example.net"
ZONE = (
    "--host-record=vpn.example.net,198.51.100.3,2001:db8:7::3",
    "--host-record=four.example.net,198.51.100.3",
    "--address=/example.net/",
)
"""The last one: all others of the zone do not exist."""
QUICK = "options timeout:1 attempts:1\n"


@pytest.fixture
def host(netns):
    """A host with an address and a default route of IPv4, and no IPv6 but what is on the link."""
    ns, router = netns(), netns()
    ns.sh("ip link add eth0 type veth peer name veth1 netns %s" % router.name)
    router.sh("ip link set veth1 up; ip address add 192.0.2.1/24 dev veth1; ip address add 198.51.100.3/32 dev lo")
    router.sh("ip address add 2001:db8:1::1/64 dev veth1 nodad; ip address add 2001:db8:7::3/128 dev lo nodad")
    ns.sh("ip link set eth0 up; ip address add 192.0.2.10/24 dev eth0; ip route add default via 192.0.2.1")
    ns.router = router
    return ns


@pytest.fixture
def dns(host, resolv_conf):
    """The router is the DNS server that the host asks."""
    resolv_conf("nameserver 192.0.2.1\n" + QUICK)
    program = shutil.which("dnsmasq", path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip("there is no dnsmasq")
    server = host.router.start(
        [program, "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
         "--user=root", "--pid-file=", "--listen-address=192.0.2.1", "--bind-interfaces", *ZONE],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    host.router.until("ss -Hulnp sport = :53 | grep -q dnsmasq")
    return server


def give_ipv6(host) -> None:
    host.sh("ip address add 2001:db8:1::10/64 dev eth0 nodad; ip route add default via 2001:db8:1::1")


def name_of(found):
    return [(item["address"], item["verdict"]) for item in found["name"]["addresses"]]


# It resolves ----------------------------------------------------------------------------------------------------------


def test_a_name_is_resolved_where_it_is_asked_from(host, dns) -> None:
    found = told(host, to="four.example.net", protocol="tcp", port=443)
    assert (found["verdict"], found["question"]["to"]) == ("ok", "four.example.net")
    assert name_of(found) == [("198.51.100.3", "ok")]
    assert (found["name"]["error"], found["name"]["fallback"], found["name"]["resolvers"]) == (None, None, [])
    assert (found["flow"]["to"], found["flow"]["port"]) == ("198.51.100.3", 443)
    assert found["chain"][0] == {
        "kind": "name", "text": "four.example.net is 198.51.100.3 (ok)", "ok": True,
        "command": "ip netns exec %s getent ahosts four.example.net" % host.name,
    }  # fmt: skip
    shown = subprocess.run(found["chain"][0]["command"].split(), capture_output=True, text=True, timeout=30, check=True)
    assert shown.stdout.startswith("198.51.100.3")
    # What stops the address stops the name.
    host.sh("ip route add blackhole 198.51.100.3")
    refused = told(host, to="four.example.net")
    assert (refused["verdict"], refused["errno"]) == ("route-refuses", "EINVAL")


def test_an_aaaa_record_on_a_host_without_ipv6(host, dns) -> None:
    """The order is that of RFC 6724: what cannot be reached comes last. Programs that try IPv6 first hear ENETUNREACH."""
    found = told(host, to=NAME)
    assert found["verdict"] == "ok"
    assert name_of(found) == [("198.51.100.3", "ok"), ("2001:db8:7::3", "route-missing")]
    assert found["name"]["fallback"] == (
        "A program that tries 2001:db8:7::3 is told ENETUNREACH, and works only where it falls back to 198.51.100.3. "
        "It is IPv6 (AAAA) that has no way from here; IPv4 works."
    )
    assert found["others"] == []


def test_with_ipv6_there_is_nothing_to_fall_back_from(host, dns) -> None:
    give_ipv6(host)
    found = told(host, to=NAME)
    assert dict(name_of(found)) == {"198.51.100.3": "ok", "2001:db8:7::3": "ok"}
    assert (found["verdict"], found["name"]["fallback"]) == ("ok", None)
    # The first one is stopped where getaddrinfo cannot see it: the story is about that one.
    first = found["name"]["addresses"][0]["address"]
    host.sh(
        "nft add table inet t; nft add chain inet t o '{ type filter hook output priority 0; }'; "
        "nft add rule inet t o %s daddr %s drop" % ("ip6" if ":" in first else "ip", first)
    )
    stopped = told(host, to=NAME)
    assert (stopped["verdict"], stopped["flow"]["to"]) == ("firewall", first)
    assert "is stopped by the firewall, and works only where it falls back" in stopped["name"]["fallback"]


def test_a_send_that_somebody_tells_of_comes_first(host, dns, tmp_path) -> None:
    log = tmp_path / "daemon.log"
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    log.write_text(
        "%s h daemon: dial tcp [2001:db8:7::3]:443: connect: network is unreachable\n" % stamp, encoding="utf-8"
    )
    found = told(host, to=NAME, logs=[str(log)])
    assert (found["verdict"], found["flow"]["to"], found["errno"]) == ("route-missing", "2001:db8:7::3", "ENETUNREACH")
    assert [item["source"] for item in found["witnesses"]] == ["log"]
    assert [(item["to"], item["verdict"]) for item in found["others"]] == [("198.51.100.3", "ok")]
    assert "works only where it falls back to 198.51.100.3" in found["name"]["fallback"]


def test_a_programs_dead_session_is_found_by_the_name(host, dns) -> None:
    host.sh("ip address add 192.0.2.77/24 dev eth0")
    start(host, "vpn-daemon", "192.0.2.77", "198.51.100.3", "4789")
    host.sh("ip address del 192.0.2.77/24 dev eth0")
    found = told(host, to=NAME)
    assert (found["verdict"], found["flow"]["program"]) == ("source-gone", "vpn-daemon")
    assert found["name"]["name"] == NAME


def test_only_addresses_of_the_sources_kind_count(host, dns) -> None:
    found = told(host, to=NAME, source="192.0.2.10")
    assert name_of(found) == [("198.51.100.3", "ok")]
    with Kernel(host.name) as kernel, pytest.raises(ValueError, match=r"four\.example\.net has no IPv6 address"):
        explain_info({"to": "four.example.net", "source": "2001:db8:1::10"}, kernel)


def test_the_namespaces_own_hosts_file_counts(host, dns) -> None:
    """As for what ``ip netns exec`` runs; the host's own file is not seen there, nor changed by it."""
    hosts = pathlib.Path("/etc/netns") / host.name / "hosts"
    before = pathlib.Path("/etc/hosts").read_bytes()
    hosts.write_text("203.0.113.9 %s\n" % NAME, encoding="utf-8")
    try:
        assert host.sh("getent ahosts %s" % NAME).split()[0] == "203.0.113.9"
        assert name_of(told(host, to=NAME)) == [("203.0.113.9", "ok")]
        with host.entered(), Kernel() as kernel:  # and from inside, without its mounts
            assert name_of(explain_info({"to": NAME}, kernel)) == [("203.0.113.9", "ok")]
    finally:
        hosts.unlink()
    assert pathlib.Path("/etc/hosts").read_bytes() == before


def test_a_container_has_files_of_its_own(netns, dns, host) -> None:
    """Its hosts and its resolv.conf are read; its libraries are not run."""
    script = (
        "mount -t tmpfs none /mnt; echo 203.0.113.8 inside.example.net >/mnt/h; mount --bind /mnt/h /etc/hosts; "
        "echo nameserver 192.0.2.1 >/mnt/r; mount --bind /mnt/r /etc/resolv.conf; echo open; cat"
    )
    holder = host.start(["unshare", "--mount", "sh", "-ec", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == "open\n"
    host_dir = pathlib.Path("/etc/netns") / host.name
    kept = (host_dir / "resolv.conf").read_text()
    (host_dir / "resolv.conf").unlink()
    host_dir.rmdir()
    try:
        for name, address in (("inside.example.net", "203.0.113.8"), ("four.example.net", "198.51.100.3")):
            found = resolving.resolve(name, holder.pid, [])
            assert found.addresses == ((address, None),)
    finally:
        host_dir.mkdir()
        (host_dir / "resolv.conf").write_text(kept)


def test_without_root_it_is_said_whose_files_were_taken(host, dns) -> None:
    """From inside, as one who may not have mounts of his own."""

    def ask():
        namespace.enter(host.name)
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        unseen = []
        resolving.resolve("localhost", None, unseen)
        return [[item.what, item.why] for item in unseen]

    (said,) = in_child(ask, 60)
    assert said[0] == "name resolution in this namespace by its own files"
    assert said[1].endswith("the host's are taken")


# It does not ----------------------------------------------------------------------------------------------------------


def resolvers_of(found):
    return [(item["address"], item["reply"]) for item in found["name"]["resolvers"]]


def test_there_is_no_such_name(host, dns) -> None:
    found = told(host, to="vpm.example.net")
    assert (found["verdict"], found["name"]["error"], found["errno"]) == ("name", "EAI_NONAME", None)
    assert resolvers_of(found) == [("192.0.2.1", "NXDOMAIN")]
    assert (
        "192.0.2.1:53 (/etc/netns/%s/resolv.conf line 1) says that there is no such name" % host.name in found["cause"]
    )
    assert [item["ok"] for item in found["chain"] if item["kind"] in ("name", "resolver")] == [False, True]
    assert any(item["what"] == "Adding a route" and "has answered" in item["why"] for item in found["does_not"])


def test_the_dns_server_died(host, dns) -> None:
    dns.kill()
    dns.wait(timeout=10)
    found = told(host, to=NAME)
    assert (found["verdict"], found["name"]["error"]) == ("configuration", "EAI_AGAIN")
    assert resolvers_of(found) == [("192.0.2.1", "ECONNREFUSED")]
    assert found["cause"].startswith("%s does not resolve (EAI_AGAIN" % NAME)
    assert "nothing listens at that address and port, or" in found["cause"]
    assert found["flow"]["to"] == "192.0.2.1" and found["flow"]["port"] == 53
    command = next(item["command"] for item in found["chain"] if item["kind"] == "resolver")
    assert command == "ip netns exec %s dig +time=2 +tries=1 @192.0.2.1 %s" % (host.name, NAME)


def test_the_dns_server_is_silent(host, dns) -> None:
    host.router.sh("nft add table inet t; nft add chain inet t i '{ type filter hook input priority 0; }'; "
                   "nft add rule inet t i udp dport 53 drop")  # fmt: skip
    found = told(host, to=NAME)
    assert (found["verdict"], found["name"]["error"]) == ("configuration", "EAI_AGAIN")
    assert resolvers_of(found) == [("192.0.2.1", None)] and "does not answer" in found["cause"]


@pytest.mark.parametrize(
    ("commands", "verdict", "reply"),
    [
        ("ip route del default", "route-missing", "ENETUNREACH"),
        ("ip route del default; ip link set eth0 down", "link-down", "ENETUNREACH"),
        ("ip rule add pref 100 to 198.51.100.0/24 prohibit", "rule-refuses", "EACCES"),
        ("nft add table inet t; nft add chain inet t o '{ type filter hook output priority 0; }'; "
         "nft add rule inet t o udp dport 53 drop", "firewall", "EPERM"),
    ],
)  # fmt: skip
def test_what_keeps_the_dns_server_away_is_what_is_wrong(host, dns, resolv_conf, commands, verdict, reply) -> None:
    """The causes stay apart where it is the name that fails: the flow to the server is explained like any other."""
    resolv_conf("nameserver 198.51.100.3\n" + QUICK)
    host.sh(commands)
    found = told(host, to=NAME)
    assert (found["verdict"], found["name"]["error"]) == (verdict, "EAI_AGAIN")
    assert resolvers_of(found) == [("198.51.100.3", reply)]
    assert found["cause"].startswith("%s does not resolve (EAI_AGAIN" % NAME)
    assert found["flow"]["to"] == "198.51.100.3"
    # As for the address itself, with the same remedies.
    plain = told(host, to="198.51.100.3", protocol="udp", port=53)
    assert (plain["verdict"], plain["mends"]) == (verdict, found["mends"])


def test_the_second_server_knows(host, dns, resolv_conf) -> None:
    """What it says counts, although the first one is away."""
    resolv_conf("nameserver 203.0.113.53\nnameserver 192.0.2.1\n" + QUICK)
    host.sh("ip route add unreachable 203.0.113.53")
    assert told(host, to="four.example.net")["verdict"] == "ok"
    found = told(host, to="vpm.example.net")
    assert found["verdict"] == "name"
    assert resolvers_of(found) == [("203.0.113.53", "EHOSTUNREACH"), ("192.0.2.1", "NXDOMAIN")]
    assert found["flow"]["to"] == "192.0.2.1"


def test_no_server_is_named(host, dns, resolv_conf) -> None:
    resolv_conf("# nobody\n" + QUICK)
    found = told(host, to=NAME)
    assert found["verdict"] == "configuration"
    assert resolvers_of(found) == [("127.0.0.1", "ECONNREFUSED")]


def test_another_server_is_declared(host, dns, resolv_conf) -> None:
    """The DNS server that is asked answers, and is not the one that should be: that is why it does not know the name."""
    found = told(host, to="vpm.example.net", intent={"resolvers": ["192.0.2.53"]})
    assert found["verdict"] == "configuration"
    assert "RC602" in {item["rule"] for item in found["findings"]}


def test_it_is_bounded_in_time(host, dns, resolv_conf) -> None:
    """A server that is silent, and options that make a program wait for minutes."""
    host.sh("ip address add 203.0.113.1/24 dev eth0; ip neigh add 203.0.113.53 lladdr 02:00:00:00:00:01 dev eth0")
    resolv_conf("nameserver 203.0.113.53\noptions timeout:30 attempts:5\n")
    children = set(pathlib.Path("/proc/self/task/%d/children" % os.getpid()).read_text().split())
    found = resolving.resolve(NAME, host.name, [], seconds=0.5)
    assert (found.addresses, found.error) == ((), "ETIMEDOUT")
    left = set(pathlib.Path("/proc/self/task/%d/children" % os.getpid()).read_text().split())
    assert left <= children
