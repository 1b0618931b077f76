# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an Ansible run has learnt of which hosts lack pyroute2, shared by its workers for as long as it lasts.

The first host that lacks it costs two module runs: one that says so, one with the copy. From then on the run does not ask
first: hosts of a fleet are mostly alike. Once any host had it after all, each is asked again, for a copy that nobody needed
costs more than a second run where one is needed. Of a host that has been sent one it is known whether that was kept.
"""

from __future__ import annotations

import hashlib
import pathlib

from ansible import constants as C
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.provide import HERE, KEPT, PASSING

_LACKING = "lacking"


class Learnt:
    """Marks in the run's own temporary directory, which goes with it. ``account`` is a user on a host."""

    def __init__(self, *account: object) -> None:
        self._own = hashlib.sha256(repr(account).encode()).hexdigest()[:16]

    def lacks(self) -> bool:
        """Is it better to send a copy at once?"""
        if _mark(PASSING, self._own).exists():
            return True
        return _mark(_LACKING).exists() and not _mark(HERE).exists() and not _mark(KEPT, self._own).exists()

    def lacked(self) -> None:
        """The host wants a copy."""
        _mark(_LACKING).touch()

    def came(self, word: str) -> None:
        """The module ran, with a pyroute2 that came from there (``provide.Provided``)."""
        if word == HERE and not _mark(KEPT, self._own).exists():
            _mark(HERE).touch()
        elif word in (KEPT, PASSING):
            _mark(word, self._own).touch()


def _mark(*words: str) -> pathlib.Path:
    return pathlib.Path(C.DEFAULT_LOCAL_TMP) / "-".join(("netmend-reclaim-pyroute2", *words))
