# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths that take less than this host's links and routes promise, as probes found."""

from __future__ import annotations

import dataclasses
import typing as t

from ..commands import inside as run_inside
from ..model import Evidence, Finding, Link, PathProbe, Query
from .base import rule
from .common import HostCheck, family_of, shown
from .sessions import get_words

_HEADERS = {4: 28, 6: 48}
"""Bytes of an echo request that are no payload."""
_OUTER = {4: 20, 6: 40}
_OVERHEAD: t.Mapping[str, int] = {
    "gre": 4, "ip6gre": 4, "gretap": 18, "ip6gretap": 18, "erspan": 26, "ip6erspan": 26,
    "ipip": 0, "sit": 0, "ip6tnl": 0, "vti": 0, "vti6": 0,
    "vxlan": 30, "geneve": 30,
}  # fmt: skip
"""What a tunnel puts around a packet beside the outer IP header, at least (keys and options make it more)."""
_LEAST = {4: 576, 6: 1280}
"""What each host must be able to take (RFC 1122) and each link must carry (RFC 8200): below it, size is a doubtful reason."""
_UNREACHABLE = ("net-unreachable", "host-unreachable")


@dataclasses.dataclass(frozen=True)
class _Promise:
    """How large a packet this host would send, and what says so."""

    mtu: int
    words: str
    query: Query
    link: t.Optional[Link]


