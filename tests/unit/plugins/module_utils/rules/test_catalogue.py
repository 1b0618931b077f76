# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rule catalogue in docs/ is what the registry says."""

from __future__ import annotations

import importlib.util
import pathlib

from ansible_collections.netmend.reclaim.plugins.module_utils.model import OPS
from ansible_collections.netmend.reclaim.plugins.module_utils.rules import CHECKS

ROOT = pathlib.Path(__file__).resolve().parents[5]


def test_the_page_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("catalogue", ROOT / "tools" / "catalogue.py")
    assert spec is not None and spec.loader is not None
    catalogue = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(catalogue)
    wanted = catalogue.page([CHECKS[number].description for number in sorted(CHECKS)])
    shown = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert shown == wanted, "docs/rules.md is not what the registry says: run 'make fixtures' and commit it"
    assert all("## %s %s\n" % (number, check.description.name) in shown for number, check in CHECKS.items())


def test_descriptions_are_complete() -> None:
    names = [check.description.name for check in CHECKS.values()]
    assert len(set(names)) == len(names)
    for check in CHECKS.values():
        one = check.description
        assert set(one.remedies) <= set(OPS), one.id
        for text in (one.title, one.rationale, one.proof, one.false_positives):
            assert len(text) > 20 and "  " not in text, one.id
        for text in (one.rationale, one.proof, one.false_positives):
            assert text.endswith("."), one.id
