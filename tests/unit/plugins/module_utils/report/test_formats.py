# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples

pytest.importorskip("jinja2")

from ansible_collections.netmend.reclaim.plugins.module_utils.report.formats import FORMATS, chosen  # noqa: E402


def test_json_is_always_there():
    assert list(chosen()) == ["json", "html"]
    assert list(chosen([])) == ["json"]
    assert list(chosen(["csv", "junit"])) == ["json", "junit", "csv"]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("results", [samples.fleet_of_few, samples.hostile_fleet, dict])
def test_each_renders_documents_of_all_ages_and_nothing_unprintable(name, results):
    """One that was never compared with an earlier one, and one from before that was known at all (schema 1.1)."""
    document = fleet.document(results(), samples.NOON)
    old = dict(document, summary={key: document["summary"][key] for key in document["summary"] if key not in NEWER})
    for made in (document, old):
        text = FORMATS[name].render(made)
        assert all(char.isprintable() or char in "\r\n\u2060" for char in text)


NEWER = ("new", "resolved", "waived", "open")
