# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of each manager, found as it finds them. What cannot be read or told is added to ``unseen``."""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t

from ...model import BootObject, Link, Unseen
from ..tree import Tree
from . import commands, effect, ifcfg, ifupdown, networkd, networkmanager
from .ini import Section, merged

OBJECTS = 20000
"""What is kept of a configuration that names more."""
FILES = 4096
_NETWORKD = ("/etc/systemd/network", "/run/systemd/network", "/usr/local/lib/systemd/network", "/usr/lib/systemd/network",
             "/lib/systemd/network")  # fmt: skip
"""The first of these that has a file of some name counts (systemd.network(5))."""
_PROFILES = ("/etc/NetworkManager/system-connections", "/run/NetworkManager/system-connections",
             "/usr/lib/NetworkManager/system-connections")  # fmt: skip
_CONFIGURATION = ("/usr/lib/NetworkManager/conf.d", "/run/NetworkManager/conf.d", "/etc/NetworkManager/conf.d")
_IFCFG = "/etc/sysconfig/network-scripts"
_INTERFACES = "/etc/network/interfaces"
_NETPLAN = ("/etc/netplan", "/run/netplan", "/lib/netplan")
_SCRIPTS = ("/etc/network/if-up.d", "/etc/network/if-pre-up.d", "/etc/NetworkManager/dispatcher.d",
            "/etc/networkd-dispatcher/routable.d", "/etc/networkd-dispatcher/configured.d",
            "/etc/networkd-dispatcher/carrier.d", "/etc/local.d")  # fmt: skip
_SCRIPT_FILES = ("/etc/rc.local", "/etc/rc.d/rc.local", "/etc/sysconfig/network-scripts/ifup-local")
_UNITS = "/etc/systemd/system"
_DEEPEST = 8
"""``source`` within ``source``."""


def read(
    links: t.Sequence[Link],
    alive: t.Mapping[str, bool | None],
    unseen: t.List[Unseen],
    root: str = "/",
) -> t.Tuple[BootObject, ...]:
    """All that the next boot makes. ``alive``: of each manager whether it runs now, as far as that is known."""
    tree = Tree(root, unseen, "boot configuration")
    found: t.List[BootObject] = []
    for manager, reader in _READERS.items():
        starts = effect.enabled(tree, manager)
        if starts is None:
            starts = alive.get(manager)
        elif starts is False and alive.get(manager):
            starts = None  # it runs now, whoever started it
        if starts is False:
            continue
        made = list(reader(tree, links))
        found += made if starts else [dataclasses.replace(item, certain=False) for item in made]
    found += _scripts(tree)
    _netplan(tree)
    if len(found) > OBJECTS:
        tree.miss("of all managers", "it names %d objects: only the first %d are kept" % (len(found), OBJECTS))
    return tuple(found[:OBJECTS])


# systemd-networkd ----------------------------------------------------------------------------------------------------


def _networkd(tree: Tree, links: t.Sequence[Link]) -> t.Iterator[BootObject]:
    files: t.Dict[str, t.List[str]] = {}
    for directory in _NETWORKD:
        for name in tree.names(directory)[:FILES]:
            if name.endswith((".network", ".netdev", ".link")):
                files.setdefault(name, []).append("%s/%s" % (directory, name))
    taken: t.Set[str] = set()
    for name in sorted(files):
        path = files[name][0]
        text = tree.text(path)
        if not text:  # masked: an empty file, or a link to /dev/null
            continue
        found = networkd.sections([(path, text), *_drop_ins(tree, name)])
        lasting = _lasts(path)
        if name.endswith(".netdev"):
            yield from networkd.netdev(found, lasting)
        elif name.endswith(".link"):
            yield from _renamed(found, path)
        else:
            yield from _network(found, links, taken, lasting)


