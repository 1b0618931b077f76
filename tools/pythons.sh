#!/usr/bin/env bash
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Prints the Python interpreters of this machine, newest first, one per minor version: "3.13 /path/to/python3.13".
# Looks on PATH, in pyenv's versions and where uv keeps its own. An optional argument is the oldest one wanted: 3.11.
# 3.14 is the newest that the pinned ansible-core knows; raise it together with requirements/base.txt.
set -euo pipefail
oldest=${1:-3.9}

pyenv_root=${PYENV_ROOT:-$(pyenv root 2>/dev/null || echo "$HOME/.pyenv")}

candidates() {
    local minor=$1
    type -ap "python3.$minor" python3 || true
    printf '%s\n' "$pyenv_root/versions/3.$minor".*/bin/"python3.$minor" | sort --version-sort --reverse
    uv python find --no-python-downloads --no-project "3.$minor" 2>/dev/null || true
}

# A pyenv shim may be there without its interpreter, and an interpreter without the libraries that pip needs. What a
# shim leads to is told by the interpreter itself.
probe='import ctypes, ssl, sys, venv; print(sys.executable); sys.exit(sys.version_info[:2] != (3, int(sys.argv[1])))'

for ((minor = 14; minor >= ${oldest#3.}; minor--)); do
    while read -r python; do
        if [[ -x $python ]] && real=$("$python" -I -c "$probe" "$minor" 2>/dev/null); then
            echo "3.$minor $real"
            break
        fi
    done < <(candidates "$minor")
done
