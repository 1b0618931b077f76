# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells a command and a URL of the new findings of the latest report: ``python3 hook.py hook.json``.

Each report is told once. What could not be told is kept, and told after the next audit as far as it is still open.
Ends with 1 where something could not be told. Needs the standard library only.
"""

from __future__ import annotations

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
    ways = {"command": _run, "url": _post}
    failed = False
    waiting: t.Dict[str, t.List[str]] = {}
    for way, tell in ways.items():
        kept = set(state["waiting"].get(way, []))
        telling = [item for item in findings if item["standing"] == "new" or _mark(item) in kept]
        if not telling or not settings[way]:
            continue
        message = _message(settings, os.path.realpath(report), fleet, telling)
        try:
            tell(settings, message)
            print("Told the %s of %d findings." % (way, len(telling)))
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            failed = True
            waiting[way] = [_mark(item) for item in telling]
            print("The %s could not be told of %d findings: %s" % (way, len(telling), error), file=sys.stderr)
    _write(settings["state"], {"generated": fleet["generated"], "waiting": waiting})
    return int(failed)


def _read(path: str) -> Json:
    with open(path, encoding="utf-8") as stream:
        return t.cast(Json, json.load(stream))


def _state(path: str) -> Json:
    try:
        return _read(path)
    except (OSError, ValueError):
        return {"generated": None, "waiting": {}}


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
    with urllib.request.urlopen(request, timeout=settings["seconds"]) as answer:
        answer.read(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
