# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests as text that a person reads: with the names of objects where the requests have their numbers."""

from __future__ import annotations

import json
import typing as t

import yaml
from server import RESOURCES, ROOT, UNIFIED, Awx, Request


class _Dumper(yaml.SafeDumper):
    """Lists are indented, and nothing is an alias."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: t.Any) -> bool:
        return True


def told(awx: Awx, requests: t.Sequence[Request]) -> str:
    """YAML. Tell it while the objects are still there."""
    said = [_one(awx, request) for request in requests]
    return str(yaml.dump(said, Dumper=_Dumper, sort_keys=False, width=120))


def _one(awx: Awx, request: Request) -> dict[str, t.Any]:
    words = request.path[len(ROOT) :].strip("/").split("/")
    resource = words[0]
    if len(words) > 1:
        words[1] = "<%s>" % _name(awx, resource, int(words[1]))
    said: dict[str, t.Any] = {request.method: " ".join(words), "status": request.status}
    if request.body is not None:
        other = RESOURCES[resource].get("lists", {}).get(words[-1])
        said["body"] = {key: _value(awx, resource, other, key, value) for key, value in request.body.items()}
    return said


def _value(awx: Awx, resource: str, other: str | None, key: str, value: t.Any) -> t.Any:
    field = RESOURCES[resource]["fields"].get(key, {})
    if key == "id" and other:
        return "<%s>" % _name(awx, other, value)
    if field.get("kind") == "one" and value is not None:
        return "<%s>" % _name(awx, field["of"], value)
    return json.loads(value) if key == "extra_vars" else value


def _name(awx: Awx, resource: str, key: int) -> str:
    where = [name for name in RESOURCES if RESOURCES[name].get("template")] if resource == UNIFIED else [resource]
    item = next(awx.objects[name][key] for name in where if key in awx.objects[name])
    if resource != "workflow_job_template_nodes":
        return str(item["name"])
    return "%s: %s" % (_name(awx, "workflow_job_templates", item["workflow_job_template"]), item["identifier"])
