# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text as the worst host sends it, for property tests of the formats."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples

pytest.importorskip("hypothesis")

from hypothesis import strategies as st  # noqa: E402

MARKUP = "<>&`*_~|[](){}!#@\\\"'=+-:/;,.$%^?\t\r\n \x00\x1b\x85\u202e\u2028\ufeff\ufffe\ud800 www http x1"

TEXTS = st.one_of(
    st.sampled_from(samples.HOSTILE),
    st.text(st.sampled_from(MARKUP), max_size=40),
    st.text(st.characters(), max_size=60),
    st.text(st.characters(), min_size=1, max_size=4).map(lambda text: text * 700),
)
