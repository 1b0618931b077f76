# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A filter in the words of tcpdump (pcap-filter(7)): what a person would type to capture the same. Pure."""

from __future__ import annotations

import typing as t

from . import words
from .filter import Filter, Network, Range, of_family

_NAMES = {number: name for name, number in words.PROTOCOLS.items() if name in ("tcp", "udp", "sctp")}


def expression(wanted: Filter, excluded: t.Sequence[Filter] = ()) -> str:
    """Empty where all packets match. Unlike ours, tcpdump's looks behind a VLAN tag only where ``vlan`` is said."""
    text = _filter(wanted)
    left_out = ["not (%s)" % _filter(one) for one in excluded]
    return " and ".join((["(%s)" % text] if text and left_out else [text] if text else []) + left_out)


def command(
    interface: str | None, snaplen: int, packets: int | None, direction: str | None, netns: object, text: str
) -> t.List[str]:
    """The words of tcpdump."""
    argv = ["ip", "netns", "exec", str(netns)] if netns is not None else []
    argv += ["tcpdump", "-n", "-p", "-i", interface or "any", "-s", str(snaplen)]
    argv += ["-c", str(packets)] if packets is not None else []
    argv += ["-Q", direction] if direction is not None else []
    return argv + ([text] if text else [])


def _filter(wanted: Filter) -> str:
    parts = ["vlan %d" % wanted.vlan] if wanted.vlan is not None else []
    if not wanted.is_about_all:
        kinds = [_ip(wanted, family) for family in (4, 6) if wanted.may_be(family)]
        kinds += [_arp(wanted)] if wanted.matches_arp else []
        parts.append(kinds[0] if len(kinds) == 1 else "(%s)" % " or ".join("(%s)" % kind for kind in kinds))
    return " and ".join(parts)


def _ip(wanted: Filter, family: int) -> str:
    name = "ip" if family == 4 else "ip6"
    parts = [name]
    protocols = wanted.protocols(family)
    if protocols and not (wanted.ports or wanted.sports or wanted.dports):
        parts.append(_either(_protocol(name, number, wanted.needs_transport) for number in protocols))
    elif protocols != words.WITH_PORTS:
        parts += [_NAMES[number] for number in protocols]
    parts += _addresses(wanted, family)
    for way, ranges in (("", wanted.ports), ("src ", wanted.sports), ("dst ", wanted.dports)):
        if ranges:
            parts.append(_either("%s%s" % (way, _range(one)) for one in ranges))
    where = "tcp" if family == 4 else "ip6"
    if wanted.tcp_flags:
        parts.append("%s[%d] & 0x%02x != 0" % (where, 13 if family == 4 else 53, wanted.tcp_flags))
    types = wanted.types(family)
    if types:
        parts.append(_either("%s = %d" % ("icmp[0]" if family == 4 else "ip6[40]", number) for number in types))
    return " and ".join(parts)


def _protocol(name: str, number: int, only_first: bool) -> str:
    # What looks behind the header has no use for fragments of IPv6.
    if name == "ip" or only_first:
        return "%s[%d] = %d" % (name, 9 if name == "ip" else 6, number)
    return "(ip6[6] = %d or (ip6[6] = 44 and ip6[40] = %d))" % (number, number)


def _arp(wanted: Filter) -> str:
    return " and ".join(["arp", *_addresses(wanted, 4)])


def _addresses(wanted: Filter, family: int) -> t.List[str]:
    found = []
    for way, networks in (("", wanted.hosts), ("src ", wanted.sources), ("dst ", wanted.destinations)):
        if networks:
            found.append(_either("%s%s" % (way, _network(network)) for network in of_family(networks, family)))
    return found


def _network(network: Network) -> str:
    if network.prefixlen == network.max_prefixlen:
        return "host %s" % network.network_address
    return "net %s" % network


def _range(ends: Range) -> str:
    return "port %d" % ends[0] if ends[0] == ends[1] else "portrange %d-%d" % ends


def _either(parts: t.Iterable[str]) -> str:
    found = list(parts)
    return found[0] if len(found) == 1 else "(%s)" % " or ".join(found)
