# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action of every module that reads the kernel: runs it, and brings pyroute2 along where the host lacks it.

The module is told which copy the controller has (environment of the task). Where the host has neither a usable
pyroute2 nor that copy, the module ends at once with ``pyroute2_wanted``; the copy is then sent and the module run again,
which keeps it for later (see module_utils/kernel/provide.py). So every later task is one module run, and so is the first one
on each host where the run has learnt that hosts lack it (see plugin_utils/learnt.py). The copy is no part of the module
itself: it would go to every host with every task, and most keep one.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import pathlib
import re
import sys
import tempfile
import typing as t
import zipfile

from ansible import constants as C
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.provide import (
    ARCHIVE_VARIABLE,
    NAME_VARIABLE,
    digest_of,
    is_new_enough,
)
from ansible_collections.netmend.reclaim.plugins.plugin_utils.learnt import Learnt

_EPOCH = (1980, 1, 1, 0, 0, 0)


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core is not typed
    """Runs the module of the task."""

    _supports_check_mode = True
    _supports_async = False

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._environment: t.Dict[str, str] = {}
        """What the module is told beside its arguments."""

    def run(self, tmp: str | None = None, task_vars: t.Dict[str, t.Any] | None = None) -> t.Dict[str, t.Any]:
        super().run(tmp, task_vars)
        return self.run_module(self._with_own_python(task_vars or {}))

    def _with_own_python(self, task_vars: t.Dict[str, t.Any]) -> t.Dict[str, t.Any]:
        """Over the local connection the module runs on the Python that runs Ansible, which has a pyroute2: as Ansible
        itself does for the implicit localhost. What discovery finds on PATH may be another, or the shim of none."""
        wanted = C.config.get_config_value("INTERPRETER_PYTHON", variables=task_vars)
        if self._connection.transport != "local" or not str(wanted).startswith("auto"):
            return task_vars
        return dict(task_vars, ansible_python_interpreter=sys.executable)

    def run_module(self, task_vars: t.Dict[str, t.Any], **module: t.Any) -> t.Dict[str, t.Any]:
        """The module's result; twice run only where the copy has to be brought and nobody knew. ``module``: another one than
        the task's, by its name and arguments as ``_execute_module`` takes them."""
        copy = _find_copy()
        play = self._play_context
        learnt = Learnt(self._connection.transport, play.remote_addr, play.port, play.remote_user, play.become_user)
        self._environment.pop(ARCHIVE_VARIABLE, None)
        if isinstance(copy, Copy):
            self._environment[NAME_VARIABLE] = copy.name
            if learnt.lacks():
                self._environment[ARCHIVE_VARIABLE] = self._sent(copy, task_vars)
        result: t.Dict[str, t.Any] = self._execute_module(task_vars=task_vars, **module)
        if not isinstance(copy, Copy):
            # The module's own words say what the host lacks; add why nothing was brought.
            if result.get("failed") and "pyroute2" in str(result.get("msg")):
                result["msg"] = "%s. Nothing was brought along: %s" % (result["msg"], copy)
            return result
        if result.pop("pyroute2_wanted", False):
            learnt.lacked()
            self._environment[ARCHIVE_VARIABLE] = self._sent(copy, task_vars)
            result = self._execute_module(task_vars=task_vars, **module)
            if result.pop("pyroute2_wanted", False):
                raise AnsibleActionFail(
                    "pyroute2 was sent to the host, but the module does not see it: %s" % result["msg"]
                )
        learnt.came(str(result.pop("pyroute2_came", "")))
        return result

    def _sent(self, copy: Copy, task_vars: t.Dict[str, t.Any]) -> str:
        """Put the archive into the task's temp directory; its path on the host."""
        self._display.vv("sending pyroute2 %s" % copy.name, host=task_vars.get("inventory_hostname"))
        shell = self._connection._shell
        if shell.tmpdir is None:
            self._make_tmp_path()
        remote: str = shell.join_path(shell.tmpdir, "pyroute2.zip")
        self._transfer_file(copy.archive(), remote)
        try:
            self._fixup_perms2((shell.tmpdir, remote), execute=False)
        except AnsibleError as exc:
            raise AnsibleActionFail(
                "the host lacks pyroute2, and the controller's copy cannot be made readable for the become user; install "
                "pyroute2 or acl (for setfacl) on the host: %s" % exc
            ) from exc
        return remote

    def _compute_environment_string(self, raw_environment_out: t.Dict[str, t.Any] | None = None) -> str:
        # The one channel to the module that is neither an option of it nor shown in its invocation.
        given: str = super()._compute_environment_string(raw_environment_out)
        ours = self._connection._shell.env_prefix(**self._environment) if self._environment else ""
        return ("%s %s" % (given, ours)).strip()


class Copy:
    """The controller's pyroute2."""

    def __init__(self, version: str, files: t.Dict[str, bytes]) -> None:
        self.files = files
        self.name = "%s-%s" % (version, digest_of(files))

    def archive(self) -> str:
        """Path of an archive of it: written once per Ansible run, shared by its workers."""
        path = os.path.join(C.DEFAULT_LOCAL_TMP, "netmend-reclaim-pyroute2-%s.zip" % self.name)
        if not os.path.exists(path):
            descriptor, fresh = tempfile.mkstemp(dir=C.DEFAULT_LOCAL_TMP)
            with os.fdopen(descriptor, "wb") as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as opened:
                for name in sorted(self.files):
                    opened.writestr(zipfile.ZipInfo(name, _EPOCH), self.files[name], zipfile.ZIP_DEFLATED)
            os.rename(fresh, path)
        return path


@functools.cache
def _find_copy() -> Copy | str:
    """The controller's copy, or why there is none."""
    try:
        spec = importlib.util.find_spec("pyroute2")
    except (ImportError, ValueError) as exc:
        return "the controller's pyroute2 cannot be found: %s" % exc
    where = "the Python that runs Ansible on the controller"
    if spec is None or not spec.origin:
        return "%s has no pyroute2 either; install pyroute2 0.7.2 or later there" % where
    root = pathlib.Path(spec.origin).parent
    try:
        found = re.search(r"""__version__\s*=\s*['"]([0-9A-Za-z.+]+)""", (root / "config" / "version.py").read_text())
        version = found.group(1) if found else "0"
        if not is_new_enough(version):
            return "pyroute2 %s in %s is older than 0.7.2; upgrade it there" % (version, where)
        files = {
            "pyroute2/" + path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and path.suffix != ".pyc"
        }
    except OSError as exc:
        return "the controller's pyroute2 cannot be read: %s" % exc
    return Copy(version, files)


# When the plugin is loaded: that is once in a run, before there is a worker for each host.
_find_copy()
