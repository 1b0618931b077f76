#!/usr/bin/env bash
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Installs what tests/system-packages.txt lists and this machine lacks. Where that cannot be done it says so and ends
# well: the parts of the tests that need what is missing are then skipped by name.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
while read -r package program _; do
    if [[ -n $package && $package != \#* ]] && ! command -v "$program" >/dev/null; then
        missing+=("$package")
    fi
done <tests/system-packages.txt

if ((${#missing[@]} == 0)); then
    exit 0
fi
if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
    echo "system packages: missing ${missing[*]}; install them as root (names as in Debian) to run all tests" >&2
    exit 0
fi
echo "system packages: installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -qq --yes --no-install-recommends "${missing[@]}"; } >&2 ||
    echo "system packages: that failed; the tests that need them will be skipped" >&2
