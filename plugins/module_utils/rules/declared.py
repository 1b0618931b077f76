# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What intent declares and the host does not have: routes and policy rules; and the missing default route."""

from __future__ import annotations

import ipaddress
import typing as t

from ..intent import Declared
from ..model import Evidence, Finding, Query, Route, RouteGroup, Session
from ..reach.policy import table_name
from .base import rule
from .common import HostCheck, in_table, inside, plural, several
from .policy import declares
from .sessions import LIVE, ends, get_words, route_steps
from .tally import Group

_DEFAULTS = ("0.0.0.0/0", "::/0")
PROBES = 16
"""Questions about one declared route."""


def intended(text: str) -> Evidence:
    return Evidence("intent", text, "")


class DeclaredRoutes(HostCheck):
    """Looks for declared routes: in the stream, and where the stream's samples do not show them, with the kernel.

    The stream shows a few destinations of each group only, so a route that is not seen may still be there. The kernel
    is then asked for addresses in its prefix, as a packet that the rules send to its table would ask.
    """

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self.wanted = [item for item in self.intent.routes if self.concerns(item)]
        self._keys = {(item["family"], item["table"], item["dst"]) for item in self.wanted}
        self._tables = {key[:2] for key in self._keys}
        self.found: t.Dict[t.Tuple[int, int, str], t.List[Route]] = {}
        self._hidden: t.Set[t.Tuple[int, int]] = set()

    def concerns(self, item: Declared) -> bool:
        raise NotImplementedError

    def routes(self, group: RouteGroup) -> None:
        template = group.template
        if (template.family, template.table) not in self._tables:
            return
        if group.count > len(group.samples):
            self._hidden.add((template.family, template.table))
        for dst in group.samples:
            key = (template.family, template.table, dst)
            if key in self._keys:
                found = self.found.setdefault(key, [])
                if len(found) < 64:
                    found.append(template)

    def missing(self) -> t.Iterator[t.Tuple[Declared, t.List[Route], str]]:
        """Declared routes that are not there, those to the same destination that are, and how sure that is."""
        for item in self.wanted:
            key = (item["family"], item["table"], item["dst"])
            there = list(self.found.get(key, ()))
            if any(self.fits(item, route) for route in there):
                continue
            proven = False
            for answer in self.answers(self.probes(item)).values():
                match = answer.match
                if match is None or match.table != item["table"]:
                    continue
                if match.dst == item["dst"]:
                    if match not in there:
                        there.append(match)
                elif match.dst is not None and _length(match.dst) < _length(item["dst"]):
                    proven = True  # the best match in that very table is wider
            if any(self.fits(item, route) for route in there):
                continue
            hidden = key[:2] in self._hidden and not there
            yield item, there, "proven" if proven or not hidden else "hint"

    def fits(self, item: Declared, route: Route) -> bool:
        if route.type != "unicast":
            return False
        if item.get("source") is not None and route.prefsrc != item["source"]:
            return False
        for hop in route.hops or ():
            if item.get("gateway") is not None and hop.gateway != item["gateway"]:
                continue
            if item.get("interface") is not None and self.index.name_of(hop.ifindex) != item["interface"]:
                continue
            return True
        return not route.hops and item.get("gateway") is None and item.get("interface") is None

    def probes(self, item: Declared) -> t.List[Query]:
        network = ipaddress.ip_network(item["dst"])
        size = network.num_addresses
        steps = sorted({0 if size == 1 else 1, size // 3, size // 2, size - 1 if size < 4 else size - 2})
        targets = [inside(item["dst"])] + [str(network[step]) for step in steps if item["dst"] not in _DEFAULTS]
        queries = [Query(to=target) for target in targets]
        for policy in self.index.rules(item["family"]):
            if (
                policy.table != item["table"]
                or policy.action != "lookup"
                or policy.invert
                or policy.detached
                or policy.iif
            ):
                continue
            source = self._source_in(policy.src) if policy.src else None
            oif = self.index.link_named(policy.oif)
            if (policy.src and source is None) or (policy.oif and oif is None):
                continue
            queries += [
                Query(
                    to=target,
                    source=source,
                    interface=oif.ifindex if oif else None,
                    mark=policy.mark or 0,
                    uid=policy.uid_range[0] if policy.uid_range else None,
                    tos=policy.tos,
                )
                for target in targets
            ]
        return queries[:PROBES]

    def _source_in(self, prefix: str) -> str | None:
        network = ipaddress.ip_network(prefix)
        for item in self.index.snapshot.addresses:
            if ipaddress.ip_address(item.address) in network:
                return item.address
        return None

    def missing_finding(self, item: Declared, there: t.Sequence[Route], confidence: str, severity: str) -> Finding:
        family, table, dst = item["family"], item["table"], item["dst"]
        text = _words(dst, item.get("gateway"), item.get("interface"), item.get("source"))
        ways = [(hop.gateway, self.name(hop.ifindex), route.prefsrc) for route in there for hop in route.hops]
        others = [_words("", *way).strip() for way in dict.fromkeys(ways)]
        selector = {key: item.get(key) for key in ("family", "dst", "table", "gateway", "interface", "source")}
        steps = [] if confidence == "hint" else route_steps(self, item)
        return self.finding(
            "route",
            selector,
            "The declared route %s in %s %s%s."
            % (
                text,
                in_table(table),
                "was not seen" if confidence == "hint" else "is missing",
                ": the same destination goes %s" % several(others) if others else "",
            ),
            [
                intended("the route %s in %s is declared" % (text, in_table(table))),
                self.saw(
                    "it is not there" if confidence != "hint" else "it was not seen",
                    "route",
                    "show",
                    "table",
                    table_name(table),
                    "exact",
                    dst,
                    family=family,
                ),
            ],  # fmt: skip
            severity="low" if confidence == "hint" else severity,
            confidence=confidence,
            remedy=steps,
            advice=(
                "The table is too large to show each route: see whether it is there with the command given."
                if confidence == "hint"
                else "Another route holds the destination: decide which of the two is right."
                if others
                else "What is declared says neither gateway nor interface: which way it led is not known here."
                if not steps
                else "Adding it mends this run of the host only: whoever configures it at boot has lost or never had it."
            ),
            details={"cause": "route-differs" if others else "route-missing", "instead": others[:8]},
        )


@rule(
    id="RC207",
    name="route-missing",
    severity="high",
    title="A declared route is missing, or leads elsewhere",
    rationale=(
        "A route that intent declares and the host does not have was taken by somebody else's cleanup, by a link that "
        "went down and up again (only connected routes come back), or was never made."
    ),
    proof="The route is in no dump of its table, and the kernel, asked for its destination, answers with another one.",
    false_positives=(
        "A large table shows samples only: what cannot be excluded by asking the kernel is a hint. Metric, protocol and "
        "further next hops of the route may be anything. A declared default route in table main is RC209."
    ),
    remedies=("route.add",),
)
class RouteMissing(DeclaredRoutes):
    def concerns(self, item: Declared) -> bool:
        return not (item["dst"] in _DEFAULTS and item["table"] == 254)

    def conclude(self) -> t.Iterable[Finding]:
        for item, there, confidence in self.missing():
            yield self.missing_finding(item, there, confidence, "medium" if there else "high")


@rule(
    id="RC209",
    name="default-route-missing",
    severity="critical",
    title="The default route is missing",
    rationale=(
        "Without a default route everything beyond the host's own subnets is unreachable. It goes when its link went "
        "down and up again, when the DHCP client died, or in somebody else's cleanup."
    ),
    proof=(
        "Intent declares a default route and table main has none like it; or no table has one, and live connections to "
        "public addresses, from addresses that are local, are refused with ENETUNREACH."
    ),
    false_positives=(
        "Many healthy hosts have no default route. Without a declaration only connections that the kernel refuses now "
        "count, and none whose source is gone: there a route would not help."
    ),
    remedies=("route.add",),
)
class DefaultRouteMissing(DeclaredRoutes):
    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._has_default: t.Set[int] = set()
        self._stranded: t.Dict[int, Group[Session]] = {4: Group(), 6: Group()}

    def concerns(self, item: Declared) -> bool:
        return item["dst"] in _DEFAULTS and item["table"] == 254

    def routes(self, group: RouteGroup) -> None:
        super().routes(group)
        if group.template.table != 255 and group.template.type == "unicast" and set(group.samples) & set(_DEFAULTS):
            self._has_default.add(group.template.family)

    def session(self, session: Session) -> None:
        remote = session.remote
        if remote is None or session.inode == 0 or session.state not in LIVE or session.transparent or session.ifindex:
            return
        group = self._stranded[session.family]
        if session.family in self._has_default or len(group.items) >= 64:
            return
        if ipaddress.ip_address(remote.partition("%")[0]).is_global and self.index.is_local(session.local):
            group.count += 1
            group.items.append(session)

    def conclude(self) -> t.Iterable[Finding]:
        declared = set()
        for item, there, confidence in self.missing():
            declared.add(item["family"])
            yield self.missing_finding(item, there, confidence, "high" if there else "critical")
        for family in (4, 6):
            if family not in declared and family not in self._has_default:
                finding = self._needed(family)
                if finding is not None:
                    yield finding

    def _needed(self, family: int) -> Finding | None:
        asked = {}
        for session in self._stranded[family].items:
            if session.remote is not None:
                asked[session] = Query(to=session.remote, source=session.local, mark=session.mark)
        answers = self.answers([Query(to=inside(_DEFAULTS[family == 6])), *asked.values()])
        general = answers.get(Query(to=inside(_DEFAULTS[family == 6])))
        if general is None or general.errno != "ENETUNREACH":
            return None
        refused = []
        for session, query in asked.items():
            answer = answers.get(query)
            if answer is not None and answer.errno == "ENETUNREACH":
                refused.append(session)
        if not refused:
            return None
        samples = tuple(sorted(ends(session) for session in refused))
        return self.finding(
            "route",
            {"family": family, "dst": _DEFAULTS[family == 6], "table": 254},
            "There is no IPv%d default route, and %s: %s."
            % (
                family,
                plural(len(refused), "live connection needs", "live connections need") + " one",
                several(samples),
            ),
            [
                self.saw("no default route in any table", "route", "show", "table", "all", "default", family=family),
                self.saw(
                    "a send to %s is refused: ENETUNREACH" % refused[0].remote,
                    *get_words(asked[refused[0]], self.raw_name),
                ),
            ],
            confidence="strong",
            advice=(
                "Which gateway it had is not known here. Whoever made it (a DHCP client, router advertisements, the "
                "network configuration) is to make it again."
            ),
            count=len(refused),
            samples=samples[:20],
            details={"cause": "no-route", "errno": "ENETUNREACH"},
        )


@rule(
    id="RC304",
    name="rule-missing",
    severity="high",
    title="A declared policy rule is missing",
    rationale=(
        "Policy rules that one program made are removed by another one's cleanup: a network manager that was restarted "
        "takes what it does not know. The table that the rule led to keeps its routes, and the traffic goes elsewhere."
    ),
    proof="No policy rule of that family has all that intent says of it.",
    false_positives="What intent does not say of a rule may be anything.",
    remedies=("rule.add",),
)
class RuleMissing(HostCheck):
    def conclude(self) -> t.Iterable[Finding]:
        for wanted in self.intent.rules:
            if any(declares(wanted, item) for item in self.index.rules(wanted["family"])):
                continue
            words: t.List[object] = []
            for word, key in (("pref", "priority"), ("from", "from"), ("to", "to"), ("iif", "iif"), ("oif", "oif")):
                words += [word, wanted[key]] if wanted.get(key) is not None else []
            words += ["fwmark", "0x%x" % wanted["mark"]] if wanted.get("mark") is not None else []
            words += ["lookup", table_name(wanted["table"])] if wanted.get("table") is not None else []
            text = " ".join(str(word) for word in words)
            family = wanted["family"]
            selector = {
                key: wanted.get(key) for key in ("family", "priority", "from", "to", "iif", "oif", "mark", "table")
            }
            complete = wanted.get("table") is not None
            yield self.finding(
                "rule",
                selector,
                "The declared IPv%d policy rule `%s` is missing." % (family, text),
                [intended("the rule is declared"), self.saw("it is not there", "rule", "show", family=family)],
                confidence="proven",
                remedy=[self.step("rule.add", selector, "rule", "add", *words, family=family)] if complete else (),
                advice=(
                    "Adding it mends this run of the host only: see who removed it."
                    if complete
                    else "Intent does not say which table it leads to, so it cannot be added from there."
                ),
                details={"cause": "rule-missing"},
            )


def _length(prefix: str) -> int:
    return int(prefix.partition("/")[2])


def _words(dst: str, gateway: str | None, interface: str | None, source: str | None) -> str:
    """A route as ``ip route`` spells it."""
    text = dst
    text += " via %s" % gateway if gateway else ""
    text += " dev %s" % interface if interface else ""
    return text + (" src %s" % source if source else "")
