#!/usr/bin/python
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: explain_info
short_description: Tell the whole story of one flow that does not get out
version_added: 0.1.0
author:
  - The netmend.reclaim authors (@netmend)
description:
  - Looks at one destination from all sides and says what it comes down to. What the kernel answers, which sockets and
    witnesses send there, which findings of an audit are about it, whose it is, since when, what mends it, and what does not
    and why.
  - Beside the question itself, all sends to that destination that sockets, logs and owners tell of are looked at, for they may
    have another source or interface. The story is about the one that is worst off; RV(others) has the rest.
  - A destination may be given by its name, as a program there has it. The name is resolved on the managed host in the network
    namespace that is looked at, by C(getaddrinfo) with its order of addresses (RFC 6724), for at most 15 seconds. The story is
    about the address that is tried first, or about one of the others where a socket, a log or an owner tells of sends to it
    that are worse off; RV(name) says of each address what becomes of a send to it, and what that means for a program that
    falls back from one to the next.
  - Where the name does not resolve, the story is about the flow to the DNS server that was asked in vain, for it is that which
    does not get out. RV(cause) says so, and RV(name.resolvers) what each server answers.
  - Changes nothing, and sends nothing but the queries that a name in O(to) takes, and what O(firewall_trace),
    O(resolver_query) and O(probes) ask for.
notes:
  - In a network namespace with a name, the files in C(/etc/netns/NAME) take the places of those in C(/etc) for the resolution,
    as for what C(ip netns exec) runs. Where the namespace is given as a process with a root of its own, such as a container,
    its C(/etc/hosts), C(/etc/resolv.conf), C(/etc/host.conf) and C(/etc/gai.conf) do; C(nsswitch.conf) and the libraries are the
    host's. In all other cases the host's files count.
  - A cache or a forwarder that is reached over a local socket (C(nscd), C(systemd-resolved) through C(nss-resolve)) is asked as a
    program would, and answers for the namespace that it runs in.
extends_documentation_fragment:
  - netmend.reclaim.port
  - netmend.reclaim.reads
  - netmend.reclaim.rules
  - netmend.reclaim.witnesses
  - netmend.reclaim.evidence
options:
  to:
    description:
      - The destination, an IPv4 or IPv6 address or the name of a host. The zone of a link-local address is taken as
        O(interface).
      - A name has letters, digits, hyphens and underscores between its dots. One with other characters is written as DNS
        has it (V(xn--...)).
      - With O(source), only the addresses of its kind are looked at.
    type: str
    required: true
  source:
    description:
      - The address that is sent from. All that send there are looked at when not given.
    type: str
  interface:
    description:
      - The name of the interface that is sent on. Any when not given.
    type: str
  unit:
    description:
      - The systemd unit whose sends are meant, with or without V(.service). Those of all when not given.
    type: str
  protocol:
    description:
      - The protocol. Any when not given; policy rules that select by it are asked as for udp then.
    type: str
    choices: [udp, tcp, icmp]
  port:
    description:
      - The destination port. Any when not given.
    type: int
  mark:
    description:
      - The firewall mark of the socket, as a number such as V(16) or V(0x10).
    type: str
  uid:
    description:
      - The number of the user who sends, for policy rules that select by it.
    type: int
  show:
    description:
      - Print the story on the controller's screen, too.
    type: bool
    default: false
seealso:
  - module: netmend.reclaim.reach_info
    description: The kernel's answer alone.
  - module: netmend.reclaim.audit_info
    description: What is wrong on the whole host.
"""

EXAMPLES = r"""
- name: Why does nothing get there
  netmend.reclaim.explain_info:
    to: 216.238.110.55
    show: true

- name: The same for one daemon, with its log
  netmend.reclaim.explain_info:
    to: 216.238.110.55
    unit: doublezerod
    logs: [/var/log/doublezerod.log]
  register: story

- name: The same by name, asked for on the host
  netmend.reclaim.explain_info:
    to: vpn.example.net
    protocol: tcp
    port: 443
    show: true

- name: Stop where the source is gone
  ansible.builtin.assert:
    that: story.verdict != "source-gone"
"""

RETURN = r"""
question:
  description: What was asked, in the kernel's spelling; a name as it was given.
  returned: success
  type: dict
name:
  description: What is known of the name; null where O(to) is an address.
  returned: success
  type: dict
  contains:
    name:
      description: The name.
      type: str
    error:
      description:
        - The error of C(getaddrinfo), such as V(EAI_NONAME) or V(EAI_AGAIN); V(ETIMEDOUT) where it was given up after 15
          seconds. Null where the name resolved.
      type: str
    said:
      description: The error in words.
      type: str
    command:
      description: What a person would type. C(getent) leaves out IPv6 on a host that has no IPv6 address at all.
      type: str
    addresses:
      description: The addresses in the order in which a program tries them, 16 at most.
      type: list
      elements: dict
      contains:
        address:
          description: The address.
          type: str
        verdict:
          description: As RV(verdict), of the send that was asked about to this address.
          type: str
        errno:
          description: The errno that it would get, or null.
          type: str
        reachable:
          description: Whether the send would succeed.
          type: bool
        explanation:
          description: The kernel's answer in one sentence.
          type: str
    omitted:
      description: How many more addresses there are.
      type: int
    fallback:
      description: What it means for a program that some addresses work and others do not, in words; null where all are alike.
      type: str
    resolvers:
      description: The DNS servers that are asked for the name. Empty where it resolved.
      type: list
      elements: dict
      contains:
        address:
          description: Its address.
          type: str
        interface:
          description: The interface that it is asked over, or null.
          type: str
        port:
          description: Its port.
          type: int
        path:
          description: The file that names it, or empty where it is the C library's own choice.
          type: str
        line:
          description: The line there, or null.
          type: int
        behind:
          description: The address of the forwarder on this host that asks it, or null.
          type: str
        reply:
          description:
            - What came of one query to it for the IPv4 address of the name. V(NOERROR), V(NODATA) (there is such a name, and it
              has no such address), V(NXDOMAIN), V(SERVFAIL) and the like, or the name of the errno that the query got, or
              null where nothing came back within 3 seconds.
          type: str
        command:
          description: What a person would type.
          type: str
