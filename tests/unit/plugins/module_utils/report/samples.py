# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of audit_info as hosts send them, made up for tests of the report."""

from __future__ import annotations

import typing as t

from ansible_collections.netmend.reclaim.plugins.module_utils.model import Plan, PlanStep, Withheld
from ansible_collections.netmend.reclaim.plugins.module_utils.plan import wire
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, history, waivers

NOON = 1763971200.0
"""2025-11-24 08:00:00 UTC."""

HOSTILE = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "'><svg/onload=document.title='owned'>",
    "</style></script><script>document.title='owned'</script>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:document.title='owned'",
    "right-to-left \u202egnp.exe\u2066",
    "\x1b[2J\x1b]0;owned\x07\r\n\x00\x9b31m\x7f",
    "\udcff\udc80 not UTF-8",
    "A" * 10240,
)


def finding(**changes: t.Any) -> t.Dict[str, t.Any]:
    """The incident, with changes."""
    return {
        "rule": "RC102",
        "name": "owner-session-source-gone",
        "severity": "high",
        "confidence": "proven",
        "object": {
            "kind": "session",
            "selector": {"owner": "doublezerod", "interface": "doublezero0", "local": "209.245.225.161"},
        },
        "count": 2,
        "samples": ["216.238.110.55", "64.86.249.22"],
        "cause": "doublezerod (pid 1027617, unit doublezerod.service) keeps sending from 209.245.225.161 on doublezero0 "
        "to 216.238.110.55, 64.86.249.22, but the source 209.245.225.161 is not an address of this host any more: each "
        "send fails with ENETUNREACH.",
        "evidence": [
            {
                "source": "journal doublezerod.service",
                "observed": '{"level":"WARN","msg":"liveness.scheduler: error writing UDP packet","error":"write udp '
                '0.0.0.0:44880->216.238.110.55:44880: sendmsg: network is unreachable","peer":"interface: doublezero0, '
                'localIP: 209.245.225.161, peerIP: 216.238.110.55"}',
                "command": "journalctl -u doublezerod.service --since -10min",
            },
            {
                "source": "kernel",
                "observed": "no link holds 209.245.225.161, and the local table has no entry for it",
                "command": "ip address show to 209.245.225.161",
            },
            {
                "source": "kernel",
                "observed": "a send to 216.238.110.55 is refused: ENETUNREACH",
                "command": "ip route get 216.238.110.55 from 209.245.225.161 oif doublezero0",
            },
        ],
        "owner": {
            "name": "doublezerod",
            "alive": True,
            "known_by": "the running process doublezerod (pid 1027617) writes these lines itself",
            "unit": "doublezerod.service",
            "process": {"pid": 1027617, "name": "doublezerod", "started": NOON - 86400},
        },
        "remedy": [
            {
                "op": "owner.restart",
                "args": {"owner": "doublezerod", "unit": "doublezerod.service"},
                "command": "systemctl restart doublezerod.service",
            }
        ],
        "advice": "Adding a route will not help: the kernel refuses the source before it looks for a route.",
        "details": {"cause": "source-not-local", "errno": "ENETUNREACH", "errors": 532},
        "fingerprint": "5f2ab1c09d8e7f60",
        "first_seen": NOON - 3600,
        "last_seen": NOON - 4,
        **changes,
    }


def litter(number: int = 1, **changes: t.Any) -> t.Dict[str, t.Any]:
    """A small finding that another number makes another one."""
    return finding(
        **{
            "rule": "RC301",
            "name": "rule-table-empty",
            "severity": "low",
            "object": {
                "kind": "rule",
                "selector": {"family": 4, "priority": 5000 + number, "src": "10.9.%d.0/24" % number, "table": 52},
            },
            "count": 1,
            "samples": [],
            "cause": "The rule 'from 10.9.%d.0/24 lookup 52' asks a table that holds no route." % number,
            "evidence": [
                {
                    "source": "kernel",
                    "observed": "table 52 has no route",
                    "command": "ip -4 route show table 52",
                },
            ],
            "owner": None,
            "remedy": [
                {
                    "op": "rule.del",
                    "args": {"priority": 5000 + number},
                    "command": "ip -4 rule del priority %d from 10.9.%d.0/24 lookup 52" % (5000 + number, number),
                }
            ],
            "advice": "The rule does nothing as long as the table is empty.",
            "details": {},
            "fingerprint": "%016x" % number,
            "first_seen": None,
            "last_seen": None,
            **changes,
        }
    )


