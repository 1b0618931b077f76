# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Network namespaces by name (ip-netns(8)) or by the pid of a process that lives in one."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import socket
import struct
import typing as t

CLONE_NEWNET = 0x40000000
_SO_NETNS_COOKIE = 71
_RUN = "/run/netns"
_NAME = re.compile(r"[A-Za-z0-9_.@:+-]{1,255}\Z")


def path_of(netns: str | int) -> str:
    """The file that stands for a namespace. Raises ValueError for what is neither a name nor a pid."""
    text = str(netns)
    if text.isascii() and text.isdigit():
        return "/proc/%s/ns/net" % text
    if not _NAME.match(text) or text in (".", ".."):
        raise ValueError(
            "netns %r is neither the name of a network namespace (see 'ip netns list') nor a process id" % text
        )
    return os.path.join(_RUN, text)


@contextlib.contextmanager
def entered(netns: str | int | None) -> t.Iterator[None]:
    """Be in a namespace for as long as the block lasts. None is where the process already is.

    Raises ValueError where there is no such namespace and PermissionError where it may not be entered (that needs
    CAP_SYS_ADMIN).
    """
    if netns is None:
        yield
        return
    path = path_of(netns)
    try:
        target = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError) as exc:
        raise ValueError("there is no network namespace %r: %s does not exist" % (str(netns), path)) from exc
    try:
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            try:
                _setns(target)
            except OSError as exc:
                if exc.errno != errno.EINVAL:
                    raise
                # What 'ip netns' leaves behind where its mount went
                raise ValueError(
                    "there is no network namespace %r: %s is an ordinary file" % (str(netns), path)
                ) from exc
            try:
                yield
            finally:
                _setns(home)
        finally:
            os.close(home)
    finally:
        os.close(target)


def enter(netns: str | int) -> None:
    """Be in a namespace from now on. Raises as :func:`entered` does, OSError where it is none."""
    target = os.open(path_of(netns), os.O_RDONLY | os.O_CLOEXEC)
    try:
        _setns(target)
    finally:
        os.close(target)


def identity(netns: str | int | None = None) -> str:
    """Tells a namespace from every other one of this boot. Raises as :func:`entered` does."""
    with entered(netns):
        inode = os.stat("/proc/thread-self/ns/net").st_ino
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as opened:
            # An inode is used again when its namespace is gone; the cookie (Linux 5.14) never is
            return "%d:%d" % (inode, struct.unpack("=Q", opened.getsockopt(socket.SOL_SOCKET, _SO_NETNS_COOKIE, 8))[0])
        return str(inode)


def is_hosts() -> bool:
    """Are this process's network and mounts those of pid 1? False where that may not be seen."""
    for kind in ("net", "mnt"):
        hosts = _stat_of("/proc/1/ns/" + kind)
        if hosts is None or not os.path.samestat(hosts, os.stat("/proc/thread-self/ns/" + kind)):
            return False
    return True


def _stat_of(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None


def _setns(descriptor: int) -> None:
    # os.setns exists only from Python 3.12 on.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, "entering the network namespace: %s" % os.strerror(number))
