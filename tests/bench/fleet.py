# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet case of the bench: 200 hosts, each a network namespace, audited in one run, against gathering their facts."""

from __future__ import annotations

import contextlib
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import typing as t

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "lab"))

from many_hosts import Fleet  # noqa: E402

HOSTS = 200
FORKS = 8


@contextlib.contextmanager
def fleet(scratch: pathlib.Path) -> t.Iterator[pathlib.Path]:
    """The inventory of hosts that are there meanwhile."""
    made = Fleet("nmb-", HOSTS)
    try:
        made.make(made.numbers)
        made.inventory(scratch / "inventory.json")
        yield scratch / "inventory.json"
    finally:
        made.remove()


def commands(inventory: pathlib.Path) -> t.Tuple[t.List[str], str]:
    """Ours, and the peer's shell line. Both write nothing to a terminal."""
    programs = pathlib.Path(sys.executable).parent
    reports = inventory.parent / "reports"
    common = "-i %s -f %d" % (inventory, FORKS)
    ours = "%s/ansible-playbook netmend.reclaim.audit %s -e reclaim_report_dir=%s >/dev/null" % (
        programs,
        common,
        reports,
    )
    return ["sh", "-c", ours], "%s/ansible all -m ansible.builtin.setup %s >/dev/null" % (programs, common)


def bytes_of(command: t.Sequence[str], scratch: pathlib.Path) -> int:
    """What a host sends back, in the median of all of them; in a run that is not measured."""
    sizes = scratch / "sizes"
    sizes.write_text("")
    environment = dict(
        os.environ,
        PYTHONPATH=str(ROOT / "build" / "collections"),
        ANSIBLE_CALLBACK_PLUGINS=str(HERE / "callbacks"),
        ANSIBLE_CALLBACKS_ENABLED="sizes",
        ANSIBLE_LOAD_CALLBACK_PLUGINS="1",
        SIZES=str(sizes),
    )
    subprocess.run(command, env=environment, check=True)
    found = [int(line) for line in sizes.read_text().split()]
    if len(found) != HOSTS:
        raise SystemExit("%d of %d hosts answered %s" % (len(found), HOSTS, " ".join(command)))
    return int(statistics.median(found))


def cases(compare: t.Callable[..., t.Dict[str, t.Any]], runs: int) -> t.Iterator[t.Dict[str, t.Any]]:
    with tempfile.TemporaryDirectory() as place, fleet(pathlib.Path(place)) as inventory:
        ours, peer = commands(inventory)
        sizes = {
            "ours_bytes_per_host": bytes_of(ours, pathlib.Path(place)),
            "peer_bytes_per_host": bytes_of(["sh", "-c", peer], pathlib.Path(place)),
        }
        print("fleet-200: bytes that a host sends back: %d, facts: %d" % tuple(sizes.values()), flush=True)
        # The runs for the sizes were the ones that do not count.
        yield dict(compare("fleet-200", ours, peer, None, runs, warm=True), **sizes)
