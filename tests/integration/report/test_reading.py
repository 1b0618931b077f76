# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page in the hands of people: with a keyboard, with a screen reader (axe-core judges), on a phone, and of a large fleet."""

from __future__ import annotations

import pathlib
import typing as t

import chromium
import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, html
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples
from chromium import DESKTOP, PHONE, Browser, Page

pytestmark = pytest.mark.skipif(chromium.PROGRAM is None, reason="no Chromium here (Debian's package chromium)")

NARROW = (320, 700)


def everything() -> t.Dict[str, t.Any]:
    """A page with each of its parts: what is new, waived, resolved, planned, drawn, mended and went wrong."""
    mark = samples.finding()["fingerprint"]
    drawn = samples.finding(details={"cause": "source-not-local", "peers": ["216.238.110.55"]})
    planned = samples.registered(
        drawn, samples.litter(1), plan=samples.plan([mark], [samples.litter(1)["fingerprint"]])
    )
    document = samples.judged(edge3=samples.registered(samples.litter(5)))
    host = fleet.document({"dfw-mn-bm1": dict(planned, profile=["validator"])}, samples.NOON)["hosts"]["dfw-mn-bm1"]
    told = document["hosts"]["dfw-mn-bm1"]["findings"]
    host["findings"] = [{**one, "standing": "known", "since": was["since"], "waived": was["waived"]} for one, was in zip(
        host["findings"], told)]  # fmt: skip
    before = fleet.document({"dfw-mn-bm1": samples.registered(drawn)}, samples.NOON)["hosts"]
    mended = fleet.document({"dfw-mn-bm1": planned}, samples.NOON, {"dfw-mn-bm1": samples.applied()}, before)["mends"]
    hosts = dict(document["hosts"], **{"dfw-mn-bm1": host})
    return dict(document, hosts=hosts, mends=mended, problems=["the waivers are wrong: until is 'soon'"])


DOCUMENTS: t.Dict[str, t.Callable[[], t.Dict[str, t.Any]]] = {
    "everything": everything,
    "hostile": samples.hostile_judged,
    "hostile hosts": lambda: fleet.document(samples.hostile_fleet(), samples.NOON),
    "one host": lambda: fleet.document({"a": samples.registered(samples.finding())}, samples.NOON),
    "nothing found": lambda: fleet.document({"a": samples.registered()}, samples.NOON),
    "nobody": lambda: fleet.document({"a": samples.unreachable()}, samples.NOON),
}


@pytest.fixture(scope="module")
def browser() -> t.Iterator[Browser]:
    with chromium.running() as browser:
        yield browser


@pytest.fixture
def show(browser: Browser, tmp_path: pathlib.Path) -> t.Iterator[t.Callable[..., Page]]:
    """Opens the page of a fleet document."""
    tabs = []

    def open_page(document: t.Mapping[str, t.Any], size: t.Tuple[int, int] = DESKTOP, dark: bool = False) -> Page:
        path = tmp_path / ("page%d.html" % len(tabs))
        path.write_text(html.render(document), encoding="utf-8")
        tabs.append(browser.page(size, dark))
        return tabs[-1].open(path.as_uri())

    yield open_page
    for tab in tabs:
        tab.close()


# Screen readers -------------------------------------------------------------------------------------------------------

UNFOLD = """
  for (const item of document.querySelectorAll("details")) item.open = true;
  await new Promise((done) => setTimeout(done, 300));
"""
AXE = """
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.html).join(" | ")}`);
"""


def test_the_judge_finds_what_is_wrong(browser: Browser, axe: str) -> None:
    tab = browser.page().open("data:text/html,<title>t</title><p style='color:%23ccc'>pale</p><img src=x>")
    tab.value(axe + ";0")
    found = " ".join(tab.ask(AXE))
    tab.close()
    assert "color-contrast" in found
    assert "image-alt" in found


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_screen_reader_can_use_it(show, axe: str, kind: str, size, dark: bool) -> None:
    tab = show(DOCUMENTS[kind](), size, dark)
    tab.value(axe + ";0")
    assert tab.ask(AXE) == []
    assert tab.ask(UNFOLD + AXE) == []


