# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, table
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples


def lines(results, width=100, **options):
    return table.lines(fleet.document(results, samples.NOON), width, **options)


def test_the_table_of_a_few():
    assert lines(samples.fleet_of_few()) == [
        "HOST        SEVERITY     RULE   CAUSE",
        "dfw-mn-bm1  high         RC102  doublezerod (pid 1027617, unit doublezerod.service) keeps sending",
        "                                from 209.245.225.161 on doublezero0 to 216.238.110.55, 64.86.249.22,",
        "                                but the source 209.245.225.161 is not an address of this host any",
        "                                more: each send fails with ENETUNREACH.",
        "edge1 +1    low          RC301  The rule 'from 10.9.2.0/24 lookup 52' asks a table that holds no",
        "                                route.",
        "dfw-mn-bm1  low          RC301  The rule 'from 10.9.1.0/24 lookup 52' asks a table that holds no",
        "                                route.",
        "edge1       low          RC301  The rule 'from 10.9.3.0/24 lookup 52' asks a table that holds no",
        "                                route.",
        "db7         unreachable         Failed to connect to the host via ssh: Connection refused",
        "db8         failed              pyroute2 is wanted and not there",
        "db9         skipped             it left the play before it was audited",
        "",
        "Not seen on edge1 +1: owners of other users' sockets (not root (CAP_SYS_PTRACE is wanted))",
        "",
        "7 hosts: 4 audited, 1 unreachable, 1 failed, 1 skipped. 5 findings on 3 hosts: 1 high, 4 low.",
    ]


def test_a_narrow_screen_has_the_cause_below():
    assert lines({"db1": samples.registered(samples.litter(1))}, 40) == [
        "low RC301 db1",
        "  The rule 'from 10.9.1.0/24 lookup 52'",
        "  asks a table that holds no route.",
        "",
        "1 host: 1 audited. 1 finding on 1 host:",
        "  1 low.",
    ]


@pytest.mark.parametrize("width", [1, 20, 40, 71, 72, 79, 100, 250])
@pytest.mark.parametrize("results", [samples.fleet_of_few, samples.hostile_fleet])
def test_no_line_is_wider_than_the_screen(results, width):
    assert max(len(line) for line in lines(results(), width)) <= max(width, 45)


def test_nothing_from_a_host_steers_the_terminal():
    for line in lines(samples.hostile_fleet()):
        assert line.isprintable()


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ({}, ["0 hosts. Nothing was audited."]),
        ({"a": samples.registered()}, ["1 host: 1 audited. No findings."]),
        ({"a": samples.unreachable("gone")}, ["1 host: 1 unreachable. Nothing was audited."]),
    ],
)
def test_the_last_line_of_little(results, said):
    assert lines(results)[-1:] == said


def test_a_large_fleet_is_counted_not_poured_out():
    said = lines(samples.large_fleet(), 120)
    total = 980 * 7 + 327
    assert len(said) < 200
    assert [line.split("  ")[-1] for line in said if line.startswith("… ")] == [
        f"{total - 40:,} more findings; the page has them"
    ]
    assert any(line.startswith("web0049.example.net +19") for line in said)
    assert said[-1].startswith(f"1,000 hosts: 980 audited, 20 unreachable. {total:,} findings on 980 hosts: 327 high,")


def test_only_the_severity_is_coloured_and_columns_stay():
    plain = lines({"a": samples.registered(samples.litter())})
    coloured = lines({"a": samples.registered(samples.litter())}, paint=lambda word, text: "<%s>%s</>" % (word, text))
    assert coloured[1] == plain[1].replace("low     ", "<low>low     </>")


def test_wide_characters_take_two_columns():
    said = lines(
        {"東京": samples.registered(samples.litter()), "ab": samples.registered(samples.litter(2))},
        measure=lambda text: sum(2 if ord(char) > 0x2E80 else 1 for char in text),
    )
    assert [said[1].index("low"), said[2].index("low")] == [6, 4]
