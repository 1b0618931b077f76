# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the drivers of the tests share: this machine's Pythons, virtual environments and clean copies of the tree.

All of it is under build/.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import os
import pathlib
import shutil
import subprocess
import typing as t

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
VENV_BIN = ROOT / ".venv" / "bin"


@functools.cache
def interpreters(oldest: str = "3.9") -> t.Mapping[str, pathlib.Path]:
    """``3.13`` to its interpreter, newest first."""
    out = subprocess.run([ROOT / "tools" / "pythons.sh", oldest], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {version: pathlib.Path(path) for version, path in (line.split(" ", 1) for line in out.splitlines())}


def environment(name: str, python: pathlib.Path, packages: t.Sequence[str]) -> pathlib.Path:
    """The bin directory of an environment with these packages, made on first use.

    Its name tells what it is made of, so that none is ever changed while another run works in it.
    """
    made_of = "\n".join([str(python), *packages])
    where = BUILD / "venvs" / ("%s-%s" % (name, hashlib.sha256(made_of.encode()).hexdigest()[:8]))
    done = where / ".done"
    with locked(BUILD / "venvs" / (where.name + ".lock")):
        if not done.is_file():
            shutil.rmtree(where, ignore_errors=True)
            uv = ROOT / "tools" / "uv.sh"
            subprocess.run([uv, "venv", "--quiet", "--no-project", "--python", python, where], check=True)
            subprocess.run(
                [uv, "pip", "install", "--quiet", "--python", where / "bin" / "python", *packages], check=True
            )
            done.touch()
    return where / "bin"


def copy_tree(destination: pathlib.Path) -> pathlib.Path:
    """A fresh copy of all files that git knows or would add: what a clone of the tree would hold."""
    # The tree may be another user's (a bind mount, root in a container); git asks to be told that this is wanted.
    git = ["git", "-c", "safe.directory=*", "-C", str(ROOT)]
    names = subprocess.run(
        [*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True, stdout=subprocess.PIPE
    ).stdout
    shutil.rmtree(destination, ignore_errors=True)
    for name in filter(None, names.decode().split("\0")):
        source = ROOT / name
        if source.is_symlink() or source.is_file():  # a deleted file is still in git's index
            target = destination / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    return destination


@contextlib.contextmanager
def locked(path: pathlib.Path) -> t.Iterator[None]:
    """Only one process at a time is in here."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def system_path(*first: pathlib.Path) -> str:
    """PATH with nothing but what is given and the system's own: no shims of version managers."""
    return os.pathsep.join(
        [*map(str, first), "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    )