# Keyboards ------------------------------------------------------------------------------------------------------------

FOCUSED = """
  const on = document.activeElement;
  if (!on || on === document.body) return null;
  const style = getComputedStyle(on);
  const box = on.getBoundingClientRect();
  const finding = on.closest(".finding");
  return {
    what: on.name || (on.matches("summary") && finding ? finding.id : on.id || on.textContent.trim().slice(0, 30)),
    tag: on.localName,
    ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
"""


def walk(tab: Page, most: int = 300) -> t.List[t.Dict[str, t.Any]]:
    """Where the Tab key leads, until it leaves the page."""
    stops: t.List[t.Dict[str, t.Any]] = []
    for _number in range(most):
        tab.key("Tab")
        on = tab.ask(FOCUSED)
        if on is None:
            return stops
        stops.append(on)
    raise AssertionError("the Tab key leads nowhere: %r" % stops[-5:])


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_tab_key_leads_to_every_filter_and_finding_and_one_sees_where_it_is(show, size) -> None:
    tab = show(everything(), size)
    tab.ask(
        'document.getElementById("filters").open = true; for (const one of document.querySelectorAll(".more")) one.open = true;'
    )
    stops = walk(tab)
    assert stops[0]["what"] == "Skip to the findings"
    seen = [stop["what"] for stop in stops]
    filters = tab.ask(
        'return [...document.getElementById("filter").elements].filter((one) => one.name).map((one) => one.name)'
    )
    findings = tab.ask('return [...document.querySelectorAll(".finding")].map((one) => one.id)')
    assert {"severity", "rule", "state", "owner", "host"} <= set(filters)
    assert all(seen.count(name) == filters.count(name) for name in filters)
    assert [what for what in seen if what in findings] == findings
    assert seen.index("severity") < seen.index(findings[0])
    assert [stop for stop in stops if not stop["ring"]] == []
    assert [stop for stop in stops if not stop["inside"]] == []


@pytest.mark.parametrize("key", ["Enter", " "])
def test_a_key_opens_and_closes_a_finding_and_the_next_stop_is_in_it(show, key: str) -> None:
    tab = show(everything())
    tab.ask('document.querySelector("#f1 summary").focus()')
    tab.key(key)
    opened = 'return document.getElementById("f1").open'
    assert tab.ask(opened) is True
    # Its buttons come a moment later.
    come = 'document.querySelector("#f1 .command button")'
    tab.ask("for (let turn = 0; turn < 600 && !%s; turn++) await new Promise((done) => setTimeout(done, 100))" % come)
    tab.key("Tab")
    assert tab.ask(
        'return document.activeElement.closest("#f1") !== null && !document.activeElement.matches("summary")'
    )
    tab.key("Tab", shift=True)
    tab.key(key)
    assert tab.ask(opened) is False


def test_the_filter_is_used_with_the_keyboard_alone(show) -> None:
    tab = show(everything())
    shown = 'return [document.getElementById("shown").textContent, document.querySelectorAll(".finding:not([hidden])").length]'
    said, number = tab.ask(shown)
    assert said.startswith("All ")
    tab.ask('document.getElementById("filter").elements.host.focus()')
    tab.write("edge2")
    assert tab.ask(shown) == ["1 of %s shown" % said.split()[1], 1]
    tab.key("Tab")
    tab.key("Enter")  # Reset
    tab.ask("await new Promise((done) => setTimeout(done))")
    assert tab.ask(shown) == [said, number]


# Screens --------------------------------------------------------------------------------------------------------------

WIDEST = (
    UNFOLD
    + """
  const wide = [...document.querySelectorAll("body *")].filter((one) =>
    one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".wide") && !one.closest(".skip"));
  return [document.documentElement.scrollWidth - innerWidth, wide.slice(0, 3).map((one) => one.outerHTML.slice(0, 200))];
"""
)


