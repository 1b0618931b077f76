# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An HTTP server that answers as AWX's API v2 does, for what contract.yml lists.

It is stricter in one thing: AWX ignores a field that it does not know, and this refuses it, so that no test passes because of
a name that is misspelt. What AWX lets through and leaves alone (read-only fields) it lets through as well.
"""

from __future__ import annotations

import contextlib
import copy
import http.server
import json
import pathlib
import re
import threading
import typing as t
import urllib.parse

import yaml

CONTRACT = yaml.safe_load((pathlib.Path(__file__).resolve().parent / "contract.yml").read_text(encoding="utf-8"))
RESOURCES: dict[str, dict[str, t.Any]] = CONTRACT["resources"]
ROOT = "/api/v2/"
TOKEN = "a-token"
UNIFIED = "unified_job_templates"
LINKS = ("success_nodes", "always_nodes", "failure_nodes")
SURVEY_KINDS: dict[str, type | tuple[type, ...]] = {
    "text": str, "textarea": str, "password": str, "multiplechoice": str, "multiselect": str, "integer": int,
    "float": (float, int),
}  # fmt: skip

Object = dict[str, t.Any]


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, body: t.Any) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


class Request(t.NamedTuple):
    """A request that would write, and the status of the answer."""

    method: str
    path: str
    body: t.Any
    status: int


class Awx:
    """The objects, and what may be done with them."""

    def __init__(self, playbooks: t.Iterable[str]) -> None:
        self._playbooks = frozenset(playbooks)
        """What is found in a project once it was updated."""
        self._ids = 0
        self.objects: dict[str, dict[int, Object]] = {name: {} for name in RESOURCES}
        self._lists: dict[tuple[str, int, str], list[int]] = {}
        self._surveys: dict[tuple[str, int], t.Any] = {}
        self._updates: dict[int, list[str]] = {}
        """Of each project's first update, the states that are still to come."""
        self.written: list[Request] = []
        self.read = 0

    def put(self, resource: str, **fields: t.Any) -> int:
        """Something that was there before."""
        return int(self._create(resource, fields)["id"])

    def named(self, resource: str) -> list[str]:
        return sorted(str(item.get("identifier") or item.get("name")) for item in self.objects[resource].values())

    def linked(self, node: int, kind: str) -> list[int]:
        return self._lists.get(("workflow_job_template_nodes", node, kind), [])

    def survey(self, resource: str, key: int) -> t.Any:
        return self._surveys.get((resource, key), {})

    def answer(self, method: str, path: str, query: t.Mapping[str, str], body: t.Any) -> tuple[int, t.Any]:
        """Status and body of the answer to one request."""
        if not path.startswith(ROOT):
            raise Refused(404, {"detail": "The requested resource could not be found."})
        words = path[len(ROOT) :].strip("/").split("/")
        key = int(words[1]) if len(words) > 1 and words[1].isdigit() else None
        if words[0] == "project_updates" and key is not None and method == "GET":
            return 200, self._update(key)
        if words[0] == UNIFIED and len(words) == 1 and method == "GET":
            return 200, self._listed(UNIFIED, query)
        if words[0] not in RESOURCES or (len(words) > 1 and key not in self.objects[words[0]]):
            raise Refused(404, {"detail": "The requested resource could not be found."})
        if key is None:
            return self._of_list(method, words[0], query, body)
        if len(words) == 2:
            return self._of_one(method, words[0], key, body)
        return self._of_part(method, words[0], key, words[2], body)

    def _of_list(self, method: str, resource: str, query: t.Mapping[str, str], body: t.Any) -> tuple[int, t.Any]:
        if method == "GET":
            return 200, self._listed(resource, query)
        # An approval is only made for a node.
        if method == "POST" and resource != "workflow_approval_templates":
            return 201, self._shown(resource, self._create(resource, body))
        raise Refused(405, {"detail": 'Method "%s" not allowed.' % method})

    def _of_one(self, method: str, resource: str, key: int, body: t.Any) -> tuple[int, t.Any]:
        item = self.objects[resource][key]
        if method == "GET":
            return 200, self._shown(resource, item)
        if method == "PATCH":
            self._change(resource, item, body)
            return 200, self._shown(resource, item)
        if method == "DELETE":
            self._remove(resource, key)
            return RESOURCES[resource].get("deleted", 204), None
        raise Refused(405, {"detail": 'Method "%s" not allowed.' % method})

    def _of_part(self, method: str, resource: str, key: int, part: str, body: t.Any) -> tuple[int, t.Any]:
        spec = RESOURCES[resource]
        if part == "survey_spec" and spec.get("survey"):
            if method == "GET":
                return 200, self.survey(resource, key)
            if method == "POST":
                _check_survey(body)
                self._surveys[resource, key] = body
                return 200, None
        if part in spec.get("lists", {}):
            if method == "GET":
                other = spec["lists"][part]
                found = [self.objects[other][one] for one in self._lists.get((resource, key, part), [])]
                return 200, {"count": len(found), "next": None, "previous": None,
                             "results": [self._shown(other, one) for one in found]}  # fmt: skip
            if method == "POST":
                self._attach(resource, key, part, body)
                return 204, None
        if resource == "workflow_job_template_nodes" and part == "create_approval_template" and method == "POST":
            made = self._create("workflow_approval_templates", body)
            self.objects[resource][key]["unified_job_template"] = made["id"]
            return 201, self._shown("workflow_approval_templates", made)
        raise Refused(404, {"detail": "The requested resource could not be found."})

    def _attach(self, resource: str, key: int, part: str, body: t.Any) -> None:
        other = RESOURCES[resource]["lists"][part]
        if not isinstance(body, dict) or set(body) - {"id", "disassociate"} or not isinstance(body.get("id"), int):
            raise Refused(400, {"msg": '"id" field must be an integer.'})
        if body["id"] not in self.objects[other]:
            raise Refused(400, {"detail": "The requested object could not be found."})
        there = self._lists.setdefault((resource, key, part), [])
        if "disassociate" in body:
            there[:] = [one for one in there if one != body["id"]]
            return
        if part in LINKS:
            if any(body["id"] in self.linked(key, kind) for kind in LINKS if kind != part):
                raise Refused(400, {"Error": "Relationship not allowed."})
            if key in self._after(body["id"]):
                raise Refused(400, {"Error": "Cycle detected."})
        if part == "credentials" and body["id"] not in there:
            held = self.objects["credentials"]
            if any(held[one]["kind"] == held[body["id"]]["kind"] for one in there):
                raise Refused(400, {"error": "Cannot assign multiple Machine credentials."})
        if body["id"] not in there:
            there.append(body["id"])

    def _after(self, node: int) -> set[int]:
        """This step and all that follow it."""
        found: set[int] = set()
        waiting = [node]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += [next_one for kind in LINKS for next_one in self.linked(one, kind)]
        return found

    def _listed(self, resource: str, query: t.Mapping[str, str]) -> t.Any:
        names = [name for name in RESOURCES if RESOURCES[name].get("template")] if resource == UNIFIED else [resource]
        found = []
        for name in names:
            for item in self.objects[name].values():
                if self._fits(name, item, query):
                    found.append(self._shown(name, item))
        return {"count": len(found), "next": None, "previous": None, "results": found}

    def _fits(self, resource: str, item: Object, query: t.Mapping[str, str]) -> bool:
        either, all_of = [], []
        for word, value in query.items():
            name = word[len("or__") :] if word.startswith("or__") else word
            if name not in (*RESOURCES[resource]["fields"], "id", "type", "organization"):
                raise Refused(400, {"detail": "%s has no field named '%s'" % (RESOURCES[resource]["type"], name)})
            has = RESOURCES[resource]["type"] if name == "type" else self._value(resource, item, name)
            (either if word.startswith("or__") else all_of).append(str(has) == value)
        return all(all_of) and (not either or any(either))

    def _value(self, resource: str, item: Object, name: str) -> t.Any:
        if name == "organization" and resource == "inventory_sources":
            return self.objects["inventories"][item["inventory"]]["organization"]
        return item.get(name)

    def _create(self, resource: str, body: t.Any) -> Object:
        item = {name: copy.deepcopy(field.get("default")) for name, field in RESOURCES[resource]["fields"].items()}
        item.update(self._valid(resource, None, body))
        wanting = [
            name for name, field in RESOURCES[resource]["fields"].items() if field.get("required") and name not in body
        ]
        if wanting:
            raise Refused(400, {name: ["This field is required."] for name in wanting})
        self._check(resource, None, item)
        self._ids += 1
        item["id"] = self._ids
        self.objects[resource][self._ids] = item
        if resource == "projects" and item["scm_type"]:
            self._updates[self._ids] = ["pending", "running", "successful"]
        return item

    def _change(self, resource: str, item: Object, body: t.Any) -> None:
        changed = dict(item, **self._valid(resource, item, body))
        self._check(resource, item, changed)
        if resource == "projects" and any(
            changed[name] != item[name] for name in ("scm_url", "scm_branch", "scm_type", "scm_refspec")
        ):
            self._updates[item["id"]] = ["pending", "running", "successful"]
        item.update(changed)

    def _valid(self, resource: str, item: Object | None, body: t.Any) -> Object:
        """The fields of a body that are written. Raises Refused."""
        if not isinstance(body, dict):
            raise Refused(400, {"detail": "JSON parse error"})
        wrong, valid = {}, {}
        for name, value in body.items():
            field = RESOURCES[resource]["fields"].get(name)
            if field is None and name in ("id", "type", "url", "related", "summary_fields", "created", "modified"):
                continue
            if field is None:
                wrong[name] = ["AWX knows no such field of %s." % resource]
            elif not field.get("read_only") and not (field.get("fixed") and item):
                try:
                    valid[name] = self._field(field, value)
                except ValueError as error:
                    wrong[name] = [str(error)]
        if wrong:
            raise Refused(400, wrong)
        return valid

    def _field(self, field: t.Mapping[str, t.Any], value: t.Any) -> t.Any:
        kind, nullable = field["kind"], field.get("default", "") is None
        if kind in ("text", "choice"):
            if value is None:
                return None if nullable else ""
            if not isinstance(value, str):
                raise ValueError("Not a valid string.")
            if len(value) > field.get("most", len(value)):
                raise ValueError("Ensure this field has no more than %d characters." % field["most"])
            if field.get("required") and not value:
                raise ValueError("This field may not be blank.")
            if kind == "choice" and value not in field["of"]:
                raise ValueError('"%s" is not a valid choice.' % value)
        elif kind == "one":
            if value in (None, ""):
                if field.get("required"):
                    raise ValueError("This field may not be null.")
                return None
            where = [n for n in RESOURCES if RESOURCES[n].get("template")] if field["of"] == UNIFIED else [field["of"]]
            if not any(value in self.objects[name] for name in where):
                raise ValueError('Invalid pk "%s" - object does not exist.' % value)
        elif value is None and nullable:
            return None
        elif not isinstance(value, {"flag": bool, "number": int, "json": dict}[kind]):
            raise ValueError("Not a valid %s." % kind)
        elif kind == "number" and isinstance(value, bool):
            raise ValueError("A valid integer is required.")
        return value

    def _check(self, resource: str, before: Object | None, item: Object) -> None:
        """What AWX checks of an object as a whole. Raises Refused."""
        own = before["id"] if before else None
        if resource == "job_templates":
            self._check_template(item)
        if resource in ("workflow_job_template_nodes", "schedules"):
            self._check_answers(resource, item)
        if resource == "schedules":
            _check_rrule(item["rrule"])
        unique = RESOURCES[resource].get("unique", [])
        for key, other in self.objects[resource].items():
            if unique and key != own and all(other[name] == item[name] for name in unique):
                raise Refused(400, {"__all__": ["%s with this %s already exists." % (resource, ", ".join(unique))]})

    def _check_template(self, item: Object) -> None:
        project = self.objects["projects"].get(item["project"])
        if project is None:
            raise Refused(400, {"project": ["This field is required."]})
        item["organization"] = project["organization"]
        if item["inventory"] is None and not item["ask_inventory_on_launch"]:
            raise Refused(400, {"inventory": ["You must either set a default value or ask to prompt on launch."]})
        if not item["playbook"]:
            raise Refused(400, {"playbook": ["Must select playbook for project."]})
        if self._updates.get(project["id"]) or item["playbook"] not in self._playbooks:
            raise Refused(400, {"playbook": ["Playbook not found for project."]})
        _check_variables(item["extra_vars"])

    def _check_answers(self, resource: str, item: Object) -> None:
        """A variable that is said beforehand must be one that the template asks for."""
        for name in ("job_templates", "workflow_job_templates"):
            template = self.objects[name].get(item["unified_job_template"])
            if template is None:
                continue
            asked = {each["variable"]: each for each in self.survey(name, template["id"]).get("spec", [])}
            asked = asked if template["survey_enabled"] else {}
            unknown = sorted(set(item["extra_data"]) - set(asked))
            if unknown and not template["ask_variables_on_launch"]:
                raise Refused(400, {"extra_data": ["Variables %s are not allowed on launch." % ", ".join(unknown)]})
            for variable, value in item["extra_data"].items():
                _check_answer(asked[variable], value)
            for each in asked.values():
                # What a step of a workflow lacks, the workflow may say.
                lacks = each["required"] and "default" not in each and each["variable"] not in item["extra_data"]
                if lacks and resource == "schedules":
                    raise Refused(400, {"variables_needed_to_start": ["'%s' value missing" % each["variable"]]})

    def _remove(self, resource: str, key: int) -> None:
        item = self.objects[resource].pop(key)
        if resource == "workflow_job_template_nodes":  # an approval goes with the step that it was made for
            self.objects["workflow_approval_templates"].pop(item["unified_job_template"], None)
        self._surveys.pop((resource, key), None)
        for where in [where for where in self._lists if where[:2] == (resource, key)]:
            del self._lists[where]
        for (other, _key, part), ids in self._lists.items():
            if RESOURCES[other]["lists"][part] == resource:
                ids[:] = [one for one in ids if one != key]
        for other, field in CONTRACT["removes"].get(resource, ()):
            for one in [one for one, item in self.objects[other].items() if item[field] == key]:
                self._remove(other, one)
        # What is left names it no more.
        for name, spec in RESOURCES.items():
            for field, rule in spec["fields"].items():
                if rule["kind"] == "one" and rule["of"] in (resource, UNIFIED):
                    for item in self.objects[name].values():
                        if item[field] == key:
                            item[field] = None

    def _update(self, project: int) -> Object:
        states = self._updates.get(project, [])
        status = states.pop(0) if states else "successful"
        return {
            "id": project,
            "type": "project_update",
            "status": status,
            "url": ROOT + "project_updates/%d/" % project,
        }

    def _shown(self, resource: str, item: Object) -> Object:
        here = "%s%s/%d/" % (ROOT, resource, item["id"])
        spec = RESOURCES[resource]
        related = {part: here + part + "/" for part in spec.get("lists", {})}
        summary: Object = {}
        if spec.get("survey"):
            related["survey_spec"] = here + "survey_spec/"
        for name, field in spec["fields"].items():
            if field["kind"] == "one" and item[name] is not None:
                where = [n for n in RESOURCES if item[name] in self.objects[n] and field["of"] in (n, UNIFIED)][0]
                related[name] = "%s%s/%d/" % (ROOT, where, item[name])
        if resource == "workflow_job_template_nodes":
            related["create_approval_template"] = here + "create_approval_template/"
        if self._updates.get(item["id"]) and resource == "projects":
            summary["current_update"] = {"id": item["id"]}
        links = {kind: self.linked(item["id"], kind) for kind in LINKS if kind in related}
        return dict(item, **links, type=spec["type"], url=here, related=related, summary_fields=summary)


