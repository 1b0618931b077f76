# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""File systems with packages of Debian, for what must not be installed on the machine that the tests run on.

Made on first use by mmdebstrap, from the mirror that the machine itself uses, and kept under build/roots by their content.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
import subprocess
import typing as t

from environments import BUILD, locked

SUITE = "bookworm"
_VARIANT = "minbase"
_SECONDS = 600


class NoRoot(Exception):
    """It cannot be made here; the message says why."""


def directory(packages: t.Collection[str]) -> pathlib.Path:
    """A root directory with these packages. It is everybody's: mount something over it, write nothing into it."""
    return _made(packages, "")


def archive(packages: t.Collection[str]) -> pathlib.Path:
    """The same as a tar file, as an image of a container is made of."""
    return _made(packages, ".tar")


def _made(packages: t.Collection[str], ending: str) -> pathlib.Path:
    # mmdebstrap takes its format from the ending.
    made_of = "\n".join([SUITE, _VARIANT, *sorted(packages)])
    where = BUILD / "roots" / (hashlib.sha256(made_of.encode()).hexdigest()[:12] + ending)
    with locked(BUILD / "roots" / (where.name + ".lock")):
        if not where.exists():
            fresh = where.with_name("new-" + where.name)
            _remove(fresh)
            _make(packages, fresh)
            fresh.rename(where)
    return where


def _make(packages: t.Collection[str], where: pathlib.Path) -> None:
    if os.geteuid() != 0 or shutil.which("mmdebstrap") is None:
        raise NoRoot("making a root needs root and mmdebstrap")
    command = ["mmdebstrap", "--variant=" + _VARIANT, "--include=" + ",".join(sorted(packages)), SUITE, str(where)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as exc:
        raise NoRoot("mmdebstrap is not done after %d seconds" % _SECONDS) from exc
    if done.returncode:
        raise NoRoot(done.stderr[-500:])


def _remove(path: pathlib.Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
