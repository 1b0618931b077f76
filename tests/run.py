# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make test``: every check of the collection, two at a time, each with a log of its own under build/test-logs/.

``run.py --quick`` runs the parts that take seconds, ``run.py NAME...`` the named ones (``sanity-*`` is allowed),
``run.py --list`` names them all. Ends with one line, ``N passed, N failed``: a part that runs tests counts as many as it
ran, any other part as one.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import fnmatch
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import typing as t

from ansible_test import CONTROLLERS, controller_python, newest_core
from environments import BUILD, ROOT, VENV_BIN, interpreters

LOGS = BUILD / "test-logs"
SIDE_BY_SIDE = 2
SHOWN = 150
"""Lines of a failed part's log that are printed; the log itself is whole."""

UNITS = (
    ("2.17.14", "3.10"),
    ("2.18.19", "3.11"),
    ("2.19.14", "3.12"),
    ("2.20.10", "3.13"),
    ("2.21.5", "3.9"),
    ("2.21.5", "3.14"),
)
"""Each ansible-core and each Python at least once. Where a Python is missing, the core's own takes its place."""

DRIVERS = ("-m", "run", "-m", "environments", "-m", "ansible_test", "-m", "galaxy", "-m", "oldest", "-m", "roots")

RESULT = re.compile(r"(\d+) (passed|failed|error|skipped)")


@dataclasses.dataclass(frozen=True)
class Part:
    name: str
    command: t.Sequence[object]
    needs: t.Sequence[str] = ()
    """``root``, ``core X``, ``Python X`` or the name of a program. Without it the part cannot run on this machine."""
    quick: bool = False
    exclusive: bool = False
    """Runs while no other part does."""
    minutes: int = 15


@dataclasses.dataclass(frozen=True)
class Outcome:
    part: Part
    seconds: float = 0.0
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    why: str = ""


def python(*arguments: str) -> t.Sequence[object]:
    return (VENV_BIN / "python", *arguments)


def tool(name: str, *arguments: str) -> t.Sequence[object]:
    return (VENV_BIN / name, *arguments)


def pytest(*arguments: str) -> t.Sequence[object]:
    return python("-m", "pytest", "-q", *arguments)


def parts() -> t.Sequence[Part]:
    """All of them, the longest first, so that none is left to run alone at the end."""
    units = dict.fromkeys(
        (core, wanted if wanted in interpreters() else controller_python(core) or wanted) for core, wanted in UNITS
    )
    with_deadlines = (
        Part("lab", pytest("tests/integration/lab"), needs=("root", "ip")),
        Part(
            "transaction",
            pytest("-n", "2", "--dist", "loadgroup", "tests/integration/transaction"),
            needs=("root", "ip"),
            minutes=30,
        ),
        Part(
            "daemons",
            pytest("-n", "2", "tests/integration/daemons"),
            needs=("root", "ip", "mmdebstrap", "nsenter"),
            minutes=20,
        ),
        Part(
            "schedule", pytest("tests/integration/schedule"), needs=("root", "podman", "runc", "mmdebstrap"), minutes=45
        ),
        Part("kernel", pytest("tests/integration/kernel"), needs=("root", "ip", "nft", "conntrack")),
        Part("kernel-oldest", python("tests/oldest.py"), needs=("root", "ip", "nft", "conntrack", "Python 3.9")),
        Part("ssh", pytest("-n", "2", "tests/integration/ssh"), needs=("root", "ip", "sshd")),
        Part("fleet", pytest("tests/integration/fleet"), needs=("root", "ip"), minutes=45),
    )
    sanity = tuple(
        Part("sanity-%s" % core, python("tests/ansible_test.py", core, "sanity"), needs=("core %s" % core,))
        for core in reversed(CONTROLLERS)
    )
    # What waits for daemons and deadlines runs beside what only computes, not beside its like.
    beside = itertools.chain.from_iterable(itertools.zip_longest(with_deadlines, sanity))
    return (
        *(part for part in beside if part is not None),
        Part(
            "evidence",
            pytest("tests/integration/evidence"),
            needs=("root", "journalctl", "/lib/systemd/systemd-journal-remote"),
        ),
        Part("engines", pytest("tests/integration/engines"), needs=("root", "ip")),
        Part(
            "events",
            pytest("-n", "2", "tests/integration/events"),
            needs=("root", "ip", "java", "journalctl", "/lib/systemd/systemd-journal-remote", "Python 3.12"),
        ),
        Part("awx", pytest("-n", "2", "--dist", "loadfile", "tests/integration/awx"), minutes=30),
        Part("bring", pytest("tests/integration/bring"), needs=("root", "ip")),
        Part("report", pytest("-n", "2", "tests/integration/report"), needs=("chromium",), minutes=30),
        Part("integration", python("tests/ansible_test.py", newest_core(), "integration")),
        Part("ansible-lint", tool("ansible-lint", "--offline", "--nocolor")),
        Part("galaxy-importer", python("tests/galaxy.py")),
        *(
            Part(
                "units-%s-py%s" % (core, version),
                python("tests/ansible_test.py", core, "units", "--python", version),
                needs=("core %s" % core,),
            )
            for core, version in units
        ),
        Part("docs", tool("antsibull-docs", "lint-collection-docs", "--plugin-docs", ".")),
        Part("docs-site", ("make", "docs")),
        Part("catalogue", python("tools/catalogue.py", "--check"), quick=True),
        Part("mypy", tool("mypy", "-p", "ansible_collections.netmend.reclaim.plugins", *DRIVERS), quick=True),
        Part("unit", pytest("-n", "2", "tests/unit"), quick=True),
        Part("ruff", tool("ruff", "check", "--no-cache", "."), quick=True),
        Part("ruff-format", tool("ruff", "format", "--no-cache", "--check", "."), quick=True),
        Part("yamllint", tool("yamllint", "--strict", "."), quick=True),
        Part(
            "shellcheck",
            tool(
                "shellcheck", "tools/pythons.sh", "tools/setup.sh", "tools/uv.sh", "tools/system-packages.sh", ".ci/run"
            ),
            quick=True,
        ),
        Part("changelog", tool("antsibull-changelog", "lint")),
        Part("licences", tool("reuse", "lint")),
    )


