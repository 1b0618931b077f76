# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A destination that is given by its name: its addresses, and who was asked in vain."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.evidence.resolving import Resolved
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Resolver
from ansible_collections.netmend.reclaim.plugins.module_utils.story.names import Name, Server, Tried, fallback
from ansible_collections.netmend.reclaim.plugins.module_utils.story.verdict import VERDICTS, unanswered

FOUR, SIX = "192.0.2.1", "2001:db8::1"


def tried(address, verdict="ok", errno=None):
    return Tried(address, verdict, errno, errno is None, "It is so.")


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([], None),
        ([tried(FOUR)], None),
        ([tried(FOUR, "route-missing", "ENETUNREACH")], None),
        ([tried(FOUR), tried(SIX)], None),
        ([tried(FOUR, "firewall"), tried(SIX, "route-missing", "ENETUNREACH")], None),
        ([tried(FOUR), tried(SIX, "route-missing", "ENETUNREACH")],
         "A program that tries 2001:db8::1 is told ENETUNREACH, and works only where it falls back to 192.0.2.1. It is IPv6"),
        ([tried(SIX), tried(FOUR, "firewall")],
         "A program that tries 192.0.2.1 is stopped by the firewall, and works only where it falls back to 2001:db8::1. It is IPv4"),
        ([tried(SIX, "next-hop"), tried(FOUR)], "2001:db8::1 waits until it gives up, and works only where it falls back"),
    ],
)  # fmt: skip
def test_some_work_and_others_do_not(items, words) -> None:
    said = fallback(items)
    assert said is None if words is None else words in said


def test_of_one_family_it_is_no_matter_of_families() -> None:
    said = fallback([tried(FOUR), tried("192.0.2.2", "route-refuses", "EINVAL"), tried(SIX)])
    assert said == "A program that tries 192.0.2.2 is told EINVAL, and works only where it falls back to 192.0.2.1."


def test_addresses_come_once_each_in_their_order() -> None:
    name = Name(
        Resolved("a.example", ((SIX, None), ("::ffff:192.0.2.1", None), (FOUR, None), ("fe80::1", "eth0"))), None
    )
    assert name.addresses(None) == [(SIX, None), (FOUR, None), ("fe80::1", "eth0")]
    assert name.addresses(FOUR) == [(FOUR, None)]
    with pytest.raises(
        ValueError, match=r"to: a\.example has no IPv4 address \(but 2001:db8::1\), and source is 192\.0\.2\.9"
    ):
        Name(Resolved("a.example", ((SIX, None),)), None).addresses("192.0.2.9")


def name(*replies):
    servers = tuple(
        Server(Resolver("192.0.2.%d" % number, path="/x"), reply) for number, reply in enumerate(replies, 1)
    )
    return Name(Resolved("a.example", error="EAI_AGAIN", said="later"), "ns1", servers)


@pytest.mark.parametrize(
    ("replies", "number"),
    [
        (["NXDOMAIN", None], 1),
        ([None, "NODATA"], 2),
        (["SERVFAIL", "EPERM"], 2),
        (["SERVFAIL", "REFUSED"], 1),
        ([None, "ECONNREFUSED"], 1),
    ],
)
def test_which_server_it_is_about(replies, number) -> None:
    assert name(*replies).server.resolver.address == "192.0.2.%d" % number


def test_the_chain_says_who_was_asked_and_how_to_ask() -> None:
    told = name("SERVFAIL", "EPERM", None, "NXDOMAIN").chain([])
    assert [(link.kind, link.ok) for link in told] == [
        ("name", False), ("resolver", False), ("resolver", False), ("resolver", False), ("resolver", True),
    ]  # fmt: skip
    assert told[0].text == "a.example does not resolve (EAI_AGAIN: later)"
    assert told[1].text == "the resolver 192.0.2.1:53 (/x) answers SERVFAIL"
    assert told[2].text.endswith("cannot be asked: a query gets EPERM")
    assert told[4].command == "ip netns exec ns1 dig +time=2 +tries=1 @192.0.2.4 a.example"
    local = Server(Resolver("fe80::53", "eth0", 5353, behind="127.0.0.53"), None)
    assert name().dig(local).endswith("dig +time=2 +tries=1 -p 5353 @fe80::53%eth0 a.example")
    assert local.words == "the resolver [fe80::53]:5353, which the forwarder 127.0.0.53 asks, does not answer"


@pytest.mark.parametrize("said", sorted(VERDICTS))
def test_what_a_name_that_does_not_resolve_comes_down_to(said) -> None:
    assert unanswered(said, False) == ("configuration" if said == "ok" else said)
    assert unanswered(said, True) == ("configuration" if said == "configuration" else "name")
