# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts for transactions: a network namespace with something stale in it, a state directory, and the modules' own
functions run in processes of their own, so that these can be killed."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import jsonschema
import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils import hostid
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Seen
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction import history
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction.place import Place
from ansible_collections.netmend.reclaim.tests.integration.kernel import conftest as namespaces
from ansible_collections.netmend.reclaim.tests.integration.transaction import plans

SCHEMA = pathlib.Path(__file__).resolve().parents[3] / "docs" / "schema" / "transaction-1.json"
DRIVER = pathlib.Path(__file__).with_name("driver.py")
SECONDS = 120
"""Longer than anything here takes on a slow machine."""

netns = namespaces.netns


class Run:
    """A module's function in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], arguments: dict) -> None:
        self.process = process
        assert process.stdin is not None
        process.stdin.write(json.dumps(arguments))
        process.stdin.close()
        process.stdin = None

    def result(self) -> dict:
        output, errors = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == 0, errors
        result = json.loads(output)
        if set(result) != {"failed", "msg"}:
            jsonschema.validate(result, json.loads(SCHEMA.read_text(encoding="utf-8")))
        return result

    def killed(self) -> None:
        """It ended itself with SIGKILL, as it was told to."""
        self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == -signal.SIGKILL


class Host:
    """``netns``: what the modules are told; the process itself is inside as well, unless ``outside``."""

    def __init__(self, namespace, state_dir: pathlib.Path) -> None:
        self.ns = namespace
        self.name = namespace.name
        self.state_dir = state_dir
        self.ns.sh(plans.STALE)
        self.ns.until("! ip -6 address show tentative | grep -q inet6")

    def start(self, function: str, faults: dict | None = None, prefix: tuple[str, ...] = (), **params: object) -> Run:
        arguments = {"state_dir": str(self.state_dir), **params}
        process = subprocess.Popen(
            [
                "ip",
                "netns",
                "exec",
                self.name,
                *prefix,
                sys.executable,
                str(DRIVER),
                function,
                json.dumps(faults or {}),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
        )
        return Run(process, arguments)

    def reclaim(self, plan: dict, **more: object) -> dict:
        return self.start("reclaim", plan=plan, **more).result()

    def transaction(self, state: str, identifier: str | None = None, **more: object) -> dict:
        return self.start("transaction", state=state, transaction_id=identifier, **more).result()

    def seen(self, kind: str, keep=None) -> list[Seen]:
        with Kernel(self.name) as kernel:
            if kind == "flow":
                return list(kernel.seen_flows(keep))
            return kernel.seen_routes(keep=keep) if kind == "route" else list(kernel.seen(kind, keep))

    def plan(self, *steps: tuple[str, Seen]) -> dict:
        return plan_for(self.name, *steps)

    def stale(self) -> dict:
        with Kernel(self.name) as kernel:
            return plans.stale(kernel)

    def stale_again(self) -> dict:
        """Another plan, about something that is not there."""
        (rule,) = self.seen("rule", lambda rule: rule.priority == 32767)
        raw = rule.raw.replace(b"\xff\x7f\x00\x00", b"\xfe\x7f\x00\x00")
        with Kernel() as kernel:
            return self.plan(("rule.del", Seen("rule", kernel.decode("rule", raw), raw)))

    def state(self) -> str:
        """All that somebody configured, as ip tells it."""
        commands = ("link show", "address show", "rule show", "-6 rule show", "route show table all")
        commands += ("-6 route show table all", "nexthop show", "neighbour show nud permanent")
        return "".join(self.ns.sh("ip -d " + command) for command in commands)

    def place(self) -> Place:
        return Place(str(self.state_dir), self.name)

    def standing(self, identifier: str) -> history.Standing:
        return history.find(self.place(), identifier)[1]

    def reboot(self, identifier: str) -> None:
        """Let a transaction be of an earlier boot."""
        path = pathlib.Path(history.Transaction(self.place(), identifier).journal.path)
        text = path.read_text()
        path.write_text(text.replace(str(hostid.boot_id()), "00000000-0000-0000-0000-000000000000"))

    def newest(self) -> str:
        return self.place().ids()[0]

    def await_state(self, identifier: str, state: str) -> history.Standing:
        give_up = time.monotonic() + SECONDS
        while self.standing(identifier).state != state:
            assert time.monotonic() < give_up, self.standing(identifier)
            time.sleep(0.05)
        return self.standing(identifier)


def plan_for(name: str, *steps: tuple[str, Seen]) -> dict:
    """A plan for the host that this namespace is, as the planner would write it."""
    with Kernel(name) as kernel:
        return plans.plan(kernel, *steps)


@pytest.fixture
def host(netns, tmp_path):
    """A host with something stale; whatever dead-man it leaves is ended with its namespace's state."""
    made = Host(netns(), tmp_path / "state")
    yield made
    for identifier in made.place().ids():
        transaction = history.Transaction(made.place(), identifier)
        standing = transaction.standing()
        if standing is not None and standing.armed is not None and os.path.isdir(transaction.program):
            os.kill(standing.armed["pid"], signal.SIGKILL)
