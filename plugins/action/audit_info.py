# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action of audit_info: hands over the profiles of owners and of rules, for a managed host cannot read YAML."""

from __future__ import annotations

import pathlib
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.yaml import yaml_load
from ansible_collections.netmend.reclaim.plugins.action.port import ActionModule as PortAction
from ansible_collections.netmend.reclaim.plugins.plugin_utils import rule_profiles

SHIPPED = pathlib.Path(__file__).resolve().parent.parent / "module_utils" / "owners" / "profiles"


def _shipped() -> t.Dict[str, t.Dict[str, t.Any]]:
    profiles = (yaml_load(path.read_text(encoding="utf-8")) for path in sorted(SHIPPED.glob("*.yml")))
    return {profile["name"]: profile for profile in profiles}


_PROFILES = _shipped()
"""Read when the plugin is loaded: that is once in a run, before there is a worker for each host."""


class ActionModule(PortAction):
    """Runs audit_info with the shipped profiles and what the user says of owners."""

    def run(self, tmp: str | None = None, task_vars: t.Dict[str, t.Any] | None = None) -> t.Dict[str, t.Any]:
        asked = self._task.args
        try:
            made = rule_profiles.options(asked.get("profile"), asked.get("rules"), asked.get("intent"))
        except ValueError as error:
            raise AnsibleActionFail(str(error)) from None
        self._task.args = dict(asked, owners=with_shipped(asked.get("owners")), **made)
        return super().run(tmp, task_vars)


def with_shipped(owners: t.Any) -> t.List[t.Dict[str, t.Any]]:
    """The shipped profiles, then the user's new ones. A profile of the user's that bears a shipped name changes that
    profile in what it says: ``{name: doublezerod, restart: [...]}`` only says how to restart it."""
    given = owners if owners is not None else []
    if not isinstance(given, list) or not all(isinstance(profile, dict) and profile.get("name") for profile in given):
        raise AnsibleActionFail("owners: expected a list of profiles, each a dictionary with at least a name")
    profiles = dict(_PROFILES)
    for profile in given:
        profiles[profile["name"]] = dict(profiles.get(profile["name"], {}), **profile)
    return list(profiles.values())
