# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which sends a question is about."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.index import Index
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Session, Snapshot
from ansible_collections.netmend.reclaim.plugins.module_utils.story.flows import Asked, flows

TO = "198.51.100.1"
SESSION = Session(4, "udp", "192.0.2.9", 5000, TO, 53, unit="named.service")


@pytest.mark.parametrize(
    ("asked", "session", "found"),
    [
        (Asked(TO), SESSION, True),
        (Asked(TO, unit="named.service"), SESSION, True),
        (Asked(TO, unit="other.service"), SESSION, False),
        (Asked(TO, unit="other.service"), Session(4, "udp", "192.0.2.9", 5000, TO, 53), True),
        (Asked(TO, port=54), SESSION, False),
        (Asked(TO, protocol="tcp"), SESSION, False),
        (Asked(TO, source="192.0.2.1"), SESSION, False),
        (Asked("198.51.100.2"), SESSION, False),
    ],
)
def test_a_socket_fits_as_far_as_is_said_and_known(asked, session, found) -> None:
    told = flows(asked, Index(Snapshot()), [session], lambda each: "ss")
    assert any(flow.source == "192.0.2.9" and flow.witnesses for flow in told) is found
