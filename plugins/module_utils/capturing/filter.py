# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is captured: the option as it is given, checked, and what follows from it. Pure."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from . import words

Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
Range = t.Tuple[int, int]

FAMILIES = {"ipv4": 4, "ipv6": 6}
LONGEST_LIST = 16
"""Addresses, ports or types of one option."""
OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "family": {"type": "str", "choices": list(FAMILIES)},
    "protocol": {"type": "str"},
    "host": {"type": "list", "elements": "str"},
    "src": {"type": "list", "elements": "str"},
    "dst": {"type": "list", "elements": "str"},
    "port": {"type": "list", "elements": "str"},
    "sport": {"type": "list", "elements": "str"},
    "dport": {"type": "list", "elements": "str"},
    "icmp_type": {"type": "list", "elements": "str"},
    "tcp_flags": {"type": "list", "elements": "str", "choices": list(words.FLAGS)},
    "vlan": {"type": "int"},
}
"""The argument spec of O(filter) and O(exclude)."""


@dataclasses.dataclass(frozen=True)
class Filter:
    """All that is set must hold of a packet; of a list, one item."""

    family: int | None = None
    protocol: int | str | None = None
    """An IP protocol, or ``icmp`` (of either family) or ``arp``."""
    hosts: t.Tuple[Network, ...] = ()
    """Source or destination."""
    sources: t.Tuple[Network, ...] = ()
    destinations: t.Tuple[Network, ...] = ()
    ports: t.Tuple[Range, ...] = ()
    sports: t.Tuple[Range, ...] = ()
    dports: t.Tuple[Range, ...] = ()
    icmp_types: t.Tuple[int | str, ...] = ()
    """Numbers, of the family that is set, or names."""
    tcp_flags: int = 0
    """Flags of which at least one is set."""
    vlan: int | None = None

    @property
    def is_about_all(self) -> bool:
        """Does what a frame carries not matter?"""
        return dataclasses.replace(self, vlan=None) == Filter()

    @property
    def needs_transport(self) -> bool:
        """Is the header behind that of IP looked at? Only the first fragment has it."""
        return bool(self.ports or self.sports or self.dports or self.icmp_types or self.tcp_flags)

    @property
    def matches_arp(self) -> bool:
        """ARP counts as being about the addresses that it names, unless IP is asked for."""
        if self.protocol == "arp":
            return True
        only_addresses = self.family is None and self.protocol is None and not self.needs_transport
        return only_addresses and self.may_be(4)

    def may_be(self, family: int) -> bool:
        """Can a packet of that family match?"""
        if self.protocol == "arp" or self.family not in (None, family):
            return False
        return all(of_family(networks, family) for networks in self.address_lists if networks) and (
            not self.icmp_types or bool(self.types(family))
        )

    @property
    def address_lists(self) -> t.Tuple[t.Tuple[Network, ...], ...]:
        return self.hosts, self.sources, self.destinations

    def protocols(self, family: int) -> t.Tuple[int, ...]:
        """The IP protocols that match; none where all do."""
        if self.icmp_types or self.protocol == "icmp":
            return (words.ICMP[family],)
        if isinstance(self.protocol, int):
            return (self.protocol,)
        if self.tcp_flags:
            return (words.TCP,)
        return words.WITH_PORTS if self.needs_transport else ()

    def types(self, family: int) -> t.Tuple[int, ...]:
        """The ICMP types of that family that match."""
        found = []
        for one in self.icmp_types:
            number = words.TYPES[one].get(family) if isinstance(one, str) else one
            if number is not None:
                found.append(number)
        return tuple(found)


def of_family(networks: t.Iterable[Network], family: int) -> t.Tuple[Network, ...]:
    return tuple(network for network in networks if network.version == family)


def parse(given: t.Mapping[str, t.Any] | None, option: str = "filter") -> Filter:
    """The filter that an option says; that of all packets for None. Raises ValueError with the words for the user."""
    given = given or {}
    made = Filter(
        family=FAMILIES[given["family"]] if given.get("family") else None,
        protocol=_protocol(given.get("protocol"), option + ".protocol"),
        hosts=_networks(given.get("host"), option + ".host"),
        sources=_networks(given.get("src"), option + ".src"),
        destinations=_networks(given.get("dst"), option + ".dst"),
        ports=_ranges(given.get("port"), option + ".port"),
        sports=_ranges(given.get("sport"), option + ".sport"),
        dports=_ranges(given.get("dport"), option + ".dport"),
        icmp_types=_types(given.get("icmp_type"), option + ".icmp_type"),
        tcp_flags=_flags(given.get("tcp_flags")),
        vlan=_vlan(given.get("vlan"), option + ".vlan"),
    )
    _check(made, option)
    return made


