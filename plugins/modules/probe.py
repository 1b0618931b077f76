#!/usr/bin/python
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: probe
short_description: Send a few packets and say what comes of them
version_added: 0.1.0
author:
  - The netmend.reclaim authors (@netmend)
description:
  - Sends echo requests, datagrams or connections to one address, goes from router to router, or searches how large a packet
    comes through, and says what came back. Where an ICMP error did, it names who sent it and what it says.
  - Whatever is sent is bounded in number, time and rate. At most 20 packets are sent in a second, RV(would_send) tells the
    bounds of all of them.
  - The packets have the source, interface and mark of the flow that is looked into. A send that the kernel refuses is a
    result, not a failure.
  - It sends packets, which is why it is no C(_info) module. It changes nothing on the host, but that the kernel learns of a
    smaller path MTU when a router tells it, as from any packet.
  - Names are not looked up.
extends_documentation_fragment:
  - netmend.reclaim.plain
options:
  to:
    description:
      - The destination, the IPv4 or IPv6 address of one host. The zone of a link-local one is taken as O(interface).
    type: str
    required: true
  method:
    description:
      - V(icmp) sends echo requests.
      - V(udp) sends datagrams to O(port). Any answer counts. A program that does not know what is sent need not answer, so
        that silence says little; a closed port tells that the host is reached.
      - V(tcp) opens a connection to O(port) and closes it again. Nothing is sent over it.
      - V(traceroute) goes from router to router, with echo requests, or with datagrams to O(port) where that is given.
      - V(path_mtu) sends echo requests of different sizes that are never fragmented, and tells apart what a router says and what
        vanishes. An answer is as large as its request, so the way back counts as well.
    type: str
    choices: [icmp, udp, tcp, traceroute, path_mtu]
    default: icmp
  source:
    description:
      - The address that is sent from. The kernel chooses when not given.
    type: str
  interface:
    description:
      - The name of the interface that the socket is bound to. The routes decide when not given.
    type: str
  mark:
    description:
      - The firewall mark of the socket, as a number such as V(16) or V(0x10). Needs C(CAP_NET_ADMIN).
    type: str
  port:
    description:
      - The port of O(method=udp) (V(7), the echo service, when not given), of O(method=tcp) (required) and of the datagrams of
        O(method=traceroute).
    type: int
  count:
    description:
      - How many packets are sent, from V(1) to V(10). Of a traceroute for each hop, of a path MTU for each size that gets no
        answer.
    type: int
    default: 3
  timeout:
    description:
      - How many seconds each packet is waited for, from V(0.1) to V(10).
    type: float
    default: 1.0
  ttl:
    description:
      - How many hops the packets may go, from V(1) to V(255). The kernel's default when not given. Not of a traceroute.
    type: int
  max_hops:
    description:
      - How many hops O(method=traceroute) goes at most, from V(1) to V(64), V(30) when not given. It ends before, where eight
        hops in a row say nothing. O(max_hops) times O(count) may not be above 200.
    type: int
  size:
    description:
      - How large the packets are, in bytes of the whole IP packet, up to V(65535). Of a path MTU, the largest that is tried;
        what the link takes when not given. Not of O(method=tcp).
    type: int
  netns:
    description:
      - The network namespace that is sent in, by its name (as C(ip netns list) shows it) or by the ID of a process in it.
      - The one that the module runs in when not given. Entering another one needs C(CAP_SYS_ADMIN).
    type: str
attributes:
  check_mode:
    description: Can run in C(check_mode) without sending anything.
    support: full
    details:
      - In check mode nothing is sent. RV(would_send) says what would be, RV(verdict) is V(not-sent).
notes:
  - Without root, O(method=udp) and O(method=tcp) work, and so does what sends echo requests where the sysctl
    C(net.ipv4.ping_group_range) lets a group of the user have ping sockets, as most distributions do.
  - Who sent an ICMP error about a TCP connection is known from Linux 5.9 on.
seealso:
  - module: netmend.reclaim.reach_info
    description: What the kernel would do with a packet. Sends nothing.
  - module: netmend.reclaim.explain_info
    description: The whole story of one flow.
"""

EXAMPLES = r"""
- name: Does the far end of the tunnel answer, from the address that the tunnel has
  netmend.reclaim.probe:
    to: 198.51.100.3
    source: 192.0.2.10

- name: Is the port open, over this interface
  netmend.reclaim.probe:
    to: 198.51.100.3
    method: tcp
    port: 443
    interface: eth1
    timeout: 3

- name: Where does it end
  netmend.reclaim.probe:
    to: 2001:db8:3::3
    method: traceroute
    max_hops: 16
  register: way
  become: true

- name: Do large packets come through
  netmend.reclaim.probe:
    to: 198.51.100.3
    method: path_mtu
  register: path
  become: true

- name: Stop where they vanish
  ansible.builtin.assert:
    that: path.verdict != "black-hole"
    fail_msg: "{{ path.words }}"
"""

RETURN = r"""
question:
  description: What was asked, with defaults filled in.
  returned: success
  type: dict
would_send:
  description: The bounds of what is sent, in check mode of what would be.
  returned: success
  type: dict
  contains:
    packets:
      description: How many packets at most. A TCP connection counts as one.
      type: int
    seconds:
      description: For how long at most.
      type: float
    words:
      description: The same in words, and what kind of packets.
      type: str
  sample:
    packets: 3
    seconds: 1.1
    words: up to 3 ICMP echo requests of 84 bytes to 198.51.100.3 within 2 s, at most 20 in a second
