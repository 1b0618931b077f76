# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page in a real browser (headless Chromium): what runs, what is fetched, what fits, what the filter does."""

from __future__ import annotations

import html
import http.server
import json
import re
import shutil
import subprocess
import threading

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet
from ansible_collections.netmend.reclaim.plugins.module_utils.report.html import render
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (Debian's package chromium)")

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --virtual-time-budget=5000 --dump-dom"
).split()


@pytest.fixture
def browse(tmp_path):
    """Opens a page and returns the document as it is when everything has run."""

    def open_page(text: str, *flags: str) -> str:
        path = tmp_path / "page.html"
        path.write_text(text, encoding="utf-8")
        command = [CHROMIUM, *FLAGS, "--user-data-dir=%s" % (tmp_path / "profile"), *flags, path.as_uri()]
        done = subprocess.run(command, capture_output=True, timeout=120, check=True)
        return done.stdout.decode("utf-8")

    return open_page


def page(results) -> str:
    return render(results if "schema" in results else fleet.document(results, samples.NOON))


def probed(text: str, script: str) -> str:
    """The page without its policy, and with a script whose value becomes the title."""
    text = re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "", text)
    return text + "<script>document.title = JSON.stringify((() => { %s })());</script>" % script


def title(document: str) -> str:
    found = re.search(r"<title>(.*?)</title>", document, re.DOTALL)
    assert found
    return html.unescape(found.group(1))


def ask(browse, text: str, script: str, *flags: str):
    return json.loads(title(browse(probed(text, script), *flags)))


def test_the_test_would_see_a_script_that_ran(browse):
    assert title(browse("<!DOCTYPE html><title>calm</title>" + samples.HOSTILE[1][2:])) == "owned"


@pytest.mark.parametrize("number", [*range(len(samples.HOSTILE)), None])
def test_no_script_of_a_host_runs(browse, number):
    results = samples.hostile_fleet()
    if number is not None:
        results = dict(list(results.items())[3 * number : 3 * number + 3])
    document = browse(page(results))
    assert title(document).startswith("Network audit, ")
    assert not re.search(r"<(img|iframe|object|embed)\b", document)
    # The page draws too, but nothing that a host sent is one of its drawings.
    assert not re.search(r'<svg(?! class="(way|trend)" role="img" )', document)
    assert len(re.findall(r"<script\b", document)) == 1
    # The page's own script did run: the filter is there.
    assert re.search(r'<form id="filter" aria-label', document)


def test_no_script_in_a_waiver_an_owner_or_the_way_of_packets_runs(browse):
    document = browse(render(samples.hostile_judged()))
    assert title(document).startswith("Network audit, ")
    assert not re.search(r"<(img|iframe|object|embed)\b", document)
    assert len(re.findall(r"<script\b", document)) == 1
    assert (
        len(re.findall(r"<svg\b", document)) == len(re.findall(r'<svg class="(?:way|trend)" role="img" ', document)) > 5
    )


def test_what_hosts_and_people_wrote_is_read_as_they_wrote_it(browse):
    script = "const said = document.body.textContent; return %s.map((text) => said.split(text).length - 1);"
    for results, least in ((samples.hostile_fleet, 10), (samples.hostile_judged, 8)):
        counts = ask(browse, page(results()), script % json.dumps(samples.HOSTILE[:3]).replace("<", "\\u003c"))
        assert min(counts) >= least


def test_the_policy_stops_what_escaping_would_let_through(browse):
    """The second wall, with the first one torn down."""
    for text in (samples.HOSTILE[0], samples.HOSTILE[1][2:], samples.HOSTILE[2][2:]):
        broken = page(samples.fleet_of_few()).replace("<main>", "<main>" + text)
        assert title(browse(broken)).startswith("Network audit, ")


def test_without_scripts_everything_can_be_read(browse):
    # By policy: with its scripting switched off, the browser prints no document.
    text = re.sub(r"script-src \S+;", "script-src 'none';", page(samples.fleet_of_few()))
    document = browse(text)
    assert re.search(r'<form id="filter" hidden=""', document)
    assert "ip route get 216.238.110.55" in document


FILTER = """
  const form = document.getElementById("filter");
  %s
  form.dispatchEvent(new Event("input", { bubbles: true }));
  const shown = (selector) => [...document.querySelectorAll(selector)].filter((item) => !item.closest("[hidden]"));
  return {
    findings: shown(".finding").map((item) => item.querySelector("h4").textContent.slice(0, 30)),
    hosts: shown(".host").map((item) => item.dataset.name),
    said: document.getElementById("shown").textContent,
  };
"""