def lacking(part: Part) -> str:
    """Why the part cannot run on this machine; empty where it can."""
    for need in part.needs:
        if need == "root":
            if os.geteuid() != 0:
                return "it needs root"
        elif need.startswith("core "):
            core = need[5:]
            if controller_python(core) is None:
                return "ansible-core %s runs on Python %s, none of which is here" % (core, ", ".join(CONTROLLERS[core]))
        elif need.startswith("Python "):
            if need[7:] not in interpreters():
                return "there is no %s" % need
        elif shutil.which(need) is None:
            return "there is no %s" % need
    return ""


class Runner:
    """Runs parts, ends what it started when it is interrupted, and prints a line as each one ends."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._lock = threading.Lock()
        self._running: t.Dict[int, Part] = {}

    def run(self, part: Part) -> Outcome:
        why = lacking(part)
        if why:
            outcome = Outcome(part, skipped=1, why=why)
        else:
            started = time.monotonic()
            status = self._execute(part)
            outcome = judge(part, status, time.monotonic() - started)
        self._say(outcome)
        return outcome

    def _execute(self, part: Part) -> int | None:
        env = dict(
            os.environ,
            PYTHONPATH=str(BUILD / "collections"),
            ANSIBLE_COLLECTIONS_PATH=str(BUILD / "collections"),
            ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"),
            ANSIBLE_HOME=str(BUILD / "ansible"),
            PATH=os.pathsep.join([str(VENV_BIN), os.environ["PATH"]]),
        )
        with open(LOGS / (part.name + ".log"), "w") as log:
            process = subprocess.Popen(
                [str(word) for word in part.command],
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            with self._lock:
                self._running[process.pid] = part
            try:
                return process.wait(part.minutes * 60)
            except subprocess.TimeoutExpired:
                log.write("\nnot done after %d minutes: ended\n" % part.minutes)
                self._end(process.pid)
                process.wait()
                return None
            finally:
                with self._lock:
                    del self._running[process.pid]

    def end_all(self) -> None:
        with self._lock:
            running = list(self._running)
        for pid in running:
            self._end(pid)

    @staticmethod
    def _end(pid: int) -> None:
        # The group: a part starts processes of its own. TERM first, so that it can remove what it made.
        for number, patience in ((signal.SIGTERM, 20), (signal.SIGKILL, 0)):
            try:
                os.killpg(pid, number)
                for _second in range(patience):
                    time.sleep(1)
                    os.killpg(pid, 0)
            except ProcessLookupError:
                return

    def _say(self, outcome: Outcome) -> None:
        verdict = "FAILED" if outcome.failed else "SKIPPED" if outcome.why else "ok"
        figures = "%7.1f s" % outcome.seconds
        with self._lock:
            print(
                "%-7s %s  %-*s %s" % (verdict, figures, self._width, outcome.part.name, described(outcome)), flush=True
            )


def described(outcome: Outcome) -> str:
    if outcome.why:
        return outcome.why
    counts = [(outcome.passed, "passed"), (outcome.failed, "failed"), (outcome.skipped, "skipped")]
    return ", ".join("%d %s" % count for count in counts if count[0])


def judge(part: Part, status: int | None, seconds: float) -> Outcome:
    """The exit status decides; how many tests there were is read from pytest's last line."""
    counts = {"passed": 0, "failed": 0, "error": 0, "skipped": 0}
    lines = (LOGS / (part.name + ".log")).read_text(errors="replace").splitlines()
    for line in lines:
        if re.search(r"\d (passed|failed|errors?|skipped).* in [0-9.]+s", line):
            for number, word in RESULT.findall(line):
                counts[word] += int(number)
    failed = counts["failed"] + counts["error"]
    if status == 0 and not failed:
        return Outcome(part, seconds, passed=counts["passed"] or 1, skipped=counts["skipped"])
    return Outcome(part, seconds, counts["passed"], failed or 1, counts["skipped"])


