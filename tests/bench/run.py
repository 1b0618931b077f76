# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make bench``: ours against the tool that a person would use, both as whole processes, in turn, in one run.

Writes build/bench.json, a list of {case, ours_seconds, ours_mib, peer, peer_seconds, peer_mib, ratio, runs}: medians of
wall seconds of the whole process and of its peak resident memory. In a case whose name ends in "-call" our seconds are
those of the reading alone, as in a process that is running anyway. The fleet's row also has what a host sends back, in bytes.
Needs root: the tables are made in network namespaces of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t

import fleet

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ROUTES = {"1k": 1_000, "100k": 100_000, "1M": 1_000_000}
LOOKUPS = 10_000
TABLES = (254, 100, 101)
SOCKETS = 50_000
GROUPS = ("fleet", "routes", "changes", "sockets")
HOLDERS = 4


class Measured(t.NamedTuple):
    seconds: float
    mib: float
    inside: float
    """Seconds that the process itself measured."""


def measure(argv: t.Sequence[str], expect: int | None = None) -> Measured:
    """Run once. ``expect`` is the number that the process must print: what counts less was not measured."""
    env = dict(os.environ, PYTHONPATH=str(ROOT / "build" / "collections"))
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # the uncounted run compiles what the counted ones import
    with tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, env=env)
        _pid, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read(200).decode().split()
    if child.returncode != 0:
        raise SystemExit("%s failed with %d" % (" ".join(argv), child.returncode))
    if expect is not None and int(said[0]) < expect:
        raise SystemExit("%s saw %s, expected at least %d" % (" ".join(argv), said[0], expect))
    return Measured(seconds, usage.ru_maxrss / 1024, float(said[1]) if expect is not None else seconds)


def compare(
    case: str,
    ours: t.Sequence[str],
    peer: str,
    expect: int | None,
    runs: int,
    before: t.Tuple[str, str] = (":", ":"),
    warm: bool = False,
) -> dict[str, t.Any]:
    """Ours and the peer (a shell line) in turn, after one uncounted run of each, if they are not ``warm``; ``before`` each,
    uncounted, two more."""
    mine, theirs = [], []
    for number in range(int(warm), runs + 1):
        subprocess.run(["sh", "-c", before[0]], check=True)
        one = measure(ours, expect)
        subprocess.run(["sh", "-c", before[1]], check=True)
        other = measure(["sh", "-c", peer])
        if number:
            mine.append(one._replace(seconds=one.inside) if case.endswith("-call") else one)
            theirs.append(other)
    row = {
        "case": case,
        "ours_seconds": round(statistics.median(item.seconds for item in mine), 3),
        "ours_mib": round(statistics.median(item.mib for item in mine), 1),
        "peer": peer,
        "peer_seconds": round(statistics.median(item.seconds for item in theirs), 3),
        "peer_mib": round(statistics.median(item.mib for item in theirs), 1),
        "ratio": round(statistics.median(a.seconds / b.seconds for a, b in zip(mine, theirs)), 3),
        "runs": runs,
    }
    print("%(case)-28s %(ours_seconds)8.3f s %(ours_mib)7.1f MiB  %(ratio)6.3f x  %(peer)s" % row, flush=True)
    return row


@contextlib.contextmanager
def namespace(name: str) -> t.Iterator[str]:
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        yield name
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def destination(number: int) -> str:
    return "32.%d.%d.%d" % (16 + (number >> 16), number >> 8 & 255, number & 255)


def fill(netns: str, count: int, scratch: pathlib.Path) -> None:
    """A host with ``count`` routes in three tables."""
    batch = scratch / "batch"
    with batch.open("w") as lines:  # in pieces: what this process held would count as its children's memory
        lines.write(
            "link add v0 type veth peer name v1\nlink set v0 up\nlink set v1 up\naddr add 192.0.2.1/24 dev v0\n"
        )
        for number in range(count):
            table = TABLES[number % len(TABLES)]
            lines.write("route add %s/32 via 192.0.2.%d table %d\n" % (destination(number), 2 + number % 200, table))
    subprocess.run(["ip", "-n", netns, "-batch", str(batch)], check=True)


