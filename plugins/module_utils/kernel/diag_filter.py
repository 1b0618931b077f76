# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of the socket table the kernel should send: states, ports and addresses (include/uapi/linux/inet_diag.h)."""

from __future__ import annotations

import dataclasses
import ipaddress
import struct
import typing as t

# Index is the kernel's number (include/net/tcp_states.h), words are ss's. 12 is NEW_SYN_RECV, shown as 3.
STATES = (
    "UNKNOWN", "ESTAB", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "UNCONN", "CLOSE-WAIT",
    "LAST-ACK", "LISTEN", "CLOSING", "SYN-RECV",
)  # fmt: skip
ALL_STATES = 0x1FFE
"""TCP sockets that are bound and neither listen nor connect (bit 13, Linux 6.8) are left out, as ss does."""

_S_GE, _S_LE, _D_GE, _D_LE, _S_COND, _D_COND = 2, 3, 4, 5, 7, 8
_OP = struct.Struct("=BBH")
"""inet_diag_bc_op: code, step where it holds, step where not (bytes)."""
_HOST = struct.Struct("=BBxxi")
"""inet_diag_hostcond: family, prefix length, port; the address follows."""
_ANY_PORT = -1
_FAMILY = {4: 2, 6: 10}


@dataclasses.dataclass(frozen=True)
class Filter:
    """Which sockets are wanted; None wants all. The kernel does the filtering, so what is not wanted costs little."""

    states: t.Optional[t.Tuple[str, ...]] = None
    """As ss prints them: ``ESTAB``, ``LISTEN``, ``UNCONN``..."""
    local: str | None = None
    """Address or prefix. An IPv4 one also finds IPv4-mapped sockets."""
    local_port: int | None = None
    remote: str | None = None
    remote_port: int | None = None

    def mask(self) -> int:
        """The states as a bit mask. Raises ValueError for a word that is no state."""
        if self.states is None:
            return ALL_STATES
        mask = 0
        for state in self.states:
            if state not in STATES[1:]:
                raise ValueError("state %r is not one of %s" % (state, ", ".join(sorted(set(STATES[1:])))))
            mask |= sum(1 << number for number, word in enumerate(STATES) if word == state)
        return mask

    def families(self) -> t.Set[int]:
        """The families that its addresses leave. Raises ValueError for what is no address or prefix."""
        left = {4, 6}
        for host in (self.local, self.remote):
            if host is not None:
                left &= {ipaddress.ip_network(host, strict=False).version}
        return left

    def bytecode(self) -> bytes:
        """The conditions as a program for the kernel; empty where there are none. Raises ValueError."""
        ops: t.List[t.Tuple[int, bytes]] = []
        for host_code, ge_code, le_code, host, port in (
            (_S_COND, _S_GE, _S_LE, self.local, self.local_port),
            (_D_COND, _D_GE, _D_LE, self.remote, self.remote_port),
        ):
            if port is not None:
                if not 0 <= port <= 65535:
                    raise ValueError("port %r is not between 0 and 65535" % port)
                # The port is the third field of an op of its own that follows (as ss writes it).
                ops += [(code, _OP.pack(0, 0, port)) for code in (ge_code, le_code)]
            if host is not None:
                network = ipaddress.ip_network(host, strict=False)
                condition = _HOST.pack(_FAMILY[network.version], network.prefixlen, _ANY_PORT)
                ops.append((host_code, condition + network.network_address.packed))
        program = b""
        for code, argument in reversed(ops):
            size = _OP.size + len(argument)
            # To refuse, the kernel wants a step to four bytes behind the end of the program.
            program = _OP.pack(code, size, size + len(program) + 4) + argument + program
        return program
