#!/usr/bin/env bash
# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs uv, the one on PATH or the one in .venv, with what this machine's pip is told about where packages come from: uv is
# many times faster than pip, but does not read its settings. Ends with 127 where there is no uv.
set -euo pipefail
venv=$(dirname "$0")/../.venv/bin

# A version manager's shim may be on PATH without a uv behind it.
if uv --version >/dev/null 2>&1; then
    uv=uv
elif [[ -x $venv/uv ]]; then
    uv=$venv/uv
else
    exit 127
fi

pip_setting() { [[ ! -x $venv/python ]] || "$venv/python" -m pip config get "global.$1" 2>/dev/null || true; }

index=${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-$(pip_setting index-url)}}
if [[ -n $index ]]; then
    export UV_DEFAULT_INDEX=$index
fi
certificates=${SSL_CERT_FILE:-${PIP_CERT:-$(pip_setting cert)}}
if [[ -n $certificates ]]; then
    export SSL_CERT_FILE=$certificates
fi
export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-1}
exec "$uv" "$@"
