# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ruby, PHP, Perl, Dart and OCaml."""

from __future__ import annotations

from .base import Phrasing

PHRASINGS = (
    # Network is unreachable - connect(2) for "192.0.2.1" port 25
    Phrasing(
        "ruby to",
        (" - connect(2)",),
        r"<error> - (?:connect|bind)\(2\) for \"<remote>\" port <remote_port>",
    ),
    Phrasing("ruby", (" - connect(2)", " - ssl_"), r"<error> - (?:connect\(2\)|SSL_\w{1,10})(?!\w)"),
    # Connection to tcp://192.0.2.1:80 failed: Network is unreachable in ...
    Phrasing(
        "php react",
        ("connection to t",),
        r"\bConnection to (?P<remote>t[a-z]{2}://[^\s\"']{1,200}) failed: <error>(?!\w)",
    ),
    # socket_connect(): unable to connect [101]: Network is unreachable in Socket.php:253
    Phrasing("php socket", ("socket_connect()",), r"\bsocket_connect\(\): unable to connect \[\d{1,3}\]: <sent>(?!\w)"),
    # Can't connect to 192.0.2.1:443 (No route to host)
    Phrasing("perl lwp", ("can't connect to",), r"\bCan't connect to <remote> \(<sent>\)"),
    # LWP::Protocol::https::Socket: connect: No route to host at /usr/share/perl5/... line 51.
    Phrasing("perl socket", ("::socket",), r"::Socket(?:::\w{1,10})?: connect: <sent> at /"),
    # (OS Error: Network is unreachable, errno = 101), address = 192.0.2.1, port = 53
    Phrasing(
        "dart",
        ("os error: ",),
        r"\(OS Error: <error>, errno = \d{1,3}\)(?:, address = <remote>)?(?:, port = <remote_port>)?",
    ),
    # (Unix.Unix_error "Cannot assign requested address" bind "")
    Phrasing("ocaml", ("unix_error",), r"\bUnix_error \"?<error>\"? (?:bind|connect|send\w{0,3}) "),
)
