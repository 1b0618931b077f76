#!/usr/bin/python
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: capture
short_description: Capture packets within bounds, and fetch the file
version_added: 0.1.0
author:
  - The netmend.reclaim authors (@netmend)
description:
  - Captures the packets of an interface, or of all, into a file of pcapng or pcap, and brings it to the controller. Nothing is
    left on the host.
  - Needs no tcpdump there. The kernel itself sorts out what is not wanted (the classic packet filter, attached before the
    socket is bound), so a busy interface costs little.
  - Never without bounds. O(seconds) must be said, and O(packets) or O(bytes); each has an upper limit. It ends with the first
    that is reached.
  - What the result shows of it (RV(flows), RV(lines)) is often answer enough.
  - B(A capture holds what people send.) By default only the first 128 bytes of each packet are kept, which are its headers and
    the beginning of what it carries; that is enough to hold a name that is looked up, or the beginning of a message. Name the
    flow (O(filter)), keep the file no longer than you need it, and raise O(snaplen) only where the contents matter. The
    file is readable by its user alone, on the host and on the controller.
options:
  dest:
    description:
      - Where the file goes on the controller. A path that ends in C(/), or a directory that is there, gets a new file with a
        name made of host, interface, time (UTC) and format. Any other path is that of the file itself.
      - A relative path stands under the current directory. Directories that are missing are made.
      - Nothing is overwritten. A file that is there already makes the task fail before anything is captured.
    type: path
    required: true
  interface:
    description:
      - The name of the interface. All of the network namespace when not given; the packets then have a header made of what the
        kernel says (C(LINUX_SLL)) in place of their link's, and V(pcap) does not tell which interface it was.
      - Links that have no Ethernet header (tun, WireGuard, GRE, IPIP, PPP) get such a header as well.
      - It is not made promiscuous.
    type: str
  seconds:
    description:
      - How long at most, from V(1) to V(3600).
    type: int
    required: true
  packets:
    description:
      - How many packets at most, from V(1) to V(1000000). This or O(bytes) must be given.
    type: int
  bytes:
    description:
      - How large the file becomes at most, from V(4K) to V(64M). This or O(packets) must be given.
      - The capture is refused where the file could leave less than the twentieth part of the file system free (at least 64 MiB,
        at most 1 GiB are left alone), and ends early where others fill it meanwhile.
    type: bytes
  filter:
    description:
      - What to capture. All that is said must hold of a packet, and of a list one item. All packets when not given.
      - In IPv4, options are skipped, and of a packet that was fragmented only the first part has ports, ICMP types and TCP
        flags. In IPv6, the protocol is the one that the fixed header names, or that of a fragment; other extension headers are
        not walked through.
      - VLAN tags do not matter unless O(filter.vlan) is given. What is in a tunnel is not looked at; capture on the tunnel.
    type: dict
    suboptions:
      family:
        description: Only packets of IPv4 or of IPv6.
        type: str
        choices: [ipv4, ipv6]
      protocol:
        description:
          - V(tcp), V(udp), V(icmp) (of either family), V(arp), V(sctp), V(gre), V(esp), V(ah), V(ipip), V(sit), V(ospf), V(vrrp),
            V(pim), V(igmp), or the number of an IP protocol.
        type: str
      host:
        description:
          - Addresses or prefixes of which one is source or destination. ARP about an address counts unless O(filter.family),
            O(filter.protocol) or what only IP has is given.
        type: list
        elements: str
      src:
        description: Addresses or prefixes of which one is the source.
        type: list
        elements: str
      dst:
        description: Addresses or prefixes of which one is the destination.
        type: list
        elements: str
      port:
        description: Ports, or ranges such as V(8000-8099), of TCP, UDP or SCTP, at either end.
        type: list
        elements: str
      sport:
        description: Source ports or ranges.
        type: list
        elements: str
      dport:
        description: Destination ports or ranges.
        type: list
        elements: str
      icmp_type:
        description:
          - Types of ICMP and ICMPv6. V(echo-request), V(echo-reply), V(unreachable), V(time-exceeded), V(packet-too-big),
            V(parameter-problem), V(redirect), V(router-solicitation), V(router-advertisement), V(neighbour-solicitation),
            V(neighbour-advertisement), or numbers, with O(filter.family).
          - IPv4 tells a packet that is too big as V(unreachable).
        type: list
        elements: str
      tcp_flags:
        description: Flags of TCP of which at least one is set.
        type: list
        elements: str
        choices: [fin, syn, rst, psh, ack, urg]
      vlan:
        description: The ID of the outermost VLAN tag.
        type: int
  exclude:
    description:
      - What to leave out of that, said in the same way.
    type: dict
    suboptions:
      family:
        description: See O(filter.family).
        type: str
        choices: [ipv4, ipv6]
      protocol:
        description: See O(filter.protocol).
        type: str
      host:
        description: See O(filter.host).
        type: list
        elements: str
      src:
        description: See O(filter.src).
        type: list
        elements: str
      dst:
        description: See O(filter.dst).
        type: list
        elements: str
      port:
        description: See O(filter.port).
        type: list
        elements: str
      sport:
        description: See O(filter.sport).
        type: list
        elements: str
      dport:
        description: See O(filter.dport).
        type: list
        elements: str
      icmp_type:
        description: See O(filter.icmp_type).
        type: list
        elements: str
      tcp_flags:
        description: See O(filter.tcp_flags).
        type: list
        elements: str
        choices: [fin, syn, rst, psh, ack, urg]
      vlan:
        description: See O(filter.vlan).
        type: int
  own_connection:
    description:
      - Whether to capture the SSH connection that the task itself comes by as well.
    type: bool
    default: false
  direction:
    description:
      - Only what comes in, or only what goes out. Both when not given; on the loopback each packet is then seen twice.
    type: str
    choices: [in, out]
  snaplen:
    description:
      - How many bytes of each packet are kept, from V(64) to V(262144). With a VLAN tag or a C(LINUX_SLL) header, these count.
    type: int
    default: 128
  format:
    description:
      - V(pcapng) tells interfaces, directions and drops; V(pcap) is what older programs read. Both have times in nanoseconds.
    type: str
    choices: [pcapng, pcap]
    default: pcapng
  netns:
    description:
      - The network namespace to capture in, by its name (as C(ip netns list) shows it) or by the ID of a process in it.
      - The one that the module runs in when not given. Entering another one needs C(CAP_SYS_ADMIN).
    type: str
