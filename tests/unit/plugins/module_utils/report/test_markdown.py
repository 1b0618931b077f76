# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, markdown
from ansible_collections.netmend.reclaim.plugins.module_utils.report.text import short
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples

markdown_it = pytest.importorskip("markdown_it")
pytest.importorskip("hypothesis")

from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report.texts import TEXTS  # noqa: E402
from hypothesis import example, given  # noqa: E402

OURS = {
    "heading_open", "heading_close", "paragraph_open", "paragraph_close", "bullet_list_open", "bullet_list_close",
    "list_item_open", "list_item_close", "strong_open", "strong_close", "text", "code_inline", "inline", "table_open",
    "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close", "tr_open", "tr_close", "th_open", "th_close",
    "td_open", "td_close",
}  # fmt: skip
"""What a summary is made of: no link, image, HTML, emphasis or rule."""


class Rendered:
    """What a reader of the Markdown gets to see."""

    def __init__(self, source):
        self.source = source
        # All of it: what GitHub knows (strikethrough, tables, bare links), and HTML.
        self.tokens = markdown_it.MarkdownIt("js-default", {"html": True}).parse(source)
        self.parts = [part for token in self.tokens for part in (token, *(token.children or ()))]
        self.kinds = {part.type for part in self.parts}
        self.code = [part.content for part in self.parts if part.type == "code_inline"]
        self.items = [self._words(token) for token in self.tokens if token.type == "inline"]

    @staticmethod
    def _words(token):
        return "".join(part.content for part in token.children).replace("\u2060", "")

    def headings(self):
        return [
            self._words(self.tokens[number + 1])
            for number, token in enumerate(self.tokens)
            if token.type == "heading_open"
        ]


def judged():
    """One finding of edge3 is resolved; another of edge1 was not looked at."""
    return samples.judged(edge3=samples.registered(samples.litter(5)))


def rendered(document):
    return Rendered(markdown.render(document))


def test_the_summary():
    page = rendered(judged())
    assert page.kinds == OURS
    assert page.headings() == [
        "Network audit: 1 of 4 audited hosts needs attention now.",
        "Waivers that have expired",
        "Not audited",
        "Findings",
        "Resolved",
        "Not looked at this time",
        "Waived",
        "Could not be read",
    ]
    assert page.items[1] == (
        "2025-11-24 08:00:00 UTC. 7 hosts: 4 audited, 1 unreachable, 1 failed, 1 skipped. 5 findings, 1 new, 2 waived, "
        "1 resolved. Compared with 2025-11-24T070000Z."
    )
    found = [item for item in page.items if item.startswith(("high", "low")) and " on " in item]
    assert found[0].startswith("high RC102 owner-session-source-gone on dfw-mn-bm1: doublezerod (pid 1027617")
    assert found[0].endswith(" See: journalctl -u doublezerod.service --since -10min")
    assert found[1].startswith("low, new RC301 rule-table-empty on edge1: The rule 'from 10.9.3.0/24 lookup 52'")
    assert "low RC301 rule-table-empty on edge1, edge2, until 2025-12-31 by dana: the table is filled again" in found[5]
    assert page.items[2:12] == ["critical", "high", "medium", "low", "info", "0", "1", "0", "2", "0"]


def test_nothing_found_is_short():
    assert markdown.render(fleet.document({"a": samples.registered()}, samples.NOON)).count("\n") == 7


@pytest.mark.parametrize("results", [samples.hostile_fleet, samples.large_fleet, lambda: samples.large_fleet(5000)])
def test_short_enough_for_a_comment(results):
    page = rendered(fleet.document(results(), samples.NOON))
    assert len(page.source) < 65536
    assert page.kinds <= OURS
    assert any("more in the whole report" in item for item in page.items)


def test_the_worst_of_many_come_first_and_the_others_are_counted():
    page = rendered(fleet.document(samples.large_fleet(), samples.NOON))
    found = [item for item in page.items if item.startswith(("high", "low")) and " on " in item]
    assert len(found) == 50 and all(item.startswith("high") for item in found)
    (more,) = [item for item in page.items if item.startswith("…") and "more in the whole report" in item][1:]
    assert more == "… and 3,221 more in the whole report"


@pytest.mark.parametrize(
    "text",
    ["a`b", "``", "`", " x ", "`x` y", "\\", "\\`", "a|b", "   ", "", "x\ny", "```\n# x\n```", "@all #1 http://x.y"],
)
def test_code_is_what_it_was(text):
    page = Rendered("* a %s b" % markdown.code(text, 100))
    assert page.code == ([short(text, 100)] if text.strip() else [])
    assert page.kinds <= OURS


@pytest.mark.parametrize("text", ["@root", "org/repo#12", "see https://x.example/a", "www.x.example", "a@x.example"])
def test_services_find_nothing_to_link(text):
    escaped = markdown.escaped(text, 100)
    assert all(sign + "\u2060" in escaped.replace("\\", "") for sign in "@#" if sign in text)
    assert "://" not in escaped.replace("\\", "") and "www." not in escaped.replace("\\", "")
    assert Rendered(escaped).items == [text]


@given(TEXTS)
@example(" " * 700)  # indented by four spaces, an entry would be a block of code
def test_whatever_hosts_say_it_stays_text(text):
    page = rendered(samples.everywhere(text))
    assert page.kinds <= OURS
    assert len(page.source) < 65536
    shown = short(text, 400)
    assert shown.strip() == "" or any(shown.strip() in item for item in page.items)
    assert len([item for item in page.items if item.startswith("high, new ")]) == 1
    levels = [token.tag for token in page.tokens if token.type == "heading_open"]
    assert levels.count("h1") == 1 and set(levels) <= {"h1", "h2"}


@given(TEXTS)
def test_escaped_text_is_shown_as_it_was(text):
    page = Rendered("* a " + markdown.escaped(text, 10000) + " b")
    assert page.kinds <= OURS
    assert page.items == ["a %s b" % short(text, 10000)]
