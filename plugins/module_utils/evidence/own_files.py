# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files by which programs in a network namespace resolve names, where it has its own.

``ip netns exec`` binds what stands in /etc/netns/NAME over /etc (ip-netns(8)); a container's processes have a root of their
own. Neither is seen by a process that only enters the network namespace, so a child that wants to ask as a program there
puts these files in their places, in mounts of its own.
"""

from __future__ import annotations

import ctypes
import os
import tempfile
import typing as t

from .. import hostid
from ..model import Unseen
from .tree import Tree

_OF_A_NAME = ("gai.conf", "host.conf", "hosts", "nsswitch.conf", "resolv.conf")
_OF_A_PROCESS = ("gai.conf", "host.conf", "hosts", "resolv.conf")
"""nsswitch.conf says which libraries are loaded: a container has no say in what runs outside of it."""
_CLONE_NEWNS = 0x20000
_MS_BIND = 0x1000
_MS_REC = 0x4000
_MS_SLAVE = 1 << 19
_MNT_DETACH = 2

Files = t.Dict[str, str]
"""Path to text."""


def files(netns: str | int | None, unseen: t.List[Unseen], root: str = "/") -> Files:
    """What takes the place of the host's files for programs in a namespace (None: the caller's own, else its name or a pid in
    it). What cannot be read is added to ``unseen``, and the host's file counts."""
    name = hostid.name_of(netns)
    tree = Tree(root, unseen, "name resolution in")
    own = "/etc/netns/%s" % name
    if name is not None and tree.stat(own) is not None:
        texts = {each: tree.text("%s/%s" % (own, each)) for each in _OF_A_NAME}
        return {"/etc/" + each: text for each, text in texts.items() if text is not None}
    if netns is None or not str(netns).isdigit():
        return {}
    home = Tree(os.path.join(root, "proc/%s/root" % netns), unseen, "name resolution in")
    if home.stat("/") is None:
        tree.miss("/proc/%s/root" % netns, "the files of that process cannot be seen: the host's are taken")
        return {}
    # A file that it does not have is empty for it, whatever the host has.
    return {"/etc/" + each: home.text("/etc/" + each) or "" for each in _OF_A_PROCESS}


def put(wanted: t.Mapping[str, str]) -> t.List[str]:
    """Put files in their places, for this process alone and for good: only a child process should. The paths of those that
    have no place to be put in. Raises OSError (EPERM without CAP_SYS_ADMIN)."""
    missing = {path: text for path, text in wanted.items() if _text(path) != text}
    if not missing:
        return []
    libc = ctypes.CDLL(None, use_errno=True)
    _must(libc.unshare(_CLONE_NEWNS))
    _must(libc.mount(None, b"/", None, _MS_REC | _MS_SLAVE, None))
    homeless = []
    place = tempfile.mkdtemp()
    try:
        _must(libc.mount(b"none", os.fsencode(place), b"tmpfs", 0, b"mode=0755"))
        try:
            for number, (path, text) in enumerate(missing.items()):
                source = os.path.join(place, str(number))
                with open(source, "w", encoding="utf-8", errors="surrogateescape") as stream:
                    stream.write(text)
                if libc.mount(os.fsencode(source), os.fsencode(path), None, _MS_BIND, None) != 0:
                    homeless.append(path)
        finally:
            _must(libc.umount2(os.fsencode(place), _MNT_DETACH))
    finally:
        os.rmdir(place)
    return homeless


def _text(path: str) -> str:
    return Tree("/", []).text(path) or ""


def _must(outcome: int) -> None:
    if outcome != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