def _check_variables(text: str) -> None:
    try:
        held = json.loads(text or "{}")
    except ValueError:
        held = None
    if not isinstance(held, dict):
        raise Refused(400, {"extra_vars": ["Cannot parse as JSON or YAML."]})


def _check_rrule(rule: str) -> None:
    """What AWX says of a rule that it does not take (SchedulePreviewSerializer.validate_rrule)."""
    wrong = []
    starts = re.findall(r".*?(DTSTART(;[^:]+)?\:[0-9]+T[0-9]+Z?)", rule)
    if len(starts) != 1:
        wrong.append("Valid DTSTART required in rrule. Value should start with: DTSTART:YYYYMMDDTHHMMSSZ")
    if re.findall(r".*?(DTSTART:[0-9]+T[0-9]+) ", rule):
        wrong.append("DTSTART cannot be a naive datetime.")
    if "rrule:" not in rule.lower():
        wrong.append("One or more rule required in rrule.")
    for each in re.findall(r".*?(RULE\:[^\s]*)", rule):
        if "interval" not in each.lower():
            wrong.append("INTERVAL required in rrule: %s" % each)
        elif "secondly" in each.lower():
            wrong.append("SECONDLY is not supported: %s" % each)
    if wrong:
        raise Refused(400, {"rrule": wrong})


