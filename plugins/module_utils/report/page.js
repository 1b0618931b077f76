"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const form = document.getElementById("filter");
  const hosts = all(".host").map((element) => ({ element, name: element.dataset.name.toLowerCase() }));
  const named = new Map(hosts.map(({ element, name }) => [element.id.slice(1), name]));
  const findings = all(".finding").map((element) => ({
    element,
    severity: element.dataset.severity,
    rule: element.dataset.rule,
    state: element.dataset.state,
    owner: element.dataset.owner,
    hosts: element.dataset.hosts.split(" ").map((number) => named.get(number)),
  }));
  const total = findings.reduce((sum, finding) => sum + finding.hosts.length, 0);
  const groups = all(".rule");
  const more = all(".more");

  function filter() {
    const severities = new Set(all("[name=severity]:checked", form).map((box) => box.value));
    const states = new Set(all("[name=state]:checked", form).map((box) => box.value));
    const standings = Boolean(form.querySelector("[name=state]"));
    const rule = form.elements.rule.value;
    const owner = form.elements.owner?.value;
    const host = form.elements.host.value.trim().toLowerCase();
    let shown = 0;
    for (const finding of findings) {
      const wanted = severities.has(finding.severity) && (!rule || finding.rule === rule)
        && (!standings || states.has(finding.state)) && (!owner || finding.owner === owner);
      const where = wanted ? finding.hosts.filter((name) => name.includes(host)).length : 0;
      finding.element.hidden = !where;
      shown += where;
    }
    // What is folded for its number shows when something in it is looked for.
    const seeking = shown < total;
    for (const group of groups) group.hidden = !group.querySelector(".finding:not([hidden])");
    for (const item of hosts) item.element.hidden = Boolean(host) && !item.name.includes(host);
    for (const item of more) {
      item.hidden = !item.querySelector(".finding:not([hidden]), .host:not([hidden]), .gone, .ledger");
      if (seeking && !item.querySelector(".gone, .ledger")) item.open = !item.hidden;
    }
    const [some, of] = [shown, total].map((number) => number.toLocaleString("en"));
    document.getElementById("shown").textContent = seeking ? `${some} of ${of} shown` : `All ${of} shown`;
  }

  // What is in a large fleet's findings is packed; it comes when one is opened. It is HTML of the page's own making.
  const size = Number(document.querySelector("main").dataset.chunk);
  const chunks = new Map();

  function chunk(number) {
    if (!chunks.has(number)) {
      const text = atob(document.getElementById(`z${number}`).textContent);
      const packed = new Blob([Uint8Array.from(text, (char) => char.charCodeAt(0))]);
      chunks.set(number, new Response(packed.stream().pipeThrough(new DecompressionStream("deflate"))).json());
    }
    return chunks.get(number);
  }

  async function unpack(element) {
    const { packed } = element.dataset;
    const number = Math.floor(packed / size);
    if (!document.getElementById(`z${number}`) || !("DecompressionStream" in window)) return;
    delete element.dataset.packed;
    const pieces = await chunk(number);
    element.querySelector(":scope > .inside").innerHTML = pieces[packed % size];
  }

  // Buttons come when something is opened: a large fleet has many thousands of commands.
  function equip(element) {
    for (const code of all(".command > code:only-child", element)) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Copy";
      button.setAttribute("aria-label", "Copy the command");
      button.addEventListener("click", () => copy(button, code.textContent));
      code.after(button);
    }
    if (form && element.matches(".host") && !element.querySelector(".only")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "only";
      button.textContent = "Only this host\u2019s findings";
      button.addEventListener("click", () => {
        form.reset();
        form.elements.host.value = element.dataset.name;
        filter();
        document.getElementById("findings").scrollIntoView();
        form.elements.host.focus({ preventScroll: true });
      });
      element.querySelector(":scope > .inside").append(button);
    }
  }

  document.addEventListener("toggle", async (event) => {
    if (!event.target.open) return;
    if (event.target.dataset.packed !== undefined) await unpack(event.target);
    equip(event.target);
  }, true);

  async function copy(button, text) {
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      getSelection().selectAllChildren(button.previousElementSibling);
      done = document.execCommand("copy");
    }
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  }

  if (form) {
    form.hidden = false;
    document.getElementById("filters").open = matchMedia("(min-width: 46rem)").matches;
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(filter));
    filter();
    const unfold = document.getElementById("unfold");
    unfold.addEventListener("click", () => {
      const open = unfold.getAttribute("aria-pressed") !== "true";
      for (const finding of findings) if (!finding.element.hidden) finding.element.open = open;
      for (const item of more) item.open = open;
      unfold.setAttribute("aria-pressed", String(open));
      unfold.textContent = open ? "Close all" : "Open all";
    });
  }

  // A link to something that is folded or filtered away opens it.
  function reveal() {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!target) return;
    if (form && target.closest("[hidden]")) {
      form.reset();
      filter();
    }
    for (let item = target.closest("details"); item; item = item.parentElement.closest("details")) item.open = true;
    target.scrollIntoView();
  }
  addEventListener("hashchange", reveal);
  reveal();

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details:not([open], .about)").filter((element) => !element.closest("[hidden]"));
    for (const element of opened) element.open = true;
  });
  addEventListener("afterprint", () => {
    for (const element of opened) element.open = false;
  });
})();
