#!/usr/bin/python
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: audit_info
short_description: Find what is left over from something that is gone, and why sends fail
version_added: 0.1.0
author:
  - The netmend.reclaim authors (@netmend)
description:
  - Audits one host, or one network namespace of it, in one pass and changes nothing.
  - Each finding says what is wrong, how that is known, the command that shows the same thing, whose it is, and what
    would mend it. The rules are described in the collection's rule catalogue.
  - Without root it still works; what it could not read is listed under RV(unseen), not taken to be clean.
extends_documentation_fragment:
  - netmend.reclaim.port
  - netmend.reclaim.reads
options:
  rules:
    description:
      - Which rules run, by their ids, for example V(RC201).
    type: dict
    default: {}
    suboptions:
      include:
        description:
          - Only these. All rules when empty.
        type: list
        elements: str
        default: []
      exclude:
        description:
          - Not these.
        type: list
        elements: str
        default: []
  intent:
    description:
      - What should be there. What is declared and missing is a finding, and a finding about what is declared says so.
    type: dict
    default: {}
    suboptions:
      addresses:
        description:
          - Addresses that this host should hold.
        type: list
        elements: dict
        default: []
        suboptions:
          address:
            description:
              - The address with its prefix length, for example V(192.0.2.10/24).
            type: str
            required: true
          interface:
            description:
              - The link that should hold it. Any when not given.
            type: str
      routes:
        description:
          - Routes that should be there.
        type: list
        elements: dict
        default: []
        suboptions:
          dst:
            description:
              - The prefix; V(default) together with O(intent.routes[].family) for the default route.
            type: str
            required: true
          family:
            description:
              - The family of a V(default) route.
            type: str
            choices: [ipv4, ipv6]
            default: ipv4
          table:
            description:
              - The number of the table.
            type: int
            default: 254
          gateway:
            description:
              - The gateway. Any when not given.
            type: str
          interface:
            description:
              - The link that it leaves through. Any when not given.
            type: str
          source:
            description:
              - The preferred source. Any when not given.
            type: str
      rules:
        description:
          - Policy rules that should be there.
        type: list
        elements: dict
        default: []
        suboptions:
          family:
            description:
              - The family of the rule.
            type: str
            choices: [ipv4, ipv6]
            default: ipv4
          priority:
            description:
              - The priority (preference) of the rule. Any when not given.
            type: int
          from:
            description:
              - The source prefix that it selects.
            type: str
          to:
            description:
              - The destination prefix that it selects.
            type: str
          iif:
            description:
              - The incoming link that it selects.
            type: str
          oif:
            description:
              - The outgoing link that it selects.
            type: str
          mark:
            description:
              - The firewall mark that it selects.
            type: int
          table:
            description:
              - The number of the table that it looks up.
            type: int
      links:
        description:
          - Links that should be there, up and with a carrier.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description:
              - The name of the link.
            type: str
            required: true
  owners:
    description:
      - Profiles of daemons that own network objects, in addition to those that the collection ships.
      - One with the name of a shipped profile changes that profile in what it says and leaves the rest.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The name of the owner.
        type: str
        required: true
      objects:
        description:
          - What its objects look like. All that one entry says must fit. A shape alone never proves whose an object is; while
            the owner is alive, what fits is kept.
        type: list
        elements: dict
        default: []
        suboptions:
          kind:
            description:
              - The kind of the object.
            type: str
            choices: [link, address, route, rule, firewall]
            required: true
          name:
            description:
              - A pattern for the name of a link, or of a table or chain of the firewall, for example V(wg*).
            type: str
          link_kind:
            description:
              - The kind of the link, or of the link that an address is on or a route leads through, for example V(wireguard).
            type: str
          interface:
            description:
              - A pattern for the name of the link that an address is on, a route leads through, or a rule selects.
            type: str
          proto:
            description:
              - The protocol, as C(ip) prints it without a name file of its own, for example V(bgp) or V(196).
            type: str
          tables:
            description:
              - Numbers of tables, or ranges such as V(100-101).
            type: list
            elements: str
            default: []
          priorities:
            description:
              - Priorities of rules, or ranges such as V(5210-5270).
            type: list
            elements: str
            default: []
          fwmarks:
            description:
              - Firewall marks that rules select, or ranges of them, for example V(0xca6c).
            type: list
            elements: str
            default: []
          prefix:
            description:
              - The prefix that the address is in, or that holds what the route or rule is about.
            type: str
      processes:
        description:
          - The command names that it runs under, as in C(/proc/PID/comm), at most 15 bytes each. It is alive while one runs.
        type: list
        elements: str
        default: []
      units:
        description:
          - Its systemd units. Patterns are taken, for example V(wg-quick@*.service).
        type: list
        elements: str
        default: []
      scope:
        description:
          - With V(host) a process of it anywhere on the host may own objects in this network namespace, as a container engine
            does.
        type: str
        choices: [namespace, host]
        default: namespace
      outlives:
        description:
          - Whether what it makes is meant to stay while it does not run, as that of a network manager. It then counts as gone
            only when what O(owners[].programs) names is gone as well.
        type: bool
        default: false
      programs:
        description:
          - Absolute paths of what must be there for it to run. Patterns are taken.
        type: list
        elements: str
        default: []
      paths:
        description:
          - Absolute paths that show that it was ever on this host, such as its state and its configuration. Patterns are taken.
        type: list
        elements: str
        default: []
      wants:
        description:
          - How to find out what it wants. Each entry asks over one of O(owners[].wants[].sockets),
            O(owners[].wants[].command) and O(owners[].wants[].files). An owner that is not alive is asked by its files only.
          - What cannot be asked or understood is listed under RV(unseen); then nothing is known of what it wants.
        type: list
        elements: dict
        default: []
        suboptions:
          kind:
            description:
              - The kind of the objects that the answer names.
            type: str
            choices: [link, address, route, rule]
            required: true
          selector:
            description:
              - What identifies such an object. Fields of the answer are filled in where a text names them in braces, and
                C(@stem) is the name of the file without its directory and ending. C({Id:12}) is the first twelve characters of
                a field, C({@value}) an item of a list that is no object.
              - Of a link C(name); of an address C(address), C(interface), C(prefix); of a route C(dst), C(table),
                C(gateway), C(interface), C(proto); of a rule C(priority), C(table), C(mark), C(src), C(dst), C(iif), C(oif).
            type: dict
            required: true
          sockets:
            description:
              - Unix sockets on which it speaks HTTP. The first that answers is believed.
            type: list
            elements: str
            default: []
          request:
            description:
              - The path that is requested there, for example V(/status).
            type: str
          command:
            description:
              - The argument vector of a command that prints the answer and changes nothing. It is given five seconds.
            type: list
            elements: str
            default: []
          files:
            description:
              - Absolute paths of files. Patterns are taken.
            type: list
            elements: str
            default: []
          format:
            description:
              - The format of the answer.
            type: str
            choices: [json, text]
            default: json
          select:
            description:
              - Where in JSON the objects stand, as keys with dots between. V(*) is each item of a list or object.
            type: str
            default: ""
          where:
            description:
              - Fields that such an object has in JSON, each with a pattern for its text.
            type: dict
            default: {}
          begin:
            description:
              - A regular expression. Of a text only what stands between a line that has it and the next that has
                O(owners[].wants[].end) is read.
            type: str
          end:
            description:
              - See O(owners[].wants[].begin).
            type: str
          pattern:
            description:
              - A regular expression whose finds in a line of a text are the objects, and whose named groups are their fields.
              - Without it each file stands for one object.
            type: str
          complete:
            description:
              - Whether the answer names all objects of this kind that the owner wants. What fits it and is not named is then
                not wanted. Only of O(owners[].wants[].sockets) on which a process of the owner answers itself.
            type: bool
            default: false
      sessions:
        description:
          - How it tells, while it runs, of the sessions that it holds in its memory. What cannot be asked is listed under
            RV(unseen).
        type: list
        elements: dict
        default: []
        suboptions:
          selector:
            description:
              - What identifies a session, filled in as in O(owners[].wants[].selector), of C(interface), C(local) (the address
                that it sends from) and C(peer). With C(errors) it is how many sends of those sessions failed instead.
            type: dict
            required: true
          sockets:
            description:
              - Unix sockets on which it speaks HTTP.
            type: list
            elements: str
            default: []
          listens:
            description:
              - Ask it where it listens on TCP itself, on the loopback or on any address.
            type: bool
            default: false
          request:
            description:
              - The path that is requested, for example V(/metrics).
            type: str
            required: true
          format:
            description:
              - The format of the answer. A sample of V(metrics) (Prometheus) has its labels, C(@name) and C(@value) as fields.
            type: str
            choices: [json, metrics]
            default: json
          select:
            description:
              - See O(owners[].wants[].select).
            type: str
            default: ""
          where:
            description:
              - See O(owners[].wants[].where).
            type: dict
            default: {}
      release:
        description:
          - The argument vector that makes it let go of one object, in which C({interface}), C({address}), C({dst}) and
            C({table}) are filled in. Shown as a remedy, never run by this module.
        type: list
        elements: str
        default: []
      restart:
        description:
          - The argument vector that restarts it. Its systemd unit is restarted where none is given and the unit is known.
            Shown as a remedy, never run by this module.
        type: list
        elements: str
        default: []
      advice:
        description:
          - What a person should know about how it lets go of what it holds.
        type: str
        default: ""
      session_logs:
        description:
          - Log lines that name a session of the owner which cannot send.
        type: list
        elements: dict
        default: []
        suboptions:
          format:
            description:
              - The format of the message.
            type: str
            choices: [json]
            default: json
          match:
            description:
              - Fields that such a line has, with their exact text.
            type: dict
            required: true
          time:
            description:
              - The field with the time of the line (RFC 3339).
            type: str
            default: time
          error:
            description:
              - The field with the text of the error.
            type: str
            default: error
          field:
            description:
              - The field that names the session.
            type: str
            required: true
          pattern:
            description:
              - A regular expression that finds the groups C(peer), and where they are there C(local) and C(interface),
                in that field.
            type: str
            required: true
  logs:
    description:
      - Log files on the host that hold lines of the owners, beside the journal of their units, which is always read.
      - A log is a witness, not a judge. What it says is held against the kernel.
    type: list
    elements: path
    default: []
  firewall:
    description:
      - Read the firewall of the namespace (nftables, and iptables in both its variants), and find what it drops of what
        this host sends. Needs root; the rules of the hooks that a sent packet passes are read, whoever manages them.
    type: bool
    default: true
  firewall_trace:
    description:
      - Prove what the firewall seems to drop, for the first few findings of rule C(RC501). For each, a table of the
        collection's own is added to nftables that traces exactly one packet, that packet is sent as the session's own are
        (a datagram, a SYN or an echo request), the kernel names the rule that ends its way, and the table is removed again.
      - This sends packets and changes the firewall for a moment, which an audit does not do otherwise. A table that a
        killed run left behind is removed by the next one.
    type: bool
    default: false
  journal:
    description:
      - The systemd journal of the host, where programs of all kinds say that a send was refused. Its last 15 minutes are
        read where this is not given and systemd runs.
    type: dict
    suboptions:
      since:
        description:
          - How many minutes back, from V(1) to V(10080).
        type: int
        default: 15
      units:
        description:
          - Only these units. All when not given.
        type: list
        elements: str
      cursor:
        description:
          - Only what comes after the entry with this cursor.
        type: str
  limit:
    description:
      - How many findings are returned, the worst first. The rest is counted in RV(summary.omitted).
    type: int
    default: 200
  plan:
    description:
      - Plan what would mend the findings, too. The host is then looked at twice, and only what was the same both times is
        planned.
      - Nothing is changed. The plan is for a person to review.
    type: bool
    default: false
  protect:
    description:
      - What no plan may touch, beside the way in and the kernel's own objects. What has all that one of these selectors
        says is left alone.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description:
          - The kind of the object.
        type: str
        choices: [link, address, route, rule, nexthop, neighbour, flow, session, owner]
      interface:
        description:
          - A pattern for the name of a link that the object is, is on, or leads through, for example V(wg*).
        type: str
      address:
        description:
          - An address that the object is or names, such as a gateway or a source.
        type: str
      prefix:
        description:
          - A prefix that a route's destination or a rule's source or destination overlaps, or that an address which the
            object names is in.
        type: str
      table:
        description:
          - The number of the table of a route or VRF, or that a rule looks up.
        type: int
      proto:
        description:
          - Who made it, as C(ip) shows it, for example V(bgp).
        type: str
      priority:
        description:
          - The priority of a policy rule.
        type: int
      mark:
        description:
          - The firewall mark of a policy rule or a flow.
        type: int
      owner:
        description:
          - A pattern for the name of the owner that the audit found.
        type: str
      unit:
        description:
          - A pattern for the systemd unit of the owner.
        type: str
      rule:
        description:
          - The id of a rule of the audit. None of its findings gets a step.
        type: str
  protect_way_in:
    description:
      - Protect the connections by which this module was started, and all that carries them.
    type: bool
    default: true
  max_removals:
    description:
      - How many objects a plan may remove.
    type: int
    default: 50
  max_percent:
    description:
      - Which share of the host's objects of one kind (all routes outside the local table, all policy rules) a plan may
        remove, in percent. Five objects of a kind are always allowed.
    type: int
    default: 20
  remedies:
    description:
      - The ops that a plan may use, as patterns such as V(route.*), V(owner.restart) or V(*).
    type: list
    elements: str
    default: ["owner.*", "link.up", "address.add", "route.*", "rule.*", "nexthop.del", "neighbour.del"]
  confirm_after:
    description:
      - Seconds between the two looks at the host that a plan is made from.
    type: int
    default: 5