def _check_survey(spec: t.Any) -> None:
    """What AWX says of a survey (JobTemplateSurveySpec._validate_spec_data)."""
    if not isinstance(spec, dict):
        raise Refused(400, {"error": "Expected an object."})
    for name, kind in (("name", str), ("description", str), ("spec", list)):
        if not isinstance(spec.get(name), kind):
            raise Refused(400, {"error": "Field '%s' is missing from survey spec." % name})
    if not spec["spec"]:
        raise Refused(400, {"error": "'spec' doesn't contain any items."})
    seen: set[str] = set()
    for number, item in enumerate(spec["spec"]):
        for name, kind in (("type", str), ("question_name", str), ("variable", str), ("required", bool)):
            if not isinstance(item.get(name), kind):
                raise Refused(400, {"error": "'%s' missing from survey question %d" % (name, number)})
        known = {
            "type",
            "question_name",
            "question_description",
            "variable",
            "required",
            "default",
            "choices",
            "min",
            "max",
        }
        if set(item) - known or item["variable"] in seen or item["type"] not in SURVEY_KINDS:
            raise Refused(400, {"error": "survey question %d is wrong" % number})
        seen.add(item["variable"])
        for name in ("min", "max"):
            if not isinstance(item.get(name, 0), int):
                raise Refused(
                    400, {"error": "The %s limit in survey question %d expected to be integer." % (name, number)}
                )
        if item["type"] in ("multiselect", "multiplechoice") and not item.get("choices"):
            raise Refused(400, {"error": "Survey question %d must specify choices." % number})
        if item.get("default", "") == "":
            continue
        if not isinstance(item["default"], SURVEY_KINDS[item["type"]]):
            raise Refused(400, {"error": "Default value in survey question %d is of the wrong type." % number})
        if "choices" in item and any(one not in item["choices"] for one in item["default"].splitlines()):
            raise Refused(400, {"error": "Default choice must be answered from the choices listed."})