@rule(
    id="RC504",
    name="path-mtu",
    severity="high",
    title="Large packets vanish on the path, or less comes through than this host's links and routes promise",
    rationale=(
        "A path that takes smaller packets than the host's own link works as long as routers say so and are heard. Where "
        "a firewall drops their word, or a tunnel on the way says nothing, it is a black hole: connections open, small "
        "requests are answered, and then everything hangs, while no error is ever told. Nothing that looks at routes, "
        "addresses or links shows it."
    ),
    proof=(
        "Echo requests that are never fragmented were sent, where O(netmend.reclaim.audit_info#module:probes) asked for it: "
        "those of one size come through, those a byte larger do not, also after the smaller one came through again; and "
        "the kernel's route and link would send larger ones. Or a router told which size passes, and that does. Or a router "
        "told that it has no way to the destination of a session."
    ),
    false_positives=(
        "Packets that are lost whatever their size are no finding, nor is a destination that answers no echo request. A "
        "route that already says what the path takes is in order, as is a tunnel whose packets fit with what is put around "
        "them. What comes through only below 576 bytes (1280 of IPv6) is a hint, for what drops large echo requests alone "
        "looks like it. Where a router tells and its word holds, the kernel learns by itself: that is of low severity."
    ),
    remedies=(),
)
class PathMtu(HostCheck):
    def conclude(self) -> t.Iterable[Finding]:
        for probe in sorted(self.index.snapshot.probes, key=lambda each: (each.to, each.interface or "", each.mark)):
            finding = self._judge(probe)
            if finding is not None:
                yield finding

    def _judge(self, probe: PathProbe) -> Finding | None:
        if probe.verdict == "unreached":
            return self._unreachable(probe)
        if probe.verdict not in ("told", "black-hole") or probe.passed is None:
            return None
        promise = self._promise(probe)
        if promise is None or probe.passed >= promise.mtu:
            return None
        tunnel = self.index.link_named(probe.tunnel)
        if tunnel is not None:
            outer = None if tunnel.kind is None or tunnel.kind not in _OVERHEAD else _around(tunnel, probe)
            if outer is None or tunnel.mtu + outer <= probe.passed:
                return None
            return self._tunnel(probe, promise, tunnel, outer)
        return self._path(probe, promise)

    def _promise(self, probe: PathProbe) -> _Promise | None:
        """What the kernel would send there: the route's own MTU, else that of its link. None where it sends nothing."""
        link = self.index.link_named(probe.interface)
        if link is None and probe.interface is not None:
            return None
        query = Query(
            to=probe.to, source=probe.source, interface=None if link is None else link.ifindex, mark=probe.mark
        )
        answer = self.answer(query)
        if answer is None or answer.errno is not None or answer.route is None or not answer.route.hops:
            return None
        link = self.index.link(answer.route.hops[0].ifindex) or link
        said = answer.match.mtu if answer.match is not None else None
        if said is not None and (link is None or said <= link.mtu):
            return _Promise(said, "its route says %d" % said, query, link)
        if link is None:
            return None
        return _Promise(link.mtu, "%s takes %d" % (self.name(link.ifindex), link.mtu), query, link)

    # What is told ----------------------------------------------------------------------------------------------------

    def _path(self, probe: PathProbe, promise: _Promise) -> Finding:
        passed = t.cast(int, probe.passed)
        lost = probe.verdict == "black-hole"
        if lost:
            said = "Packets of more than %d bytes to %s vanish on the path, and %s." % (passed, probe.to, promise.words)
            advice = _HOLE % (passed, self._route_words(probe, promise, passed))
        else:
            said = "The path to %s takes packets of at most %d bytes, as %s tells, and %s." % (
                probe.to,
                passed,
                probe.told_by or "a router",
                promise.words,
            )
            advice = _TOLD % self._route_words(probe, promise, passed)
        return self.finding(
            "path",
            {"to": probe.to, "interface": probe.interface},
            said,
            [*self._seen(probe, promise), *self._promised(promise)],
            severity="high" if lost else "low",
            confidence=self._confidence(probe),
            advice=advice,
            details=self._details(probe, promise),
        )

    def _tunnel(self, probe: PathProbe, promise: _Promise, tunnel: Link, outer: int) -> Finding:
        passed = t.cast(int, probe.passed)
        lost = probe.verdict == "black-hole"
        fits = passed - outer
        return self.finding(
            "link",
            {"interface": tunnel.name, "remote": tunnel.remote, "setting": "mtu"},
            "The tunnel %s takes packets of %d bytes, and the path to its far end %s takes %d with at least %d around them: %s."
            % (
                self.name(tunnel.ifindex),
                tunnel.mtu,
                probe.to,
                passed,
                outer,
                "larger ones vanish" if lost else "larger ones are cut or refused",
            ),
            [
                *self._seen(probe, promise),
                self.saw("the tunnel takes %d" % tunnel.mtu, "-d", "link", "show", "dev", tunnel.name),
                *self._promised(promise),
            ],
            severity="high" if lost else "low",
            confidence=self._confidence(probe),
            advice=(
                "Let whatever makes the tunnel make it with an MTU of at most %d (%s), or let the routers on the path pass the "
                "ICMP message of a packet that is too big. %s"
                % (fits, self.ip("link", "set", "dev", tunnel.name, "mtu", fits), _NO_STEP)
            ),
            details=dict(self._details(probe, promise), tunnel_mtu=tunnel.mtu, fits=fits),
        )

    def _unreachable(self, probe: PathProbe) -> Finding | None:
        """A router beyond says that it leads nowhere. What this host itself says of its next hop, other rules tell."""
        if probe.cause not in _UNREACHABLE or probe.by is None or probe.own:
            return None
        promise = self._promise(probe)
        if promise is None:
            return None
        what = "has no route to it" if probe.cause == "net-unreachable" else "cannot reach it"
        return self.finding(
            "path",
            {"to": probe.to, "interface": probe.interface},
            "The path to %s ends on the way: %s tells that it %s." % (probe.to, probe.by, what),
            [
                self._sent(probe, "%s tells: %s" % (probe.by, probe.cause), None),
                Evidence("probe", "how far packets come", self._inside("traceroute", "-n", probe.to)),
                *self._promised(promise),
            ],
            severity="medium",
            confidence="strong",
            advice=(
                "This host sends it, and its routes lead there: changing them helps only where there is another way. Ask who "
                "runs %s, or the destination." % probe.by
            ),
            details=self._details(probe, promise),
        )

    def _route_words(self, probe: PathProbe, promise: _Promise, passed: int) -> str:
        """The route that would say what the path takes."""
        link = promise.link
        length = 32 if family_of(probe.to) == 4 else 128
        answer = self.answer(promise.query)
        hop = answer.route.hops[0] if answer is not None and answer.route is not None and answer.route.hops else None
        words: t.List[object] = ["route", "replace", "%s/%d" % (probe.to, length)]
        words += ["via", hop.gateway] if hop is not None and hop.gateway else []
        words += ["dev", link.name] if link is not None else []
        words += ["src", probe.source] if probe.source else []
        return self.ip(*words, "mtu", passed, family=family_of(probe.to))

    # Evidence --------------------------------------------------------------------------------------------------------

    def _seen(self, probe: PathProbe, promise: _Promise) -> t.Iterator[Evidence]:
        passed = t.cast(int, probe.passed)
        why = " (%s)" % shown(probe.wanted_by) if probe.wanted_by else ""
        yield self._sent(probe, "packets of %d bytes to %s%s come through" % (passed, probe.to, why), passed)
        if probe.verdict == "black-hole" and probe.lost is not None:
            yield self._sent(probe, "packets of %d bytes do not, and nothing is told" % probe.lost, probe.lost)
        if probe.told_by is not None:
            told = "what passes" if probe.told is None else "that %d would pass" % probe.told
            yield self._sent(probe, "%s tells %s" % (probe.told_by, told if probe.told else "not " + told), promise.mtu)
        yield Evidence("probe", "from which router on", self._inside("tracepath", "-n", probe.to))

    def _sent(self, probe: PathProbe, observed: str, size: int | None) -> Evidence:
        words: t.List[object] = ["ping", "-n", "-c", 3]
        words += ["-M", "do", "-s", size - _HEADERS[family_of(probe.to)]] if size is not None else []
        words += ["-I", probe.interface or probe.source] if probe.interface or probe.source else []
        words += ["-m", probe.mark] if probe.mark else []
        return Evidence("probe", observed, self._inside(*words, probe.to))

    def _promised(self, promise: _Promise) -> t.Iterator[Evidence]:
        yield self.saw(promise.words, *get_words(promise.query, self.raw_name))
        if promise.link is not None:
            yield self.saw("its link takes %d" % promise.link.mtu, "link", "show", "dev", promise.link.name)

    def _inside(self, *words: object) -> str:
        return run_inside(self.index.snapshot.netns, *words)

    def _confidence(self, probe: PathProbe) -> str:
        if (probe.passed or 0) < _LEAST[family_of(probe.to)]:
            return "hint"
        return "proven" if probe.verdict == "told" and probe.told == probe.passed else "strong"

    def _details(self, probe: PathProbe, promise: _Promise) -> t.Dict[str, t.Any]:
        return {
            "cause": {"told": "mtu-told", "black-hole": "black-hole"}.get(probe.verdict, "unreachable-beyond"),
            "passed": probe.passed,
            "lost": probe.lost,
            "promised": promise.mtu,
            "told": probe.told,
            "told_by": probe.told_by or probe.by,
            "wanted_by": probe.wanted_by,
        }


_NO_STEP = "There is no step for it: an MTU holds for all that goes over a link or route, and a few destinations only were tried."
_HOLE = (
    "Let the routers and firewalls on the path pass ICMP 'fragmentation needed' (IPv6: 'packet too big'): that mends it for "
    "everybody. Until then, a route to that destination can say what passes (mtu %d: %s), or TCP can find out by itself "
    "(sysctl -w net.ipv4.tcp_mtu_probing=1). " + _NO_STEP
)
_TOLD = (
    "The kernel learns it from the router's word, so TCP works. Programs and tunnels that ignore that word lose their large "
    "packets: give their link that MTU, or say it in the route (%s). " + _NO_STEP
)


def _around(tunnel: Link, probe: PathProbe) -> int:
    return _OUTER[family_of(probe.to)] + _OVERHEAD[tunnel.kind or ""]
