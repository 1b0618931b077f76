# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gets a usable pyroute2 in place on the managed host: its own, or the copy that the controller brought.

The copy lives under the Ansible temp directory of the user that the module runs as, in a directory of that user alone:

    ~/.ansible/tmp/netmend.reclaim/pyroute2-<version>-<digest>/pyroute2/...

It is never written to site-packages. Where no safe place for it exists, it is imported from the archive that came with
the task, which costs a transfer and half a second each time but leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import json
import os
import pwd
import re
import shutil
import stat
import sys
import tempfile
import time
import typing as t
import zipfile

from ..private import Unsafe, check_ancestors, wrong_with
from .netlink import MissingPyroute2, socket_class

OLDEST = (0, 7, 2)
HERE, KEPT, PASSING = "here", "kept", "passing"
NAME_VARIABLE = "NETMEND_RECLAIM_PYROUTE2"
"""Environment of the task: ``<version>-<digest>`` of the controller's copy."""
ARCHIVE_VARIABLE = "NETMEND_RECLAIM_PYROUTE2_ZIP"
"""Environment of the task: path on the host of the archive with that copy, where it was sent."""

_NAME = re.compile(r"[0-9][0-9A-Za-z.+]{0,40}-[0-9a-f]{64}\Z")
_MANIFEST = "manifest.json"
_KEEP_SECONDS = 86400.0
"""Other versions and remains of killed runs are removed when they are older than any run that may still use them."""


class Offer(t.NamedTuple):
    """What the controller says that it can bring."""

    name: str
    archive: str | None = None


class WantedPyroute2(MissingPyroute2):
    """The host has none that is usable, but the controller offers one and has not sent it yet."""


def offered(environment: t.Mapping[str, str]) -> Offer | None:
    """The controller's offer as it stands in the environment of the task. Raises ValueError where it is malformed."""
    name = environment.get(NAME_VARIABLE)
    if not name:
        return None
    if not _NAME.match(name):
        raise ValueError(
            "%s=%r is not <version>-<sha256>: is it set in the play's environment?" % (NAME_VARIABLE, name)
        )
    return Offer(name, environment.get(ARCHIVE_VARIABLE) or None)


def version_of(text: str) -> t.Tuple[int, ...]:
    """``0.7.2`` and ``0.9.1rc2`` as numbers that compare."""
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def is_new_enough(text: str) -> bool:
    return version_of(text) >= OLDEST


def digest_of(files: t.Mapping[str, bytes]) -> str:
    """SHA-256 over the names and contents of the files of a copy."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(("%s\0%s\n" % (name, hashlib.sha256(files[name]).hexdigest())).encode())
    return digest.hexdigest()


class Provided(t.NamedTuple):
    """Where the pyroute2 that is used came from, for the controller to know what to bring next time."""

    came: str
    """``here``: it was on the host. ``kept``: it was sent, and is kept for the next task. ``passing``: it was sent, and
    cannot be kept."""
    warnings: t.List[str]
    """For the user."""


def provide(offer: Offer | None, remote_tmp: str) -> Provided:
    """Import a usable pyroute2; later imports of it are then free.

    Raises WantedPyroute2 where the controller should send its copy, and MissingPyroute2 where there is no help.
    """
    trouble = _import_own()
    if trouble is None:
        return Provided(HERE, [])
    if offer is None:
        raise MissingPyroute2(
            "%s. Install pyroute2 0.7.2 or later on the managed host for %s, or on the controller in the Python that "
            "runs Ansible: it is then brought along (module run without the collection's action plugin?)"
            % (trouble, sys.executable)
        )
    warnings: t.List[str] = []
    try:
        place = _place(remote_tmp)
    except Unsafe as exc:
        place = None
        warnings.append("pyroute2 is transferred anew for each task, because it cannot be kept on the host: %s" % exc)
    if place is not None:
        entry = os.path.join(place, "pyroute2-" + offer.name)
        if _is_whole(entry):
            if _import_from(entry) is None:
                return Provided(HERE, warnings)
            _discard(entry)
    if offer.archive is None:
        raise WantedPyroute2("%s, and the controller's copy %s is not on the host yet" % (trouble, offer.name))
    files = _read(offer)
    source, came = offer.archive, PASSING
    if place is not None:
        try:
            source, came = _unpack(place, "pyroute2-" + offer.name, files), KEPT
        except OSError as exc:
            warnings.append("pyroute2 cannot be kept in %s and is transferred anew for each task: %s" % (place, exc))
    failure = _import_from(source)
    if failure is not None:
        raise MissingPyroute2(
            "%s; the controller's pyroute2 %s does not work with the host's Python %s either (%s). Install pyroute2 "
            "0.7.2 or later on the host" % (trouble, offer.name.partition("-")[0], sys.version.split()[0], failure)
        )
    return Provided(came, warnings)


def _import_own() -> str | None:
    """Import the host's own pyroute2; what is wrong with it, or None."""
    try:
        spec = importlib.util.find_spec("pyroute2")
    except (ImportError, ValueError, AttributeError) as exc:
        return "the host's pyroute2 cannot be found: %s" % exc
    if spec is None:
        return "the host's Python %s has no pyroute2" % sys.version.split()[0]
    version = _version_in(spec.submodule_search_locations or [])
    if version is None or not is_new_enough(version):
        where = os.path.dirname(spec.origin or "?")
        return "the host's pyroute2 %s in %s is older than 0.7.2" % (version or "of unknown version", where)
    failure = _import()
    return None if failure is None else "the host's pyroute2 does not work: %s" % failure


