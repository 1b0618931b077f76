# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One way in which programs say that the network refused them.

A phrasing is a pattern with words in angle brackets for what all of them share:

* ``<error>``: words or name of an errno that of itself speaks of the network; ``<sent>``: one that a send may get, with
  EPERM, EACCES and EINVAL. Only a phrasing that shows a send may use the latter: most of those are about files.
* ``<local>``, ``<remote>``: one end of the flow (``ends.endpoint`` reads it); ``<local_port>``, ``<remote_port>``: its port
  where that stands apart; ``<interface>``, ``<program>``, ``<pid>``, ``<unit>``.
* ``<end>``: the error ends the sentence. What is followed by more words is about an error, it does not tell of one.

Every quantifier has an upper bound, and what follows a wide one cannot begin with what it repeats, or only few of them
stand in a row. With the windows that ``recognise`` looks through, that bounds the work on any line.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

from ..ends import INTERFACE
from ..errors import REFUSED, UNREACHABLE, words_of

_END = r"[\w.:%\[\]#-]{1,100}"
_PARTS = {
    "error": "(?P<error>%s|%s)" % (words_of(*UNREACHABLE), "|".join(UNREACHABLE)),
    "sent": "(?P<error>%s|%s)" % (words_of(*UNREACHABLE, *REFUSED), "|".join(UNREACHABLE + REFUSED)),
    "end": r"(?![\w?])(?!['\"]?\s{1,4}[\w?])(?!['\"][?])",
    "local": "(?P<local>%s)" % _END,
    "remote": "(?P<remote>%s)" % _END,
    "local_port": r"(?P<local_port>\d{1,5})",
    "remote_port": r"(?P<remote_port>\d{1,5})",
    "interface": "(?P<interface>%s)" % INTERFACE,
    "pid": r"(?P<pid>\d{1,9})",
    "program": r"(?P<program>[\w.+/-]{1,48})",
    "unit": r"(?P<unit>[\w@.\\:-]{1,200}\.(?:service|socket|scope|mount|timer))",
}
_PART = re.compile(r"(?<!\?P)<(%s)>" % "|".join(_PARTS))


@dataclasses.dataclass(frozen=True)
class Phrasing:
    """A way to say it."""

    name: str
    needles: t.Tuple[str, ...]
    """Lower-case literals, one of which stands in each such text near the error."""
    pattern: str
    error: str | None = None
    """The errno, where the phrasing means one without naming it."""

    @property
    def compiled(self) -> t.Pattern[str]:
        """Compiled when it is first needed: most runs need few of them."""
        return compiled(self.pattern)


@functools.cache
def compiled(pattern: str) -> t.Pattern[str]:
    """The pattern with its parts put in. Case does not count, and words are ASCII."""
    return re.compile(_PART.sub(lambda part: _PARTS[part.group(1)], pattern), re.IGNORECASE | re.ASCII)