attributes:
  platform:
    description: The operating systems of managed hosts.
    support: full
    platforms: linux
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the target.
    support: full
    details:
      - Nothing is captured and no file made, on the host or on the controller. Options, rights, interface and room on the disk
        are checked, and RV(command) tells what would be captured.
  diff_mode:
    description: Returns details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
  async:
    description: Can be run with C(async).
    support: none
    details:
      - The file is fetched when the capture has ended.
  action:
    description: Part of the module runs on the controller.
    support: full
    details:
      - It fetches the file.
requirements:
  - Python 3.9 or later on the managed host
notes:
  - Needs root, or C(CAP_NET_RAW) in the network namespace.
  - Reports changed, for a new file is on the controller. On the host nothing changes.
  - Meanwhile the file lies in the temporary directory of the task on the host, readable by its user alone. Where the connection
    is lost, it stays there until another capture removes it, six hours later at the earliest.
  - With become, the file goes through the module M(ansible.builtin.slurp), which needs about nine times its size in memory on the controller.
  - What this host sends is captured before the network card computes its checksums and cuts it into segments. Readers may call
    such checksums wrong, and such packets are larger than the MTU.
  - What a firewall drops on its way in is captured, for that happens later; what it drops on its way out is not.
seealso:
  - module: netmend.reclaim.reach_info
  - module: netmend.reclaim.evidence_info
"""

EXAMPLES = r"""
- name: See whether the daemon's packets leave, and what comes back
  netmend.reclaim.capture:
    dest: captures/
    interface: doublezero0
    seconds: 30
    packets: 1000
    filter:
      protocol: udp
      host: [216.238.110.55]
      port: [44880]
  become: true
  register: liveness

- name: Show what that was, without opening the file
  ansible.builtin.debug:
    var: liveness.flows

- name: Who tells this host that something is unreachable?
  netmend.reclaim.capture:
    dest: captures/
    seconds: 60
    packets: 200
    direction: in
    filter:
      icmp_type: [unreachable, time-exceeded, packet-too-big]
  become: true

- name: Does anybody answer for the gateway's address?
  netmend.reclaim.capture:
    dest: /var/tmp/arp.pcapng
    interface: eth0
    seconds: 15
    packets: 100
    filter:
      protocol: arp
      host: [192.0.2.1]
  become: true