command:
  description: What a person would type to do the like.
  returned: success
  type: str
  sample: ping -n -c 3 198.51.100.3
verdict:
  description:
    - V(answered), the destination answered. V(closed), it is reached and refuses the connection. V(told), an ICMP error came
      back, RV(cause) has it. V(silent), nothing came back in time. V(refused), the kernel did not send it, RV(errno) has its
      reason. V(not-sent) in check mode.
    - Of a path MTU V(whole), all sizes come through. V(told), a router says which size passes, and that does. V(black-hole),
      small packets come through and large ones do not, also not of the size that a router told. V(unreached), nothing comes
      through. V(refused), the kernel sends nothing. V(unclear), the same size did not fare the same twice.
  returned: success
  type: str
  sample: answered
words:
  description: The same in a sentence.
  returned: success
  type: str
  sample: 198.51.100.3 answered 3 of 3.
sent:
  description: Whether any packet left the socket.
  returned: success
  type: bool
  sample: true
errno:
  description: The name of the errno that the kernel refused all packets with, or null.
  returned: success
  type: str
  sample: ENETUNREACH
source:
  description: The address that was sent from, or null where none was chosen.
  returned: success
  type: str
  sample: 192.0.2.10
cause:
  description: What came back instead of an answer, or null.
  returned: success
  type: dict
  contains:
    name:
      description:
        - V(net-unreachable), V(host-unreachable), V(protocol-unreachable), V(port-unreachable), V(prohibited) (a firewall rejects it),
          V(too-big), V(ttl-exceeded), V(reassembly-exceeded), V(parameter-problem), V(source-route-failed), V(beyond-scope),
          V(other), the same for IPv4 and IPv6.
        - V(too-big-here) where this host's own link or route is too small. V(refused) where the kernel told an errno only.
      type: str
    words:
      description: The same in words.
      type: str
    origin:
      description: V(icmp), V(icmpv6), or V(local) where this host's kernel tells without a packet.
      type: str
    errno:
      description: The name of the errno that a program gets.
      type: str
    type:
      description: The ICMP type, or null.
      type: int
    code:
      description: The ICMP code, or null.
      type: int
    by:
      description: Who sent the ICMP error. It is RV(source) where this host itself did.
      type: str
    mtu:
      description: The largest packet that would pass, as it says, or null.
      type: int
  sample:
    {by: 203.0.113.2, code: 1, errno: EHOSTUNREACH, mtu: null, name: host-unreachable, origin: icmp, type: 3, words: host unreachable}
counts:
  description: How many packets fared how.
  returned: success
  type: dict
  sample: {answered: 3}
packets:
  description: Each packet, the first 200 of them.
  returned: success
  type: list
  elements: dict
  contains:
    outcome:
      description: V(answered), V(closed), V(told), V(silent) or V(refused).
      type: str
    sent:
      description: Whether it left the socket.
      type: bool
    errno:
      description: What the kernel said of it, or null.
      type: str
    milliseconds:
      description: How long what came back took, or null.
      type: float
    by:
      description: Who answered or told, or null.
      type: str
    cause:
      description: As RV(cause).
      type: dict
    source:
      description: The address that it was sent from, or null.
      type: str
    ttl:
      description: How many hops it might go, or null where the kernel's default holds.
      type: int
    size:
      description: How large it was, in bytes of the whole IP packet, or null where that was no matter.
      type: int
hops:
  description: The hops of a traceroute, in their order. Those at the end that said nothing are left out.
  returned: success
  type: list
  elements: dict
  contains:
    ttl:
      description: The distance.
      type: int
    by:
      description: Who spoke. Several where packets take different ways.
      type: list
      elements: str
    milliseconds:
      description: For each packet how long it took, null where nothing came.
      type: list
      elements: float
    cause:
      description: As RV(cause), where the way ends here with an ICMP error. Null at a router that passes packets on.
      type: dict
  sample:
    - {by: [192.0.2.1], cause: null, milliseconds: [0.2, 0.2, 0.2], ttl: 1}
    - {by: [198.51.100.3], cause: null, milliseconds: [0.4, 0.3, 0.3], ttl: 2}
path_mtu:
  description: What was found of the path MTU, in bytes of the whole IP packet. Null with other methods.
  returned: success
  type: dict
  contains:
    passed:
      description: The largest packet that came through, or null.
      type: int
    lost:
      description: The smallest one that was sent and did not, or null.
      type: int
    link_mtu:
      description: What this host's own link takes, or null where no packet was too large for it.
      type: int
    believed:
      description: What the kernel took for the path MTU before, from the link, the route, or what it was told earlier.
      type: int
    told:
      description: The smallest MTU that a router told, or null.
      type: int
    told_by:
      description: The router that told it, or null.
      type: str
  sample: {believed: 1500, link_mtu: 1500, lost: 1301, passed: 1300, told: null, told_by: null}
"""

from ansible_collections.netmend.reclaim.plugins.module_utils.module import run_asked
from ansible_collections.netmend.reclaim.plugins.module_utils.probing.options import OPTIONS
from ansible_collections.netmend.reclaim.plugins.module_utils.probing.run import probe


def main() -> None:
    run_asked(OPTIONS, probe)


if __name__ == "__main__":
    main()
