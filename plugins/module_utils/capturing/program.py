# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A filter as a program of the classic packet filter, which the kernel runs before a packet is copied. Pure.

A packet that ends before a field that the program reads does not match. In IPv4, options are skipped by the header's length,
and of a fragmented packet only the first part has ports, types and flags; addresses and protocol match all parts. In IPv6,
the protocol is the next header of the fixed one (or of a fragment header right behind it): other extension headers are
not walked through. A VLAN tag is where the kernel put it, beside the packet or in front of what the packet carries.
"""

from __future__ import annotations

import typing as t

from . import words
from .assembler import (
    AND,
    JEQ,
    JGE,
    JGT,
    JSET,
    LD_B,
    LD_H,
    LD_IND_B,
    LD_IND_H,
    LD_W,
    LDX_MSH,
    PACKET_TYPE,
    PROTOCOL,
    RET,
    VLAN_TAG,
    VLAN_TAG_PRESENT,
    Assembler,
    Program,
)
from .filter import Filter, Network, Range, of_family

OUTGOING = 4
"""PACKET_OUTGOING (linux/if_packet.h)."""
DIRECTIONS = ("in", "out")


class Layout(t.NamedTuple):
    """Where the packet begins for the program."""

    network: int
    """Where the header of IP is, where there is no tag in front of it."""
    ethertype: int
    """Where the two bytes are that tell what the frame carries. The kernel's word where it has cut off the link's header."""


ETHERNET = Layout(14, 12)
COOKED = Layout(0, PROTOCOL)


def program(
    wanted: Filter, layout: Layout, snaplen: int, direction: str | None = None, excluded: t.Sequence[Filter] = ()
) -> Program:
    """Lets through at most ``snaplen`` bytes of what is wanted and not excluded. Raises ValueError where it gets too long."""
    code = _Coder(layout)
    matched, reject = code.fresh(), code.fresh()
    if direction is not None:
        right = code.fresh()
        code.do(LD_W, PACKET_TYPE)
        ways = (right, reject) if direction == "out" else (reject, right)
        code.jump(JEQ, OUTGOING, *ways)
        code.here(right)
    code.filter(wanted, matched, reject)
    code.here(matched)
    for one in excluded:
        other = code.fresh()
        code.filter(one, reject, other)
        code.here(other)
    code.do(RET, snaplen)
    code.here(reject)
    code.do(RET, 0)
    return code.program()


class _Coder(Assembler):
    """Each method goes to one of the two labels it is given, in every case."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self._layout = layout

    def filter(self, wanted: Filter, matched: str, failed: str) -> None:
        if wanted.vlan is not None:
            self._vlan(wanted.vlan, failed)
        if wanted.is_about_all:
            self.go(matched)
            return
        inner, outer = self.fresh(), self.fresh()
        self.do(LD_H if self._layout is ETHERNET else LD_W, self._layout.ethertype)
        self._any_of(JEQ, words.TAGS, inner, outer)
        self.here(inner)
        self.do(LD_H, self._layout.network + 2)
        self._carried(wanted, self._layout.network + 4, matched, failed)
        self.here(outer)
        self._carried(wanted, self._layout.network, matched, failed)

    def _vlan(self, number: int, failed: str) -> None:
        """The outermost tag is this one; goes on behind itself."""
        beside, within, here, compare = self.fresh(), self.fresh(), self.fresh(), self.fresh()
        self.do(LD_W, VLAN_TAG_PRESENT)
        self.jump(JEQ, 0, within, beside)
        self.here(beside)
        self.do(LD_W, VLAN_TAG)
        self.go(compare)
        self.here(within)
        self.do(LD_H if self._layout is ETHERNET else LD_W, self._layout.ethertype)
        tagged = self.fresh()
        self._any_of(JEQ, words.TAGS, tagged, failed)
        self.here(tagged)
        self.do(LD_H, self._layout.network)
        self.here(compare)
        self.do(AND, 0xFFF)
        self.jump(JEQ, number, here, failed)
        self.here(here)

    def _carried(self, wanted: Filter, at: int, matched: str, failed: str) -> None:
        """A is the ethertype of what stands at ``at``."""
        parts = []
        if wanted.may_be(4):
            parts.append((words.IPV4, self._ipv4))
        if wanted.may_be(6):
            parts.append((words.IPV6, self._ipv6))
        if wanted.matches_arp:
            parts.append((words.ARP, self._arp))
        for ethertype, part in parts:
            this, others = self.fresh(), self.fresh()
            self.jump(JEQ, ethertype, this, others)
            self.here(this)
            part(wanted, at, matched, failed)
            self.here(others)
        self.go(failed)

    def _ipv4(self, wanted: Filter, at: int, matched: str, failed: str) -> None:
        protocols = wanted.protocols(4)
        if protocols:
            self.do(LD_B, at + 9)
            self._must(JEQ, protocols, failed)
        self._addresses(wanted, 4, at + 12, at + 16, failed)
        if not wanted.needs_transport:
            self.go(matched)
            return
        first = self.fresh()
        self.do(LD_H, at + 6)
        self.jump(JSET, 0x1FFF, failed, first)
        self.here(first)
        self.do(LDX_MSH, at)
        self._transport(wanted, 4, at, LD_IND_B, LD_IND_H, matched, failed)

    def _ipv6(self, wanted: Filter, at: int, matched: str, failed: str) -> None:
        protocols = wanted.protocols(6)
        if protocols:
            right = self.fresh()
            self.do(LD_B, at + 6)
            if wanted.needs_transport:
                self._any_of(JEQ, protocols, right, failed)
            else:
                others, fragment = self.fresh(), self.fresh()
                self._any_of(JEQ, protocols, right, others)
                self.here(others)
                self.jump(JEQ, words.FRAGMENT, fragment, failed)
                self.here(fragment)
                self.do(LD_B, at + 40)
                self._any_of(JEQ, protocols, right, failed)
            self.here(right)
        self._addresses(wanted, 6, at + 8, at + 24, failed)
        if wanted.needs_transport:
            self._transport(wanted, 6, at + 40, LD_B, LD_H, matched, failed)
        else:
            self.go(matched)

    def _arp(self, wanted: Filter, at: int, matched: str, failed: str) -> None:
        """RFC 826, of IPv4 over Ethernet: the addresses of sender and target."""
        self._addresses(wanted, 4, at + 14, at + 24, failed)
        self.go(matched)

    def _addresses(self, wanted: Filter, family: int, source: int, destination: int, failed: str) -> None:
        """Goes on behind itself where all fit."""
        for networks, places in (
            (wanted.hosts, (source, destination)),
            (wanted.sources, (source,)),
            (wanted.destinations, (destination,)),
        ):
            if networks:
                fits = self.fresh()
                for place in places:
                    for network in of_family(networks, family):
                        self._network(network, place, fits)
                self.go(failed)
                self.here(fits)

    def _network(self, network: Network, place: int, fits: str) -> None:
        """Goes on behind itself where it does not fit."""
        address, mask = network.network_address.packed, network.netmask.packed
        other = self.fresh()
        for start in range(0, len(address), 4):
            bits = int.from_bytes(mask[start : start + 4], "big")
            if not bits:
                break
            same = self.fresh()
            self.do(LD_W, place + start)
            if bits != 0xFFFFFFFF:
                self.do(AND, bits)
            self.jump(JEQ, int.from_bytes(address[start : start + 4], "big"), same, other)
            self.here(same)
        self.go(fits)
        self.here(other)

    def _transport(self, wanted: Filter, family: int, at: int, byte: int, half: int, matched: str, failed: str) -> None:
        """``byte`` and ``half`` load what stands ``at`` (and X, where they go by it)."""
        types = wanted.types(family)
        if types:
            self.do(byte, at)
            self._must(JEQ, types, failed)
        if wanted.tcp_flags:
            self.do(byte, at + 13)
            self._must(JSET, (wanted.tcp_flags,), failed)
        for ranges, places in (
            (wanted.ports, (at, at + 2)),
            (wanted.sports, (at,)),
            (wanted.dports, (at + 2,)),
        ):
            if ranges:
                fits = self.fresh()
                for place in places:
                    self.do(half, place)
                    for one in ranges:
                        self._range(one, fits)
                self.go(failed)
                self.here(fits)
        self.go(matched)

    def _range(self, ends: Range, fits: str) -> None:
        """Goes on behind itself where A is not within."""
        low, high = ends
        other = self.fresh()
        if low == high:
            self.jump(JEQ, low, fits, other)
        else:
            above = self.fresh()
            self.jump(JGE, low, above, other)
            self.here(above)
            self.jump(JGT, high, other, fits)
        self.here(other)

    def _any_of(self, code: int, values: t.Sequence[int], true: str, false: str) -> None:
        for value in values[:-1]:
            other = self.fresh()
            self.jump(code, value, true, other)
            self.here(other)
        self.jump(code, values[-1], true, false)

    def _must(self, code: int, values: t.Sequence[int], failed: str) -> None:
        """Goes on behind itself where one fits."""
        fits = self.fresh()
        self._any_of(code, values, fits, failed)
        self.here(fits)
