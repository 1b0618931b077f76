# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each rule says of itself is whole."""

from __future__ import annotations

from ansible_collections.netmend.reclaim.plugins.module_utils.model import OPS
from ansible_collections.netmend.reclaim.plugins.module_utils.rules import CHECKS


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