- name: All that a VPN's namespace sends but DNS, whole
  netmend.reclaim.capture:
    dest: captures/
    netns: vpn1
    seconds: 60
    bytes: 16M
    snaplen: 65535
    exclude:
      port: [53, 853]
  become: true
"""

RETURN = r"""
path:
  description: The file on the controller.
  returned: when something could be captured
  type: str
  sample: /home/me/captures/edge1-doublezero0-20261125T150200Z.pcapng
size:
  description: Bytes of the file.
  returned: when something could be captured
  type: int
  sample: 18540
checksum:
  description: SHA-256 of the file.
  returned: when something could be captured
  type: str
  sample: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
packets:
  description: How many packets are in it.
  returned: when something could be captured
  type: int
  sample: 112
dropped:
  description: How many packets that the filter let through are not in it, for they came faster than they were read.
  returned: when something could be captured
  type: int
  sample: 0
seconds:
  description: How long was captured.
  returned: when something could be captured
  type: float
  sample: 30.001
ended_by:
  description:
    - What ended it. V(time), V(packets) or V(bytes), the bound; V(space), where others filled the disk; V(interface), where the
      interface went away. The file is whole in each case.
  returned: when something could be captured
  type: str
  sample: time
interfaces:
  description: The interfaces that packets were captured on.
  returned: when something could be captured
  type: list
  elements: str
  sample: [doublezero0]
flows:
  description:
    - The 20 flows with most packets.
  returned: when something could be captured
  type: list
  elements: dict
  contains:
    interface:
      description: The interface.
      type: str
    direction:
      description: V(in) or V(out).
      type: str
    protocol:
      description: As O(filter.protocol) calls it, the number of an IP protocol, or C(ethertype 0x88cc).
      type: str
    source:
      description: The source address; of ARP, the sender's. Null where there is none.
      type: str
    destination:
      description: The destination address; of ARP, the target's.
      type: str
    source_port:
      description: The source port; null also of fragments behind the first.
      type: int
    destination_port:
      description: The destination port.
      type: int
    type:
      description: Of ICMP the type, as O(filter.icmp_type) calls it, of ARP V(request) or V(reply); null otherwise.
      type: str
    packets:
      description: How many packets.
      type: int
    bytes:
      description: How many bytes they had on the wire.
      type: int
    first:
      description: When the first came, in Unix time.
      type: float
    last:
      description: When the last came, in Unix time.
      type: float
  sample:
    - {interface: doublezero0, direction: out, protocol: udp, source: 209.245.225.161, destination: 216.238.110.55,
      source_port: 44880, destination_port: 44880, type: null, packets: 56, bytes: 3808, first: 1764531382.662807,
      last: 1764531412.102311}
flows_omitted:
  description: How many flows there are beyond those that are shown. 4096 are told apart.
  returned: when something could be captured
  type: int
  sample: 0
packets_beyond:
  description: How many packets belong to flows that are not told apart.
  returned: when something could be captured
  type: int
  sample: 0
lines:
  description: The first 10 packets, in words.
  returned: when something could be captured
  type: list
  elements: str
  sample:
    - 2026-11-25T15:02:00.662807Z doublezero0 out udp 209.245.225.161:44880 > 216.238.110.55:44880 68 bytes
captured:
  description: Whether anything was captured; it is not in check mode.
  returned: success
  type: bool
format:
  description: The format of the file.
  returned: success
  type: str
  sample: pcapng
bounds:
  description: The bounds, also those that were not given.
  returned: success
  type: dict
  sample: {bytes: 67108864, packets: 1000, seconds: 30, snaplen: 128}
command:
  description: What a person would type to capture the same, with tcpdump.
  returned: success
  type: str
  sample: >-
    timeout 30 tcpdump -n -p -i doublezero0 -s 128 -c 1000
    'ip and udp and host 216.238.110.55 and port 44880'
"""

from ansible_collections.netmend.reclaim.plugins.module_utils.capturing.capture import capture
from ansible_collections.netmend.reclaim.plugins.module_utils.capturing.request import SPEC
from ansible_collections.netmend.reclaim.plugins.module_utils.module import run_making


def main() -> None:
    run_making(SPEC, capture)


if __name__ == "__main__":
    main()
