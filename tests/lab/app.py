# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small programs that hold sockets and links open on the hosts of the lab: ``app.py NAME WHAT ...``.

NAME becomes the command name of the process. Each prints "ready" when it holds what it is to hold, and then goes on until
it is killed. Errors of its sends do not end it: that is what the lab is about.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import pathlib
import socket
import struct
import time

from doublezerod import rename

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_SEND_EVERY = 1.0
_LIE_EVERY = 2.0


def address(text: str) -> tuple[str, int]:
    """``192.0.2.1:9`` or ``[2001:db8::1]:9``."""
    host, _colon, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def _socket(kind: socket.SocketKind, of: tuple[str, int]) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in of[0] else socket.AF_INET, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return made


def ready() -> None:
    print("ready", flush=True)


def send(args: argparse.Namespace) -> None:
    """Send a datagram each second: from an address, to one, by one link, as asked."""
    out = _socket(socket.SOCK_DGRAM, args.to)
    if args.device:
        out.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, args.device.encode())
    if args.bind:
        out.bind(args.bind)
    if args.connect:
        out.connect(args.to)
    ready()
    while True:
        with contextlib.suppress(OSError):
            if args.connect:
                out.send(b"lab")
            else:
                out.sendto(b"lab", args.to)
        if args.once:
            return
        time.sleep(_SEND_EVERY)


def dial(args: argparse.Namespace) -> None:
    """Hold a TCP connection open and say nothing on it."""
    out = _socket(socket.SOCK_STREAM, args.to)
    out.bind(args.bind)
    out.connect(args.to)
    ready()
    while True:
        time.sleep(3600)


def listen(args: argparse.Namespace) -> None:
    """Accept TCP connections and hold them."""
    server = _socket(socket.SOCK_STREAM, args.bind)
    server.bind(args.bind)
    server.listen()
    ready()
    held = []
    while True:
        held.append(server.accept())


def tun(args: argparse.Namespace) -> None:
    """Hold a tun link, which has a carrier only while somebody does. Its operational state is UNKNOWN, and that is well."""
    held = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(held, _TUNSETIFF, struct.pack("16sH22x", args.link.encode(), _IFF_TUN | _IFF_NO_PI))
    ready()
    while True:
        time.sleep(3600)


def lie(args: argparse.Namespace) -> None:
    """Write into a daemon's log, in its name, that it cannot send from an address that is well."""
    pid = int(args.process.read_text().split()[0])
    peer = "interface: doublezero0, localIP: %s, peerIP: %s" % (args.local, args.peer)
    error = "write udp 0.0.0.0:44880->%s:44880: sendmsg: network is unreachable" % args.peer
    with args.log.open("a", encoding="utf-8") as log:
        ready()
        while True:
            now = time.time()
            message = {
                "time": time.strftime("%Y-%m-%dT%H:%M:%S.000000000Z", time.gmtime(now)),
                "level": "WARN",
                "msg": "liveness.scheduler: error writing UDP packet",
                "error": error,
                "peer": peer,
            }
            stamp = time.strftime("%b %e %H:%M:%S", time.localtime(now))
            text = json.dumps(message, separators=(",", ":"))
            log.write("%s %s doublezerod[%d]: %s\n" % (stamp, args.hostname, pid, text))
            log.flush()
            time.sleep(_LIE_EVERY)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name")
    kinds = parser.add_subparsers(required=True)
    kind = kinds.add_parser("send", help=send.__doc__)
    kind.add_argument("--bind", type=address)
    kind.add_argument("--to", type=address, required=True)
    kind.add_argument("--device")
    kind.add_argument("--connect", action="store_true")
    kind.add_argument("--once", action="store_true")
    kind.set_defaults(run=send)
    kind = kinds.add_parser("dial", help=dial.__doc__)
    kind.add_argument("--bind", type=address, required=True)
    kind.add_argument("--to", type=address, required=True)
    kind.set_defaults(run=dial)
    kind = kinds.add_parser("listen", help=listen.__doc__)
    kind.add_argument("--bind", type=address, required=True)
    kind.set_defaults(run=listen)
    kind = kinds.add_parser("tun", help=tun.__doc__)
    kind.add_argument("link")
    kind.set_defaults(run=tun)
    kind = kinds.add_parser("lie", help=lie.__doc__)
    kind.add_argument("--log", type=pathlib.Path, required=True)
    kind.add_argument("--process", type=pathlib.Path, required=True, help="file that begins with the daemon's pid")
    kind.add_argument("--hostname", required=True)
    kind.add_argument("--local", required=True)
    kind.add_argument("--peer", required=True)
    kind.set_defaults(run=lie)
    args = parser.parse_args()
    rename(args.name)
    args.run(args)


if __name__ == "__main__":
    main()
