# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import hashlib
import html.parser
import json
import random
import re
import zlib

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.report import fleet, packed, waivers
from ansible_collections.netmend.reclaim.tests.unit.plugins.module_utils.report import samples

pytest.importorskip("jinja2")

from ansible_collections.netmend.reclaim.plugins.module_utils.report import html as page  # noqa: E402

FORMS = {"form", "fieldset", "legend", "label", "input", "select", "option", "output", "button"}
TEXT = {
    "html", "head", "meta", "link", "title", "style", "script", "body", "header", "main", "footer", "nav", "section",
    "div", "p", "a", "ul", "ol", "li", "dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "span", "strong", "bdi", "code",
    "details", "summary", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
DRAWN = {"svg", "title", "desc", "g", "path", "circle", "rect", "text"}


class Parsed(html.parser.HTMLParser):
    """What a browser would see: elements, their attributes, and text."""

    def __init__(self, results, applied=None, before=None):
        super().__init__()
        document = results if "schema" in results else fleet.document(results, samples.NOON, applied, before)
        self.source = page.render(document)
        self.elements = []
        self.open = []
        self.text = []
        self.feed(self.source)
        self.close()
        # What is packed becomes part of the page where it is opened, so all that holds for the page holds for it.
        self.packed = [piece for chunk in self.chunks() for piece in unpacked(chunk)]
        for piece in self.packed[:: 1 + len(self.packed) // 200]:
            self.feed(piece)

    def chunks(self):
        return re.findall(
            '<script type="application/octet-stream" id="z[0-9]+">([A-Za-z0-9+/=]*)</script>', self.source
        )

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "input"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append((self.open[-1] if self.open else "", data))

    def words(self):
        text = [data for tag, data in self.text if tag not in ("script", "style")]
        return " ".join(" ".join(text).split())

    def all(self, tag, **wanted):
        return [
            found
            for name, found in self.elements
            if name == tag and all(found.get(key) == wanted[key] for key in wanted)
        ]


CHUNK = '<script type="application/octet-stream" id="z[0-9]+">([A-Za-z0-9+/=]*)</script>'


def unpacked(chunk):
    return json.loads(zlib.decompress(base64.b64decode(chunk)))


KINDS = ["fleet_of_few", "hostile_fleet", "large_fleet", "hostile_mends", "judged", "hostile_judged"]


@pytest.fixture(params=[*KINDS, "packed hostile_fleet", "packed hostile_judged"], scope="module")
def parsed(request):
    packing, _space, name = request.param.rpartition(" ")
    made = getattr(samples, name)()
    with pytest.MonkeyPatch.context() as patch:
        if packing:
            patch.setattr(page, "_PLAIN", 0)
        parsed = Parsed(*made) if isinstance(made, tuple) else Parsed(made)
    assert parsed.packed or not packing
    return parsed


def test_only_known_elements_all_closed(parsed):
    assert {tag for tag, _attributes in parsed.elements} <= TEXT | FORMS | DRAWN
    assert parsed.open == []
    assert len(parsed.all("script")) == len(parsed.chunks()) + 1
    assert len(parsed.all("style")) == 1


def test_nothing_is_fetched_and_nothing_inline_can_run(parsed):
    for tag, attributes in parsed.elements:
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "src", "action")], tag
        target = attributes.get("href")
        assert target is None or re.fullmatch(r"#[a-z0-9-]+|data:,|fleet\.json|hosts/[A-Za-z0-9._~%-]*", target), target


def test_the_policy_allows_this_style_and_script_only(parsed):
    policy = parsed.all("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"]
    for kind in ("style", "script"):
        text = [data for tag, data in parsed.text if tag == kind][-1]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert "%s-src 'sha256-%s';" % (kind, digest) in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_ids_are_ours_and_unique_and_links_lead_somewhere(parsed):
    ids = [attributes["id"] for _tag, attributes in parsed.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z][a-z0-9-]*", one) for one in ids)
    links = {attributes["href"][1:] for attributes in parsed.all("a") if attributes["href"].startswith("#")}
    assert links <= set(ids)
    labels = [attributes["aria-labelledby"] for _tag, attributes in parsed.elements if "aria-labelledby" in attributes]
    assert {one for label in labels for one in label.split()} <= set(ids)


def test_nothing_unprintable_reaches_the_page(parsed):
    assert all(char.isprintable() or char == "\n" for text in (parsed.source, *parsed.packed) for char in text)


def test_hostile_text_stays_text():
    words = Parsed(samples.hostile_fleet()).words()
    for text in ("<script>document.title='owned'</script>", '"><img src=x onerror="document.title=\'owned\'">'):
        assert text in words
    assert "{{ 7 * 7 }}{% raw %}" in words
    assert "right-to-left \\u202egnp.exe\\u2066" in words
    assert "A" * 2001 not in words


