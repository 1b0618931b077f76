# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a slice through ansible-runner transmit | worker | process: three processes, each with a private data directory."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import typing as t

SECONDS = 240


class Streamed:
    """One run of the audit. The report comes back in the artifacts."""

    def __init__(self, where: pathlib.Path, engines: pathlib.Path, inventory: pathlib.Path, collections: str) -> None:
        self._runner = str(engines / "ansible-runner")
        self._sent, self.worker, self._back = (where / name for name in ("transmit", "worker", "process"))
        for name in ("env", "inventory", "project"):
            (self._sent / name).mkdir(parents=True)
        self.worker.mkdir()
        shutil.copy(inventory, self._sent / "inventory" / "hosts.yml")
        self._home = where / "home"
        settings = {"ANSIBLE_COLLECTIONS_PATH": collections, "ANSIBLE_HOME": str(self._home)}
        (self._sent / "env" / "envvars").write_text(json.dumps(settings), encoding="utf-8")
        self._environment = dict(os.environ, PATH=os.pathsep.join([str(engines), os.environ["PATH"]]))
        for name in [name for name in self._environment if name.startswith("ANSIBLE_") or name == "PYTHONPATH"]:
            del self._environment[name]

    @property
    def reports(self) -> pathlib.Path:
        """Where the report is when it came back."""
        return self._back / "artifacts" / "run" / "reports"

    def audits(self) -> bool:
        """Does an audit of this run go on? Its process has the environment that the worker was sent."""
        mark = b"ANSIBLE_HOME=%s\0" % os.fsencode(self._home)
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it has ended
                if b"audit_info" in (process / "cmdline").read_bytes() and mark in (process / "environ").read_bytes():
                    return True
        return False

    def run(self, kill_when: t.Callable[[], bool] | None = None, **variables: t.Any) -> tuple[int, str]:
        """The exit status of ``process`` and what it printed; the worker is killed as soon as ``kill_when`` says so."""
        variables["reclaim_report_dir"] = "{{ lookup('ansible.builtin.env', 'AWX_ISOLATED_DATA_DIR') }}/reports"
        (self._sent / "env" / "extravars").write_text(json.dumps(variables), encoding="utf-8")
        words = ["transmit", str(self._sent), "-p", "netmend.reclaim.audit", "-i", "run"]
        transmit = self._start(words, subprocess.DEVNULL)
        worker = self._start(["worker", "--private-data-dir", str(self.worker)], transmit.stdout)
        process = self._start(["process", str(self._back), "-i", "run"], worker.stdout, stderr=subprocess.STDOUT)
        # Only the neighbours in the pipe hold its ends, so that one that dies is heard by the next.
        for one in (transmit, worker):
            assert one.stdout is not None
            one.stdout.close()
        try:
            if kill_when is not None:
                deadline = time.monotonic() + SECONDS
                while not kill_when():
                    assert worker.poll() is None and time.monotonic() < deadline
                    time.sleep(0.05)
                worker.send_signal(signal.SIGKILL)
            output, _none = process.communicate(timeout=SECONDS)
            return process.returncode, output.decode(errors="replace")
        finally:
            for one in (transmit, worker, process):
                one.kill()
                one.wait()

    def _start(self, words: list[str], stdin: t.Any, stderr: t.Any = None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [self._runner, *words], env=self._environment, cwd=self._sent.parent, stdin=stdin, stdout=subprocess.PIPE,
            stderr=stderr,
        )  # fmt: skip
