# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
import random
import zlib

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report.packed import CHUNK, pack


def unpack(chunks):
    return [piece for chunk in chunks for piece in json.loads(zlib.decompress(base64.b64decode(chunk)))]


@pytest.mark.parametrize("number", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7])
def test_all_come_back_in_their_order(number):
    pieces = ["<p>%d \u2192 \U0001f6f0 </script> \x00</p>" % item for item in range(number)]
    chunks = pack(iter(pieces))
    assert unpack(chunks) == pieces
    assert len(chunks) == -(-number // CHUNK)


def test_what_is_packed_cannot_end_what_holds_it():
    assert set("".join(pack(["</script><!--"]))) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
    )


def test_whole_chunks_fit_or_are_left_out():
    noise = random.Random(1)
    pieces = ["%0512x" % noise.getrandbits(2048) for _item in range(3 * CHUNK)]
    whole = pack(pieces)
    room = len(whole[0]) + len(whole[1]) + 1
    assert pack(pieces, room) == whole[:2]
    assert pack(pieces, 10) == []


def test_what_is_alike_takes_little_room():
    (chunk,) = pack(["<p>The rule %d asks a table that holds no route.</p>" % item for item in range(CHUNK)])
    assert len(chunk) < CHUNK * 15