def audit(*findings: t.Mapping[str, t.Any], **changes: t.Any) -> t.Dict[str, t.Any]:
    """The result of one host's audit with these findings."""
    sums: t.Dict[str, t.Any] = dict.fromkeys(("critical", "high", "medium", "low", "info"), 0)
    by_rule: t.Dict[str, int] = {}
    for item in findings:
        sums[item["severity"]] += 1
        by_rule[item["rule"]] = by_rule.get(item["rule"], 0) + 1
    return {
        "schema": "1.0",
        "host": {
            "hostname": "dfw-mn-bm1",
            "kernel": "6.1.0-28-amd64",
            "boot_id": "4a1f0c1e-0000-4000-8000-00000000000a",
        },
        "netns": None,
        "started": NOON - 2,
        "seconds": 0.412,
        "rules": ["RC101", "RC102", "RC301"],
        "findings": list(findings),
        "summary": dict(sums, total=len(findings), by_rule=by_rule, omitted=0),
        "unseen": [],
        "snapshot": {
            "generation": "53f1e0b1c2a4d5e6",
            "counts": {
                "links": 4,
                "addresses": 7,
                "rules": 5,
                "nexthops": 0,
                "neighbours": 12,
                "routes": 104211,
                "sessions": 87,
            },
        },
        "unsteady": [],
        **changes,
    }


def registered(*findings: t.Mapping[str, t.Any], **changes: t.Any) -> t.Dict[str, t.Any]:
    """The same as Ansible registers it."""
    return dict(audit(*findings, **changes), changed=False, failed=False)


def unreachable(reason: str = "Failed to connect to the host via ssh: Connection refused\r\n") -> t.Dict[str, t.Any]:
    return {"unreachable": True, "changed": False, "msg": reason}


def failed(reason: str = "pyroute2 is wanted and not there") -> t.Dict[str, t.Any]:
    return {"failed": True, "changed": False, "msg": reason}


NOT_ROOT = {"what": "owners of other users' sockets", "why": "not root (CAP_SYS_PTRACE is wanted)"}


def fleet_of_few() -> t.Dict[str, t.Optional[t.Dict[str, t.Any]]]:
    """A bit of everything."""
    return {
        "dfw-mn-bm1": registered(finding(), litter(1)),
        "edge1": registered(litter(2), litter(3), unseen=[NOT_ROOT]),
        "edge2": registered(litter(2), unseen=[NOT_ROOT]),
        "edge3": registered(),
        "db7": unreachable(),
        "db8": failed(),
        "db9": None,
    }


def hostile_fleet() -> t.Dict[str, t.Optional[t.Dict[str, t.Any]]]:
    """Hosts that put what they can into every text."""
    hosts: t.Dict[str, t.Optional[t.Dict[str, t.Any]]] = {}
    for number, text in enumerate(HOSTILE):
        evil = finding(
            rule=text,
            name=text,
            object={"kind": text, "selector": {"owner": text, text: [text]}},
            samples=[text],
            cause=text,
            evidence=[{"source": text, "observed": text, "command": text}],
            owner={"name": text, "alive": None, "known_by": text, "unit": text, "process": {"pid": 1, "name": text}},
            remedy=[{"op": text, "args": {text: text}, "command": text}],
            advice=text,
            details={text: {text: text}},
            fingerprint=text,
        )
        result = registered(
            evil,
            finding(cause=text),
            host={"hostname": text, "kernel": text, "boot_id": text},
            netns=text,
            rules=[text],
            unseen=[{"what": text, "why": text}],
        )
        result["unsteady"] = [text]
        result["snapshot"] = {"generation": text, "counts": {text: 1}}
        hosts["%s%d" % (text, number)] = result
        hosts["gone %s%d" % (text, number)] = unreachable(text)
        hosts["broken %s%d" % (text, number)] = failed(text)
    return hosts


