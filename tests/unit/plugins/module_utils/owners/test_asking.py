# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asking those who answer badly, without end, or not at all."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.owners import asking

OK = b"HTTP/1.1 200 OK\r\n"


def get(path: str) -> str:
    """Asks this process: not what it was at import, for a test may run in a process of its own."""
    return asking.get(path, "/status", (os.getpid(),))


@contextlib.contextmanager
def answering(path, answer):
    """A unix socket on which one request is answered by ``answer(connection)``."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen(1)

    def serve() -> None:
        with contextlib.suppress(OSError):
            connection, _address = server.accept()
            with connection:
                connection.recv(65536)
                answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield str(path)
    finally:
        server.close()
        thread.join(10)


def sends(*parts: bytes):
    def answer(connection) -> None:
        for part in parts:
            connection.sendall(part)

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        sends(OK, b"Content-Length: 4\r\n\r\n", b"[1]\n"),
        sends(OK, b"Connection: close\r\n\r\n", b"[1]\n"),
        sends(OK, b"Transfer-Encoding: chunked\r\n\r\n", b"2\r\n[1\r\n2\r\n]\n\r\n0\r\n\r\n"),
    ],
    ids=["length", "until it closes", "chunked"],
)
def test_an_answer(tmp_path, answer) -> None:
    with answering(tmp_path / "s", answer) as path:
        assert get(path) == "[1]\n"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (sends(b"HTTP/1.1 404 Not\x1b[31m\r\nContent-Length: 0\r\n\r\n"), r"answered with 404 Not\\x1b"),
        (sends(b"hello\r\n"), "is not answered in HTTP"),
        (sends(OK, b"Content-Length: 9\r\n\r\n", b"[1]"), "is not answered in HTTP: IncompleteRead"),
        (sends(OK, b"X: " + b"x" * 200000), "is not answered in HTTP: LineTooLong"),
        (sends(OK, b"\r\n", *[b"x" * 65536] * 70), "answered with more than 4194304 bytes"),
    ],
    ids=["an error", "no HTTP", "cut short", "a header without end", "too long"],
)
def test_no_answer(tmp_path, answer, words) -> None:
    with answering(tmp_path / "s", answer) as path, pytest.raises(ValueError, match=words):
        get(path)


def test_a_byte_now_and_then_does_not_hold_it_up(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(asking, "TIMEOUT", 0.5)

    def drip(connection) -> None:
        connection.sendall(OK + b"\r\n")
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)

    with answering(tmp_path / "s", drip) as path, pytest.raises(ValueError, match="is not answered within"):
        get(path)


def test_a_drip_of_headers_does_not_either(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(asking, "TIMEOUT", 0.5)

    def drip(connection) -> None:
        connection.sendall(OK)
        while True:
            connection.sendall(b"X")
            time.sleep(0.05)

    with answering(tmp_path / "s", drip) as path, pytest.raises(ValueError, match="is not answered within"):
        get(path)


def test_nobody_there(tmp_path) -> None:
    with pytest.raises(FileNotFoundError):
        get(str(tmp_path / "s"))


def test_who_opened_the_socket_is_believed_only_where_it_is_the_owner(tmp_path) -> None:
    with answering(tmp_path / "s", sends(OK, b"\r\n", b"[1]")) as path:
        with pytest.raises(ValueError, match="is not the owner's own: the process %d opened it" % os.getpid()):
            asking.get(path, "/status", (1,))


def test_a_command() -> None:
    assert asking.run(["sh", "-c", "echo $LC_ALL; cat"]) == "C\n"
    with pytest.raises(ValueError, match="sh -c ended with exit status 3"):
        asking.run(["sh", "-c", "exit 3"])
    with pytest.raises(ValueError, match="there is no nm-no-such-program on this host"):
        asking.run(["nm-no-such-program"])
    with pytest.raises(ValueError, match="sh -c prints more than"):
        asking.run(["sh", "-c", "yes"])


@pytest.mark.parametrize("script", ["sleep 60 & echo $!; wait", "sleep 60 >/dev/null & echo $!; exec >&-; wait"])
def test_a_command_that_does_not_end_is_ended_with_its_children(monkeypatch, tmp_path, script) -> None:
    monkeypatch.setattr(asking, "TIMEOUT", 0.5)
    kept = tmp_path / "pid"
    with pytest.raises(ValueError, match="did not end within"):
        asking.run(["sh", "-c", script.replace("echo $!", "echo $! > '%s'" % kept)])
    end = time.monotonic() + 10
    while _lives(int(kept.read_text())):
        assert time.monotonic() < end
        time.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        with open("/proc/%d/stat" % pid) as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_files(tmp_path) -> None:
    for name in ("b.conf", "a.conf", "c.txt"):
        (tmp_path / name).write_text(name)
    pattern = str(tmp_path / "*.conf")
    assert asking.files([pattern, str(tmp_path / "a.conf"), str(tmp_path / "none")]) == [
        str(tmp_path / "a.conf"),
        str(tmp_path / "b.conf"),
    ]
    assert asking.content(str(tmp_path / "a.conf")) == "a.conf"
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(ValueError, match="is not a regular file"):
        asking.content(str(tmp_path / "fifo"))
