# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's removals, on asyncio. A namespace that was made anew under its name is followed anew."""

from __future__ import annotations

import asyncio
import contextlib
import os
import typing as t

from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.namespace import path_of
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.watch import Watch

from .happening import Happening, missed, of_gone

Tell = t.Callable[[Happening], None]
LOOK = 10.0
"""Seconds between two looks whether the namespace is still the same."""


async def follow(netns: str | None, tell: Tell, look: float = LOOK) -> None:
    """Until it is cancelled. Raises what Watch raises at its start."""
    loop = asyncio.get_running_loop()
    seen = _stat(netns)
    watch: t.Optional[Watch] = await _opened(netns)
    try:
        while True:
            broken: asyncio.Future[OSError] = loop.create_future()
            if watch is not None:
                loop.add_reader(watch.fileno(), _read, watch, tell, broken)
            try:
                await _until_another(netns, seen, broken, look, watch is None)
            finally:
                if watch is not None:
                    loop.remove_reader(watch.fileno())
                    watch.close()
            now = _stat(netns)
            watch = await _again(netns)
            if watch is not None:
                seen = now
                tell(missed("the kernel's events were followed anew"))
    finally:
        if watch is not None:
            watch.close()


def _read(watch: Watch, tell: Tell, broken: asyncio.Future[OSError]) -> None:
    try:
        gone, lost = watch.read()
    except OSError as exc:
        if not broken.done():
            broken.set_result(exc)
        return
    for item in gone:
        tell(of_gone(item))
    if lost:
        tell(missed("the kernel told more than could be read"))


async def _until_another(
    netns: str | None, seen: t.Any, broken: asyncio.Future[OSError], look: float, wanting: bool
) -> None:
    """Until the socket failed, or the namespace is another one; where there is no socket, for a while."""
    while True:
        done, _waiting = await asyncio.wait([broken], timeout=look)
        if done:
            await asyncio.sleep(look)  # no faster than this, however often it fails
            return
        now = _stat(netns)
        if wanting or now is not None and now != seen:
            return


async def _again(netns: str | None) -> Watch | None:
    with contextlib.suppress(OSError, ValueError):  # gone meanwhile: the next look finds it
        return await _opened(netns)
    return None


async def _opened(netns: str | None) -> Watch:
    # In a thread: pyroute2 0.9 has an event loop of its own, which cannot run inside another.
    return await asyncio.to_thread(Watch, netns)


def _stat(netns: str | None) -> t.Tuple[int, int] | None:
    if netns is None:
        return None
    try:
        found = os.stat(path_of(netns))
    except OSError:
        return None
    return found.st_dev, found.st_ino
