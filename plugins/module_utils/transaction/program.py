# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A copy of this code that runs by itself when all else is gone: the module's archive, its temp directory, the
controller.

It holds the collection's module_utils, from the archive that Ansible sent or from the source tree, and those files of
pyroute2 that are in use. The interpreter runs it isolated: nothing of the environment or of the user's own packages.
"""

from __future__ import annotations

import os
import sys
import typing as t
import zipfile

if t.TYPE_CHECKING:  # Ansible sends along what is imported somewhere
    from . import dead_man  # noqa: F401

_PACKAGE = __name__.rpartition(".transaction.")[0]
_MAIN = """\
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from %s.transaction import dead_man

dead_man.main(sys.argv[1:])
"""


def write(directory: str) -> t.List[str]:
    """Write the program into a new directory; the command that runs it. Raises OSError."""
    os.mkdir(directory, 0o700)
    for name, content in {**dict(_collection()), **dict(_pyroute2())}.items():
        _put(directory, name, content)
    main = os.path.join(directory, "main.py")
    _put(directory, "main.py", (_MAIN % _PACKAGE).encode())
    return [sys.executable, "-I", main]


def _collection() -> t.Iterator[t.Tuple[str, bytes]]:
    prefix = _PACKAGE.replace(".", "/") + "/"
    parts = _PACKAGE.split(".")
    for depth in range(1, len(parts)):  # else a regular package of that name elsewhere on the path would win
        yield "/".join(parts[:depth]) + "/__init__.py", b""
    archive = getattr(__spec__.loader if __spec__ else None, "archive", None)
    if archive is not None:
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                if name.startswith(prefix) and name.endswith(".py"):
                    yield name, opened.read(name)
        return
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for where, _directories, names in os.walk(root):
        for name in names:
            if name.endswith(".py"):
                path = os.path.join(where, name)
                with open(path, "rb") as stream:
                    yield prefix + os.path.relpath(path, root), stream.read()


def _pyroute2() -> t.Iterator[t.Tuple[str, bytes]]:
    """What of it is imported: netlink.socket_class imports little of it, and the copy's own does the same."""
    yield "pyroute2/__init__.py", b""
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if name.partition(".")[0] in ("pyroute2", "pr2modules") and name != "pyroute2" and spec is not None:
            source = spec.loader.get_source(name)
            leaf = "/__init__.py" if spec.submodule_search_locations is not None else ".py"
            yield name.replace(".", "/") + leaf, (source or "").encode()


def _put(directory: str, name: str, content: bytes) -> None:
    path = os.path.join(directory, name)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(path, "wb") as stream:
        stream.write(content)
