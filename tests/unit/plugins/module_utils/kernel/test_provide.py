# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import zipfile

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import provide
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel.netlink import MissingPyroute2
from ansible_collections.netmend.reclaim.plugins.module_utils.private import Unsafe

FILES = {
    "pyroute2/__init__.py": b"__version__ = '0.9.7'\n",
    "pyroute2/netlink/__init__.py": b"",
    "pyroute2/a.txt": b"x",
}
NAME = "0.9.7-" + provide.digest_of(FILES)


def test_versions_compare_as_numbers():
    assert [text for text in ("0.5.14", "0.6.13", "0.7.1", "", "unknown") if provide.is_new_enough(text)] == []
    assert [text for text in ("0.7.2", "0.7.12", "0.9.1rc2", "0.10.0", "1.0") if not provide.is_new_enough(text)] == []


def test_the_offer_is_read_from_the_environment():
    assert provide.offered({}) is None
    assert provide.offered({provide.NAME_VARIABLE: NAME}) == provide.Offer(NAME, None)
    both = {provide.NAME_VARIABLE: NAME, provide.ARCHIVE_VARIABLE: "/t/p.zip"}
    assert provide.offered(both) == provide.Offer(NAME, "/t/p.zip")


@pytest.mark.parametrize("name", ["../../etc", "0.9.7", "0.9.7-abc", "/x-" + "0" * 64, NAME + "/..", NAME + "\n"])
def test_an_offer_that_is_no_name_is_refused(name):
    with pytest.raises(ValueError, match=provide.NAME_VARIABLE):
        provide.offered({provide.NAME_VARIABLE: name})


def archive(tmp_path, files):
    path = str(tmp_path / "p.zip")
    with zipfile.ZipFile(path, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return path


def test_an_archive_is_read_whole(tmp_path):
    assert provide._read(provide.Offer(NAME, archive(tmp_path, FILES))) == FILES


def test_a_truncated_archive_is_refused(tmp_path):
    path = archive(tmp_path, FILES)
    os.truncate(path, os.path.getsize(path) // 2)
    with pytest.raises(MissingPyroute2, match="did not arrive whole"):
        provide._read(provide.Offer(NAME, path))


def test_an_archive_with_another_content_is_refused(tmp_path):
    changed = dict(FILES, **{"pyroute2/a.txt": b"y"})
    with pytest.raises(MissingPyroute2, match="digest differs"):
        provide._read(provide.Offer(NAME, archive(tmp_path, changed)))


@pytest.mark.parametrize("name", ["../evil.py", "/etc/evil.py", "pyroute2/../../evil.py", "json.py"])
def test_an_archive_that_leaves_the_package_is_refused(tmp_path, name):
    files = dict(FILES, **{name: b""})
    with pytest.raises(MissingPyroute2, match="outside the package"):
        provide._read(provide.Offer("1-" + provide.digest_of(files), archive(tmp_path, files)))


@pytest.fixture
def place(tmp_path):
    return provide._place(str(tmp_path / "ansible" / "tmp"))


def test_the_place_is_the_users_alone(place):
    assert oct(os.stat(place).st_mode & 0o7777) == "0o700"
    assert provide._place(os.path.dirname(place)) == place


def test_a_copy_is_unpacked_whole_and_once(place):
    entry = provide._unpack(place, "pyroute2-" + NAME, FILES)
    assert provide._is_whole(entry)
    assert provide._unpack(place, "pyroute2-" + NAME, FILES) == entry
    assert os.listdir(place) == ["pyroute2-" + NAME]


def poison_truncate(entry):
    os.truncate(os.path.join(entry, "pyroute2", "__init__.py"), 3)


def poison_mode(entry):
    os.chmod(entry, 0o755)


def poison_manifest(entry):
    os.unlink(os.path.join(entry, "manifest.json"))


def poison_empty_manifest(entry):
    with open(os.path.join(entry, "manifest.json"), "w") as stream:
        stream.write("{}")


def poison_missing(entry):
    os.unlink(os.path.join(entry, "pyroute2", "a.txt"))


def poison_link(entry):
    os.rename(entry, entry + ".elsewhere")
    os.symlink(entry + ".elsewhere", entry)


def poison_file_link(entry):
    path = os.path.join(entry, "pyroute2", "a.txt")
    os.rename(path, path + "2")
    os.symlink("a.txt2", path)


@pytest.mark.parametrize(
    "poison",
    [
        poison_truncate,
        poison_mode,
        poison_manifest,
        poison_empty_manifest,
        poison_missing,
        poison_link,
        poison_file_link,
    ],
)
def test_a_copy_that_is_not_as_it_was_written_is_not_used_but_replaced(place, poison):
    entry = provide._unpack(place, "pyroute2-" + NAME, FILES)
    poison(entry)
    assert not provide._is_whole(entry)
    assert provide._unpack(place, "pyroute2-" + NAME, FILES) == entry
    assert provide._is_whole(entry)


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o702, 0o500])
def test_a_place_with_another_mode_is_refused(place, mode):
    os.chmod(place, mode)
    try:
        with pytest.raises(Unsafe, match="has mode %04o, not 0700; remove it" % mode):
            provide._place(os.path.dirname(place))
    finally:
        os.chmod(place, 0o700)


def test_a_place_that_is_a_link_is_refused(tmp_path):
    base = tmp_path / "base"
    base.mkdir(mode=0o700)
    (tmp_path / "else").mkdir(mode=0o700)
    (base / "netmend.reclaim").symlink_to(tmp_path / "else")
    with pytest.raises(Unsafe, match="is a symbolic link"):
        provide._place(str(base))


def test_a_place_where_others_could_swap_it_is_refused(tmp_path):
    base = tmp_path / "open" / "tmp"
    base.mkdir(parents=True, mode=0o700)
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(Unsafe, match="open is writable by others"):
        provide._place(str(base))
    (tmp_path / "open").chmod(0o1777)
    assert provide._place(str(base)) == str(base / "netmend.reclaim")


def test_a_relative_place_is_refused():
    with pytest.raises(Unsafe, match="not an absolute path"):
        provide._place("ansible/tmp")


def test_the_home_of_another_user_is_not_taken_for_ones_own(monkeypatch):
    import pwd

    own = pwd.getpwuid(os.geteuid()).pw_dir
    monkeypatch.setenv("HOME", "/nonexistent")
    assert provide._home() == own
    if os.geteuid() != 0:
        monkeypatch.setenv("HOME", "/root")
        assert provide._home() == own


def test_old_copies_and_remains_go(place):
    for name in ("pyroute2-0.8.1-old", ".new-killed", ".old-killed", "pyroute2-0.9.6-recent", "unrelated"):
        os.mkdir(os.path.join(place, name))
        if name != "pyroute2-0.9.6-recent":
            os.utime(os.path.join(place, name), (1, 1))
    provide._unpack(place, "pyroute2-" + NAME, FILES)
    assert set(os.listdir(place)) == {"pyroute2-" + NAME, "pyroute2-0.9.6-recent", "unrelated"}
