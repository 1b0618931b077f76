# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays an AWX workflow as AWX would, with ansible-runner, which is what AWX runs jobs with.

The templates, surveys and steps are those that the playbook netmend.reclaim.awx declares (tests/integration/awx/requests.yml). How AWX
slices, which variables a job is given, and what becomes of the artifacts of one, is as in AWX 24.6.1:
Inventory.get_script_data, UnifiedJob.awx_meta_vars, SurveyJobTemplateMixin._update_unified_job_kwargs,
WorkflowJobNode.get_job_kwargs, WorkflowJob.get_effective_artifacts.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import pathlib
import subprocess
import typing as t

import yaml
from lab_runs import ROOT

REQUESTS = ROOT / "tests" / "integration" / "awx" / "requests.yml"
PREFIX = "netmend "
SECONDS = 400


@dataclasses.dataclass(frozen=True)
class Job:
    """One job that has ended."""

    code: int
    output: str
    artifacts: dict[str, t.Any]
    variables: t.Mapping[str, t.Any]
    project: pathlib.Path

    @property
    def words(self) -> str:
        return " ".join(self.output.split())

    @property
    def fleet(self) -> t.Any:
        return json.loads((self.project / "reports" / "latest" / "fleet.json").read_text(encoding="utf-8"))


class Declared:
    """What AWX was told."""

    def __init__(self) -> None:
        self.templates: dict[str, dict[str, t.Any]] = {}
        self.steps: dict[tuple[str, str], dict[str, t.Any]] = {}
        for request in yaml.safe_load(REQUESTS.read_text(encoding="utf-8")):
            path, body = request.get("POST", "").split(" ", 1), request.get("body", {})
            if path == ["job_templates"]:
                self.templates[body["name"]] = body
            elif path[0] == "job_templates" and path[1].endswith("> survey_spec"):
                self.templates[path[1].split(">")[0][1:]]["survey"] = body["spec"]
            elif path == ["workflow_job_template_nodes"]:
                self.steps[body["workflow_job_template"][1:-1], body["identifier"]] = body


class Workflow:
    """One run of a workflow."""

    def __init__(
        self,
        name: str,
        where: pathlib.Path,
        runner: pathlib.Path,
        inventory: pathlib.Path,
        answers: t.Mapping[str, t.Any],
    ) -> None:
        self._name = PREFIX + name
        self._where = where
        self._runner = runner
        self._inventory = inventory
        self._answers = answers
        self._declared = Declared()
        self._numbers = itertools.count(101)
        self._handed: dict[str, t.Any] = {}
        """ancestor_artifacts of the next step; these workflows have no branches."""
        home = where / "collections" / "ansible_collections" / "netmend"
        home.mkdir(parents=True)
        (home / "reclaim").symlink_to(ROOT)

    def step(self, name: str) -> list[Job]:
        """All jobs of a step: one, or one for each slice."""
        step = self._declared.steps[self._name, name]
        template = self._declared.templates[step["unified_job_template"][1:-1]]
        variables = dict(template["extra_vars"])
        variables.update({each["variable"]: each["default"] for each in template["survey"] if "default" in each})
        variables.update({**step.get("extra_data", {}), **self._handed, **self._answers})
        slices = template["job_slice_count"]
        workflow = next(self._numbers)
        jobs = [self._run(template, variables, workflow, number + 1, slices) for number in range(slices)]
        for job in jobs:
            self._handed.update(job.artifacts)
        return jobs

    def lose(self, job: Job) -> None:
        """As if that job had been killed."""
        for name in job.artifacts:
            del self._handed[name]

    def _run(
        self, template: t.Mapping[str, t.Any], variables: t.Mapping[str, t.Any], workflow: int, number: int, slices: int
    ) -> Job:
        job = next(self._numbers)
        data = self._where / ("job%d" % job)
        for name in ("env", "inventory", "project/playbooks"):
            (data / name).mkdir(parents=True)
        playbook = template["playbook"]
        # A repository of one's own: each playbook imports that of the collection.
        content = [
            {"name": "Do it", "ansible.builtin.import_playbook": "netmend.reclaim." + pathlib.Path(playbook).stem}
        ]
        (data / "project" / playbook).write_text(yaml.safe_dump(content), encoding="utf-8")
        (data / "inventory" / "hosts.yml").write_text(self._sliced(number, slices), encoding="utf-8")
        given = dict(variables)
        for prefix in ("awx", "tower"):
            given.update({
                prefix + "_job_id": job, prefix + "_job_launch_type": "workflow", prefix + "_workflow_job_id": workflow,
                prefix + "_workflow_job_name": self._name, prefix + "_job_template_name": template["name"],
                prefix + "_inventory_id": 1, prefix + "_user_name": "admin",
            })  # fmt: skip
        (data / "env" / "extravars").write_text(json.dumps(given), encoding="utf-8")
        settings = {
            "ANSIBLE_COLLECTIONS_PATH": str(self._where / "collections"),
            "ANSIBLE_HOME": str(self._where / "home"),
            "ANSIBLE_FORKS": "4",
        }
        (data / "env" / "envvars").write_text(json.dumps(settings), encoding="utf-8")
        environment = dict(os.environ, PATH=os.pathsep.join([str(self._runner), os.environ["PATH"]]))
        for name in [name for name in environment if name.startswith("ANSIBLE_") or name == "PYTHONPATH"]:
            del environment[name]
        done = subprocess.run(
            [str(self._runner / "ansible-runner"), "run", str(data), "-p", playbook, "-i", "run"],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=SECONDS, check=False,
        )  # fmt: skip
        events = [
            json.loads(path.read_text(encoding="utf-8"))
            for path in (data / "artifacts" / "run" / "job_events").glob("*.json")
        ]
        (stats,) = [event["event_data"] for event in events if event["event"] == "playbook_on_stats"]
        return Job(done.returncode, done.stdout, stats.get("artifact_data") or {}, given, data / "project")

    def _sliced(self, number: int, slices: int) -> str:
        """The inventory of one slice: every so many-th host, by name. Groups keep the hosts that are left."""
        whole = yaml.safe_load(self._inventory.read_text(encoding="utf-8"))
        names: set[str] = set()
        _each_group(whole, names.update)
        kept = set(sorted(names)[number - 1 :: slices])
        _each_group(whole, lambda hosts: [hosts.pop(name) for name in list(hosts) if name not in kept])
        return yaml.safe_dump(whole)


def _each_group(groups: t.Mapping[str, t.Any], do: t.Callable[[dict[str, t.Any]], t.Any]) -> None:
    for group in groups.values():
        if group:
            do(group.get("hosts") or {})
            _each_group(group.get("children") or {}, do)
