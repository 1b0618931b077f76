# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make bench``: how long the page of a report takes to open, of one host and of 2,000, as Chromium itself measures it.

Writes build/bench-page.json, a list of {hosts, findings, mib, render_seconds, painted, loaded, found, runs}: the size of the file,
the seconds that it takes to write, and medians of milliseconds until something is seen, until all is loaded and the filter
works, and until one host's findings are told with their evidence after its name was written into the filter.
"""

from __future__ import annotations

import json
import pathlib
import statistics
import sys
import tempfile
import time
import typing as t

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "build" / "collections"), str(ROOT / "tests" / "integration" / "report")]

import chromium  # noqa: E402
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, html  # noqa: E402
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples  # noqa: E402

RUNS = 5
OPENED = """
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const [navigation] = performance.getEntriesByType("navigation");
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  return [paint ? paint.startTime : null, navigation.loadEventEnd];
"""
FOUND = """
  const began = performance.now();
  const form = document.getElementById("filter");
  form.elements.host.value = %s;
  form.dispatchEvent(new Event("input"));
  const shown = [...document.querySelectorAll(".finding:not([hidden])")];
  for (const one of shown) one.open = true;
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  do await frame(); while (!shown.every((one) => one.querySelector(".evidence")));
  return performance.now() - began;
"""


def measured(browser: chromium.Browser, hosts: int) -> dict[str, t.Any]:
    results = samples.large_fleet(hosts)
    document = fleet.document(results, samples.NOON)
    began = time.perf_counter()
    text = html.render(document)
    seconds = time.perf_counter() - began
    name = next(host for host in reversed(document["hosts"]) if document["hosts"][host]["status"] == fleet.AUDITED)
    painted, loaded, found = [], [], []
    with tempfile.TemporaryDirectory() as where:
        path = pathlib.Path(where) / "index.html"
        path.write_text(text, encoding="utf-8")
        for number in range(RUNS + 1):
            tab = browser.page().open(path.as_uri())
            paint, load = tab.ask(OPENED)
            find = tab.ask(FOUND % json.dumps(name))
            tab.close()
            if number:  # the first one warms the browser up
                painted += [paint] if paint is not None else []
                loaded.append(load)
                found.append(find)
    return {
        "hosts": hosts,
        "findings": document["summary"]["total"],
        "mib": round(len(text.encode("utf-8")) / 2**20, 2),
        "render_seconds": round(seconds, 2),
        "painted": round(statistics.median(painted)) if painted else None,
        "loaded": round(statistics.median(loaded)),
        "found": round(statistics.median(found)),
        "runs": RUNS,
    }


def main() -> None:
    if chromium.PROGRAM is None:
        print("no Chromium here (Debian's package chromium): the page is not measured")
        return
    with chromium.running() as browser:
        rows = [measured(browser, hosts) for hosts in (1, 2000)]
    (ROOT / "build" / "bench-page.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="ascii")
    for row in rows:
        print(
            "page of {hosts:,} hosts: {mib} MiB, written in {render_seconds} s, seen after {painted} ms, loaded after {loaded} ms, "
            "a host found after {found} ms".format(**row)
        )


if __name__ == "__main__":
    main()
