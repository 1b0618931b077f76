# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How programs say it: a table of small recognisers, by language and by what the programs are for.

The first that fits is taken, so what tells more stands before what tells less, and programs before languages.
"""

from __future__ import annotations

from . import (
    beam,
    c,
    dotnet,
    go,
    java,
    kernel,
    names_and_time,
    node,
    python,
    routing,
    rust,
    scripts,
    services,
    vpn,
    web,
)

TABLE = (
    *kernel.PHRASINGS,
    *vpn.PHRASINGS,
    *routing.PHRASINGS,
    *names_and_time.PHRASINGS,
    *web.PHRASINGS,
    *services.PHRASINGS,
    *go.PHRASINGS,
    *rust.PHRASINGS,
    *python.PHRASINGS,
    *node.PHRASINGS,
    *beam.PHRASINGS,
    *dotnet.PHRASINGS,
    *java.PHRASINGS,
    *scripts.PHRASINGS,
    *c.PHRASINGS,
)

NUMBERS_ONLY = ("connect call failed", "server on '", 'interface "', 'interface \\"', "martian source ")
"""Lower-case literals of those phrasings that tell the error by a number, or by no name at all; also as JSON quotes them."""
