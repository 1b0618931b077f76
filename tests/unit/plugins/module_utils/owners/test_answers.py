# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of owners, read as wants; of answers that make no sense nothing is taken, and it is said."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("hypothesis")

from ansible_collections.netmend.reclaim.plugins.module_utils.owners import answers
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.placeholders import fill, names
from ansible_collections.netmend.reclaim.plugins.module_utils.owners.profile import load
from hypothesis import given
from hypothesis import strategies as st


def ask(kind: str, selector: dict, **said):
    if said.get("format") != "text":
        said.setdefault("sockets", ["/run/x"])
        said.setdefault("request", "/")
    else:
        said.setdefault("files", ["/x"])
    return load({"name": "x", "processes": ["x"], "wants": [dict(said, kind=kind, selector=selector)]}).wants[0]


def read(asked, text, stem=""):
    answer = answers.read(asked, text if isinstance(text, str) else json.dumps(text), "source", "command", stem)
    return [dict(want.selector) for want in answer.wants], answer.whole


STATUS = ask("link", {"name": "{tunnel_name}"}, where={"tunnel_name": "doublezero*"})


def test_a_status() -> None:
    up = {"tunnel_name": "doublezero0", "tunnel_src": "192.0.2.1", "doublezero_status": {"session_status": "up"}}
    assert read(STATUS, [up, dict(up, tunnel_name="doublezero1")]) == (
        [{"name": "doublezero0"}, {"name": "doublezero1"}],
        True,
    )
    assert read(STATUS, [{"doublezero_status": {"session_status": "disconnected"}}]) == ([], True)
    assert read(STATUS, [dict(up, tunnel_name=None), dict(up, tunnel_name=7), 7, None, [up]]) == ([], True)
    assert read(STATUS, up) == ([{"name": "doublezero0"}], True), "an object that is not in a list"


def test_a_want_says_where_it_is_from() -> None:
    (want,) = answers.read(STATUS, '[{"tunnel_name": "doublezero0"}]', "s GET /", "curl s").wants
    assert (want.kind, want.source, want.command) == ("link", "s GET /", "curl s")


def test_the_way_to_the_objects() -> None:
    nested = ask("link", {"name": "{n}"}, select="a.*.b")
    assert read(nested, {"a": [{"b": {"n": "x"}}, {"b": [{"n": "y"}, {"n": "z"}]}, {}, 5]})[0] == [
        {"name": "x"},
        {"name": "y"},
        {"name": "z"},
    ]
    assert read(nested, {"a": {"k": {"b": {"n": "x"}}}})[0] == [{"name": "x"}]
    assert read(nested, {"a": 5}) == read(nested, []) == ([], True)


def test_keys_with_dots() -> None:
    bridge = ask("link", {"name": "{Options.com.docker.network.bridge.name}"}, where={"Driver": "bridge"})
    network = {"Driver": "bridge", "Options": {"com.docker.network.bridge.name": "docker0", "com": {"docker": 1}}}
    assert read(bridge, [network, {"Driver": "overlay"}]) == ([{"name": "docker0"}], True)


def test_the_first_characters() -> None:
    assert read(ask("link", {"name": "br-{Id:12}"}), [{"Id": "0123456789abcdef"}])[0] == [{"name": "br-0123456789ab"}]
    assert fill("{a:2}{b}", {"a": "xyz", "b": 7}) == "xy7" and names("{a:2}-{@stem}") == ["a", "@stem"]
    for wrong in ("{", "}", "{}", "{a!r}", "{a:0}", "{0}", "{a b}", "{{a}}"):
        with pytest.raises(ValueError, match="expected a name in braces"):
            names(wrong)


def test_items_that_are_no_objects() -> None:
    plain = ask("address", {"address": "{@value}"}, select="ips")
    assert read(plain, {"ips": ["100.64.0.1", "fd7a::1"]})[0] == [{"address": "100.64.0.1"}, {"address": "fd7a::1"}]


