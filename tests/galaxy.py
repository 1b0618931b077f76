# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the collection from a clean copy of the tree, see what is in the package, and let Galaxy's importer judge it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile

from environments import BUILD, VENV_BIN, copy_tree, environment, interpreters, system_path

IMPORTER = (
    "galaxy-importer==0.4.44",
    'ansible-core==2.20.10; python_version >= "3.12"',
    'ansible-core==2.19.14; python_version < "3.12"',
)
SHIPPED_AT_LEAST = (
    "README.md",
    "COPYING",
    "meta/runtime.yml",
    "plugins/modules/audit_info.py",
    "playbooks/audit.yml",
    "extensions/eda/plugins/event_source/network.py",
    "extensions/eda/rulebooks/remediate.yml",
)
CHECKOUT_ONLY = re.compile(r"^(\.(?!reuse)|Makefile|ansible\.cfg|build|requirements|reports|tools|tests/(?!sanity))")

ACCEPTED = re.compile(r"WARNING: Ignore files skip ansible-test sanity tests, found ignore-\S+ with 1 statement")
"""The importer tells of each file in tests/sanity; what stands in them is justified there."""


def main() -> int:
    work = BUILD / "galaxy"
    tree = copy_tree(work / "tree")
    for old in work.glob("*.tar.gz"):
        old.unlink()
    galaxy = [str(VENV_BIN / "ansible-galaxy"), "collection", "build", "--output-path", str(work), str(tree)]
    subprocess.run(galaxy, check=True, env=dict(os.environ, HOME=str(work)))
    (package,) = work.glob("netmend-reclaim-*.tar.gz")

    with tarfile.open(package) as opened:
        names = [member.name for member in opened if member.isfile()]
    wrong = ["%s is missing" % name for name in SHIPPED_AT_LEAST if name not in names]
    wrong += ["%s is for the checkout only" % name for name in names if CHECKOUT_ONLY.match(name)]
    print("%d files in %s" % (len(names), package.name))

    # The importer asks ansible-doc, so it needs an ansible-core beside it; 2.20 is the newest that it was made for.
    python = next(interpreters()[version] for version in ("3.13", "3.12", "3.14", "3.11") if version in interpreters())
    bin_dir = environment("galaxy-importer", python, IMPORTER)
    settings = work / "galaxy-importer.cfg"
    settings.write_text("[galaxy-importer]\nRUN_ANSIBLE_TEST = False\nCHECK_REQUIRED_TAGS = True\n")
    env = dict(os.environ, HOME=str(work), PATH=system_path(bin_dir), GALAXY_IMPORTER_CONFIG=str(settings))
    done = subprocess.run(
        [bin_dir / "python", "-m", "galaxy_importer.main", package],
        cwd=work,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(done.stdout)
    if done.returncode != 0:
        wrong.append("the importer ended with %d" % done.returncode)
    # It exits with 0 whatever it found.
    complaints = [line for line in done.stdout.splitlines() if re.match(r"(ERROR|WARNING)\b", line)]
    wrong += ["the importer: " + line for line in complaints if not ACCEPTED.match(line)]
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
