# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Network namespaces by name, and what is configured in them. Nothing here touches the namespace that it runs in."""

from __future__ import annotations

import os
import pathlib
import subprocess
import textwrap
import typing as t

_RUN = pathlib.Path("/run/netns")
_SECONDS = 60


class Failed(Exception):
    """A command failed; the message says which, and what it said."""


def path(name: str) -> pathlib.Path:
    return _RUN / name


def exists(name: str) -> bool:
    return path(name).exists()


def make(name: str) -> None:
    """A namespace with its loopback up, strict about nothing: what the lab wants to break it breaks by itself."""
    _run(["ip", "netns", "add", name])
    sysctl(
        name,
        {
            "net.ipv4.conf.all.rp_filter": "0",
            "net.ipv4.conf.default.rp_filter": "0",
            "net.ipv6.conf.all.accept_dad": "0",
            "net.ipv6.conf.default.accept_dad": "0",
            "net.ipv6.conf.default.accept_ra": "0",
        },
    )
    batch(name, "link set lo up")


def many(verb: str, names: t.Sequence[str]) -> None:
    """``add`` or ``delete`` all of them in one process."""
    _run(["ip", "-batch", "-"], stdin="".join("netns %s %s\n" % (verb, name) for name in names))


def delete(name: str) -> None:
    if exists(name):
        _run(["ip", "netns", "delete", name])


def batch(name: str, lines: str) -> None:
    """Feed lines to ``ip -batch`` inside."""
    lines = textwrap.dedent(lines).strip()
    if lines:
        _run(["ip", "-n", name, "-batch", "-"], stdin=lines + "\n")


def show(name: str, words: str) -> str:
    return _run(["ip", "-n", name, *words.split()])


def sysctl(name: str, values: t.Mapping[str, str]) -> None:
    if values:
        inside(name, ["sysctl", "--quiet", "--write", *("%s=%s" % item for item in values.items())])


def inside(name: str, argv: t.Sequence[str]) -> str:
    return _run(enter(name) + list(argv))


def enter(name: str) -> list[str]:
    """The words before a command that is to run inside."""
    return ["nsenter", "--net=%s" % path(name), "--"]


def _run(argv: t.Sequence[str], stdin: str = "") -> str:
    env = dict(os.environ, LC_ALL="C")
    try:
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=_SECONDS, check=False, env=env)
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise Failed("%s: %s" % (" ".join(argv), exc)) from exc
    if done.returncode != 0:
        raise Failed("%s: exit %d: %s\n%s" % (" ".join(argv), done.returncode, done.stderr.strip(), stdin))
    return done.stdout
