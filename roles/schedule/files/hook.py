# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells a command and a URL of the new findings of the latest report: ``python3 hook.py hook.json``.

Each is remembered until it is told, whatever becomes of the runs between: a finding is new that the report calls new and that
was not told, or that stood in no report when something was told last. Ends with 1 where something could not be told. Needs the
standard library only.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import typing as t
import urllib.request

SHOWN = 200
"""Findings that are told at once, the worst first. The rest is counted."""
SEVERITIES = ("critical", "high", "medium", "low", "info")
KEYS = ("rule", "name", "severity", "cause", "fingerprint", "standing")

Json = t.Dict[str, t.Any]


def main(path: str) -> int:
    settings = _read(path)
    report = os.path.join(settings["reports"], "latest")
    try:
        fleet = _read(os.path.join(report, "fleet.json"))
    except FileNotFoundError:
        print("There is no report yet.")
        return 0
    state = _state(settings["state"])
    if state["generated"] == fleet["generated"]:
        print("The latest report is an earlier one: there is nothing new to tell.")
        return 0
    findings = _open(fleet)
    wrong = 0
    for way, tell in WAYS.items():
        known = set(state["known"].pop(way)) if way in state["known"] else None
        if not settings[way]:
            continue
        telling = [item for item in findings if _is_to_be_told(item, known)]
        told = {_mark(item) for item in findings} | _not_seen(fleet, known or ())
        # Written first: whoever is ended while it tells does so again.
        state["known"][way] = sorted(told - {_mark(item) for item in telling})
        _write(settings["state"], state)
        if not telling:
            continue
        try:
            tell(settings, _message(settings, os.path.realpath(report), fleet, telling))
            print("Told the %s of %d findings." % (way, len(telling)))
            state["known"][way] = sorted(told)
        except (OSError, ValueError, subprocess.SubprocessError, http.client.HTTPException) as error:
            wrong = 1
            print("The %s could not be told of %d findings: %s" % (way, len(telling), error), file=sys.stderr)
    state["generated"] = fleet["generated"]
    _write(settings["state"], state)
    return wrong


def _read(path: str) -> Json:
    with open(path, encoding="utf-8") as stream:
        return t.cast(Json, json.load(stream))


def _state(path: str) -> Json:
    """``generated``: the report that was told last. ``known``: by way, the marks of what was told, or need not be."""
    try:
        return _read(path)
    except (OSError, ValueError):
        return {"generated": None, "known": {}}


def _write(path: str, state: Json) -> None:
    with open(path + ".new", "w", encoding="utf-8") as stream:
        json.dump(state, stream)
    os.replace(path + ".new", path)


def _open(fleet: Json) -> t.List[Json]:
    """What is not waived on the audited hosts, the worst first."""
    found = [
        dict({key: finding.get(key) for key in KEYS}, host=name)
        for name, host in fleet["hosts"].items()
        for finding in host.get("findings", [])
        if not finding.get("waived")
    ]
    return sorted(found, key=lambda item: (SEVERITIES.index(item["severity"]), item["host"]))


def _is_to_be_told(item: Json, known: t.Optional[t.Collection[str]]) -> bool:
    if known is None:
        return bool(item["standing"] == "new")
    # With nothing to compare with, nothing is new: a host's first audit.
    return item["standing"] is not None and _mark(item) not in known


def _not_seen(fleet: Json, known: t.Iterable[str]) -> t.Set[str]:
    """What is known of hosts that could not be audited this time."""
    dark = {name for name, host in fleet["hosts"].items() if host["status"] != "audited"}
    return {mark for mark in known if mark.rpartition(" ")[0] in dark}


def _mark(item: Json) -> str:
    return "%s %s" % (item["host"], item["fingerprint"])


def _message(settings: Json, report: str, fleet: Json, telling: t.List[Json]) -> bytes:
    message = {
        "schedule": settings["schedule"],
        "report": report,
        "generated": fleet["generated"],
        "summary": fleet["summary"],
        "new": len(telling),
        "findings": telling[:SHOWN],
    }
    return json.dumps(message).encode("ascii")


def _run(settings: Json, message: bytes) -> None:
    subprocess.run(settings["command"], input=message, timeout=settings["seconds"], check=True)


def _post(settings: Json, message: bytes) -> None:
    headers = {"Content-Type": "application/json", **settings["headers"]}
    request = urllib.request.Request(settings["url"], data=message, headers=headers, method="POST")
    with urllib.request.build_opener(_Stay).open(request, timeout=settings["seconds"]) as answer:
        answer.read(1)


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows nothing: the message would not go along, and the headers may be secret. It is an error then."""

    def redirect_request(self, *_arguments: t.Any) -> None:
        return None


WAYS: t.Dict[str, t.Callable[[Json, bytes], None]] = {"command": _run, "url": _post}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
