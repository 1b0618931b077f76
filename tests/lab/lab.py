# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab: hosts that are network namespaces, joined by veth, with the incident and other faults played on them.

``lab.py up`` makes it, or does nothing where it stands; ``down`` removes it; ``status`` tells whether it stands;
``restart HOST`` restarts the host's doublezerod, as the remedy of the incident says. hosts.py says what is planted.

Needs root, iproute2, util-linux and procps; no package of Python. Everything lies in namespaces whose names begin with the
prefix, and in one directory: two labs with another prefix and directory can stand beside each other.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import sys
import time
import typing as t

import incident
import inventory
import making
import namespaces
from control import Refused
from hosts import HOSTS
from namespaces import Failed
from place import HERE, Place, say
from programs import Died

ROOT = HERE.parent.parent


class Lab:
    """A lab that is made and removed. What it made stands in its record, which is written before anything is made."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def up(self) -> None:
        """Raises Failed, Died, Refused or OSError; what was made by then is removed by ``down`` or the next ``up``."""
        with self._locked():
            if self._complete():
                say("the lab stands already")
                return
            self._clean()
            taken = [name for name in self._place.names if namespaces.exists(name)]
            if taken:
                raise Failed(
                    "the network namespace %s exists and is not of the lab in %s: take another --prefix, or remove it "
                    "with 'ip netns delete %s'" % (taken[0], self._place.where, taken[0])
                )
            self._write_record(complete=False)
            say("making %d network namespaces" % len(self._place.names))
            making.make_network(self._place)
            for host in HOSTS:
                making.make_host(self._place, host)
            incident.play(self._place)
            making.settle(self._place)
            inventory.write(self._place)
            self._write_record(complete=True)

    def down(self) -> None:
        with self._locked():
            self._clean()

    def status(self) -> bool:
        """Print what stands; is it all of the lab?"""
        place = self._place
        with self._locked():
            for host in HOSTS:
                there = "there" if namespaces.exists(place.netns(host.name)) else "missing"
                rules = ", ".join(sorted(expect.rule for expect in host.expect)) or "nothing"
                print("%-14s %-8s to be found: %s" % (place.netns(host.name), there, rules))
                here = [item for item in place.programs() if item.stat.parent == place.run(host)]
                dead = [item.name for item in here if not item.alive()]
                if dead:
                    print("%-14s %-8s not running: %s" % ("", "", ", ".join(dead)))
            complete = self._complete()
        print("the lab stands" if complete else "the lab does not stand")
        return complete

    def restart(self, name: str) -> None:
        """Restart a host's doublezerod."""
        found = [host for host in HOSTS if host.name == name and host.vpn is not None]
        if not found:
            raise Failed("%s is no host of the lab with a doublezerod" % name)
        with self._locked():
            if not self._complete():
                raise Failed("the lab does not stand: make it first")
            incident.restart(self._place, found[0])

    def _complete(self) -> bool:
        record = self._read_record()
        return (
            record.get("complete") is True
            and record.get("source") == _digest()
            and record.get("boot") == _boot()
            and all(namespaces.exists(name) for name in self._place.names)
            and all(program.alive() for program in self._place.programs())
        )

    def _clean(self) -> None:
        """Remove what the record says is ours, whatever state it is in."""
        record = self._read_record()
        if not record:
            return
        if record["boot"] == _boot():
            for program in self._place.programs():
                program.stop()
            for name in record["namespaces"]:
                namespaces.delete(name)
        self._place.inventory.unlink(missing_ok=True)
        shutil.rmtree(self._place.hosts, ignore_errors=True)
        self._place.record.unlink()

    def _read_record(self) -> dict[str, t.Any]:
        try:
            return dict(json.loads(self._place.record.read_text()))
        except FileNotFoundError:
            return {}

    def _write_record(self, complete: bool) -> None:
        record = {"namespaces": self._place.names, "boot": _boot(), "source": _digest(), "complete": complete}
        new = self._place.record.with_suffix(".new")
        new.write_text(json.dumps(record, indent=2) + "\n")
        new.replace(self._place.record)

    @contextlib.contextmanager
    def _locked(self) -> t.Iterator[None]:
        """One at a time. Where nothing is left of the lab, its directory goes as well."""
        where = self._place.where
        while True:
            where.mkdir(parents=True, exist_ok=True)
            handle = os.open(where, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(handle, fcntl.LOCK_EX)
            if where.exists() and where.stat().st_ino == os.fstat(handle).st_ino:
                break
            os.close(handle)  # removed by the one before
        try:
            yield
        finally:
            if not any(where.iterdir()):
                where.rmdir()
            os.close(handle)


def _boot() -> str:
    return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _digest() -> str:
    """Of the lab's own source: a lab of another source is another lab."""
    digest = hashlib.sha256()
    for path in sorted(HERE.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def main(argv: t.Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument("--prefix", default="nm-", help="of the namespaces' names (%(default)s)")
    where.add_argument("--dir", type=pathlib.Path, default=ROOT / "build" / "lab", help="for its files (%(default)s)")
    kinds = parser.add_subparsers(dest="action", required=True)
    for action in ("up", "down", "status"):
        kinds.add_parser(action, parents=[where])
    kinds.add_parser("restart", parents=[where]).add_argument("host")
    args = parser.parse_args(argv)
    if os.geteuid() != 0:
        print("lab: network namespaces are made as root; run it with sudo", file=sys.stderr)
        return 2
    place = Place(args.prefix, args.dir)
    lab = Lab(place)
    try:
        if args.action == "status":
            return 0 if lab.status() else 1
        if args.action == "restart":
            lab.restart(args.host)
        elif args.action == "down":
            lab.down()
        else:
            began = time.monotonic()
            lab.up()
            say("%d hosts after %d seconds; inventory: %s" % (len(HOSTS), time.monotonic() - began, place.inventory))
    except (Died, Failed, Refused, OSError) as exc:
        print("lab: %s" % exc, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