seealso:
  - module: netmend.reclaim.reach_info
    description: Why one flow does not get out.
"""

EXAMPLES = r"""
- name: Audit a host
  netmend.reclaim.audit_info:
  register: audit

- name: Audit one namespace of it, with the log of a daemon that has no journal
  netmend.reclaim.audit_info:
    netns: vpn1
    logs: [/var/log/doublezerod.log]

- name: Plan what would mend it, and keep away from the tables of the VPN
  netmend.reclaim.audit_info:
    plan: true
    protect:
      - {table: 51820}
      - {interface: wg*}
  register: audit

- name: Say what should be there
  netmend.reclaim.audit_info:
    intent:
      addresses:
        - {address: 192.0.2.10/32, interface: lo}
      rules:
        - {priority: 100, from: 192.0.2.10, table: 100}
"""

RETURN = r"""
schema:
  description: The version of the shape of this result (docs/schema/audit-host-1.json in the collection).
  returned: success
  type: str
  sample: "1.0"
host:
  description:
    - The host's name, kernel release, boot id and machine id, and the name of the network namespace that was audited where
      that is not the host's own.
  returned: success
  type: dict
  sample:
    hostname: edge1
    kernel: 6.1.0-28-amd64
    boot_id: 4a1f0c1e-0000-4000-8000-000000000000
    machine_id: 0123456789abcdef0123456789abcdef
    netns:
netns:
  description: The network namespace that was audited; null for the one that the module ran in.
  returned: success
  type: str
started:
  description: Unix time at which the audit began.
  returned: success
  type: float
seconds:
  description: How long it took.
  returned: success
  type: float
rules:
  description: The ids of the rules that ran.
  returned: success
  type: list
  elements: str
findings:
  description: What is wrong, the worst first.
  returned: success
  type: list
  elements: dict
  contains:
    rule:
      description: The id of the rule.
      type: str
    name:
      description: The name of the rule.
      type: str
    severity:
      description: V(critical), V(high), V(medium), V(low) or V(info).
      type: str
    confidence:
      description: V(proven) where the kernel confirms it now, V(strong) or V(hint).
      type: str
    object:
      description: The kind of the object and what identifies it.
      type: dict
    count:
      description: How many objects the finding stands for.
      type: int
    samples:
      description: Some of them.
      type: list
      elements: str
    cause:
      description: One sentence that says what is wrong.
      type: str
    evidence:
      description: What was seen, by which witness, and the command that shows the same.
      type: list
      elements: dict
    owner:
      description: Whose it is, whether that is alive, and how this is known; null where nothing is known.
      type: dict
    remedy:
      description: The steps that would mend it, each with the command that does the same; the first twenty.
      type: list
      elements: dict
    remedy_omitted:
      description: How many more there are. A plan has them all.
      type: int
    advice:
      description: What mends it and what does not.
      type: str
    details:
      description: What helps but does not identify, such as the errno or the processes.
      type: dict
    fingerprint:
      description: The same for the same finding in each run and after a reboot.
      type: str
    first_seen:
      description: Unix time of the first sign of it, where a witness knows.
      type: float
    last_seen:
      description: Unix time of the last sign of it, where a witness knows.
      type: float