def test_addresses_as_systemd_writes_them() -> None:
    address = ask("address", {"address": "{Address}/{PrefixLength}"}, where={"ConfigSource": "[!f]*"})
    item = {"Address": [192, 0, 2, 10], "PrefixLength": 24, "ConfigSource": "static"}
    v6 = {"Address": [32, 1, 13, 184] + [0] * 11 + [9], "PrefixLength": 64, "ConfigSource": "DHCPv6"}
    found, whole = read(address, [item, v6, dict(item, ConfigSource="foreign"), dict(item, Address=[1, 2])])
    assert found == [{"address": "192.0.2.10/24"}, {"address": "2001:db8::9/64"}]
    assert not whole, "one that is selected has no address"


def test_values_are_what_they_should_be() -> None:
    rule = ask("rule", {"priority": "{p}", "table": "{t}", "src": "{s}"})
    assert read(rule, {"p": 100, "t": "0x64", "s": "10.0.0.7/8"})[0] == [
        {"priority": 100, "table": 100, "src": "10.0.0.0/8"}
    ]
    for wrong in ({"p": "x"}, {"t": 1.5}, {"s": "10.0.0.0/40"}, {"s": ""}, {"s": True}, {"s": "1" * 1000}):
        assert read(rule, dict({"p": 1, "t": 1, "s": "::/0"}, **wrong)) == ([], False)
    assert read(ask("link", {"name": "{n}"}), {"n": "a\x1b[31m"})[0] == [{"name": "a\\x1b[31m"}]


def test_a_file_for_each_object() -> None:
    asked = ask("link", {"name": "{@stem}"}, format="text")
    assert read(asked, "[Interface]\nPrivateKey = secret\n", stem="wg0") == ([{"name": "wg0"}], True)


KEEPALIVED = """
vrrp_instance one {
    virtual_ipaddress {
        192.0.2.50/24 dev eth0 label eth0:1
        192.0.2.51
        # 192.0.2.52
        ! 192.0.2.53
        2001:db8::50/64
    }
    notify_master "/bin/x 192.0.2.99"
    virtual_ipaddress_excluded { 192.0.2.60 dev eth1 } virtual_ipaddress { 192.0.2.61 }
}
virtual_server 192.0.2.70 80 {
    virtual_routes { 192.0.2.80 }
"""


def test_blocks_of_a_text() -> None:
    asked = ask(
        "address",
        {"address": "{address}"},
        format="text",
        begin=r"\bvirtual_ipaddress(_excluded)?\s*\{",
        end=r"\}",
        pattern=r"^\s*(?P<address>[0-9A-Fa-f.:]+(/\d+)?)(?=\s|$)",
    )
    found, _whole = read(asked, KEEPALIVED)
    assert [item["address"] for item in found] == [
        "192.0.2.50/24",
        "192.0.2.51",
        "2001:db8::50/64",
        "192.0.2.60",
        "192.0.2.61",
    ]


def test_what_is_no_answer() -> None:
    for text in ("", "{", "[" * 100000, "\x00"):
        with pytest.raises(ValueError, match=r".+"):
            read(STATUS, text)


def test_too_many_are_cut_and_said_to_be() -> None:
    many = [{"tunnel_name": "doublezero%d" % number} for number in range(answers.MAX_WANTS + 5)]
    found, whole = read(STATUS, many)
    assert len(found) == answers.MAX_WANTS and not whole
    assert read(STATUS, many[:2] * 5000) == ([{"name": "doublezero0"}, {"name": "doublezero1"}], True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "n", "a.b"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON, st.sampled_from(["", "a", "a.*", "*.b", "*"]))
def test_no_answer_breaks_it(value, select: str) -> None:
    for kind, key in (("link", "name"), ("address", "address"), ("route", "dst"), ("rule", "priority")):
        found, _whole = read(ask(kind, {key: "{a.b}"}, select=select), json.dumps(value))
        assert all(set(item) == {key} for item in found)
