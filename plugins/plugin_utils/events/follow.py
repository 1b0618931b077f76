# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is followed together, folded, and put into a queue: the whole of the event source."""

from __future__ import annotations

import asyncio
import contextlib
import time
import typing as t

from . import journal, logs, removals
from .happening import STARTED, Happening, document
from .options import Options
from .storm import Storm


class Queue(t.Protocol):
    """ansible-rulebook's queue."""

    async def put(self, data: t.Dict[str, t.Any]) -> None:
        """Takes an event when there is room for it."""


async def follow(queue: Queue, options: Options) -> None:
    """Until it is cancelled, or one of what is followed cannot be: then what it raised. Leaves nothing behind."""
    storm = Storm(options.settle, options.at_most_every, options.remind)
    news = asyncio.Event()

    def tell(happening: Happening) -> None:
        storm.add(happening, time.monotonic(), time.time())
        news.set()

    if options.at_start:
        tell(Happening(STARTED, (), "what happened before is not known"))
    followed = [_put(queue, options, storm, news)]
    if options.kernel:
        followed.append(removals.follow(options.netns, tell))
    if options.journal:
        followed.append(journal.follow(options.units, tell))
    if options.logs:
        followed.append(logs.follow(options.logs, tell))
    tasks = [asyncio.ensure_future(each) for each in followed]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in ended:
        if isinstance(outcome, Exception):
            raise outcome


async def _put(queue: Queue, options: Options, storm: Storm, news: asyncio.Event) -> None:
    """While the queue is full, what happens goes on being folded: nothing else is kept of it."""
    while True:
        news.clear()
        due = storm.due()
        wait = None if due is None else due - time.monotonic()
        if wait is not None and wait <= 0:
            await queue.put(document(storm.take(time.monotonic()), options.host, options.netns))
        elif wait is None:
            await news.wait()
        else:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(news.wait(), wait)
                # In a storm each happening moves the time: it is enough to look now and then.
                await asyncio.sleep(min(wait, 0.05))
