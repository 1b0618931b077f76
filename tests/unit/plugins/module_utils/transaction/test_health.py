# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import http.server
import threading

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.model import Answer
from ansible_collections.netmend.reclaim.plugins.module_utils.transaction import health


class Kernel:
    """Knows one destination."""

    netns = None

    def lookup(self, queries, match):
        return [Answer(None if query.to == "192.0.2.1" else "ENETUNREACH") for query in queries]


def check(**said):
    return {**dict.fromkeys(health.OPTIONS), "status": 200, "timeout": 5, **said}


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(health, "PATIENCE", 0)


@pytest.fixture
def server():
    class Handler(http.server.BaseHTTPRequestHandler):
        asked = 0

        def do_GET(self):
            Handler.asked += 1
            if self.path == "/late" and Handler.asked < 2:
                self.send_response(503)
            elif self.path == "/away":
                self.send_response(302)
                self.send_header("Location", "/here")
            else:
                self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    made = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield "http://127.0.0.1:%d" % made.server_port
    made.shutdown()
    made.server_close()


@pytest.mark.usefixtures("impatient")
def test_all_must_pass_and_the_first_that_does_not_is_told():
    assert health.failing(Kernel(), [], 10) is None
    assert health.failing(Kernel(), [check(reach="192.0.2.1"), check(command=["true"])], 10) is None
    words = health.failing(Kernel(), [check(reach="192.0.2.1"), check(reach="192.0.2.9"), check(command=["false"])], 10)
    assert words == "health_checks[1]: the kernel does not send to 192.0.2.9: ENETUNREACH"


@pytest.mark.usefixtures("impatient")
def test_http_is_the_place_itself_with_the_status(server):
    assert health.failing(Kernel(), [check(http=server + "/here")], 10) is None
    assert health.failing(Kernel(), [check(http=server + "/away", status=302)], 10) is None
    words = health.failing(Kernel(), [check(http=server + "/away")], 10)
    assert words is not None and words.endswith("answers with status 302, not 200")


def test_what_comes_back_in_its_own_time_passes(server):
    assert health.failing(Kernel(), [check(http=server + "/late")], 10) is None


@pytest.mark.usefixtures("impatient")
def test_tcp(server):
    port = int(server.rpartition(":")[2])
    assert health.failing(Kernel(), [check(tcp="127.0.0.1", port=port)], 10) is None
    words = health.failing(Kernel(), [check(tcp="127.0.0.1", port=1)], 10)
    assert words is not None and "no TCP connection to 127.0.0.1 port 1" in words


@pytest.mark.usefixtures("impatient")
def test_a_proxy_of_the_environment_is_not_used(server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert health.failing(Kernel(), [check(http=server + "/here")], 10) is None


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"http": "ftp://x/"}, r"health_checks\[1\].http: 'ftp://x/'; expected a URL"),
        ({"http": "file:///etc/passwd"}, "starts with http"),
        ({"tcp": "x", "port": 0}, "port: 0; expected 1 to 65535"),
        ({"reach": "192.0.2.1", "timeout": 0}, "timeout: 0 seconds; expected 1 to 60"),
        ({"command": []}, "command: it is empty"),
    ],
)
def test_what_could_never_be_run_is_refused_at_once(said, words):
    with pytest.raises(ValueError, match=words):
        health.validate([check(command=["true"]), check(**said)])