def large_fleet(number: int = 1000) -> t.Dict[str, t.Optional[t.Dict[str, t.Any]]]:
    """Many hosts, each with faults of its own and faults that others have too."""
    hosts: t.Dict[str, t.Optional[t.Dict[str, t.Any]]] = {}
    for host in range(number):
        name = "web%04d.example.net" % host
        if host % 50 == 49:
            hosts[name] = unreachable()
            continue
        found = [litter(item) for item in range(4)]
        own = "10.%d.%d.9" % (host // 250, host % 250)
        if host % 3 == 0:
            found.insert(0, finding(cause="doublezerod keeps sending from %s, which is no address of this host." % own))
        hosts[name] = registered(
            *found, *(litter(item, cause="The rule 'from %s lookup %d' is dead." % (own, item)) for item in range(3))
        )
    return hosts


def applied(**changes: t.Any) -> t.Dict[str, t.Any]:
    """What Ansible registers for a plan that was applied."""
    step = {"number": 1, "op": "rule.del", "command": "ip rule del pref 9", "count": 1, "result": "done", "words": ""}
    return {
        "changed": True,
        "state": "confirmed",
        "transaction_id": "20260501T120000Z-4f2a91",
        "steps": [step],
        "not_restored": [],
        **changes,
    }


def plan(mends: t.Sequence[str], leaves: t.Sequence[str] = (), **changes: t.Any) -> t.Dict[str, t.Any]:
    """A plan that restarts the daemon of the incident for these fingerprints, and leaves others as they are."""
    args = {"owner": "doublezerod", "unit": "doublezerod.service", "argv": ["systemctl", "restart", "doublezerod"]}
    step = PlanStep(
        **{
            "op": "owner.restart",
            "findings": tuple(mends),
            "command": "systemctl restart doublezerod.service",
            "why": "it holds a dead session",
            "args": args,
            "no_inverse": "a process that ended is not brought back",
            "risk": "medium",
            "risk_because": "its sessions end",
            **changes,
        }
    )
    words = changes.get("why", "The op is not among the allowed ones.")
    held = tuple(Withheld(mark, "RC301", "rule.del", "not-allowed", words) for mark in leaves)
    host = {"hostname": "edge1", "machine_id": "m", "boot_id": "b", "netns": None}
    return wire.to_json(Plan(host, "1", 1.0, "netmend.reclaim 0", (step,), held))


Mended = t.Tuple[
    t.Dict[str, t.Optional[t.Dict[str, t.Any]]], t.Dict[str, t.Optional[t.Dict[str, t.Any]]], t.Dict[str, t.Any]
]


def hostile_mends() -> Mended:
    """Hosts that send what would do harm when a plan is applied to them: audits, what was applied, hosts before."""
    names = ["host%d %s" % (number, text) for number, text in enumerate(HOSTILE)]
    plans = {
        name: applied(
            state=text,
            transaction_id=text,
            msg=text,
            not_restored=[text],
            steps=[dict(applied()["steps"][0], op=text, command=text, result=text, words=text)],
        )
        for name, text in zip(names, HOSTILE)
    }
    before = {name: {"findings": [finding(cause=text, fingerprint=text)]} for name, text in zip(names, HOSTILE)}
    return dict.fromkeys(names, registered()), plans, before


def waiver(**changes: t.Any) -> t.Dict[str, t.Any]:
    """What a user writes."""
    return {
        "id": "old-table",
        "selector": {"rule": "RC301", "object": {"src": "10.9.2.*"}},
        "reason": "the table is filled again when the second uplink comes (NET-114)",
        "by": "dana",
        "until": "2025-12-31",
        **changes,
    }


def judged(**before: t.Any) -> t.Dict[str, t.Any]:
    """The fleet document of the second of two runs an hour apart, with waivers: one in use, one unused, one expired.

    ``before`` are hosts that were otherwise in the first run.
    """
    old = fleet.document(dict(fleet_of_few(), edge1=registered(litter(2), litter(4)), **before), NOON - 3600)
    last = history.load(history.state(old, None), "2025-11-24T070000Z")
    document = history.compare(fleet.document(fleet_of_few(), NOON), last, last)
    given = [
        waiver(),
        waiver(id="nobody", selector={"host": "gone*"}, until="2025-11-24"),
        waiver(id="lapsed", selector={"rule": "RC102"}, until="2025-11-23"),
    ]
    return history.with_trend(waivers.apply(document, waivers.load(given)), last)


def everywhere(text: str) -> t.Dict[str, t.Any]:
    """A fleet document with this text wherever a host, or who wrote a waiver, has a say."""
    evil = finding(
        rule=text,
        name=text,
        object={"kind": text, "selector": {text: text}},
        samples=[text],
        cause=text,
        evidence=[{"source": text, "observed": text, "command": text}],
        owner={"name": text, "alive": None, "known_by": text, "unit": text, "process": None},
        remedy=[{"op": text, "args": {text: text}, "command": text}],
        advice=text,
        fingerprint=text,
    )
    waived = {"reason": text, "by": text, "until": "2025-12-31", "id": text}
    found = registered(
        evil, dict(evil, severity="low"), rules=[text], profile=[text], unseen=[{"what": text, "why": text}]
    )
    document = fleet.document({text: found, "gone " + text: unreachable(text)}, NOON)
    first, second = document["hosts"][text]["findings"]
    first.update(standing="new", since=NOON, waived=None)
    second.update(standing="known", since=NOON - 60, waived=waived)
    brief = {key: evil[key] for key in ("rule", "name", "severity", "cause", "fingerprint")}
    past = {
        "baseline": {"generated": NOON - 60, "name": text},
        "resolved": [dict(brief, host=text, first_seen=NOON - 60)],
        "unlooked": [],
        "not_compared": [text],
        "trend": [],
    }
    lapsed = dict(waived, until="2025-11-01", selector={"rule": text}, state="expired", findings=1)
    return fleet.summed(dict(document, history=past, waivers=[lapsed]))


_SAID = ("command", "why", "no_inverse", "risk_because")


def hostile_judged() -> t.Dict[str, t.Any]:
    """What would do harm as a waiver, as the name of a baseline, as an owner, in a plan, and along the way of packets."""
    hosts: t.Dict[str, t.Optional[t.Dict[str, t.Any]]] = {}
    given = []
    for number, text in enumerate(HOSTILE):
        evil = finding(
            cause=text,
            fingerprint="%016x" % (1000 + number),
            owner={"name": text, "alive": True, "known_by": text, "unit": text, "process": None},
            details={"cause": "device-gone", "interface": text, "local": text, "peers": [text, text]},
        )
        planned = plan([litter(number)["fingerprint"]], [litter(50)["fingerprint"]], **dict.fromkeys(_SAID, text))
        hosts["host%d %s" % (number, text)] = registered(evil, litter(number), litter(50), plan=planned)
        given.append(waiver(id=text, by=text, reason=text, selector={"fingerprint": "%016x" % (1000 + number)}))
    old = fleet.document({name: registered(litter(99, cause=HOSTILE[0])) for name in hosts}, NOON - 3600)
    last = history.load(history.state(old, None), HOSTILE[1])
    document = history.compare(fleet.document(hosts, NOON), last, last)
    return history.with_trend(waivers.apply(document, waivers.load(given)), last)
