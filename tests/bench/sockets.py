# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many sockets: ``sockets.py COUNT FIRST`` opens UDP sockets on loopback, says so, and holds them."""

from __future__ import annotations

import resource
import socket
import sys

count, first = int(sys.argv[1]), int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_NOFILE, (count + 50,) + resource.getrlimit(resource.RLIMIT_NOFILE)[1:])
held = []
for number in range(first, first + count):
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind(("127.%d.%d.1" % (1 + number // 250 // 250, 1 + number // 250 % 250), 1024 + number % 60000))
    opened.connect(("127.0.0.1", 9))
    held.append(opened)
print("open", flush=True)
sys.stdin.read()