verdict:
  description:
    - What it comes down to. V(ok), V(source-gone), V(source-unusable), V(link-down), V(firewall), V(configuration) (prefix,
      gateway or resolver), V(route-missing), V(route-refuses), V(rule-refuses), V(next-hop), V(path) (beyond this host, or
      on the way back), V(destination), V(name) or V(unexplained).
    - Of a name that does not resolve it is V(name) where a DNS server answers that there is no such name or no address for it;
      V(configuration) where none answers, or another one is declared; and otherwise what keeps the query from the server.
  returned: success
  type: str
  sample: source-gone
meaning:
  description: The verdict in words.
  returned: success
  type: str
errno:
  description: The name of the errno that the send gets from the routes, or null.
  returned: success
  type: str
  sample: ENETUNREACH
cause:
  description: The cause in one sentence, of the finding that says most, else RV(explanation).
  returned: success
  type: str
explanation:
  description: The kernel's answer in one sentence, as in M(netmend.reclaim.reach_info).
  returned: success
  type: str
flow:
  description: The send that the story is about.
  returned: success
  type: dict
  contains:
    to:
      description: The address that is sent to.
      type: str
    source:
      description: The address that is sent from; null where the kernel chooses.
      type: str
    interface:
      description: The interface that is sent on, or null.
      type: str
    protocol:
      description: The protocol.
      type: str
    port:
      description: The destination port, or null.
      type: int
    mark:
      description: The firewall mark.
      type: int
    program:
      description: The program that sends, or null.
      type: str
    unit:
      description: Its systemd unit, or null.
      type: str
    reachable:
      description: Whether the send would succeed.
      type: bool
    errno:
      description: The errno that it would get, or null.
      type: str
    cause:
      description: The id of the kernel's cause, as in M(netmend.reclaim.reach_info).
      type: str
    verdict:
      description: As RV(verdict), of this send.
      type: str
    explanation:
      description: The kernel's answer in one sentence.
      type: str
    told_by:
      description: Who tells of this send. V(question) where only the question does.
      type: list
      elements: str
others:
  description: The other sends to the destination, as RV(flow). Of a name, all that somebody tells of.
  returned: success
  type: list
  elements: dict
chain:
  description:
    - The way to the wire, link by link, as in M(netmend.reclaim.reach_info). A name and who was asked for it in vain come
      first (the kinds V(name) and V(resolver)), the firewall last (the kind V(firewall)).
  returned: success
  type: list
  elements: dict
witnesses:
  description: Who tells of this send.
  returned: success
  type: list
  elements: dict
  contains:
    source:
      description: V(kernel), V(journal), V(log), V(strace) and the like.
      type: str
    observed:
      description: What it said.
      type: str
    command:
      description: What a person would type to see the same.
      type: str
    count:
      description: How many times.
      type: int
    first:
      description: Unix time of the first time, or null.
      type: float
    last:
      description: Unix time of the last time, or null.
      type: float
    going_on:
      description: Whether it was so recent that it is still going on, or null where no time is known.
      type: bool
owner:
  description: Whose it is, with how that is known; null where nobody knows.
  returned: success
  type: dict
since:
  description: Unix time since when it is known to be so, or null.
  returned: success
  type: float
going_on:
  description: Whether a witness says that it goes on; null where none knows.
  returned: success
  type: bool
mends:
  description: What mends it.
  returned: success
  type: list
  elements: dict
  contains:
    what:
      description: The op of a remedy, or words.
      type: str
    command:
      description: What a person would type, or empty.
      type: str
    rule:
      description: The rule whose remedy it is, or null.
      type: str
does_not:
  description: What does not mend it.
  returned: success
  type: list
  elements: dict
  contains:
    what:
      description: What people try.
      type: str
    why:
      description: Why it does not help.
      type: str
findings:
  description: The findings of an audit that are about this send, as in M(netmend.reclaim.audit_info).
  returned: success
  type: list
  elements: dict
findings_elsewhere:
  description: How many findings there are that are not about it.
  returned: success
  type: int
unseen:
  description: What could not be read, and why.
  returned: success
  type: list
  elements: dict
unsteady:
  description: Tables that changed on every try to read them.
  returned: success
  type: list
  elements: str
"""

from ansible_collections.netmend.reclaim.plugins.module_utils.module import run
from ansible_collections.netmend.reclaim.plugins.module_utils.story.options import OPTIONS
from ansible_collections.netmend.reclaim.plugins.module_utils.story.tell import explain_info


def main() -> None:
    run(OPTIONS, explain_info)


if __name__ == "__main__":
    main()
