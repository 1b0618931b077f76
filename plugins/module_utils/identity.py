# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What makes a value the same value in each run: one spelling, and fingerprints of findings. Pure."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing as t

from .model import Finding, Snapshot


def canonical(value: t.Any) -> str:
    """JSON with one spelling for one value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=list)


def fingerprint(finding: Finding) -> str:
    """The same for the same finding in each run and after a reboot: of the rule and what identifies the object."""
    text = canonical([finding.rule, finding.kind, dict(finding.selector)])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def generation(snapshot: Snapshot) -> str:
    """A digest of what somebody configured: equal while links, addresses, rules and next hops are the same.

    Neighbours and lifetimes are left out, for they change by themselves.
    """
    addresses = [
        dataclasses.replace(address, valid_lifetime=None, preferred_lifetime=None) for address in snapshot.addresses
    ]
    parts: t.List[t.Sequence[t.Any]] = [snapshot.links, addresses, snapshot.rules, snapshot.nexthops]
    text = canonical([[dataclasses.asdict(item) for item in part] for part in parts])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
