# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans of any content, for tests of what carries them."""

from __future__ import annotations

from ansible_collections.netmend.reclaim.plugins.module_utils.model import OPS, REASONS, Plan, PlanStep, Withheld
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.ops import kind_of
from ansible_collections.netmend.reclaim.plugins.module_utils.plan.wire import RISKS
from hypothesis import strategies as st

TEXTS = st.sampled_from(["", "eth0", "a b", "ünïcode", "\udc80", '"', "\\", "192.0.2.1", "\n"]) | st.text(max_size=5)
NUMBERS = st.integers(-(1 << 63), (1 << 64) - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
MAPPINGS = st.dictionaries(TEXTS, VALUES, max_size=3)
FINGERPRINTS = st.integers(0, (1 << 64) - 1).map(lambda number: "%016x" % number)
PREFIXES = st.sampled_from(["0.0.0.0/0", "10.0.0.0/8", "192.0.2.0/24", "2001:db8::/64", "2001:db8::1/128"])
OWNERS = st.fixed_dictionaries(
    {"owner": TEXTS, "unit": st.none() | TEXTS, "argv": st.lists(TEXTS, min_size=1, max_size=3)}
)
ALLOWED = st.fixed_dictionaries(
    {
        "manager": st.sampled_from(["nft", "iptables", "ufw", "firewalld", "firewalld-direct"]),
        "backend": st.sampled_from(["nft", "iptables-nft", "ip6tables-legacy"]),
        "family": st.sampled_from(["ip", "ip6", "inet"]),
        "table": st.sampled_from(["filter", "wg-quick-wg0"]),
        "chain": st.sampled_from(["OUTPUT", "out"]),
        "rule": TEXTS,
        "protocol": st.sampled_from(["udp", "tcp", "icmp"]),
        "source": st.none() | st.sampled_from(["192.0.2.1", "2001:db8::1"]),
        "to": st.sampled_from(["192.0.2.1", "2001:db8::1"]),
        "port": st.none() | st.integers(1, 65535),
    }
)
ARGS = {
    "owner.release": OWNERS,
    "owner.restart": OWNERS,
    "sysctl.set": st.fixed_dictionaries(
        {
            "name": st.sampled_from(["net.ipv4.conf.eth0.rp_filter", "net.ipv4.conf.eth0/100.rp_filter"]),
            "value": st.just("2"),
            "seen": st.sampled_from(["0", "1", "2"]),
        }
    ),
    "firewall.allow": ALLOWED,
    "firewall.revoke": ALLOWED,
}


@st.composite
def steps(draw):
    op = draw(st.sampled_from(OPS))
    kind = kind_of(op)
    routes = st.lists(PREFIXES, min_size=1, max_size=3, unique=True).map(tuple)
    return PlanStep(
        op=op,
        findings=tuple(draw(st.lists(FINGERPRINTS, max_size=2))),
        command=draw(TEXTS),
        why=draw(TEXTS),
        kind=kind,
        object=draw(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=2)) if kind else {},
        raw=draw(st.binary(min_size=1, max_size=9)).hex() if kind else "",
        dsts=draw(routes) if kind == "route" else (),
        args=draw(ARGS.get(op, st.just({}))),
        inverse=draw(st.none() | st.sampled_from(OPS)),
        no_inverse=draw(TEXTS),
        risk=draw(st.sampled_from(RISKS)),
        risk_because=draw(TEXTS),
    )


def plans():
    nameless = st.none() | TEXTS
    return st.builds(
        Plan,
        host=st.fixed_dictionaries({"hostname": TEXTS, "machine_id": nameless, "boot_id": nameless, "netns": nameless}),
        generation=TEXTS,
        created=st.integers(0, 1 << 32).map(float),
        made_by=TEXTS,
        steps=st.lists(steps(), max_size=4).map(lambda made: tuple(sorted(made, key=lambda s: OPS.index(s.op)))),
        withheld=st.lists(
            st.builds(Withheld, FINGERPRINTS, TEXTS, st.none() | st.sampled_from(OPS), st.sampled_from(REASONS), TEXTS),
            max_size=2,
        ).map(tuple),
        protected=st.lists(TEXTS, max_size=2).map(tuple),
        limits=MAPPINGS,
        links=st.dictionaries(st.integers(1, 99).map(str), TEXTS, max_size=2),
    )
