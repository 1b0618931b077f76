# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""pyroute2 comes along to hosts that have none, and stays there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest

MODULE = "netmend.reclaim.interface_info"


def is_good(result):
    """The module ran and saw the namespace, which has a loopback and no other link."""
    assert set(result.status.values()) == {"ok"}, result.output
    for answer in result.hosts.values():
        assert [link["name"] for link in answer["interfaces"]] == ["lo"]
        assert answer["changed"] is False
        assert "pyroute2_wanted" not in answer
    return True


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize("version", ["3.9", "3.13"])
def test_the_first_task_brings_it_and_the_second_is_one_module_run(lab, bare_python, version, pipelining):
    bare = bare_python(version)
    python = lab.python(bare)
    first = lab.run(MODULE, python=python, pipelining=pipelining)
    assert is_good(first)
    assert first.executions == 2
    entry = lab.entry()
    assert oct(entry.stat().st_mode & 0o7777) == "0o700"
    # Compiled for this interpreter, so that the next run does not pay for it.
    tag = "cpython-%s" % version.replace(".", "")
    assert "nlsocket.%s.pyc" % tag in {path.name for path in entry.rglob("*.pyc")}
    before = {path: path.stat().st_mtime_ns for path in entry.rglob("*")}
    second = lab.run(MODULE, python=python, pipelining=pipelining)
    assert is_good(second)
    assert second.executions == 1
    assert {path: path.stat().st_mtime_ns for path in entry.rglob("*")} == before
    # Never in site-packages, and nothing is left in the temp directory but the copy.
    assert [path for path in bare.parent.parent.rglob("*") if "pyroute2" in path.name] == []
    assert [path.name for path in lab.cache.parent.iterdir()] == ["netmend.reclaim"]


def test_two_pythons_share_a_copy(lab, bare_python):
    first, second = lab.python(bare_python("3.9")), lab.python(bare_python("3.13"))
    assert is_good(lab.run(MODULE, python=first))
    for python in (second, first, second):
        result = lab.run(MODULE, python=python)
        assert is_good(result)
        assert result.executions == 1
    tags = {path.name.split(".")[-2] for path in lab.entry().rglob("*.pyc")}
    assert tags == {"cpython-39", "cpython-313"}


def test_a_host_that_has_its_own_is_left_alone(lab):
    result = lab.run(MODULE, python=lab.python(sys.executable))
    assert is_good(result)
    assert result.executions == 1
    assert not lab.cache.exists()


def test_one_that_is_too_old_is_not_used(lab, old_pyroute2_python):
    python = lab.python(old_pyroute2_python)
    result = lab.run(MODULE, python=python)
    assert is_good(result)
    assert result.executions == 2
    assert lab.run(MODULE, python=python).executions == 1


def test_many_first_runs_at_once(lab, bare_python):
    python = lab.python(bare_python("3.13"))
    result = lab.run(MODULE, python=python, hosts=6)
    assert len(result.hosts) == 6
    assert is_good(result)
    lab.entry()  # one, and no remains beside it
    again = lab.run(MODULE, python=python, hosts=6)
    assert is_good(again)
    assert again.executions == 6


def truncated_source(entry):
    os.truncate(entry / "pyroute2" / "netlink" / "nlsocket.py", 5)


def truncated_bytecode(entry):
    for path in entry.rglob("*.pyc"):
        os.truncate(path, 40)


def of_another_user(entry):
    os.chown(entry, 65534, 65534)


def open_to_others(entry):
    entry.chmod(0o777)


def a_link(entry):
    elsewhere = entry.parent.parent / "elsewhere"
    entry.rename(elsewhere)
    entry.symlink_to(elsewhere)


def without_manifest(entry):
    (entry / "manifest.json").unlink()


@pytest.mark.parametrize(
    "poison", [truncated_source, truncated_bytecode, of_another_user, open_to_others, a_link, without_manifest]
)
def test_a_copy_that_is_not_as_it_was_left_is_replaced(lab, bare_python, poison):
    python = lab.python(bare_python("3.13"))
    assert is_good(lab.run(MODULE, python=python))
    poison(lab.entry())
    mended = lab.run(MODULE, python=python)
    assert is_good(mended)
    assert mended.executions == 2
    entry = lab.entry()
    assert not entry.is_symlink()
    assert (entry.stat().st_uid, entry.stat().st_mode & 0o7777) == (0, 0o700)
    assert lab.run(MODULE, python=python).executions == 1


def place_of_another_user(place):
    os.chown(place, 65534, 65534)


def place_open_to_others(place):
    place.chmod(0o777)


def place_is_a_link(place):
    place.rename(place.parent / "elsewhere")
    place.symlink_to(place.parent / "elsewhere")