def _check_answer(question: t.Mapping[str, t.Any], value: t.Any) -> None:
    kind, fits = question["type"], True
    if kind in ("text", "textarea"):
        fits = isinstance(value, str)
    elif kind == "integer":
        fits = isinstance(value, int) and not isinstance(value, bool) and value >= question.get("min", value)
    elif kind == "multiplechoice":
        fits = value in question["choices"]
    elif kind == "multiselect":
        fits = isinstance(value, list) and all(one in question["choices"] for one in value)
    if not fits:
        raise Refused(400, {"extra_data": ["Value %s for '%s' is not allowed." % (value, question["variable"])]})


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    awx: Awx
    lock: threading.Lock

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(length)
        url = urllib.parse.urlsplit(self.path)
        body = None
        with self.lock:
            try:
                if self.headers.get("Authorization") != "Bearer " + TOKEN:
                    raise Refused(401, {"detail": "Authentication credentials were not provided."})
                body = json.loads(sent) if sent else None
                query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
                status, answer = self.awx.answer(self.command, url.path, query, body)
            except Refused as refused:
                status, answer = refused.status, refused.body
            if self.command == "GET":
                self.awx.read += 1
            else:
                self.awx.written.append(Request(self.command, url.path, body, status))
        data = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("X-API-Product-Name", "AWX")
        self.send_header("X-API-Product-Version", "24.6.1")
        self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = do_DELETE = _serve

    def log_message(self, format: str, *args: t.Any) -> None:
        """Nothing: what was asked for is in ``Awx.written``."""


@contextlib.contextmanager
def serving(awx: Awx) -> t.Iterator[str]:
    """The address of a server of these objects."""
    handler = type("Handler", (_Handler,), {"awx": awx, "lock": threading.Lock()})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield "http://127.0.0.1:%d" % server.server_port
        finally:
            server.shutdown()
            thread.join()
