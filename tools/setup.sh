#!/usr/bin/env bash
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Makes .venv. "setup.sh base" installs what using the collection needs, "setup.sh dev" the developer's tools as well.
# It writes inside the checkout only, and does nothing where nothing changed since the last time.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$(pwd -P)
want=${1:-base}

say() { printf 'setup: %s\n' "$*" >&2; }

# A stamp holds what the environment was made from; a tree that was moved has scripts that name its old place.
stamp() {
    echo "$root"
    cat "requirements/$1.txt"
}
fresh() { [[ -x .venv/bin/python && -f .venv/.$1 ]] && stamp "$1" | cmp --silent - ".venv/.$1"; }

make_environment() {
    local python
    if ! read -r _ python < <(tools/pythons.sh 3.11); then
        say "no Python from 3.11 to 3.14 was found on PATH, in pyenv or in uv: install one, for instance python3 with python3-venv"
        exit 1
    fi
    say "making .venv with $("$python" --version)"
    rm -rf .venv
    if tools/uv.sh --version >/dev/null 2>&1; then
        tools/uv.sh venv --quiet --seed --no-project --python "$python" .venv
    elif ! "$python" -m venv .venv >&2; then
        say "$python cannot make a virtual environment: install its venv package (Debian: apt-get install python3-venv) or uv"
        rm -rf .venv
        exit 1
    fi
}

install() {
    tools/uv.sh --version >/dev/null 2>&1 || .venv/bin/python -m pip install --quiet --disable-pip-version-check uv || true
    tools/uv.sh pip install --quiet --python .venv/bin/python -r "$1" ||
        .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$1"
}

link() {
    mkdir -p "$1/ansible_collections/netmend"
    ln -sfn "$root" "$1/ansible_collections/netmend/reclaim"
}

mkdir -p build
exec 9>build/setup.lock
flock 9

if ! fresh base; then
    make_environment
    say "installing ansible-core and pyroute2"
    install requirements/base.txt
    # ansible.cfg names build/collections. The second link is for a checkout that anyone may write to: Ansible does not
    # read an ansible.cfg there, and still finds what lies beside its own packages.
    link build/collections
    link "$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
    stamp base >.venv/.base
fi
link build/collections

if [[ $want == dev ]] && ! fresh dev; then
    say "installing the developer's tools"
    install requirements/dev.txt
    stamp dev >.venv/.dev
fi

if [[ -n $(find . -maxdepth 0 -perm -o=w) ]]; then
    say "anyone may write to $root, so Ansible does not read ansible.cfg here. 'make' names it explicitly; for commands"
    say "that you type yourself: chmod o-w . (or export ANSIBLE_CONFIG=$root/ansible.cfg)"
fi
