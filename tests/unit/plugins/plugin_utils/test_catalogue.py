# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rule catalogue in docs/ is what the registry and the shipped profiles say."""

from __future__ import annotations

import importlib.util
import pathlib

from ansible_collections.netmend.reclaim.plugins.module_utils.rules import CHECKS

ROOT = pathlib.Path(__file__).resolve().parents[4]


def test_the_page_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("catalogue", ROOT / "tools" / "catalogue.py")
    assert spec is not None and spec.loader is not None
    catalogue = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(catalogue)
    wanted = catalogue.page([CHECKS[number].description for number in sorted(CHECKS)])
    shown = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert shown == wanted, "docs/rules.md is not what the registry says: run 'make fixtures' and commit it"
    assert all("## %s %s\n" % (number, check.description.name) in shown for number, check in CHECKS.items())
