# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which findings of an audit have to do with one flow. Pure."""

from __future__ import annotations

import ipaddress
import typing as t

from ..model import Finding

CONFIGURATION = ("RC407", "RC602")
"""What is wrong with the host's own addresses and gateways may be behind whatever does not get out."""
_ON_A_LINK = ("link", "session")
"""Kinds of objects that are about all that goes over a link. A route over it is about its own destinations."""


def relevant(
    findings: t.Iterable[Finding],
    addresses: t.Collection[str],
    links: t.Collection[str],
    units: t.Collection[str],
    rules: t.Collection[str] = (),
    routeless: bool = False,
) -> t.List[Finding]:
    """Those that have to do with the flow, in their order.

    A finding that says of which flows it is (their two ends) is of those. Others name one of the flow's addresses
    (destination, source, gateway), a prefix that it lies in, one of its links or its unit, or are of ``rules`` and about
    more than a resolver. What is said of a default route is about a flow that has no route, not about each flow.
    """
    parsed = [ipaddress.ip_address(text) for text in addresses]
    families = {address.version for address in parsed}

    def about(finding: Finding) -> bool:
        owner = finding.owner
        if finding.selector.get("family") not in (None, *families):
            return False
        if "flows" in finding.details:
            return any(local in addresses and remote in addresses for local, remote in finding.details["flows"])
        if owner is not None and owner.unit is not None and owner.unit in units and finding.kind == "session":
            return True
        if finding.rule in rules and finding.kind != "resolver":
            return True
        on_links = links if finding.kind in _ON_A_LINK else ()
        return any(_names(text, parsed, on_links, routeless) for text in _texts(finding))

    return [finding for finding in findings if about(finding)]


def _texts(finding: Finding) -> t.Iterator[str]:
    yield from _leaves(finding.selector)
    yield from finding.samples
    for key in ("peers", "gateway", "to", "remote", "local"):
        yield from _leaves(finding.details.get(key))


def _leaves(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, t.Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)


def _names(text: str, addresses: t.Sequence[t.Any], links: t.Collection[str], routeless: bool) -> bool:
    if text in links:
        return True
    # "192.0.2.1:5000 -> 198.51.100.1:53", "[2001:db8::1]:53", "10.0.0.0/8"
    for word in text.replace("->", " ").replace(",", " ").split():
        network = _network(word)
        if network is not None and any(
            network.version == address.version and address in network for address in addresses
        ):
            if network.prefixlen or routeless:
                return True
    return False


def _network(word: str) -> t.Any:
    bare = word
    if word.startswith("["):
        bare = word[1:].partition("]")[0]
    elif word.count(":") == 1:
        bare = word.partition(":")[0]
    try:
        return ipaddress.ip_interface(bare).network
    except ValueError:
        return None
