# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How programs say it: a table of small recognisers, by language and by what the programs are for.

The first that fits is taken, so what tells more stands before what tells less, and programs before languages.
"""

from __future__ import annotations

from . import c, go, rust, vpn

TABLE = (*vpn.PHRASINGS, *go.PHRASINGS, *rust.PHRASINGS, *c.PHRASINGS)