def route_cases(size: str, count: int, python: str, runs: int) -> t.Iterator[dict[str, t.Any]]:
    parse = "ip -n %s -j -4 route show table all | " + python + " -c 'import json, sys; json.loads(sys.stdin.read())'"
    plain = "ip -n %s route show table all >/dev/null"
    with namespace("nmb-routes") as netns, tempfile.TemporaryDirectory() as scratch:
        fill(netns, count, pathlib.Path(scratch))
        for case in ("read", "audit"):
            ours = [python, str(HERE / "case.py"), case, netns]
            for peer in (parse, plain):
                yield compare("routes-%s-%s" % (case, size), ours, peer % netns, count, runs)
        if size == "100k":
            batch = pathlib.Path(scratch) / "lookups"
            # Those in the main table: ip -batch ends at the first refusal.
            asked = range(0, LOOKUPS * len(TABLES), len(TABLES))
            batch.write_text("".join("route get %s\n" % destination(number) for number in asked))
            ours = [python, str(HERE / "case.py"), "lookup", netns, str(batch)]
            peer = "ip -n %s -batch %s >/dev/null" % (netns, batch)
            for case in ("lookups-10k-call", "lookups-10k"):
                yield compare(case, ours, peer, LOOKUPS, max(runs, 9))  # a twentieth of a second: noisy


def change_cases(python: str, runs: int) -> t.Iterator[dict[str, t.Any]]:
    """Removing what a plan names, and giving it back: each on a fresh table."""
    count = ROUTES["100k"]
    with namespace("nmb-change") as netns, tempfile.TemporaryDirectory() as scratch:
        fill(netns, 0, pathlib.Path(scratch))
        adds, dels = pathlib.Path(scratch) / "adds", pathlib.Path(scratch) / "dels"
        for path, verb in ((adds, "add"), (dels, "del")):
            with path.open("w") as lines:
                for number in range(count):
                    lines.write("route %s %s/32 via 192.0.2.2 table 100\n" % (verb, destination(number)))
        add, delete = ("ip -n %s -batch %s" % (netns, path) for path in (adds, dels))
        ours = [python, str(HERE / "case.py"), "remove", netns]
        yield compare("remove-100k-call", ours, delete, count, runs, (add, add))
        subprocess.run(["sh", "-c", add], check=True)
        ours = [python, str(HERE / "case.py"), "restore", netns]
        yield compare("restore-100k-call", ours, add, count, runs, (":", delete))


def socket_cases(python: str, runs: int) -> t.Iterator[dict[str, t.Any]]:
    with namespace("nmb-sockets") as netns, contextlib.ExitStack() as held:
        for number in range(HOLDERS):
            each = SOCKETS // HOLDERS
            argv = ["ip", "netns", "exec", netns, python, str(HERE / "sockets.py"), str(each), str(number * each)]
            holder = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            held.callback(holder.communicate)  # closes its standard input: it ends
            assert holder.stdout is not None
            if holder.stdout.readline() != b"open\n":
                raise SystemExit("the sockets of holder %d could not be opened" % number)
        ours = [python, str(HERE / "case.py"), "sessions", netns]
        yield compare("sockets-50k", ours, "ip netns exec %s ss -tunapH >/dev/null" % netns, SOCKETS, runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--size", action="append", choices=sorted(ROUTES), help="only these tables of routes")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "build" / "bench.json")
    parser.add_argument("--only", action="append", choices=GROUPS, help="only these groups of cases")
    args = parser.parse_args()
    if os.geteuid() != 0:
        raise SystemExit("the bench makes network namespaces: run it as root")
    if shutil.which("ss") is None or shutil.which("ip") is None:
        raise SystemExit("the bench compares with ip and ss: install iproute2")
    rows: list[dict[str, t.Any]] = []
    only = args.only or GROUPS
    if "fleet" in only:
        rows.extend(fleet.cases(compare, args.runs))
    for size in (args.size or ROUTES) if "routes" in only else ():
        rows.extend(route_cases(size, ROUTES[size], sys.executable, args.runs))
    if "changes" in only:
        rows.extend(change_cases(sys.executable, args.runs))
    if "sockets" in only:
        rows.extend(socket_cases(sys.executable, args.runs))
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(json.dumps(rows, indent=2) + "\n")
    print("written: %s" % args.output)


if __name__ == "__main__":
    main()