def _network(
    found: t.Sequence[Section], links: t.Sequence[Link], taken: t.Set[str], lasting: bool
) -> t.Iterator[BootObject]:
    """The first file that fits a link is the one that counts for it."""
    fitting = {link.name: networkd.matches(found, link) for link in links if link.name not in taken}
    present = {link.name for link in links}
    for name in networkd.names(found):
        if name not in taken and name not in present:
            fitting[name] = networkd.only_named(found) or None
    for name, fits in fitting.items():
        if fits is False:
            continue
        if fits:
            taken.add(name)
        yield from networkd.network(found, name, lasting and fits is True)


def _drop_ins(tree: Tree, name: str) -> t.List[t.Tuple[str, str]]:
    by_name: t.Dict[str, str] = {}
    for directory in _NETWORKD:
        for each in tree.names("%s/%s.d" % (directory, name)):
            if each.endswith(".conf"):
                by_name.setdefault(each, "%s/%s.d/%s" % (directory, name, each))
    return [(path, tree.text(path) or "") for _each, path in sorted(by_name.items())]


def _renamed(found: t.Sequence[Section], path: str) -> t.Iterator[BootObject]:
    """A .link file gives a link a name, if the hardware is there."""
    entry = merged(found, "Link").last("Name")
    if entry is not None and entry.value:
        yield BootObject("link", {"name": entry.value}, "udev", path, entry.line, certain=False)


def _lasts(path: str) -> bool:
    """Is a file there after the boot? Below /run only what netplan writes there again."""
    return not path.startswith("/run/") or "netplan-" in path


# NetworkManager ------------------------------------------------------------------------------------------------------


def _network_manager(tree: Tree, links: t.Sequence[Link]) -> t.Iterator[BootObject]:
    profiles: t.List[networkmanager.Profile] = []
    names: t.Set[str] = set()
    for directory in _PROFILES:
        for name in tree.names(directory)[:FILES]:
            path = "%s/%s" % (directory, name)
            if name in names or name.startswith(".") or name.endswith(("~", ".bak", ".rpmnew", ".rpmsave", ".orig")):
                continue
            if directory != _PROFILES[0] and not name.endswith(".nmconnection"):
                continue
            names.add(name)
            if _lasts(path):
                profile = networkmanager.profile(tree.text(path) or "", path)
                profiles += [profile] if profile is not None else []
    specs = networkmanager.unmanaged(_configuration(tree))
    by_name = {link.name: link for link in links}
    for item in networkmanager.objects(profiles):
        link = item.selector.get("name" if item.kind == "link" else "interface")
        if link is None or not networkmanager.is_unmanaged(specs, link, by_name.get(link)):
            yield item
    for item in _ifcfg_files(tree):
        yield dataclasses.replace(item, manager=networkmanager.MANAGER)


def _configuration(tree: Tree) -> t.Iterator[t.Tuple[str, str]]:
    """Its own configuration, in the order in which it counts (NetworkManager.conf(5))."""
    by_name: t.Dict[str, str] = {}
    for directory in _CONFIGURATION:
        for name in tree.names(directory):
            if name.endswith(".conf"):
                by_name[name] = "%s/%s" % (directory, name)
    paths = ["/etc/NetworkManager/NetworkManager.conf", *(path for _name, path in sorted(by_name.items()))]
    for path in paths:
        yield path, tree.text(path) or ""


def _ifcfg(tree: Tree, links: t.Sequence[Link]) -> t.Iterator[BootObject]:
    yield from _ifcfg_files(tree)


def _ifcfg_files(tree: Tree) -> t.Iterator[BootObject]:
    for name in tree.names(_IFCFG)[:FILES]:
        head, _dash, link = name.partition("-")
        path = "%s/%s" % (_IFCFG, name)
        if not link or link == "lo" or name.endswith(("~", ".bak", ".rpmnew", ".rpmsave", ".orig")):
            continue
        if head == "ifcfg":
            yield from ifcfg.link(tree.text(path) or "", path)
        elif head in ("route", "route6"):
            yield from ifcfg.routes(tree.text(path) or "", path, 6 if head == "route6" else 4)
        elif head in ("rule", "rule6"):
            yield from ifcfg.rules(tree.text(path) or "", path, 6 if head == "rule6" else 4)