@pytest.mark.parametrize(
    ("act", "findings", "hosts", "said"),
    [
        ("", 4, ["dfw-mn-bm1", "edge1", "edge2", "edge3"], "All 5 shown"),
        ('form.elements.host.value = "EDGE1";', 2, ["edge1"], "2 of 5 shown"),
        ('form.elements.host.value = "nobody";', 0, [], "0 of 5 shown"),
        ('form.elements.rule.value = "RC102";', 1, ["dfw-mn-bm1", "edge1", "edge2", "edge3"], "1 of 5 shown"),
        (
            'form.querySelector("[value=low]").checked = false;',
            1,
            ["dfw-mn-bm1", "edge1", "edge2", "edge3"],
            "1 of 5 shown",
        ),
    ],
)
def test_the_filter(browse, act, findings, hosts, said):
    got = ask(browse, page(samples.fleet_of_few()), FILTER % act)
    assert (len(got["findings"]), sorted(got["hosts"]), got["said"]) == (findings, hosts, said)


@pytest.mark.parametrize(
    ("act", "findings", "said"),
    [
        ("", 4, "All 5 shown"),
        ('form.elements.owner.value = "doublezerod";', 1, "1 of 5 shown"),
        (
            'for (const box of form.querySelectorAll("[name=state]")) box.checked = box.value === "new";',
            1,
            "1 of 5 shown",
        ),
        ('form.querySelector("[value=waived]").checked = false;', 3, "3 of 5 shown"),
    ],
)
def test_the_filter_by_owner_and_standing(browse, act, findings, said):
    got = ask(browse, page(samples.judged()), FILTER % act)
    assert (len(got["findings"]), got["said"]) == (findings, said)


def test_a_link_to_a_finding_opens_it_also_when_it_is_filtered_away(browse):
    script = """
      document.getElementById("filter").elements.host.value = "nobody";
      document.getElementById("filter").dispatchEvent(new Event("input"));
      const before = document.getElementById("f1").hidden;
      history.replaceState(null, "", "#f1");
      dispatchEvent(new Event("hashchange"));
      const target = document.getElementById("f1");
      return [before, target.hidden, target.open];
    """
    assert ask(browse, page(samples.fleet_of_few()), script) == [True, False, True]


MANY = {"web%02d" % number: samples.registered(samples.litter(number)) for number in range(50)}
FOLDED = """
  const more = [...document.querySelectorAll(".more")];
  const form = document.getElementById("filter");
  const state = () => more.map((item) => item.open && !item.hidden);
  const states = [state()];
  form.elements.host.value = "web49";
  form.dispatchEvent(new Event("input"));
  states.push(state());
  form.elements.host.value = "web00";
  form.dispatchEvent(new Event("input"));
  states.push(state());
  form.reset();
  location.hash = "#f50";
  dispatchEvent(new Event("hashchange"));
  states.push(state());
  return states;
"""


def test_what_is_folded_for_its_number_opens_when_it_is_looked_for(browse):
    assert ask(browse, page(MANY), FOLDED) == [[False, False], [True, True], [False, False], [True, False]]


def test_commands_can_be_copied_once_a_finding_is_open(browse):
    script = """
      const finding = document.getElementById("f1");
      finding.open = true;
      finding.dispatchEvent(new Event("toggle"));
      finding.dispatchEvent(new Event("toggle"));
      return [finding.querySelectorAll(".command").length, finding.querySelectorAll(".command button").length];
    """
    assert ask(browse, page(samples.fleet_of_few()), script) == [4, 4]


def test_print_shows_what_is_folded(browse, tmp_path):
    """As a PDF, which a browser makes with the style for print."""
    path = tmp_path / "page.html"
    path.write_text(page(samples.fleet_of_few()), encoding="utf-8")
    target = tmp_path / "page.pdf"
    flags = [flag for flag in FLAGS if flag != "--dump-dom"]
    command = [CHROMIUM, *flags, "--user-data-dir=%s" % (tmp_path / "profile"), "--print-to-pdf=%s" % target]
    subprocess.run([*command, path.as_uri()], capture_output=True, timeout=120, check=True)
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext here (Debian's package poppler-utils)")
    text = subprocess.run(["pdftotext", "-layout", target, "-"], capture_output=True, timeout=60, check=True).stdout
    assert "ip route get 216.238.110.55" in text.decode()


class Served(http.server.BaseHTTPRequestHandler):
    """Serves one page, and notes all that is asked for."""

    def do_GET(self):
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.server.page)

    def log_message(self, *_arguments):
        pass


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (page(samples.hostile_fleet()), {"/"}),
        ('<!DOCTYPE html><title>control</title><link rel="icon" href="data:,">' + samples.HOSTILE[1][2:], {"/", "/x"}),
    ],
    ids=["report", "control"],
)
def test_nothing_is_fetched_but_the_page(tmp_path, text, asked):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Served) as server:
        server.page = text.encode("utf-8")
        server.asked = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            command = [CHROMIUM, *FLAGS, "--user-data-dir=%s" % (tmp_path / "profile")]
            subprocess.run(
                [*command, "http://127.0.0.1:%d/" % server.server_port], capture_output=True, timeout=120, check=True
            )
        finally:
            server.shutdown()
            thread.join()
        assert set(server.asked) == asked
