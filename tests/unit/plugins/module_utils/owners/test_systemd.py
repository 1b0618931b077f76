# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What systemctl says of units."""

from __future__ import annotations

from ansible_collections.netmend.reclaim.plugins.module_utils.owners.systemd import Unit, parse

# systemctl show --property=Id,LoadState,ActiveState,UnitFileState -- frr.service bird.service ... (systemd 252)
SHOWN = """Id=frr.service
LoadState=loaded
ActiveState=failed
UnitFileState=enabled

Id=bird.service
LoadState=not-found
ActiveState=inactive
UnitFileState=

Id=keepalived.service
LoadState=masked
ActiveState=inactive
UnitFileState=masked

Id=wg-quick@wg0.service
LoadState=loaded
ActiveState=active
UnitFileState=disabled

Id=systemd-networkd.service
LoadState=loaded
ActiveState=active
UnitFileState=static
"""


def test_units_that_are_installed() -> None:
    assert parse(SHOWN) == {
        "frr.service": Unit("frr.service", "failed", True),
        "wg-quick@wg0.service": Unit("wg-quick@wg0.service", "active", False),
        "systemd-networkd.service": Unit("systemd-networkd.service", "active", None),
    }


def test_nonsense() -> None:
    assert parse("") == parse("\n\n=\nx\n\nLoadState=loaded\n") == {}