# ifupdown ------------------------------------------------------------------------------------------------------------


def _ifupdown(tree: Tree, links: t.Sequence[Link]) -> t.Iterator[BootObject]:
    files: t.List[ifupdown.File] = []
    _source(tree, _INTERFACES, files, set(), 0)
    yield from ifupdown.objects(files)


def _source(tree: Tree, path: str, files: t.List[ifupdown.File], read_: t.Set[str], depth: int) -> None:
    if path in read_ or depth > _DEEPEST or len(files) >= FILES:
        return
    read_.add(path)
    text = tree.text(path)
    if text is None:
        return
    found = ifupdown.parse(text, path)
    files.append(found)
    for is_directory, pattern in found.sources:
        if not pattern.startswith("/"):
            pattern = "/etc/network/" + pattern
        if is_directory:
            names = [
                name for name in tree.names(pattern) if fnmatch.fnmatchcase(name, "[A-Za-z0-9_-]*") and "." not in name
            ]
            paths = ["%s/%s" % (pattern.rstrip("/"), name) for name in names]
        else:
            directory, _slash, last = pattern.rpartition("/")
            paths = ["%s/%s" % (directory, name) for name in tree.names(directory) if fnmatch.fnmatchcase(name, last)]
        for each in paths:
            _source(tree, each, files, read_, depth + 1)


_READERS: t.Mapping[str, t.Callable[[Tree, t.Sequence[Link]], t.Iterator[BootObject]]] = {
    networkd.MANAGER: _networkd,
    networkmanager.MANAGER: _network_manager,
    ifupdown.MANAGER: _ifupdown,
    ifcfg.MANAGER: _ifcfg,
}


# What no manager makes -----------------------------------------------------------------------------------------------


def _scripts(tree: Tree) -> t.Iterator[BootObject]:
    """Commands in scripts that are run at boot or when a link comes up. Whether they get to run is not known."""
    paths = [*_SCRIPT_FILES]
    for directory in _SCRIPTS:
        paths += ["%s/%s" % (directory, name) for name in tree.names(directory)[:FILES]]
    paths += ["%s/%s" % (_UNITS, name) for name in tree.names(_UNITS)[:FILES] if name.endswith(".service")]
    for path in paths:
        text = tree.text(path)
        if text is None or ("ip" not in text):
            continue
        for number, line in enumerate(text.split("\n", ifupdown.LINES)[: ifupdown.LINES], 1):
            line = line.strip()
            if path.endswith(".service"):
                key, _equals, line = line.partition("=")
                line = line.lstrip("-+!@:") if key.strip() in ("ExecStart", "ExecStartPre", "ExecStartPost") else ""
            if line.startswith("#"):
                continue
            for kind, selector, _sure in commands.commands(line):
                yield BootObject(kind, selector, "script", path, number, made=kind == "link", certain=False)


def _netplan(tree: Tree) -> None:
    """netplan's YAML is read by nothing here: what it generated from it is. Where that is not there, it is unseen."""
    written = [
        "%s/%s" % (directory, name)
        for directory in _NETPLAN
        for name in tree.names(directory)
        if name.endswith((".yaml", ".yml"))
    ]
    if not written:
        return
    generated = [
        "%s/%s" % (directory, name)
        for directory in (_NETWORKD[1], _PROFILES[1])
        for name in tree.names(directory)
        if "netplan-" in name
    ]
    if not generated:
        tree.miss(written[0], "netplan has not generated anything from it; see 'netplan get' and 'netplan generate'")
        return
    ages = [
        [status.st_mtime for status in map(tree.stat, paths) if status is not None] for paths in (written, generated)
    ]
    if ages[0] and ages[1] and max(ages[0]) > max(ages[1]):
        tree.miss(written[0], "it was changed after netplan generated from it: what it says now is not known")
