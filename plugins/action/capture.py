# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action of capture: takes the file that the module has made to the controller. On the host it lies in the task's
temporary directory, which goes with the task, whatever became of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.path import makedirs_safe, unfrackpath

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_NAMES = 100
"""Captures of one host that begin in the same second."""

Result = t.Dict[str, t.Any]


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core is not typed
    """Runs the module, and fetches what it captured."""

    TRANSFERS_FILES = True  # the temporary directory is there before the module, and outlives it
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: Result | None = None) -> Result:
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        if self._task.check_mode:
            return self._executed(task_vars)
        try:
            with _reserved(self._task.args, str(task_vars.get("inventory_hostname", "host"))) as local:
                result = self._executed(task_vars)
                if not result.get("failed"):
                    self._fetch(result.pop("remote_path"), local, result["checksum"], task_vars)
                    result["path"] = local
                    return result
                raise _Failed(result)
        except _Failed as exc:
            return exc.result

    def _executed(self, task_vars: Result) -> Result:
        result: Result = self._execute_module(task_vars=task_vars)
        return result

    def _fetch(self, remote: str, local: str, checksum: str, task_vars: Result) -> None:
        """Ansible's own fetch: over the connection, or through the module slurp where become is in the way."""
        task = self._task.copy()
        task.args = {"src": remote, "dest": local, "flat": True, "fail_on_missing": True}
        fetch = self._shared_loader_obj.action_loader.get(
            "ansible.legacy.fetch",
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        fetched = fetch.run(task_vars=task_vars)
        if fetched.get("failed"):
            raise AnsibleActionFail("the capture could not be fetched: %s" % fetched.get("msg"))
        os.chmod(local, 0o600)
        with open(local, "rb") as stream:
            digest = hashlib.sha256()
            for part in iter(lambda: stream.read(1 << 20), b""):
                digest.update(part)
        if digest.hexdigest() != checksum:
            raise AnsibleActionFail("the capture that was fetched is not the one that the host has made; try again")


class _Failed(Exception):
    def __init__(self, result: Result) -> None:
        super().__init__()
        self.result = result


@contextlib.contextmanager
def _reserved(args: t.Mapping[str, t.Any], host: str) -> t.Iterator[str]:
    """The path of a file of this user alone that was not there before. It is removed again where the block fails.

    Made before anything is captured: what cannot be kept is not begun.
    """
    dest = args.get("dest")
    if not isinstance(dest, str) or not dest:
        raise AnsibleActionFail("dest: expected a file on the controller, or a directory")
    path = unfrackpath(dest, follow=False)
    try:
        if dest.endswith("/") or os.path.isdir(path):
            made = _made_in(path, host, str(args.get("interface") or "all"), str(args.get("format") or "pcapng"))
        else:
            makedirs_safe(os.path.dirname(path))
            made = path
            _make(made)
    except FileExistsError as exc:
        raise AnsibleActionFail("dest: %s is there already; a capture overwrites nothing" % path) from exc
    except OSError as exc:
        raise AnsibleActionFail("dest: %s cannot be made: %s" % (path, exc.strerror or exc)) from exc
    try:
        yield made
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(made)
        raise


def _made_in(directory: str, host: str, interface: str, ending: str) -> str:
    makedirs_safe(directory)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    name = "-".join(_UNSAFE.sub("_", part) for part in (host, interface, stamp))
    for number in range(1, _NAMES):
        path = os.path.join(
            directory, "%s%s.%s" % (name, "-%d" % number if number > 1 else "", _UNSAFE.sub("_", ending))
        )
        with contextlib.suppress(FileExistsError):
            _make(path)
            return path
    raise FileExistsError(path)


def _make(path: str) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