def test_what_was_mended_is_told():
    gone, left = samples.finding(cause="It was there."), samples.finding(fingerprint="1" * 16, cause="It stays.")
    before = fleet.document({"edge1": samples.registered(gone, left)}, samples.NOON)["hosts"]
    words = Parsed({"edge1": samples.registered(left)}, {"edge1": samples.applied()}, before).words()
    for text in (
        "Mended",
        "edge1 confirmed",
        "1 finding mended, 1 remaining, 0 new.",
        "Transaction 20260501T120000Z-4f2a91.",
    ):
        assert text in words
    assert "It was there." in words
    assert "Mended" not in Parsed(samples.fleet_of_few()).words()


def test_hostile_text_stays_text_where_a_plan_was_applied():
    words = Parsed(*samples.hostile_mends()).words()
    assert words.count("<script>document.title='owned'</script>") > 3
    assert "\\x1b[2J" in words


def test_what_a_person_needs_is_there():
    words = Parsed(samples.fleet_of_few()).words()
    for text in (
        "1 of 4 audited hosts needs attention now.",
        "Where dfw-mn-bm1 1 high 1 low edge1 2 low edge2 1 low Not audited 3 hosts , not known to be clean: db7 , db8 , db9 .",
        "Not seen owners of other users' sockets ( 2 hosts ): not known to be clean.",
        "RC102 owner-session-source-gone 1 finding on 1 host doublezerod (pid 1027617, unit doublezerod.service) keeps",
        "dfw-mn-bm1 2 sessions Mends it systemctl restart doublezerod.service",
        "About this rule: A daemon keeps sending from an address or link that is gone Why it matters",
        "ip route get 216.238.110.55 from 209.245.225.161 oif doublezero0",
        "doublezerod , alive, process doublezerod (1027617), unit doublezerod.service. Known because the running process",
        "owner.restart systemctl restart doublezerod.service Adding a route will not help",
        "First sign 2025-11-24 07:00:00 UTC Last sign 2025-11-24 07:59:56 UTC",
        "db7 unreachable Failed to connect to the host via ssh: Connection refused",
        "db9 skipped it left the play before it was audited",
        "owners of other users' sockets not root (CAP_SYS_PTRACE is wanted) On edge1 , edge2 .",
        "edge3 no findings",
        "routes 104,211",
    ):
        assert text in words


def test_a_finding_that_hosts_share_is_there_once_with_all_of_them():
    parsed = Parsed(samples.fleet_of_few())
    assert len(parsed.all("details", **{"class": "finding"})) == 4
    assert "edge1 , edge2" in parsed.words()


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ({}, "No host was audited, so nothing is known."),
        ({"a": samples.unreachable()}, "No host was audited, so nothing is known."),
        ({"a": samples.registered()}, "There are none. The host is, as far as could be seen, free of"),
    ],
)
def test_little_to_say_is_said(results, said):
    assert said in Parsed(results).words()


def test_what_the_limit_left_out_is_said():
    result = samples.registered(samples.finding())
    result["summary"].update(high=31, total=31, omitted=30)
    words = Parsed({"a": result}).words()
    assert "30 more findings did not fit into the hosts' results (reclaim_limit)" in words
    assert "Left out 30 findings over the limit" in words


def test_a_file_name_with_percent_signs_is_linked_rightly():
    parsed = Parsed({"a/b": samples.registered()})
    assert parsed.all("a", href="hosts/a%252Fb.json")


LIMIT = 10 * 1024 * 1024
"""Bytes of a page that can be mailed."""


def test_two_thousand_hosts_are_a_page_of_sane_size_that_tells_all():
    source = page.render(fleet.document(samples.large_fleet(2000), samples.NOON))
    assert len(source.encode()) < LIMIT
    findings = re.findall('<details class="finding" [^>]*data-hosts="([^"]*)"', source)
    assert sum(len(hosts.split()) for hosts in findings) == 7 * 1960 + 654
    hosts = source.count('<details class="host"')
    assert hosts == 1960
    pieces = [piece for chunk in re.findall(CHUNK, source) for piece in unpacked(chunk)]
    assert [int(one) for one in re.findall('data-packed="([0-9]+)"', source)] == list(range(len(pieces)))
    assert len(findings) + hosts - len(pieces) == 400
    assert "".join([source, *pieces]).count('<ol class="evidence">') == len(findings)
    # A host's finding and what is packed for it belong together.
    (number,) = re.findall('<details class="finding" [^>]*data-hosts="1629" data-packed="([0-9]+)">', source)[:1]
    assert "web1628.example.net" in pieces[int(number)]


def test_what_does_not_fit_is_said_with_where_it_is():
    """More findings than a page can hold, none of them shared."""
    hosts = {
        "web%04d" % number: samples.registered(
            *(
                samples.litter(number * 60 + item, cause="Rule %d is dead. %s" % (item, "x" * 1500))
                for item in range(60)
            )
        )
        for number in range(200)
    }
    parsed = Parsed(hosts)
    assert len(parsed.source.encode()) < LIMIT
    told = len(parsed.all("details", **{"class": "finding"}))
    words = parsed.words()
    assert 1000 < told < 12000
    assert "This page has room for the worst %s findings. %s more findings are in" % (
        format(told, ","), format(12000 - told, ",")) in words  # fmt: skip
    assert "60 more findings of this host are not on this page but in hosts/web0199.json ." in words