summary:
  description: How many findings there are, by severity and by rule.
  returned: success
  type: dict
  contains:
    total:
      description: All of them.
      type: int
    critical:
      description: Those of severity V(critical).
      type: int
    high:
      description: Those of severity V(high).
      type: int
    medium:
      description: Those of severity V(medium).
      type: int
    low:
      description: Those of severity V(low).
      type: int
    info:
      description: Those of severity V(info).
      type: int
    by_rule:
      description: Rule ids, each with the number of its findings.
      type: dict
    omitted:
      description: How many of them are beyond O(limit) and not in RV(findings).
      type: int
unseen:
  description: What could not be read, and why. It is not known to be clean.
  returned: success
  type: list
  elements: dict
unsteady:
  description: The tables that changed on each try to read them. What is told of them may be incomplete.
  returned: success
  type: list
  elements: str
  sample: []
snapshot:
  description: A digest of the small tables, and how much was looked at.
  returned: success
  type: dict
  sample: {"generation": "53f1e0b1c2a4d5e6", "counts": {"links": 2, "routes": 9}}
plan:
  description:
    - What would mend the findings, and what was left out and why (docs/schema/plan-1.json in the collection); null where
      O(plan) was not asked for.
  returned: success
  type: dict
  contains:
    steps:
      description: The steps in their order, each with the exact objects that it is about and the op that undoes it.
      type: list
      elements: dict
    withheld:
      description: The remedies that got no step, each with the reason.
      type: list
      elements: dict
    protected:
      description: What no step may touch, in words.
      type: list
      elements: str
    digest:
      description: SHA-256 of the rest of the plan. A plan that was changed is refused.
      type: str
