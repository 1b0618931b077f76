# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shipped profiles: whole, in the schema, and no two of them lay claim to the same thing."""

from __future__ import annotations

import pathlib
import re

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.index import Index
from ansible_collections.netmend.reclaim.plugins.module_utils.model import (
    Address,
    Hop,
    Link,
    Mark,
    Route,
    Rule,
    Snapshot,
)
from ansible_collections.netmend.reclaim.plugins.module_utils.owners import profile as profiles
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.fits import fits, specific

yaml = pytest.importorskip("yaml", reason="profiles are read on the controller")

FOLDER = pathlib.Path(profiles.__file__).parent / "profiles"
FILES = sorted(FOLDER.glob("*.yml"))
SHIPPED = {path.stem: profiles.load(yaml.safe_load(path.read_text(encoding="utf-8"))) for path in FILES}
_TYPES = {"str": str, "bool": bool, "int": int, "list": list, "dict": dict}
OWNERS = (
    "aws-vpc-cni", "bird", "calico", "cilium", "containerd", "docker", "doublezerod", "flannel", "frr", "ifupdown",
    "keepalived", "libvirt", "netbird", "netplan", "networkmanager", "openvpn", "podman", "strongswan",
    "systemd-networkd", "tailscale", "wireguard",
)  # fmt: skip


def test_all_that_the_design_names() -> None:
    assert tuple(SHIPPED) == OWNERS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_a_profile_says_is_in_the_schema(path: pathlib.Path) -> None:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert data["name"].lower() == path.stem
    _within(data, profiles.OPTIONS, path.stem)


def _within(data, options, where: str) -> None:
    """As Ansible's argument spec checks it, without Ansible."""
    assert not set(data) - set(options), where
    for name, spec in options.items():
        place = "%s.%s" % (where, name)
        assert name in data or not spec.get("required"), place
        if name not in data:
            continue
        value = data[name]
        assert "choices" not in spec or value in spec["choices"], place
        assert isinstance(value, _TYPES[spec["type"]]), place
        for item in value if spec["type"] == "list" else ():
            if "options" in spec:
                _within(item, spec["options"], place)
            else:
                assert isinstance(item, (str, int)) and not isinstance(item, bool), place


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_where_its_facts_are_from_is_said(path: pathlib.Path) -> None:
    head = path.read_text(encoding="utf-8").partition("\nname:")[0]
    assert re.search(r"\n# .{60}", head), "a comment says what is not obvious, and the public source of it"


def _examples():
    return list(_each_example())


def _each_example():
    for name, profile in SHIPPED.items():
        for mark in profile.objects:
            if specific(mark) and mark.kind != "firewall":
                yield pytest.param(name, mark, id="%s: %s" % (name, _said(mark)))


def _said(mark: Mark) -> str:
    parts = (
        mark.kind,
        mark.name,
        mark.interface,
        mark.link_kind,
        mark.proto,
        mark.tables,
        mark.priorities,
        mark.fwmarks,
    )
    return " ".join(str(part) for part in parts if part)


def _like(pattern: str | None) -> str | None:
    """A name that a pattern stands for."""
    return None if pattern is None else re.sub(r"\[(.)[^]]*\]", r"\1", pattern).replace("*", "1").replace("?", "1")


def _first(ranges) -> int | None:
    return ranges[0][0] if ranges else None


def _example(mark: Mark, own: tuple[Mark, ...]):
    """A host with one object that a mark of an owner fits, and the object."""
    link = Link(2, _like(mark.name or mark.interface) or "eth0", kind=mark.link_kind)
    index = Index(Snapshot(links=(link,)))
    if mark.kind == "link":
        return index, link
    if mark.kind == "address":
        return index, Address(4, 2, "198.51.100.77", 32, proto=mark.proto)
    if mark.kind == "route":
        hops = (Hop(2),)
        return index, Route(4, "198.51.100.0/24", table=_first(mark.tables) or 254, proto=mark.proto or "99", hops=hops)
    rule = _rule(mark)
    if not mark.before_own:
        return index, rule
    following = next(each for each in own if each.kind == "rule" and specific(each) and not each.before_own)
    return Index(Snapshot(rules=(rule, _rule(following)))), rule


def _rule(mark: Mark) -> Rule:
    table = _first(mark.tables) or 31000
    return Rule(
        4,
        _first(mark.priorities) or 31000,
        table=table,
        mark=table if mark.unmarked else _first(mark.fwmarks),
        invert=mark.unmarked,
        suppress_prefixlen=mark.suppresses,
        iif=_like(mark.interface),
        proto=None if mark.proto == "unspec" else mark.proto,
    )


@pytest.mark.parametrize(("name", "mark"), _examples())
def test_no_two_profiles_claim_the_same(name: str, mark: Mark) -> None:
    index, item = _example(mark, SHIPPED[name].objects)
    assert fits(index, mark, item, SHIPPED[name].objects) is True
    others = [
        other.name
        for other in SHIPPED.values()
        if other is not SHIPPED[name]
        and any(specific(each) and fits(index, each, item, other.objects) for each in other.objects)
    ]
    assert others == []


def test_the_guide_lists_them_all() -> None:
    guide = pathlib.Path(__file__).resolve().parents[5] / "docs" / "docsite" / "rst" / "guide_owners.rst"
    if not guide.is_file():
        pytest.skip("the package without its documentation")
    table = guide.read_text(encoding="utf-8").partition("Shipped profiles")[2]
    listed = re.findall(r"^   \* - (\S+)$", table, re.MULTILINE)[1:]
    assert sorted(listed) == sorted(profile.name for profile in SHIPPED.values())
    for profile in SHIPPED.values():
        row = table.partition("* - %s\n" % profile.name)[2].partition("   * - ")[0]
        assert ("outlives" in row) is profile.outlives, profile.name
        assert ("lives in its links" in row) is profile.lives_in_links, profile.name
