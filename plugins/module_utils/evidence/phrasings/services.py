# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mail, databases, monitoring, logging, clusters."""

from __future__ import annotations

from .base import Phrasing

PHRASINGS = (
    # connect to mx.example.com[2001:db8::1]:25: Network is unreachable
    Phrasing(
        "postfix",
        ("connect to ",),
        r"\bconnect to [\w.-]{1,255}\[(?P<remote>[0-9A-Fa-f.:]{2,45})\]:<remote_port>: <error><end>",
    ),
    # connection to server at "db.example.com" (2001:db8::1), port 5432 failed: Network is unreachable
    Phrasing(
        "libpq",
        ("connection to server at",),
        r"\bconnection to server at \"[^\"\s]{1,255}\" \(<remote>\), port <remote_port> failed: <error><end>",
    ),
    # Can't connect to MySQL server on '192.0.2.1' (113)
    Phrasing(
        "mysql",
        ("server on '",),
        r"\bCan't connect to (?:MySQL |MariaDB )?server on '<remote>' \((?P<error>101|113|99)[) ]",
    ),
    # Unable to connect to MASTER: Network is unreachable; Error condition on socket for SYNC: No route to host
    Phrasing(
        "redis",
        ("to master: ", "for sync: "),
        r"\b(?:Unable to connect to MASTER|Error condition on socket for SYNC): <error><end>",
    ),
    # Could not create server TCP listening socket 192.0.2.1:6379: bind: Cannot assign requested address
    Phrasing(
        "redis bind",
        ("server tcp listening socket",),
        r"\bCould not create server TCP listening socket <local>: bind: <error><end>",
    ),
    # cannot connect to [[192.0.2.1]:10051]: [113] No route to host
    Phrasing(
        "zabbix",
        ("cannot connect to [[",),
        r"\bcannot connect to \[\[(?P<remote>[\w.:-]{1,255})\]:<remote_port>\]: \[\d{1,3}\] <error><end>",
    ),
    # cannot connect to 192.0.2.1:514 (took 0.00 seconds): Network is unreachable
    Phrasing(
        "rsyslog", ("cannot connect to ",), r"\bcannot connect to <remote> \(took [\d.]{1,12} seconds\): <error><end>"
    ),
    # omfwd: socket 7: error 101 sending via udp: Network is unreachable
    Phrasing(
        "rsyslog udp",
        ("sending via udp",),
        r"\bsocket -?\d{1,9}: error (?P<error>101|113|99|100|13|22|1) sending via udp",
    ),
    # sendmsg(mcast) failed (non-critical): Network is unreachable (101)
    Phrasing(
        "corosync",
        (" failed (non-critical): ",),
        r"\bsendmsg\([\w ]{1,30}\) failed \(non-critical\): <sent> \(\d{1,3}\)",
    ),
)
