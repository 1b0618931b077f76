# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Owner profiles: those that are shipped, and what users say of them."""

from __future__ import annotations

import pytest

pytest.importorskip("ansible.errors", reason="action plugins run on the controller")

from ansible.errors import AnsibleActionFail
from ansible_collections.netmend.reclaim.plugins.action.audit_info import with_shipped
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.profile import load


def test_every_shipped_profile_is_whole() -> None:
    profiles = with_shipped(None)
    assert "doublezerod" in [profile["name"] for profile in profiles]
    for profile in profiles:
        assert load(profile).name == profile["name"]


def test_a_user_changes_a_shipped_profile_in_what_he_says() -> None:
    profiles = with_shipped([{"name": "doublezerod", "restart": ["service", "dz", "restart"]}])
    (loaded,) = [load(profile) for profile in profiles if profile["name"] == "doublezerod"]
    assert loaded.restart == ("service", "dz", "restart")
    assert loaded.session_logs and loaded.processes == ("doublezerod",)


def test_a_user_adds_a_profile() -> None:
    names = [profile["name"] for profile in with_shipped([{"name": "mine", "processes": ["mined"]}])]
    assert names == [profile["name"] for profile in with_shipped(None)] + ["mine"]


@pytest.mark.parametrize("owners", ["doublezerod", ["doublezerod"], [{"processes": ["x"]}], {"name": "x"}])
def test_bad_input(owners) -> None:
    with pytest.raises(AnsibleActionFail, match="expected a list of profiles"):
        with_shipped(owners)
