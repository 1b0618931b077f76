# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host with Debian's own daemons, of namespaces: a network, mounts, a host name, and processes that see only each other.

Its files are those of a root that all hosts share (tests/roots.py) with a layer of its own over it, in memory. Its first
process waits for the end of its input. When the test is over or is killed, however that is done, that end comes, and the
kernel ends all processes of the host, its mounts and its network with it: nothing is left to be cleaned up.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import time
import typing as t

import pyroute2
from ansible_collections.netmend.reclaim.plugins.action.audit_info import with_shipped

ROOT = pathlib.Path(__file__).resolve().parents[3]
SECONDS = 60
"""Longer than anything here takes on a slow machine."""
_COLLECTION = "/collections/ansible_collections/netmend/reclaim"
LAB = _COLLECTION + "/tests/lab"
"""The lab's programs, on a host."""
_PACKAGES = "/packages/pyroute2"
_DRIVER = _COLLECTION + "/tests/integration/transaction/driver.py"
_STATE = "/var/lib/netmend-reclaim"
_ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "PYTHONPATH": "/collections:/packages",
    "PYTHONPYCACHEPREFIX": "/var/cache/python",
}

# The old /proc tells the pid that the machine knows the first process by. It inherits the children of processes that
# ended, and waits for none: the kernel takes them away where their signal is ignored.
_START = """
read -r pid _ </proc/self/stat
hostname "$1"
mount -t tmpfs -o mode=755 host "$2"
cd "$2"
mkdir upper work root
mount -t overlay -o lowerdir="$3",upperdir=upper,workdir=work overlay root
cd root
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 run run
mount -t tmpfs -o mode=755 dev dev
: >etc/resolv.conf  # mmdebstrap leaves the machine's own there
mkdir dev/net
for file in null zero full random urandom tty net/tun; do
    : >dev/$file
    mount --bind /dev/$file dev/$file
done
ln -s /proc/self/fd dev/fd
mkdir -p .%(collection)s .%(packages)s run/lock run/netns
mount --bind "$4" .%(collection)s
mount -o remount,bind,ro .%(collection)s
mount --bind "$5" .%(packages)s
mount -o remount,bind,ro .%(packages)s
ip link set lo up
pivot_root . mnt
umount -l /mnt
echo "$pid"
exec env --ignore-signal=CHLD cat
""" % {"collection": _COLLECTION, "packages": _PACKAGES}


