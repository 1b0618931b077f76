# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which addresses a name stands for: what getaddrinfo(3) tells a program in a network namespace. Traffic: what the host's
configuration makes of it, as a rule queries to its DNS servers."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import socket
import typing as t

from ..child import Failed, TooLong, in_child
from ..kernel.namespace import enter, entered
from ..model import Unseen
from ..text import clean
from . import own_files

SECONDS = 15.0
"""Of one resolution: glibc gives up a single server that is silent after 10 s (resolv.conf(5): timeout, attempts)."""
LONGEST = 253
"""Characters of a name: 255 bytes on the wire (RFC 1035, 2.3.4)."""
_SHOWN = 64
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\Z")
"""RFC 1123, 2.1; with the underscore that names of services and containers have, and that the C libraries let pass."""
_NUMBER = re.compile(r"([0-9]+|0[xX][0-9A-Fa-f]*)\Z")


@dataclasses.dataclass(frozen=True)
class Resolved:
    """What came of a name."""

    name: str
    addresses: t.Tuple[t.Tuple[str, t.Optional[str]], ...] = ()
    """Each once, in the order in which programs try them (RFC 6724), with the name of its link where it is link-local."""
    error: str | None = None
    """``EAI_NONAME`` and the like, or ``ETIMEDOUT`` where it was given up after ``SECONDS``."""
    said: str = ""
    """The error in words."""


def is_address(text: str) -> bool:
    """Is it meant as an address, well written or not? No name has a colon in it."""
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ":" in text
    return True


def host_name(text: str, option: str) -> str:
    """A name as it may be asked for. Raises ValueError that names the option."""
    name = text[:-1] if text.endswith(".") else text
    shown = "%s: '%s'" % (option, clean(text, _SHOWN))
    if not text.isascii():
        raise ValueError("%s has characters that DNS does not know; write the name as it is asked for, xn--..." % shown)
    if len(name) > LONGEST:
        raise ValueError("%s has %d characters; a host name has at most %d" % (shown, len(name), LONGEST))
    labels = name.split(".")
    wrong = next((label for label in labels if not _LABEL.match(label)), None)
    if wrong is not None or _NUMBER.match(labels[-1]):
        why = (
            "its last part is a number"
            if wrong is None
            else "each part between dots has 1 to 63 letters, digits and inner hyphens"
        )
        raise ValueError(
            "%s is neither an address nor the name of a host (%s); expected something like 192.0.2.1, 2001:db8::1 or "
            "vpn.example.net" % (shown, why)
        )
    return text


def resolve(name: str, netns: str | int | None, unseen: t.List[Unseen], seconds: float = SECONDS) -> Resolved:
    """Ask for a name as a program in that namespace would: its /etc/hosts, nsswitch.conf and resolv.conf decide.

    ``name``: one that :func:`host_name` let pass. Raises ValueError where there is no such namespace, PermissionError where
    it may not be entered.
    """
    with entered(netns):
        pass  # whoever may not is told so here
    wanted = own_files.files(netns, unseen)
    try:
        told = in_child(lambda: _asked(name, netns, wanted), seconds)
    except TooLong:
        return Resolved(name, error="ETIMEDOUT", said="no answer within %d s" % seconds)
    except Failed as exc:
        return Resolved(name, error="EAI_SYSTEM", said=clean(str(exc), 200))
    if told["kept_out"]:
        unseen.append(Unseen("name resolution in this namespace by its own files", told["kept_out"]))
    return Resolved(
        name,
        tuple((address, link) for address, link in told["addresses"]),
        told["error"],
        clean(told["said"], 200),
    )


def _asked(name: str, netns: str | int | None, wanted: own_files.Files) -> t.Dict[str, t.Any]:
    """In a child, as JSON."""
    if netns is not None:
        enter(netns)
    kept_out = ""
    try:
        homeless = own_files.put(wanted)
        if homeless:
            kept_out = "the host has no %s that they could take the place of" % " and ".join(homeless)
    except OSError as exc:
        kept_out = "they cannot be put in their places (%s): the host's are taken" % exc.strerror
    told: t.Dict[str, t.Any] = {"addresses": [], "error": None, "said": "", "kept_out": kept_out}
    try:
        # A type, for otherwise each address comes once for each; no flags: what an address is worth is told here.
        found = socket.getaddrinfo(name.encode("ascii"), None, type=socket.SOCK_STREAM)
    except socket.gaierror as exc:
        told.update(error=_error(exc.errno), said=exc.strerror or "")
    except OSError as exc:  # EAI_SYSTEM
        told.update(error="EAI_SYSTEM", said=exc.strerror or str(exc))
    else:
        told["addresses"] = list(dict.fromkeys(_end(ends) for _family, _type, _proto, _name, ends in found))
        if not told["addresses"]:  # no C library that is known says so
            told.update(error="EAI_NODATA", said="no address")
    return told


def _error(number: int | None) -> str:
    names = (name for name in sorted(vars(socket)) if name.startswith("EAI_") and getattr(socket, name) == number)
    return next(names, "EAI_%s" % number)


def _end(ends: t.Any) -> t.Tuple[str, t.Optional[str]]:
    address = str(ends[0]).partition("%")[0]
    scope = ends[3] if len(ends) > 3 else 0
    try:
        return address, socket.if_indextoname(scope) if scope else None
    except OSError:
        return address, None