@pytest.mark.parametrize("poison", [place_of_another_user, place_open_to_others, place_is_a_link])
def test_a_directory_that_others_could_write_is_neither_read_nor_written(lab, bare_python, poison):
    python = lab.python(bare_python("3.13"))
    assert is_good(lab.run(MODULE, python=python))
    # What lies there now is somebody else's: it would tell that it was imported.
    marker = lab.directory / "imported"
    (lab.entry() / "pyroute2" / "netlink" / "__init__.py").write_text("open(%r, 'w').close()\n" % str(marker))
    names = sorted(path.name for path in lab.cache.rglob("*"))
    poison(lab.cache)
    for _run in range(2):
        result = lab.run(MODULE, python=python)
        assert is_good(result)
        assert result.executions == 2
        assert "transferred anew for each task" in result.output
        assert str(lab.cache) in result.output
    assert not marker.exists()
    assert sorted(path.name for path in lab.cache.rglob("*")) == names


def test_become_keeps_a_copy_of_the_become_user(lab, open_directory):
    if not os.path.exists("/usr/bin/python3"):
        pytest.skip("needs a system Python that every user may run")
    if subprocess.run(["/usr/bin/python3", "-c", "import pyroute2"], capture_output=True, check=False).returncode == 0:
        pytest.skip("the system Python has pyroute2")
    count = open_directory / "count"
    count.touch()
    count.chmod(0o666)
    shutil.move(str(lab.count), str(count))
    lab.count = count
    place = open_directory / "tmp"
    place.mkdir(mode=0o700)
    os.chown(place, 65534, 65534)
    wrapper = open_directory / "python"
    shutil.copy(lab.python("/usr/bin/python3"), wrapper)
    become = {
        "ansible_become": True,
        "ansible_become_method": "su",
        "ansible_become_user": "nobody",
        "ansible_become_flags": "-s /bin/sh",
    }
    for pipelining in (False, True):
        first = lab.run(MODULE, python=wrapper, pipelining=pipelining, ansible_remote_tmp=str(place), **become)
        assert is_good(first)
        assert first.executions == 2
        second = lab.run(MODULE, python=wrapper, pipelining=pipelining, ansible_remote_tmp=str(place), **become)
        assert is_good(second)
        assert second.executions == 1
        (entry,) = (place / "netmend.reclaim").iterdir()
        assert entry.stat().st_uid == 65534
        shutil.rmtree(place / "netmend.reclaim")
    # A user without a home, and so without an Ansible temp directory.
    homeless = lab.run(MODULE, python=wrapper, **become)
    assert is_good(homeless)
    assert "/nonexistent" in homeless.output
    assert not lab.cache.exists()


def test_a_controller_without_it_says_what_to_install_where(lab, bare_python, controller_without_pyroute2):
    python = lab.python(bare_python("3.13"))
    result = lab.run(MODULE, python=python, controller=controller_without_pyroute2)
    assert result.status == {"h0": "failed"}, result.output
    message = result.only()["msg"]
    assert "the host's Python 3.13" in message
    assert "Install pyroute2 0.7.2 or later on the managed host" in message
    assert "the Python that runs Ansible on the controller has no pyroute2 either" in message
    assert result.executions == 1


def test_a_controller_without_it_serves_hosts_that_have_it(lab, controller_without_pyroute2):
    assert is_good(lab.run(MODULE, python=lab.python(sys.executable), controller=controller_without_pyroute2))


def test_the_tasks_own_environment_reaches_the_module(lab, bare_python, tmp_path):
    """The action adds to the environment of a task; what the user set there stays."""
    python = lab.python(bare_python("3.13"))
    own = tmp_path / "own"
    own.mkdir()
    playbook = tmp_path / "play.yml"
    playbook.write_text(
        "- hosts: localhost\n  gather_facts: false\n  tasks:\n    - %s:\n      environment: {PYTHONPYCACHEPREFIX: %s}\n"
        % (MODULE, own)
    )
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", str(playbook), "-e", "ansible_python_interpreter=%s" % python],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(lab.home),
            "LANG": "C.UTF-8",
            "ANSIBLE_CONFIG": str(lab.configuration),
            "ANSIBLE_COLLECTIONS_PATH": next(p for p in sys.path if os.path.isdir(p + "/ansible_collections/netmend")),
        },
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # The import was told to compile elsewhere, and did.
    assert any("pyroute2" in str(path) for path in own.rglob("*.pyc"))


def test_a_python_that_is_too_old_is_named(lab):
    """By the module where ansible-core still serves Python 3.8 (up to 2.19), by ansible-core itself after that."""
    import environments

    found = environments.interpreters("3.8").get("3.8")
    if found is None:
        pytest.skip("there is no Python 3.8 on this machine")
    result = lab.run(MODULE, python=lab.python(found))
    assert result.status == {"h0": "failed"}
    assert re.search(r"(needs|requires) Python 3\.9 or (later|newer)", result.only()["msg"])
