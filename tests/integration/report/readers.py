# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that read the formats of a report, or judge them, brought once and kept under build/. They are fixtures of who imports them."""

from __future__ import annotations

import contextlib
import fcntl
import pathlib
import shutil
import subprocess
import tarfile

import pytest

BUILD = pathlib.Path(__file__).resolve().parents[3] / "build"


@pytest.fixture(scope="session")
def multitool():
    """Microsoft's reader of SARIF, with the published schema beside it: fetched by npm, kept under build/, by its version."""
    program = package("@microsoft/sarif-multitool-linux", "5.7.0", "sarif-multitool-5.7.0") / "Sarif.Multitool"
    program.chmod(0o755)
    return program


@pytest.fixture(scope="session")
def promtool():
    """The installed one; or out of Debian's package, which is not installed, for that would start a server."""
    if shutil.which("promtool"):
        return shutil.which("promtool")
    if shutil.which("apt-get") is None:
        pytest.skip("no promtool here (Debian's package prometheus)")
    where = BUILD / "promtool"
    with kept(where) as made:
        if not made.exists():
            where.mkdir(parents=True, exist_ok=True)
            done = subprocess.run(
                ["apt-get", "download", "prometheus"],
                cwd=where,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            if done.returncode:
                pytest.skip("apt-get cannot fetch prometheus: %s" % done.stderr[-300:])
            (package,) = where.glob("*.deb")
            subprocess.run(["dpkg-deb", "-x", package, where], check=True, timeout=120)
            (where / "usr" / "bin" / "prometheus").unlink()
            package.unlink()
            made.touch()
    return where / "usr" / "bin" / "promtool"


@pytest.fixture(scope="session")
def axe():
    """The script of axe-core, which judges whether a page is accessible."""
    return (package("axe-core", "4.14.1", "axe-core-4.14.1") / "axe.min.js").read_text(encoding="utf-8")


def package(name, version, folder):
    """What an npm package of this version holds, under build/ in this folder. Skips where npm cannot bring it."""
    if shutil.which("npm") is None:
        pytest.skip("no npm here (Debian's package npm)")
    where = BUILD / folder
    with kept(where) as made:
        if not made.exists():
            scratch = where / "new"
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir(parents=True)
            wanted = "%s@%s" % (name, version)
            done = subprocess.run(
                ["npm", "pack", wanted], cwd=scratch, capture_output=True, text=True, timeout=300, check=False
            )
            if done.returncode:
                pytest.skip("npm cannot fetch %s: %s" % (wanted, done.stderr[-300:]))
            with tarfile.open(next(scratch.glob("*.tgz"))) as packed:
                packed.extractall(where, filter="data")
            shutil.rmtree(scratch)
            made.touch()
    return where / "package"


@contextlib.contextmanager
def kept(where):
    """The mark that a program has been brought whole; only one process at a time is in here."""
    BUILD.mkdir(exist_ok=True)
    with open("%s.lock" % where, "w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield where / ".done"
