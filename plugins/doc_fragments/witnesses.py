# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What an audit is told of, and what it reads, beside the kernel's tables; ``evidence`` goes with it."""

    DOCUMENTATION = r"""
options:
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
      resolvers:
        description:
          - The addresses of the DNS servers that the programs of this host should ask, themselves or through a forwarder on it.
          - One that is not asked is a finding, and so is one that is asked and not declared. Without any, all are right.
        type: list
        elements: str
        default: []
      owners:
        description:
          - The names of owners that should run here, such as V(doublezerod). The collection describes them, or O(owners) does.
        type: list
        elements: str
        default: []
      forwarding:
        description:
          - The families that this host should forward, on some link at least.
        type: list
        elements: str
        choices: [ipv4, ipv6]
        default: []
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
          unmarked:
            description:
              - Whether the rule selects all packets but those that bear the number of its table as their firewall mark, and
                by nothing else, as C(not from all fwmark 0xca6c lookup 51820) does.
            type: bool
            default: false
          suppresses:
            description:
              - The rule selects all packets, and takes no route of its table with a prefix of this length or a shorter one,
                as C(from all lookup main suppress_prefixlength 0) does with V(0).
            type: int
          before_own:
            description:
              - Whether the rule stands directly before one that another entry of the same owner proves to be its own. It is
                left over only together with that one.
            type: bool
            default: false
          proves:
            description:
              - With V(false) what fits is kept while the owner lives, but never taken to be the owner's by this entry.
            type: bool
            default: true
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
      lives_in_links:
        description:
          - Whether it lives in its links, as a tunnel that the kernel itself carries does. It is alive while a link is here
            that O(owners[].objects) fits, or that a file of O(owners[].wants) names, and gone without one though its program
            is installed. Where the table that its rules lead to has routes all the same, that is not known.
          - Not together with O(owners[].outlives).
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
  resolver_query:
    description:
      - Send each DNS server that the host asks one query (for the name servers of the root), and find those that do not
        answer. Without it, only what this host itself knows of the way to them is told. It changes nothing, but it is traffic.
    type: bool
    default: false
  probes:
    description:
      - Send packets of different sizes to a few of the destinations that sessions and tunnels of this host send to, and find those
        where large ones vanish, or are told to be too big, while the links and routes promise more (rule C(RC504)).
      - At most five destinations, first the far ends of tunnels, then those with the most sockets. To each go echo requests that are
        never fragmented, at most 87 and no more than 20 in a second, for no longer than 60 seconds in all. An audit that plans
        looks twice, and sends twice.
      - Needs root, or a group that C(net.ipv4.ping_group_range) lets have ping sockets. It changes nothing, but it is traffic.
      - M(netmend.reclaim.explain_info) sends to the destination that it is asked about, and to no other.
    type: bool
    default: false
  boot_root:
    description:
      - The root directory of the files that configure the network at the next boot. Those of the host itself when not given,
        and none for another network namespace than the one that the host starts with.
      - For a container, the directory that is its root.
    type: path
"""