def _version_in(locations: t.Iterable[str]) -> str | None:
    """What it says of itself in a file: importing all of it to ask would take longer than the work itself."""
    for location in locations:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            with open(os.path.join(location, "config", "version.py"), encoding="utf-8") as stream:
                found = re.search(r"""__version__\s*=\s*['"]([^'"]+)""", stream.read(4096))
                if found:
                    return found.group(1)
    return None


def _import_from(path: str) -> str | None:
    before = sys.dont_write_bytecode
    sys.path.insert(0, path)
    importlib.invalidate_caches()
    # The import compiles what it needs, for this interpreter, beside the source: the next run finds it compiled.
    sys.dont_write_bytecode = False
    try:
        return _import()
    finally:
        sys.dont_write_bytecode = before
        sys.path.remove(path)


def _import() -> str | None:
    try:
        socket_class()
    except Exception as exc:  # on a Python that it does not know: TypeError, AttributeError, SyntaxError, EOFError...
        for name in [name for name in sys.modules if name.partition(".")[0] in ("pyroute2", "pr2modules")]:
            del sys.modules[name]
        return "%s: %s" % (type(exc).__name__, exc)
    return None


def _place(remote_tmp: str) -> str:
    """The collection's own directory below the Ansible temp directory, made where it is not there yet."""
    base = os.path.expandvars(remote_tmp)
    if base == "~" or base.startswith("~/"):
        base = _home() + base[1:]
    if not os.path.isabs(base):
        raise Unsafe("remote_tmp %r is not an absolute path" % remote_tmp)
    try:
        os.makedirs(base, mode=0o700, exist_ok=True)
        base = os.path.realpath(base)
        check_ancestors(base)
        place = os.path.join(base, "netmend.reclaim")
        with contextlib.suppress(FileExistsError):
            os.mkdir(place, 0o700)
        wrong = wrong_with(place)
    except OSError as exc:
        raise Unsafe(str(exc)) from exc
    if wrong:
        raise Unsafe("%s %s; remove it" % (place, wrong))
    return place


def _home() -> str:
    """The home of the effective user: become does not always set HOME."""
    home = os.environ.get("HOME", "")
    with contextlib.suppress(OSError):
        if os.path.isabs(home) and os.stat(home).st_uid == os.geteuid():
            return home
    try:
        return pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        raise Unsafe("the user %d has no home directory" % os.geteuid()) from None


def _is_whole(entry: str) -> bool:
    """Is this a complete copy that only we could have written?"""
    try:
        if wrong_with(entry):
            return False
        with open(os.path.join(entry, _MANIFEST), encoding="utf-8") as stream:
            sizes = json.load(stream)
        for name, size in sizes.items():
            status = os.lstat(os.path.join(entry, name))
            if not stat.S_ISREG(status.st_mode) or status.st_size != size:
                return False
    except (OSError, ValueError, AttributeError, TypeError):
        return False
    return bool(sizes)


def _read(offer: Offer) -> t.Dict[str, bytes]:
    """The files of the archive, checked against the digest of the offer."""
    archive = t.cast(str, offer.archive)
    try:
        with zipfile.ZipFile(archive) as opened:
            files = {name: opened.read(name) for name in opened.namelist()}
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, ValueError) as exc:
        raise MissingPyroute2("the controller's pyroute2 did not arrive whole (%s): %s" % (archive, exc)) from exc
    for name in files:
        if not name.startswith("pyroute2/") or ".." in name.split("/"):
            raise MissingPyroute2("the controller's pyroute2 archive holds a file outside the package: %r" % name)
    if digest_of(files) != offer.name.rpartition("-")[2]:
        raise MissingPyroute2("the controller's pyroute2 did not arrive whole (%s): its digest differs" % archive)
    return files


def _unpack(place: str, name: str, files: t.Mapping[str, bytes]) -> str:
    """Write the copy beside its final name and rename it, so that no other run sees half of it."""
    _clear_old(place, name)
    entry = os.path.join(place, name)
    fresh = tempfile.mkdtemp(prefix=".new-", dir=place)
    try:
        for path, content in files.items():
            target = os.path.join(fresh, path)
            os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
            with open(target, "wb") as stream:
                stream.write(content)
        with open(os.path.join(fresh, _MANIFEST), "w", encoding="utf-8") as manifest:
            json.dump({path: len(content) for path, content in files.items()}, manifest)
        try:
            os.rename(fresh, entry)
        except OSError:
            if _is_whole(entry):  # another run was first
                return entry
            _discard(entry)
            os.rename(fresh, entry)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return entry


def _discard(entry: str) -> None:
    """Take an entry that is not to be trusted out of the way."""
    with contextlib.suppress(OSError):
        grave = tempfile.mkdtemp(prefix=".old-", dir=os.path.dirname(entry))
        os.rename(entry, os.path.join(grave, "x"))
        shutil.rmtree(grave, ignore_errors=True)


def _clear_old(place: str, keep: str) -> None:
    horizon = time.time() - _KEEP_SECONDS
    for name in os.listdir(place):
        if name != keep and name.startswith((".new-", ".old-", "pyroute2-")):
            path = os.path.join(place, name)
            with contextlib.suppress(OSError):
                if os.lstat(path).st_mtime < horizon:
                    shutil.rmtree(path, ignore_errors=True)
