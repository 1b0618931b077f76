# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ansible-test of one ansible-core version: ``ansible_test.py 2.21.5 sanity``, ``... units --python 3.9``.

ansible-test wants the collection under ansible_collections/netmend/reclaim (a link will not do), so it works on a copy.
HOME is a directory under build/: nothing is written outside the checkout.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import subprocess
import sys
import typing as t

from environments import BUILD, copy_tree, environment, interpreters, locked, system_path

CONTROLLERS = {
    "2.17.14": ("3.12", "3.11", "3.10"),
    "2.18.19": ("3.13", "3.12", "3.11"),
    "2.19.14": ("3.13", "3.12", "3.11"),
    "2.20.10": ("3.14", "3.13", "3.12"),
    "2.21.5": ("3.14", "3.13", "3.12"),
}
"""The ansible-core versions that are tested, with the Pythons that they run on, best first."""

GET_PIP = {"2.17": "23_1_2", "2.18": "24_2", "2.19": "24_2"}
"""Version in the name of the get-pip script that ansible-test looks for in its cache; 25_2 from 2.20 on."""

PYTEST = (
    "pytest==8.4.2",
    "pytest-mock==3.14.1",
    "pytest-xdist==3.8.0",
    "mock==5.2.0",
    "pyyaml",
    "pyroute2==0.9.7",
    "hypothesis==6.141.1",
    "jinja2==3.1.6",
    "junitparser==3.2.0",
    "markdown-it-py==3.0.0",
    "prometheus-client==0.21.1",
    "jsonschema==4.25.1",
)
"""What the unit tests need; the newest versions that also run on Python 3.9."""

GET_PIP_STAND_IN = '''\
"""Stands in for the get-pip script that ansible-test would download: installs the pip that Python brings along."""
import ensurepip, pathlib, sysconfig, zipfile
bundled = pathlib.Path(ensurepip.__file__).parent / "_bundled"
system = getattr(ensurepip, "_WHEEL_PKG_DIR", None)  # distributions that keep the wheel elsewhere
wheels = sorted(bundled.glob("pip-*.whl")) or sorted(pathlib.Path(system).glob("pip-*.whl"))
zipfile.ZipFile(wheels[-1]).extractall(sysconfig.get_path("purelib"))
'''


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("core", choices=CONTROLLERS)
    parser.add_argument("command", choices=("sanity", "units", "integration"))
    parser.add_argument("--python", help="Python that the units run on; the controller's own where not given")
    args, rest = parser.parse_known_args()
    controller = controller_python(args.core)
    if controller is None:
        print("no Python for ansible-core %s: wanted is one of %s" % (args.core, ", ".join(CONTROLLERS[args.core])))
        return 1
    bin_dir = environment(
        "core-%s-py%s" % (args.core, controller), interpreters()[controller], ["ansible-core==%s" % args.core, *PYTEST]
    )
    python = args.python or controller
    command = [str(bin_dir / "ansible-test"), args.command, "--color", "no", *rest]
    if args.command == "units":
        command += ["--python", python, "--python-interpreter", str(units_python(python, controller, bin_dir)), "-v"]
    elif args.command == "integration":
        command += ["--venv", "--python", controller]
    elif args.core != newest_core():
        # The newest core compiles and imports with every Python of this machine.
        command += ["--python", controller]
    if args.command == "sanity" and args.core.startswith("2.17."):
        # No __init__.py may have content, says only this version; newer ones gave the rule up, and Ansible's linter does
        # not let it be ignored by file.
        command += ["--skip-test", "empty-init"]

    name = "-".join([args.command, args.core, python])
    with locked(BUILD / "ansible-test" / (name + ".lock")):
        tree = copy_tree(BUILD / "ansible-test" / name / "ansible_collections" / "netmend" / "reclaim")
        # Without a repository of its own here, ansible-test would climb up to the checkout, in which build/ is ignored,
        # and would pass without having looked at a single file.
        subprocess.run(["git", "init", "--quiet", str(tree)], check=True)
        env = surroundings(args.core, bin_dir)
        print("+", " ".join(command), flush=True)
        return subprocess.run(command, cwd=tree, env=env, check=False).returncode


def newest_core() -> str:
    """The newest ansible-core that a Python of this machine runs."""
    return next((core for core in reversed(CONTROLLERS) if controller_python(core)), max(CONTROLLERS))


def controller_python(core: str) -> str | None:
    return next((version for version in CONTROLLERS[core] if version in interpreters()), None)


def units_python(python: str, controller: str, bin_dir: pathlib.Path) -> pathlib.Path:
    if python == controller:
        return bin_dir / "python"
    return environment("units-py%s" % python, interpreters()[python], PYTEST) / "python"


def surroundings(core: str, bin_dir: pathlib.Path) -> t.Mapping[str, str]:
    """The environment: a home of this core's own, and each Python of this machine on PATH under its plain name."""
    home = BUILD / "home" / core
    series = core.rpartition(".")[0]
    stand_in = home / ".ansible" / "test" / "cache" / ("get_pip_%s.py" % GET_PIP.get(series, "25_2"))
    stand_in.parent.mkdir(parents=True, exist_ok=True)
    stand_in.write_text(GET_PIP_STAND_IN)
    links = home / "pythons"
    links.mkdir(exist_ok=True)
    for version, python in interpreters().items():
        link = links / ("python" + version)
        link.unlink(missing_ok=True)
        link.symlink_to(python)
    missing = [version for version in ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14") if version not in interpreters()]
    if missing:
        print("not on this machine, so not tested with: Python %s" % ", ".join(missing))
    keep = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "UV_"))}
    keep.setdefault("PIP_CACHE_DIR", str(BUILD / "cache" / "pip"))
    return dict(keep, HOME=str(home), PATH=system_path(bin_dir, links), LC_ALL="C.UTF-8", TERM="dumb")


if __name__ == "__main__":
    sys.exit(main())