"""

from ansible_collections.netmend.reclaim.plugins.module_utils.audit import audit_info
from ansible_collections.netmend.reclaim.plugins.module_utils.info.evidence import JOURNAL
from ansible_collections.netmend.reclaim.plugins.module_utils.intent import OPTIONS as INTENT
from ansible_collections.netmend.reclaim.plugins.module_utils.module import run
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.profile import OPTIONS as OWNER
from ansible_collections.netmend.reclaim.plugins.module_utils.planning import OPTIONS as PLANNING

RULES = dict(
    include=dict(type="list", elements="str", default=[]),
    exclude=dict(type="list", elements="str", default=[]),
)


def main() -> None:
    run(
        dict(
            netns=dict(type="str"),
            rules=dict(type="dict", default={}, options=RULES),
            intent=dict(type="dict", default={}, options=INTENT),
            owners=dict(type="list", elements="dict", default=[], options=OWNER),
            logs=dict(type="list", elements="path", default=[]),
            firewall=dict(type="bool", default=True),
            firewall_trace=dict(type="bool", default=False),
            journal=dict(type="dict", options=JOURNAL),
            limit=dict(type="int", default=200),
            plan=dict(type="bool", default=False),
            **PLANNING,
        ),
        audit_info,
    )


if __name__ == "__main__":
    main()