@pytest.mark.parametrize("size", [NARROW, PHONE, (768, 1024), DESKTOP], ids=lambda size: str(size[0]))
@pytest.mark.parametrize("kind", ["everything", "hostile", "hostile hosts"])
def test_all_fits_when_all_is_open(show, kind: str, size) -> None:
    assert show(DOCUMENTS[kind](), size).ask(WIDEST) == [0, []]


# Large fleets ---------------------------------------------------------------------------------------------------------

FIND = """
  const host = %s;
  const form = document.getElementById("filter");
  form.elements.host.value = host;
  form.dispatchEvent(new Event("input"));
  const shown = [...document.querySelectorAll(".finding:not([hidden])")];
  for (const one of shown) one.open = true;
  const told = () => shown.every((one) => one.querySelector(".evidence"));
  for (let turn = 0; turn < 600 && !told(); turn++) await new Promise((done) => setTimeout(done, 100));
  return shown.map((one) => ({
    rule: one.dataset.rule,
    cause: one.querySelector("h4").textContent,
    evidence: [...one.querySelectorAll(".evidence code")].map((code) => code.textContent),
    mends: [...one.querySelectorAll(".remedy code")].map((code) => code.textContent),
    where: [...one.querySelectorAll(".where a")].map((link) => link.textContent),
    copies: one.querySelectorAll(".command button").length === one.querySelectorAll(".command").length,
  }));
"""


def test_who_looks_for_a_host_finds_all_of_its_findings_with_cause_evidence_and_command(show) -> None:
    """In the middle of 2,000, and the last of them."""
    document = fleet.document(samples.large_fleet(2000), samples.NOON)
    tab = show(document)
    for name in ("web1001.example.net", "web1998.example.net"):
        got = tab.ask(FIND % ('"%s"' % name))
        wanted = document["hosts"][name]["findings"]
        assert sorted((one["rule"], one["cause"]) for one in got) == sorted(
            (one["rule"], one["cause"]) for one in wanted
        )
        by_cause = {(one["rule"], one["cause"]): one for one in wanted}
        for one in got:
            finding = by_cause[one["rule"], one["cause"]]
            assert one["evidence"] == [item["command"] for item in finding["evidence"]]
            assert one["mends"] == [step["command"] for step in finding["remedy"]]
            assert name in one["where"]
            assert one["copies"]


def test_a_link_to_a_host_that_is_packed_opens_it(show) -> None:
    tab = show(fleet.document(samples.large_fleet(600), samples.NOON))
    script = """
      const host = document.querySelector('[data-name="web0598.example.net"]');
      location.hash = host.id;
      for (let turn = 0; turn < 600 && !host.querySelector(".facts"); turn++) await new Promise((done) => setTimeout(done, 100));
      host.querySelector(".only").click();
      return [host.textContent.includes("6.1.0-28-amd64"), document.getElementById("shown").textContent];
    """
    kernel, shown = tab.ask(script)
    assert kernel
    assert shown.startswith("7 of ")


def test_what_is_packed_is_as_harmless(show, monkeypatch) -> None:
    monkeypatch.setattr(html, "_PLAIN", 0)
    for kind in (samples.hostile_judged, lambda: fleet.document(samples.hostile_fleet(), samples.NOON)):
        tab = show(kind())
        script = """
          for (let turn = 0; turn < 600 && document.querySelector("[data-packed]"); turn++) {
            for (const one of document.querySelectorAll("[data-packed]")) { one.open = false; one.open = true; }
            await new Promise((done) => setTimeout(done, 100));
          }
          const main = document.querySelector("main");
          return [document.title, main.querySelectorAll("img, iframe, script, svg:not(.way):not(.trend)").length,
            main.textContent.split(%s).length > 10, document.querySelectorAll("[data-packed]").length];
        """
        title, active, said, left = tab.ask(script % "\"<script>document.title='owned'</script>\"")
        assert title.startswith("Network audit, ")
        assert (active, said, left) == (0, True, 0)
