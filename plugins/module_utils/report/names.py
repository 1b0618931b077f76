# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of files for hosts: an inventory name may be anything. Pure."""

from __future__ import annotations

import hashlib
import typing as t
import urllib.parse

_STEM = 180
"""Bytes; file systems allow 255."""


def file_names(hosts: t.Iterable[str]) -> t.Dict[str, str]:
    """A file name for each host's inventory name: safe on every file system, and different for each."""
    names: t.Dict[str, str] = {}
    taken = set()
    for host in sorted(hosts):
        stem = urllib.parse.quote(host, safe="", errors="surrogatepass")
        if stem.startswith("."):
            stem = "%2E" + stem[1:]
        # Some file systems take Web1 and web1 for the same name.
        if len(stem) > _STEM or stem.lower() in taken:
            digest = hashlib.sha256(host.encode("utf-8", "surrogatepass")).hexdigest()
            stem = "%s~%s" % (stem[:_STEM], digest[:16])
        taken.add(stem.lower())
        names[host] = stem + ".json"
    return names
