# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is captured on a host gets to the controller, over the connection and through become, and nothing stays behind."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest
from ansible_collections.netmend.reclaim.tests.fixtures import packet_files

MODULE = "netmend.reclaim.capture"
SEND = """
import socket, time
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    sender.sendto(bytes(1000), ("127.0.0.1", 44880))
    time.sleep(0.002)
"""


@pytest.fixture
def sending(lab):
    sender = subprocess.Popen(["ip", "netns", "exec", lab.netns, sys.executable, "-c", SEND], stderr=subprocess.DEVNULL)
    yield lab
    sender.kill()
    sender.wait(timeout=10)


def left_on_the_host(lab):
    return [path for path in (lab.home / ".ansible" / "tmp").rglob("*") if path.is_file()]


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize("become", [False, True])
def test_the_file_comes_over(sending, tmp_path, pipelining, become):
    dest = tmp_path / "captures"
    variables = {"ansible_become": True, "ansible_become_method": "su"} if become else {}
    result = sending.run(
        MODULE,
        {"dest": "%s/" % dest, "interface": "lo", "seconds": 30, "packets": 400, "snaplen": 1500},
        python=sending.python(sys.executable),
        pipelining=pipelining,
        **variables,
    )
    assert set(result.status.values()) == {"ok"}, result.output
    answer = result.only()
    (file,) = dest.iterdir()
    assert answer["path"] == str(file) and file.name.startswith("h0-lo-") and file.suffix == ".pcapng"
    assert answer["changed"] and "remote_path" not in answer
    assert os.stat(file).st_mode & 0o7777 == 0o600
    content = file.read_bytes()
    assert len(content) == answer["size"] and hashlib.sha256(content).hexdigest() == answer["checksum"]
    assert len(packet_files.read(file).packets) == answer["packets"] == 400
    assert left_on_the_host(sending) == []


def test_hosts_do_not_get_in_each_others_way(sending, tmp_path):
    arguments = {"dest": "%s/" % tmp_path, "interface": "lo", "seconds": 30, "packets": 10}
    result = sending.run(MODULE, arguments, python=sending.python(sys.executable), hosts=3)
    assert set(result.status.values()) == {"ok"}, result.output
    paths = {answer["path"] for answer in result.hosts.values()}
    assert len(paths) == 3 and all(len(packet_files.read(path).packets) == 10 for path in paths)


@pytest.mark.parametrize(
    ("dest", "words"),
    [("there.pcapng", "is there already; a capture overwrites nothing"), ("there.pcapng/x", "cannot be made: ")],
)
def test_what_cannot_be_kept_is_not_captured(lab, tmp_path, dest, words):
    (tmp_path / "there.pcapng").write_bytes(b"precious")
    arguments = {"dest": str(tmp_path / dest), "seconds": 30, "packets": 10}
    result = lab.run(MODULE, arguments, python=lab.python(sys.executable))
    assert set(result.status.values()) == {"failed"} and words in result.only()["msg"], result.output
    assert result.executions == 0
    assert (tmp_path / "there.pcapng").read_bytes() == b"precious"


def test_a_failure_leaves_no_file(lab, tmp_path):
    arguments = {"dest": "%s/new/" % tmp_path, "interface": "nmb9", "seconds": 1, "packets": 10}
    result = lab.run(MODULE, arguments, python=lab.python(sys.executable))
    assert "there is no interface 'nmb9'" in result.only()["msg"], result.output
    assert list((tmp_path / "new").iterdir()) == [] and left_on_the_host(lab) == []


def test_check_mode_makes_nothing(lab, tmp_path):
    arguments = {"dest": "%s/new/" % tmp_path, "interface": "lo", "seconds": 1, "packets": 10}
    result = lab.run(MODULE, arguments, python=lab.python(sys.executable), options=("--check",))
    answer = result.only()
    assert answer["changed"] and answer["captured"] is False, result.output
    assert not (tmp_path / "new").exists() and left_on_the_host(lab) == []
