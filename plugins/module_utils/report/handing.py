# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one job of an AWX workflow hands on to the next, without a disk that both see. Pure.

AWX keeps what a job sets as statistics (its artifacts), and gives it as variables to all jobs that follow in the workflow. Of the jobs
of one step, which slices are, it takes the artifacts together, the last one of a name. So each slice has a name of its own. And as
they would otherwise be given to every later job, a job that has read one sets it to nothing.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import typing as t
import zlib

SLICE = "reclaim_slice_%d"
"""The variable with the report of a slice; by the number of its job."""
PLANS = "reclaim_handed_plans"
"""The variable with the plans of all hosts, which are offered for an approval."""
_SLICE = re.compile(r"reclaim_slice_[0-9]+")
MOST = 4 * 1024 * 1024
"""Characters of what one job hands on. AWX sets no limit of its own, but keeps it in its database with every later job."""
_UNPACKED = 512 * 1024 * 1024
"""Bytes of what is taken."""


class HandingError(Exception):
    """It cannot be handed on, or is not what was handed on; the message says why, and what to do."""


def slices(variables: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The reports of slices among variables that no job has taken yet."""
    return {name: variables[name] for name in sorted(variables) if _SLICE.fullmatch(name) and variables[name] != ""}


def report(document: t.Mapping[str, t.Any], planned: t.Mapping[str, t.Mapping[str, t.Any]]) -> t.Dict[str, t.Any]:
    """What is handed on of a slice's fleet document, with the plans as they were written: without what is waived."""
    hosts = {
        name: dict(item, plan=planned.get(name)) if "plan" in item else item for name, item in document["hosts"].items()
    }
    return dict({key: document[key] for key in ("schema", "generated", "mends") if key in document}, hosts=hosts)


def pack(value: t.Any) -> str:
    """A value as a short text. Raises HandingError."""
    raw = json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")
    packed = base64.b64encode(zlib.compress(raw, 9)).decode("ascii")
    if len(packed) > MOST:
        raise HandingError(
            "What is handed on to later jobs of the workflow is too large: %d characters, and %d are allowed. "
            "Audit in more slices, or fewer findings of a host (reclaim_limit)" % (len(packed), MOST)
        )
    return packed


def unpack(name: str, text: t.Any) -> t.Any:
    """What was packed in the variable of this name. Raises HandingError."""
    try:
        if not isinstance(text, str):
            raise ValueError("it is no text")
        stream = zlib.decompressobj()
        raw = stream.decompress(base64.b64decode(text, validate=True), _UNPACKED)
        if not stream.eof or stream.unused_data:
            raise ValueError("it is cut off, or too large")
        return json.loads(raw)
    except (ValueError, binascii.Error, zlib.error, RecursionError) as error:
        raise HandingError("%s is not what a job of this collection handed on: %s" % (name, error)) from None