class Host:
    """``where``: a directory for its mounts, empty again outside of it. ``root``: what its files are like at first."""

    def __init__(self, name: str, root: pathlib.Path, where: pathlib.Path) -> None:
        where.mkdir()
        words = ["unshare", "--mount", "--net", "--uts", "--pid", "--fork", "--kill-child", "--propagation", "private"]
        arguments = [name, where, root, ROOT, pathlib.Path(pyroute2.__file__).parent]
        self._first = subprocess.Popen(
            [*words, "sh", "-euc", _START, "sh", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._first.stdout is not None and self._first.stderr is not None
        self._pid = self._first.stdout.readline().strip()
        if not self._pid:
            raise AssertionError("the host did not start: %s" % self._first.stderr.read())

    @property
    def pid(self) -> int:
        """Its first process, as the machine knows it."""
        return int(self._pid)

    def end(self) -> None:
        """End all that runs on it."""
        self._first.kill()  # and its child with it, which is the host's first process
        self._first.communicate(timeout=SECONDS)

    # What runs on it -------------------------------------------------------------------------------------------------

    def run(self, *argv: str, stdin: str = "", check: bool = True) -> str:
        """Run a program on it; what it prints. A failure shows what it said."""
        enter = ["nsenter", "--target", self._pid, "--mount", "--net", "--uts", "--pid"]
        environment = ["env", "-i", *("%s=%s" % item for item in _ENVIRONMENT.items())]
        done = subprocess.run(
            [*enter, *environment, *argv], input=stdin, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        if check and done.returncode:
            raise AssertionError("%s: exit %d\n%s%s" % (argv, done.returncode, done.stdout, done.stderr))
        return done.stdout

    def sh(self, script: str, check: bool = True) -> str:
        return self.run("sh", "-ec", script, check=check)

    def start(self, name: str, *argv: str) -> None:
        """Start a program that stays in the foreground; what it prints goes to /var/log/NAME."""
        self.run(
            "sh", "-ec", 'log=$1; shift; setsid --fork "$@" </dev/null >"$log" 2>&1', "sh", "/var/log/" + name, *argv
        )

    def until(self, script: str) -> str:
        """Run a shell script until it succeeds."""
        give_up = time.monotonic() + SECONDS
        while True:
            try:
                return self.sh(script)
            except AssertionError as exc:
                if time.monotonic() > give_up:
                    logs = self.sh("tail -n 20 /var/log/* 2>/dev/null; ps -e -o pid,args", check=False)
                    raise AssertionError("waited in vain: %s\n%s" % (exc, logs)) from exc
            time.sleep(0.05)

    def write(self, path: str, text: str, mode: str = "644") -> None:
        self.run("sh", "-ec", 'mkdir -p "${1%/*}"; cat >"$1"; chmod "$2" "$1"', "sh", path, mode, stdin=text)

    def pids(self, *names: str) -> list[str]:
        """The processes with these command names that run on it, wherever on it."""
        return self.run("pgrep", "--exact", "|".join(names), check=False).split()

    def kill(self, *names: str, netns: str | None = None) -> None:
        """``kill -9`` of the processes with these command names in one of its network namespaces, and wait for the end."""
        inside = ["ip", "netns", "exec", netns] if netns else []
        home = self.run(*inside, "readlink", "/proc/self/ns/net")
        pids = [pid for pid in self.pids(*names) if self.run("readlink", "/proc/%s/ns/net" % pid) == home]
        assert pids, "no %s runs there" % (names,)
        self.run("kill", "-9", *pids)
        self.until("! ps -o pid= -p %s" % ",".join(pids))

    # What the collection says of it ----------------------------------------------------------------------------------

    def call(self, function: str, **params: t.Any) -> dict[str, t.Any]:
        """What a module of the collection returns there, run by the host's own Python."""
        text = json.dumps({"state_dir": _STATE, **params})
        return json.loads(self.run("python3", _DRIVER, function, "{}", stdin=text))

    def audit(self, **params: t.Any) -> dict[str, t.Any]:
        """With the profiles of all owners, and a plan: nothing is left out of it but what the audit itself leaves alone."""
        asked = {"plan": True, "confirm_after": 0, "max_removals": 1000, "max_percent": 100, "remedies": ["*"]}
        return self.call("audit_info", **{"owners": with_shipped(None), **asked, **params})

    def mend(self, plan: dict[str, t.Any]) -> None:
        """Rehearse a plan, apply it and confirm it."""
        armed = self.call("reclaim", plan=plan, rehearse=True)
        assert armed.get("state") == "armed", armed
        confirmed = self.call("transaction", state="confirmed", transaction_id=None)
        assert confirmed["state"] == "confirmed", confirmed


def said(audited: dict[str, t.Any]) -> list[str]:
    """All that is told and would be done, in words: nothing of a host that is in order."""
    return ["%s: %s" % (item["rule"], item["cause"]) for item in audited["findings"]] + steps(audited)


def told(audited: dict[str, t.Any]) -> set[tuple[str, str | None, bool | None]]:
    """The findings: rule, owner, and whether that is alive."""
    found = ((item["rule"], item["owner"] or {}) for item in audited["findings"])
    return {(rule, owner.get("name"), owner.get("alive")) for rule, owner in found}


def steps(audited: dict[str, t.Any]) -> list[str]:
    """What the plan would do, as a person would type it."""
    return sorted(step["command"] for step in audited["plan"]["steps"])