def test_what_packs_badly_is_left_where_it_is(monkeypatch):
    noise = random.Random(1)
    words = ["%032x" % noise.getrandbits(128) for _number in range(700)]
    hosts = {word: samples.registered(samples.litter(number, advice=word)) for number, word in enumerate(words)}
    monkeypatch.setattr(page, "_PLAIN", 10)
    whole = Parsed(hosts)
    pack = packed.pack
    monkeypatch.setattr(packed, "pack", lambda pieces: pack(pieces, 60000))
    some = Parsed(hosts)
    assert 0 < len(some.packed) < len(whole.packed) == 2 * 690
    assert whole.packed[: len(some.packed)] == some.packed
    assert "The evidence and what mends it are in hosts/%s.json" % words[-1] in some.words()


def test_what_is_new_waived_and_expired_is_told():
    parsed = Parsed(samples.judged())
    words = parsed.words()
    for text in (
        "high 1 medium 0 low 2 1 new 2 waived info 0",
        "Waiver expired The waiver lapsed of dana expired after 2025-11-23, and 1 finding that it covered is open",
        "New 1 since 2025-11-24T070000Z (2025-11-24 07:00:00 UTC). low RC301 rule-table-empty on edge1",
        "Resolved none; 1 earlier finding was not looked for again and may still be there.",
        "Waived 2 findings : until 2025-12-31 by dana (old-table). 1 waiver fits nothing in this report: nobody .",
        "Waived until 2025-12-31 by dana (waiver old-table ): the table is filled again when the second uplink comes",
        "Not looked for again",
    ):
        assert text in words
    states = [finding["data-state"] for finding in parsed.all("details", **{"class": "finding"})]
    assert states.count("waived") == 1
    assert len(parsed.all("input", name="state")) == len(set(states))
    assert [option["value"] for option in parsed.all("option")].count("doublezerod") == 1


def test_without_history_and_waivers_nothing_is_said_of_them():
    parsed = Parsed(samples.fleet_of_few())
    ids = {attributes.get("id") for _tag, attributes in parsed.elements}
    assert not ids & {"waived", "resolved", "trend"}
    assert not parsed.all("input", name="state")
    assert not parsed.all("svg")


def test_the_way_of_packets_is_drawn_with_what_is_broken():
    finding = samples.finding(
        details={"cause": "source-not-local", "peers": ["216.238.110.55", "64.86.249.22"], "errno": "ENETUNREACH"}
    )
    parsed = Parsed({"a": samples.registered(finding)})
    assert len(parsed.all("svg", role="img")) == len(parsed.all("g", **{"class": "broken"})) == 1
    assert (
        "sender doublezerod, then source 209.245.225.161 (broken here), then link doublezero0, then destination "
        "216.238.110.55 and 1 more" in parsed.words()
    )


def test_each_finding_shows_what_is_planned_for_it_and_what_is_not():
    mark = samples.finding()["fingerprint"]
    plan = samples.plan([mark], [samples.litter(2)["fingerprint"]])
    results = {"a": dict(samples.registered(samples.finding(), samples.litter(2)), plan=plan)}
    words = Parsed(results).words()
    assert "Planned systemctl restart doublezerod.service" in words
    assert (
        "In the plan: owner.restart medium risk: its sessions end. Nothing undoes it: a process that ended is not brought back."
    ) in words
    # Once: what the plan says need not be said again.
    assert words.count("owner.restart") == 1
    assert "Not planned: rule.del. The op is not among the allowed ones." in words
    document = waivers.apply(
        fleet.document(results, samples.NOON), waivers.load([samples.waiver(selector={"rule": "RC102"})])
    )
    words = Parsed(document).words()
    assert "Planned" not in words
    assert "Not planned: owner.restart. dana lets it be until 2025-12-31 (waiver old-table)" in words


def test_what_went_wrong_while_it_was_made_is_told_first():
    document = dict(fleet.document(samples.fleet_of_few(), samples.NOON), problems=["the waiver #3: until is 'x'"])
    words = Parsed(document).words()
    assert "Went wrong the waiver #3: until is 'x'. Not audited" in words


def test_the_profiles_of_rules_that_hosts_were_audited_with():
    hosts = fleet.document(samples.fleet_of_few(), samples.NOON)
    for name, profile in (("edge1", ["router", "vpn-host"]), ("edge2", ["router"]), ("edge3", [])):
        hosts["hosts"][name]["profile"] = profile
    words = Parsed(hosts).words()
    assert "Profiles of rules: none on 2 hosts, router on 1 host, router + vpn-host on 1 host." in words
    assert "Profile of rules router + vpn-host Looked at" in words
    assert "rofile" not in Parsed(samples.fleet_of_few()).words()
