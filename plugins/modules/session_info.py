#!/usr/bin/python
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: session_info
short_description: List, filter, count and group the sockets of a host
version_added: 0.1.0
author:
  - The netmend.reclaim authors (@netmend)
description:
  - Reads the TCP, UDP and raw sockets from the kernel, each with the systemd unit that it was made in, and on request
    with the processes that hold it.
  - Works with tens of thousands of sockets. The result stays small, because sockets beyond O(limit) are only counted;
    O(summary) tells what they have in common.
  - A session that a daemon keeps in its memory over a socket bound to no address is not the kernel's to show. The
    M(netmend.reclaim.audit_info) module has other witnesses for it.
extends_documentation_fragment:
  - netmend.reclaim.port
  - netmend.reclaim.reads
options:
  protocol:
    description:
      - Only sockets of these protocols. All three when not given.
    type: list
    elements: str
    choices: [tcp, udp, raw]
  family:
    description:
      - Only sockets of this address family. Both when not given.
    type: str
    choices: [ipv4, ipv6]
  state:
    description:
      - Only sockets in one of these states, as C(ss) prints them, for example V(ESTAB), V(LISTEN), V(UNCONN), V(TIME-WAIT).
    type: list
    elements: str
  local:
    description:
      - Only sockets whose own address is this one or lies in this prefix. V(0.0.0.0) and V(::) are those bound to none.
    type: str
  remote:
    description:
      - Only sockets connected to this address or into this prefix.
    type: str
  port:
    description:
      - Only sockets with this port on either side.
    type: int
  local_port:
    description:
      - Only sockets with this port of their own.
    type: int
  remote_port:
    description:
      - Only sockets connected to this port.
    type: int
  process:
    description:
      - Only sockets held by a process of this command name (as in C(/proc/PID/comm)) or with this ID.
      - Sockets of other users' processes can only be told by root.
    type: str
  unit:
    description:
      - Only sockets made in this systemd unit; C(.service) may be left out.
    type: str
  interface:
    description:
      - Only sockets bound to this interface.
    type: str
  mark:
    description:
      - Only sockets with this firewall mark, a number such as V(16) or V(0x10). Needs C(CAP_NET_ADMIN).
    type: str
  processes:
    description:
      - Return the processes that hold each socket. This reads all of C(/proc), so it takes longer.
      - Implied by O(process).
    type: bool
    default: false
  summary:
    description:
      - Return counts and groups in place of sockets. A group is of sockets that differ in nothing but their peer and the
        port that is as a rule ephemeral.
    type: bool
    default: false
  limit:
    description:
      - How many sockets or groups are returned at most. Fewer are returned where the result would grow beyond 200 kB.
    type: int
    default: 100
seealso:
  - module: netmend.reclaim.audit_info
    description: Which of these sessions can no longer send.
  - module: netmend.reclaim.reach_info
  - module: netmend.reclaim.interface_info
"""

EXAMPLES = r"""
- name: See which sockets still use an address that is about to go
  netmend.reclaim.session_info:
    local: 192.0.2.10
    processes: true

- name: Count all sockets, by unit and state
  netmend.reclaim.session_info:
    summary: true

- name: List the connections of a routing daemon
  netmend.reclaim.session_info:
    protocol: [tcp]
    state: [ESTAB]
    port: 179
    unit: frr
"""

RETURN = r"""
sessions:
  description: The sockets.
  returned: when O(summary=false)
  type: list
  elements: dict
  contains:
    family:
      description: V(ipv4) or V(ipv6).
      type: str
    protocol:
      description: V(tcp), V(udp) or V(raw).
      type: str
    state:
      description: The state, as C(ss) prints it.
      type: str
    local:
      description: Its own address; V(0.0.0.0) or V(::) where it is bound to none.
      type: str
    local_port:
      description: Its own port.
      type: int
    remote:
      description: The address that it is connected to, or null.
      type: str
    remote_port:
      description: The port that it is connected to, or null.
      type: int
    interface:
      description: The interface that it is bound to, or null; V(if7) and the like where that link is gone.
      type: str
    mark:
      description: Its firewall mark; V(0) also where the kernel does not tell.
      type: int
    uid:
      description: The user who made it.
      type: int
    inode:
      description: Its inode; V(0) where no process holds it any more.
      type: int
    unit:
      description: The systemd unit that it was made in, or null.
      type: str
    transparent:
      description: Whether it may use foreign addresses (C(IP_TRANSPARENT)).
      type: bool
    freebind:
      description: Whether it may be bound to an address that is not there (C(IP_FREEBIND)).
      type: bool
    processes:
      description: Who holds it, where O(processes=true).
      type: list
      elements: dict
      contains:
        pid:
          description: The process ID.
          type: int
        name:
          description: The command name.
          type: str
        started:
          description: When it started, in Unix time, or null.
          type: float
  sample:
    - family: ipv4
      freebind: false
      inode: 41210
      interface: null
      local: 192.0.2.10
      local_port: 22
      mark: 0
      protocol: tcp
      remote: 198.51.100.7
      remote_port: 51514
      state: ESTAB
      transparent: false
      uid: 0
      unit: ssh.service
total:
  description: How many sockets match.
  returned: success
  type: int
  sample: 1
truncated:
  description: Whether there are more sockets, or groups, than were returned.
  returned: success
  type: bool
  sample: false
counts:
  description: How many sockets match, by C(family), C(protocol), C(state), C(local) and C(unit).
  returned: when O(summary=true)
  type: dict
  sample: {family: {ipv4: 1}, local: {192.0.2.10: 1}, protocol: {tcp: 1}, state: {ESTAB: 1}, unit: {ssh.service: 1}}
groups:
  description: The largest groups, each with what its sockets share, its C(count) and some C(samples).
  returned: when O(summary=true)
  type: list
  elements: dict
  contains:
    service_port:
      description: The own port of sockets without a peer, else the lower one of the two.
      type: int
    count:
      description: How many sockets there are in the group.
      type: int
    samples:
      description: Some of them.
      type: list
      elements: str
  sample:
    - count: 1
      family: ipv4
      interface: null
      local: 192.0.2.10
      mark: 0
      protocol: tcp
      samples: ["192.0.2.10:22 > 198.51.100.7:51514"]
      service_port: 22
      state: ESTAB
      unit: ssh.service
groups_total:
  description: How many groups there are.
  returned: when O(summary=true)
  type: int
  sample: 1
unseen:
  description: What could not be read, and why. It is not known to be clean.
  returned: success
  type: list
  elements: dict
  sample:
    - {what: owners of sockets, why: not root}
unsteady:
  description: The tables that changed on each try to read them. What is told of them may be incomplete.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.netmend.reclaim.plugins.module_utils.info.sessions import session_info
from ansible_collections.netmend.reclaim.plugins.module_utils.module import run


def main() -> None:
    run(
        dict(
            netns=dict(type="str"),
            protocol=dict(type="list", elements="str", choices=["tcp", "udp", "raw"]),
            family=dict(type="str", choices=["ipv4", "ipv6"]),
            state=dict(type="list", elements="str"),
            local=dict(type="str"),
            remote=dict(type="str"),
            port=dict(type="int"),
            local_port=dict(type="int"),
            remote_port=dict(type="int"),
            process=dict(type="str"),
            unit=dict(type="str"),
            interface=dict(type="str"),
            mark=dict(type="str"),
            processes=dict(type="bool", default=False),
            summary=dict(type="bool", default=False),
            limit=dict(type="int", default=100),
        ),
        session_info,
    )


if __name__ == "__main__":
    main()