def run_all(chosen: t.Sequence[Part]) -> t.Sequence[Outcome]:
    runner = Runner(max(len(part.name) for part in chosen))
    outcomes: t.List[Outcome] = []
    with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        try:
            outcomes += pool.map(runner.run, [part for part in chosen if not part.exclusive])
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            runner.end_all()
            raise
    outcomes += [runner.run(part) for part in chosen if part.exclusive]
    return outcomes


def report(outcomes: t.Sequence[Outcome], seconds: float) -> int:
    for outcome in outcomes:
        if outcome.failed:
            path = LOGS / (outcome.part.name + ".log")
            lines = path.read_text(errors="replace").splitlines()
            print("\n==== %s failed: %s" % (outcome.part.name, path.relative_to(ROOT)))
            if len(lines) > SHOWN:
                print("(the last %d of %d lines)" % (SHOWN, len(lines)))
            print("\n".join(lines[-SHOWN:]))
    for outcome in outcomes:
        if outcome.why:
            print("\nNOT RUN on this machine: %s, because %s" % (outcome.part.name, outcome.why))
    missing = [version for version in ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14") if version not in interpreters()]
    if missing:
        print("\nPythons that this machine does not have, and that nothing was tested with: %s" % ", ".join(missing))
    failed = [outcome.part.name for outcome in outcomes if outcome.failed]
    print("\n%d parts in %d:%02d" % (len(outcomes), *divmod(round(seconds), 60)))
    if failed:
        print("failed: %s" % " ".join(failed))
    passed, failures, skipped = (
        sum(getattr(one, kind) for one in outcomes) for kind in ("passed", "failed", "skipped")
    )
    print("%d passed, %d failed%s" % (passed, failures, ", %d skipped" % skipped if skipped else ""), flush=True)
    return 1 if failures or not passed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="only the parts that take seconds")
    parser.add_argument("--list", action="store_true", help="name the parts")
    options = parser.parse_args()
    every = parts()
    unknown = [name for name in options.names if not any(fnmatch.fnmatch(part.name, name) for part in every)]
    if unknown:
        parser.error("no part is called %s; --list names them all" % ", ".join(unknown))
    chosen = [
        part
        for part in every
        if (part.quick or not options.quick)
        and (not options.names or any(fnmatch.fnmatch(part.name, name) for name in options.names))
    ]
    if options.list:
        print("\n".join(part.name for part in chosen))
        return 0
    LOGS.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    try:
        outcomes = run_all(chosen)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return report(outcomes, time.monotonic() - started)


if __name__ == "__main__":
    # "make" ends its children with TERM: let that be what an interrupt is, so that parts remove what they made.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
