# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Talk to the doublezerod of a host over its unix socket, and read its log."""

from __future__ import annotations

import http.client
import json
import pathlib
import socket
import typing as t

_SECONDS = 10.0


class Refused(Exception):
    """The daemon said no."""


class Control:
    """The doublezerod with its files in one directory."""

    def __init__(self, run: pathlib.Path) -> None:
        self._path = run / "doublezerod.sock"
        self._log = run / "doublezerod.log"

    def answers(self) -> bool:
        try:
            self.get("/status")
        except OSError:
            return False
        return True

    def get(self, path: str) -> t.Any:
        return self._ask("GET", path)

    def post(self, path: str, body: t.Mapping[str, t.Any]) -> t.Any:
        return self._ask("POST", path, json.dumps(body))

    def all_up(self, peers: t.Collection[str]) -> bool:
        """Are the sessions with these peers up, and their routes in the kernel?"""
        routes = {route["peer_ip"]: (route["liveness_state"], route["kernel_state"]) for route in self.get("/routes")}
        return all(routes.get(peer) == ("up", "present") for peer in peers)

    def errors(self) -> list[dict[str, str]]:
        """The failed writes that the log tells of, oldest first."""
        found = []
        for line in self._log.read_text(encoding="utf-8").splitlines():
            message = json.loads(line[line.index("{") :])
            if message["msg"] == "liveness.scheduler: error writing UDP packet":
                found.append(message)
        return found

    def _ask(self, method: str, path: str, body: str | None = None) -> t.Any:
        connection = _Unix(str(self._path))
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise Refused("%s %s: %s" % (method, path, answer))
        return answer


class _Unix(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_SECONDS)
        self.sock.connect(self._path)
