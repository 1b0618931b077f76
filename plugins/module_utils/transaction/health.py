# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The user's own health checks: what must work after a change, seen from the host, or the change is rolled back."""

from __future__ import annotations

import socket
import time
import typing as t

from ..kernel.namespace import entered
from ..kernel.port import Kernel
from ..model import Query
from ..text import clean
from . import running

OPTIONS = {
    "reach": {"type": "str"},
    "source": {"type": "str"},
    "tcp": {"type": "str"},
    "port": {"type": "int"},
    "http": {"type": "str"},
    "status": {"type": "int", "default": 200},
    "command": {"type": "list", "elements": "str"},
    "timeout": {"type": "int", "default": 5},
}
SPEC = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": OPTIONS,
    "mutually_exclusive": [("reach", "tcp", "http", "command")],
    "required_one_of": [("reach", "tcp", "http", "command")],
    "required_by": {"tcp": ("port",), "port": ("tcp",), "source": ("reach",)},
}
PATIENCE = 15.0
"""Seconds in which a check may still begin to pass: daemons come back in their own time."""
_PAUSE = 0.5
_LONGEST = 300

Check = t.Mapping[str, t.Any]


def failing(kernel: Kernel, checks: t.Sequence[Check], seconds: float) -> str | None:
    """Run them all, each again until it passes or patience ends; the first that does not, in words. None: all pass."""
    give_up = time.monotonic() + min(PATIENCE, seconds)
    with entered(kernel.netns):
        for number, check in enumerate(checks):
            wrong = _try(kernel, check)
            while wrong is not None and time.monotonic() < give_up:
                time.sleep(_PAUSE)
                wrong = _try(kernel, check)
            if wrong is not None:
                return "health_checks[%d]: %s" % (number, clean(wrong, _LONGEST))
    return None


def validate(checks: t.Sequence[Check]) -> None:
    """Raises ValueError for a check that could never be run: before anything is changed."""
    for number, check in enumerate(checks):
        where = "health_checks[%d]" % number
        if not 1 <= check["timeout"] <= 60:
            raise ValueError("%s.timeout: %d seconds; expected 1 to 60" % (where, check["timeout"]))
        if check["port"] is not None and not 1 <= check["port"] <= 65535:
            raise ValueError("%s.port: %d; expected 1 to 65535" % (where, check["port"]))
        if check["http"] is not None and not check["http"].startswith(("http://", "https://")):
            raise ValueError(
                "%s.http: %r; expected a URL that starts with http:// or https://" % (where, check["http"])
            )
        if check["command"] is not None and not check["command"]:
            raise ValueError("%s.command: it is empty; expected a program and its arguments" % where)


def _try(kernel: Kernel, check: Check) -> str | None:
    """None where it passes; else what is wrong."""
    if check["reach"] is not None:
        return _reach(kernel, check["reach"], check["source"])
    if check["tcp"] is not None:
        return _tcp(check["tcp"], check["port"], check["timeout"])
    if check["http"] is not None:
        return _http(check["http"], check["status"], check["timeout"])
    return running.run(check["command"], check["timeout"])


def _reach(kernel: Kernel, to: str, source: str | None) -> str | None:
    (answer,) = kernel.lookup([Query(to=to, source=source)], match=False)
    return None if answer.errno is None else "the kernel does not send to %s: %s" % (to, answer.errno)


def _tcp(host: str, port: int, seconds: float) -> str | None:
    try:
        socket.create_connection((host, port), timeout=seconds).close()
    except OSError as exc:
        return "no TCP connection to %s port %d: %s" % (host, port, exc)
    return None


def _http(url: str, status: int, seconds: float) -> str | None:
    import urllib.error
    import urllib.request
    from http.client import HTTPException

    class NoRedirect(urllib.request.HTTPRedirectHandler):
        """What is asked for must answer itself: another place would prove something else."""

        def redirect_request(self, *_arguments: t.Any) -> None:
            return None

    opener = urllib.request.build_opener(NoRedirect, urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=seconds) as answer:
            got = answer.status
    except urllib.error.HTTPError as exc:
        got = exc.code
    except (OSError, HTTPException, ValueError) as exc:
        return "%s does not answer: %s" % (url, exc)
    return None if got == status else "%s answers with status %d, not %d" % (url, got, status)
