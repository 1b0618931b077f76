# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be asked of a probe, and what its means make of bytes that come from outside."""

from __future__ import annotations

import errno
import socket
import struct
import typing as t

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.probing import causes, icmp
from ansible_collections.netmend.reclaim.plugins.module_utils.probing.options import METHODS, OPTIONS, question
from ansible_collections.netmend.reclaim.plugins.module_utils.probing.run import command, plan, probe
from hypothesis import given
from hypothesis import strategies as st

DEFAULTS = {name: option.get("default") for name, option in OPTIONS.items()}


def asked(**options: t.Any) -> t.Any:
    return question({**DEFAULTS, "to": "198.51.100.3", **options})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"to": "host.example"}, "to: 'host.example' does not appear"),
        ({"to": "0.0.0.0"}, "to: 0.0.0.0 is not the address of one host"),
        ({"to": "255.255.255.255"}, "not the address of one host"),
        ({"to": "ff02::1", "interface": "eth0"}, "not the address of one host"),
        ({"to": "::ffff:192.0.2.1"}, "write 192.0.2.1"),
        ({"to": "fe80::1"}, "say on which one"),
        ({"to": "fe80::1%eth0", "interface": "eth1"}, "its zone 'eth0' and interface 'eth1' differ"),
        ({"interface": "a" * 16}, "interface: 'aaaaaaaaaaaaaaaa' is not the name of a link"),
        ({"source": "2001:db8::1"}, "source: 2001:db8::1 and to 198.51.100.3 are not of one family"),
        ({"source": "here"}, "source: 'here'"),
        ({"mark": "0x100000000"}, "mark: '0x100000000' is no number"),
        ({"count": 0}, "count: 0 is not a number of packets from 1 to 10"),
        ({"timeout": 0.0}, "timeout: 0.0 is not a number of seconds"),
        ({"timeout": float("nan")}, "timeout: nan"),
        ({"timeout": float("inf")}, "timeout: inf"),
        ({"method": "tcp"}, "port: method tcp connects to a port; name it"),
        ({"method": "tcp", "port": 65536}, "port: 65536 is not a port"),
        ({"method": "icmp", "port": 7}, "port: method icmp sends echo requests"),
        ({"method": "path_mtu", "port": 7}, "port: method path_mtu"),
        ({"method": "traceroute", "ttl": 3}, "ttl: a traceroute tries one after the other"),
        ({"ttl": 256}, "ttl: 256 is not a number of hops from 1 to 255"),
        ({"max_hops": 5}, "max_hops: only method traceroute"),
        ({"method": "traceroute", "max_hops": 65}, "max_hops: 65 is not a number of hops from 1 to 64"),
        ({"method": "traceroute", "count": 10}, "count: 10 packets for each of 30 hops are more than 200"),
        ({"size": 35}, "size: 35 is not a number of bytes, of the whole IPv4 packet, from 36 to 65535"),
        ({"to": "2001:db8::1", "size": 55}, "from 56 to 65535"),
        ({"method": "tcp", "port": 1, "size": 100}, "size: a connection is opened with packets of one size"),
    ],
)
def test_options_that_make_no_sense(options: t.Mapping[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("(", r"\(").replace(".", r"\.")):
        asked(**options)


def test_defaults_and_zones() -> None:
    assert asked(method="udp").port == 7
    assert asked(source="0.0.0.0").source is None
    zoned = asked(to="fe80::1%eth0", source="fe80::2%eth0", mark="0x10")
    assert (zoned.to, zoned.source, zoned.interface, zoned.mark, zoned.family) == ("fe80::1", "fe80::2", "eth0", 16, 6)


@pytest.mark.parametrize("method", METHODS)
def test_what_would_be_sent_is_bounded_and_said(method: str) -> None:
    port = 53 if method in ("tcp", "udp") else None
    for count, timeout in ((1, 0.1), (3, 1.0), (6, 10.0)):
        said = plan(asked(method=method, port=port, count=count, timeout=timeout))
        assert 0 < said["packets"] <= 200 and said["seconds"] < 180
        assert "198.51.100.3" in said["words"] and str(said["packets"]) in said["words"]


def test_what_a_person_would_type() -> None:
    told = asked(method="path_mtu", size=1400, source="192.0.2.10")
    assert command(told) == "ping -n -c 3 -M do -s 1372 -I 192.0.2.10 198.51.100.3"
    told = asked(method="traceroute", interface="eth0")
    assert command(told, "vpn1") == "ip netns exec vpn1 traceroute -n -4 -m 30 -q 3 -I -i eth0 198.51.100.3"
    assert command(asked(method="tcp", port=443)) == "nc -n -v -z -w 1 198.51.100.3 443"
    told = asked(to="2001:db8::1", method="udp", interface="x; reboot")
    assert command(told) == "nc -n -v -z -w 1 -u 2001:db8::1 7"
    assert "'x; reboot'" in command(asked(interface="x; reboot"))


def test_check_mode_says_what_would_be_sent() -> None:
    found = probe({**DEFAULTS, "to": "198.51.100.3"}, True)
    assert (found["verdict"], found["sent"], found["packets"], found["errno"]) == ("not-sent", False, [], None)


# What comes from outside ----------------------------------------------------------------------------------------------


@given(st.sampled_from((4, 6)), st.integers(0, 65535), st.integers(0, 65535), st.binary(max_size=64))
def test_an_echo_request_has_the_checksum_that_makes_its_sum_zero(
    family: int, number: int, sequence: int, load: bytes
) -> None:
    data = icmp.echo_request(family, number, sequence, load)
    assert icmp.echo(data) == (icmp.REQUEST[family], number, sequence, load)
    padded = data + b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(padded) // 2), padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    assert total == 0xFFFF


@given(st.binary(max_size=80))
def test_any_bytes(data: bytes) -> None:
    cause = causes.parsed(data)
    assert cause is None or (cause.name in (*icmp.NAMES, "too-big-here", "refused") and cause.words)
    icmp.echo(icmp.without_header(data))


@pytest.mark.parametrize("family", [4, 6])
def test_each_icmp_error_has_a_name_and_words(family: int) -> None:
    for kind in range(256):
        for code in range(20):
            name, words = icmp.meaning(family, kind, code)
            assert name in icmp.NAMES and words
    assert icmp.meaning(4, 3, 4)[0] == icmp.meaning(6, 2, 0)[0] == "too-big"
    assert icmp.meaning(4, 3, 13)[0] == icmp.meaning(6, 1, 1)[0] == "prohibited"
    assert icmp.meaning(4, 11, 0)[0] == icmp.meaning(6, 3, 0)[0] == "ttl-exceeded"
    assert icmp.meaning(4, 42, 1) == ("other", "ICMP type 42 code 1")


def test_an_error_with_its_offender() -> None:
    error = struct.pack("=IBBBBII", errno.EMSGSIZE, 2, 3, 4, 0, 1400, 0)
    offender = struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton("192.0.2.1"))
    cause = causes.parsed(error + offender)
    assert cause is not None
    assert (cause.name, cause.origin, cause.type, cause.code, cause.errno) == ("too-big", "icmp", 3, 4, "EMSGSIZE")
    assert (cause.by, cause.mtu) == ("192.0.2.1", 1400)
    assert causes.parsed(error[:8]) is None
    assert causes.parsed(struct.pack("=IBBBBII", 0, 4, 0, 0, 0, 0, 0)) is None, "a timestamp is no error"
