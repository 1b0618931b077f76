# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: netns
short_description: Hosts that are network namespaces of the controller
version_added: 0.1.0
author:
  - The netmend.reclaim authors (@netmend)
description:
  - Runs tasks on the controller inside a network namespace, so that each namespace is a host of its own in the inventory,
    with links, addresses, routes, sockets and facts of its own. Files, processes and users are those of the controller.
  - Commands enter the namespace with C(nsenter) from util-linux. They see the C(/sys/class/net) of the namespace, as with
    C(ip netns exec), but keep C(/sys/fs/cgroup), without which sockets cannot be told from which unit they are.
  - A namespace that does not exist, or that may not be entered, makes the host unreachable.
notes:
  - The remote user is ignored; tasks run as the user that runs Ansible, which needs C(CAP_SYS_ADMIN). Others set O(enter)
    to a command that has it, for example V(sudo -n nsenter).
options:
  netns:
    description:
      - Name of the network namespace (as C(ip netns list) shows it), or the ID of a process that lives in one.
    type: str
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: ansible_host
      - name: ansible_netns
  enter:
    description:
      - The command that enters namespaces, with arguments that go before its own.
    type: str
    default: nsenter
    vars:
      - name: ansible_netns_enter
  become_success_timeout:
    description:
      - Number of seconds to wait for become to succeed.
    type: int
    default: 10
    vars:
      - name: ansible_local_become_success_timeout
  become_strip_preamble:
    description:
      - Strip the output of become that comes before that of the command.
    type: bool
    default: true
    vars:
      - name: ansible_local_become_strip_preamble
extends_documentation_fragment:
  - connection_pipelining
"""

import os
import shlex
import subprocess
import typing as t

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection.local import Connection as LocalConnection
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.namespace import path_of

# A mount namespace of its own, for a /sys that shows the links of this network namespace. Its cgroup tree is kept: it is
# reached through a descriptor that was opened before the new /sys hid it. Where mounting is not allowed, /sys stays.
_WITH_SYSFS = (
    "{ exec 9</sys/fs/cgroup && mount -t sysfs netns /sys && mount -c --rbind /proc/self/fd/9 /sys/fs/cgroup; } 2>/dev/null; "
    'exec 9<&-; exec /bin/sh -c "$1"'
)
_PROBE_SECONDS = 30


class Connection(LocalConnection):  # type: ignore[misc]  # ansible-core is not typed
    """The local connection, inside a network namespace."""

    transport = "netmend.reclaim.netns"
    has_pipelining = True

    def _connect(self) -> Connection:
        if not self._connected:
            self._probe()
        super()._connect()
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> t.Tuple[int, bytes, bytes]:
        inside = ["unshare", "--mount", "--propagation", "slave", "/bin/sh", "-c", _WITH_SYSFS, "sh", cmd]
        result: t.Tuple[int, bytes, bytes] = super().exec_command(
            shlex.join(self._enter() + inside), in_data=in_data, sudoable=sudoable
        )
        return result

    def _enter(self) -> t.List[str]:
        return shlex.split(self.get_option("enter")) + ["--net=" + self._path(), "--"]

    def _path(self) -> str:
        try:
            return path_of(self.get_option("netns"))
        except ValueError as exc:
            raise AnsibleConnectionFailure(str(exc)) from exc

    def _probe(self) -> None:
        """Say now, and in words, why the namespace cannot be entered: later it would look like a failing task."""
        path = self._path()
        name = self.get_option("netns")
        if not os.path.lexists(path):
            raise AnsibleConnectionFailure(
                "there is no network namespace %r on the controller: %s does not exist; make it with "
                "'ip netns add' (see 'ip netns list')" % (name, path)
            )
        argv = self._enter() + ["unshare", "--mount", "true"]
        try:
            done = subprocess.run(
                argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PROBE_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise AnsibleConnectionFailure("the network namespace %r cannot be entered: %s" % (name, exc)) from exc
        if done.returncode:
            raise AnsibleConnectionFailure(
                "the network namespace %r cannot be entered with %r (%s): that needs CAP_SYS_ADMIN; run Ansible as root, "
                "or set ansible_netns_enter to a command that has it, such as 'sudo -n nsenter'"
                % (name, self.get_option("enter"), done.stderr.decode(errors="replace").strip()[:500])
            )
