# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured, as one process: ``case.py CASE NETNS [FILE]``.

Prints how much it saw, so that nobody times nothing, and how many seconds the reading alone took, without Python's
start and imports.
"""

from __future__ import annotations

import gc
import sys
import time
import typing as t

from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.port import Kernel
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Query

Case = t.Callable[[], int]


def read(kernel: Kernel) -> Case:
    return lambda: sum(group.count for group in kernel.route_groups(family=4))


def audit(kernel: Kernel) -> Case:
    from ansible_collections.netmend.reclaim.plugins.module_utils.audit import Request
    from ansible_collections.netmend.reclaim.plugins.module_utils.audit import audit as run

    return lambda: int(run(kernel, Request())["snapshot"]["counts"]["routes"])


def sessions(kernel: Kernel) -> Case:
    return lambda: sum(
        1 for session in kernel.sessions(protocols=("tcp", "udp")) if session.unit is None or session.unit
    )


def lookup(kernel: Kernel) -> Case:
    with open(sys.argv[3], encoding="ascii") as stream:
        queries = [Query(to=line.split()[2]) for line in stream]
    kernel.lookup(queries[:1])  # imports what it needs
    return lambda: sum(1 for answer in kernel.lookup(queries, match=False) if answer.errno is None)


def remove(kernel: Kernel) -> Case:
    """As an engine removes what a plan names: compare, then act."""
    planned = kernel.seen_routes(table=100)

    def run() -> int:
        there = [verified.same for verified in kernel.verify(planned) if verified.same is not None]
        return sum(changed.done for changed in kernel.change("route.del", there))

    return run


def restore(kernel: Kernel) -> Case:
    (removed,) = kernel.seen_routes(table=100)
    collateral = kernel.collateral("route.del", removed)
    kernel.change("route.del", [removed])
    return lambda: kernel.restore("route.del", removed, collateral).done


if __name__ == "__main__":
    with Kernel(sys.argv[2]) as port:
        port.links()  # opens the socket
        gc.freeze()  # as module_utils/module.py does
        case: Case = globals()[sys.argv[1]](port)
        began = time.perf_counter()
        seen = case()
        print(seen, time.perf_counter() - began)