def _protocol(text: str | None, option: str) -> int | str | None:
    if text is None:
        return None
    name = text.lower()
    if name in ("icmp", "arp"):
        return name
    if name in words.PROTOCOLS:
        return words.PROTOCOLS[name]
    if name.isascii() and name.isdigit() and int(name) <= 255:
        return int(name)
    known = sorted([*words.PROTOCOLS, "arp", "icmp"])
    raise ValueError(
        "%s: %r is no protocol; expected %s or the number of an IP protocol" % (option, text, ", ".join(known))
    )


def _bounded(given: t.Sequence[str] | None, option: str) -> t.Sequence[str]:
    given = given or ()
    if len(given) > LONGEST_LIST:
        raise ValueError("%s: %d is more than the %d that may be named" % (option, len(given), LONGEST_LIST))
    return given


def _networks(given: t.Sequence[str] | None, option: str) -> t.Tuple[Network, ...]:
    return tuple(_network(text, option) for text in _bounded(given, option))


def _network(text: str, option: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        pass
    try:
        wider = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(
            "%s: %r is neither an address nor a prefix, such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32"
            % (option, text)
        ) from None
    raise ValueError(
        "%s: %r has bits behind its prefix; is %s meant, or %s?" % (option, text, wider, text.partition("/")[0])
    )


def _ranges(given: t.Sequence[str] | None, option: str) -> t.Tuple[Range, ...]:
    return tuple(_range(str(text), option) for text in _bounded(given, option))


def _range(text: str, option: str) -> Range:
    low, dash, high = text.partition("-")
    ends = (low, high if dash else low)
    if all(end.isascii() and end.isdigit() and int(end) <= 0xFFFF for end in ends) and int(ends[0]) <= int(ends[1]):
        return int(ends[0]), int(ends[1])
    raise ValueError("%s: %r is neither a port from 0 to 65535 nor a range such as 8000-8099" % (option, text))


def _types(given: t.Sequence[str] | None, option: str) -> t.Tuple[int | str, ...]:
    found: t.List[int | str] = []
    for text in _bounded(given, option):
        if text in words.TYPES:
            found.append(text)
        elif text.isascii() and text.isdigit() and int(text) <= 255:
            found.append(int(text))
        else:
            raise ValueError(
                "%s: %r is no type of ICMP; expected %s or a number from 0 to 255"
                % (option, text, ", ".join(words.TYPES))
            )
    return tuple(found)


def _flags(given: t.Sequence[str] | None) -> int:
    mask = 0
    for name in given or ():
        mask |= words.FLAGS[name]
    return mask


def _vlan(number: int | None, option: str) -> int | None:
    if number is not None and not 0 <= number <= 4095:
        raise ValueError("%s: %d is no VLAN ID from 0 to 4095" % (option, number))
    return number


def _check(made: Filter, option: str) -> None:
    """What contradicts itself would wait for packets that cannot come."""
    if made.ports or made.sports or made.dports:
        if made.protocol is not None and made.protocol not in words.WITH_PORTS or made.icmp_types:
            raise ValueError("%s: ports are of tcp, udp and sctp only" % option)
    if made.icmp_types and made.protocol not in (None, "icmp"):
        raise ValueError("%s: icmp_type is of icmp only; leave out protocol" % option)
    if any(isinstance(one, int) for one in made.icmp_types) and made.family is None:
        raise ValueError(
            "%s: the number of an icmp_type is another type in each family; say family, or a name" % option
        )
    if made.tcp_flags and (made.protocol not in (None, words.TCP) or made.icmp_types):
        raise ValueError("%s: tcp_flags are of tcp only; leave out protocol" % option)
    if made.protocol == "arp":
        if made.family is not None or made.needs_transport:
            raise ValueError("%s: arp is no IP; only host, src, dst and vlan go with it" % option)
        if any(network.version == 6 for networks in made.address_lists for network in networks):
            raise ValueError(
                "%s: arp is about IPv4 addresses; of IPv6, ask for icmp_type neighbour-solicitation" % option
            )
        return
    if not made.may_be(4) and not made.may_be(6):
        raise ValueError(
            "%s: no packet can match: family, addresses and icmp_type have no family of IP in common" % option
        )
