# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each rule in its worlds, built for real and judged by this kernel. Run as root."""

from __future__ import annotations

import os

import pytest
from ansible_collections.netmend.reclaim.tests.fixtures import world as fixtures

WORLDS = fixtures.worlds()


@pytest.mark.skipif(os.geteuid() != 0, reason="making network namespaces needs root")
@pytest.mark.parametrize("world", WORLDS, ids=[world.id for world in WORLDS])
def test_world(world: fixtures.World) -> None:
    _capture, findings = fixtures.witnessed(world)
    assert fixtures.mismatches(world, findings) == []
