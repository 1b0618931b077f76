# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers as words and back."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.kernel import names, namespace


def test_words_and_numbers():
    assert names.word(names.PROTOCOLS, 186) == "bgp"
    assert names.word(names.PROTOCOLS, 77) == "77"
    assert names.number_of(names.PROTOCOLS, "bgp", "proto") == 186
    assert names.number_of(names.PROTOCOLS, "77", "proto") == 77
    for wrong in ("256", "-1", "", "no-such", "²"):
        with pytest.raises(ValueError, match="proto"):
            names.number_of(names.PROTOCOLS, wrong, "proto")


def test_flags_are_sorted_and_unknown_bits_are_left_out():
    assert names.flags(names.HOP_FLAGS, 0) == ()
    assert names.flags(names.HOP_FLAGS, 0x80000015) == ("dead", "linkdown", "onlink")


def test_every_word_has_one_number():
    tables = [value for name, value in vars(names).items() if name.isupper()]
    assert len(tables) > 10
    for words in tables:
        assert len(set(words.values())) == len(words)


def test_namespaces_are_named_or_numbered():
    assert namespace.path_of("blue") == "/run/netns/blue"
    assert namespace.path_of(17) == namespace.path_of("17") == "/proc/17/ns/net"
    for wrong in ("", ".", "..", "../etc", "a/b", "a b", "a\n", "²", "x" * 256):
        with pytest.raises(ValueError, match="netns"):
            namespace.path_of(wrong)


def test_a_namespace_that_is_not_there():
    for missing in ("netmend-no-such-namespace", 4194305):
        with pytest.raises(ValueError, match="there is no network namespace"), namespace.entered(missing):
            raise AssertionError("entered it")
