# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the next boot brings back and drops, as a whole audit of a namespace tells it, with the files below a root."""

from __future__ import annotations

import pytest
from ansible_collections.netmend.reclaim.tests.integration.kernel.test_audit import audit, found

INTERFACES = """\
auto v0
iface v0 inet static
    address 192.0.2.1/24
    up ip route add 198.51.100.0/24 via 192.0.2.254 src 192.0.2.9 table 100
    up ip rule add from 192.0.2.9 lookup 100 priority 1000
"""


@pytest.fixture
def host(netns):
    ns = netns()
    ns.sh(
        "ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up; ip addr add 192.0.2.1/24 dev v0"
    )
    return ns


@pytest.fixture
def root(tmp_path):
    """A host whose ifupdown starts at boot."""
    for path, text in {
        "etc/systemd/system/network-online.target.wants/networking.service": "",
        "etc/network/interfaces": INTERFACES,
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_what_is_mended_and_would_be_back(host, root) -> None:
    host.sh("ip addr add 192.0.2.9/32 dev v0; ip route add 198.51.100.0/24 via 192.0.2.254 src 192.0.2.9 table 100")
    host.sh("ip rule add from 192.0.2.9 lookup 100 priority 1000; ip addr del 192.0.2.9/32 dev v0")
    result = audit(host, boot_root=str(root), firewall=False)
    (stale,) = found(result, "RC201")
    assert [step["op"] for step in stale["remedy"]] == ["route.del"]
    assert "/etc/network/interfaces line 4 (ifupdown) makes it" in stale["advice"]
    (rule,) = found(result, "RC303")
    assert "/etc/network/interfaces line 5 (ifupdown) makes it" in rule["advice"]
    (returning,) = found(result, "RC603")
    assert returning["object"]["selector"]["source"] == "192.0.2.9"
    assert returning["evidence"][0]["command"] == "sed -n 4p /etc/network/interfaces"
    # Mended in the kernel only, it is still told: the boot is what is wrong now.
    host.sh("ip route flush table 100; ip rule del priority 1000")
    result = audit(host, boot_root=str(root), firewall=False)
    assert not found(result, "RC201") and not found(result, "RC303")
    assert [item["details"]["cause"] for item in found(result, "RC603")] == ["source-not-local"]
    # Taken out of the file as well, nothing is left.
    (root / "etc/network/interfaces").write_text("".join(INTERFACES.splitlines(keepends=True)[:3]))
    assert not found(audit(host, boot_root=str(root), firewall=False), "RC603")


def test_what_is_needed_and_would_be_gone(host, root) -> None:
    (root / "etc/network/interfaces").write_text("".join(INTERFACES.splitlines(keepends=True)[:3]))
    host.sh("ip route add default via 192.0.2.254")
    (finding,) = found(audit(host, boot_root=str(root), firewall=False), "RC604")
    assert finding["object"] == {
        "kind": "route",
        "selector": {"family": 4, "dst": "0.0.0.0/0", "table": 254, "gateway": "192.0.2.254", "interface": "v0"},
    }
    with (root / "etc/network/interfaces").open("a") as stream:
        stream.write("    gateway 192.0.2.254\n")
    assert not found(audit(host, boot_root=str(root), firewall=False), "RC604")


def test_the_line_with_the_wrong_prefix_length_is_named(host, root) -> None:
    host.sh("ip addr del 192.0.2.1/24 dev v0; ip addr add 192.0.2.1/28 dev v0")
    with (root / "etc/network/interfaces").open("w") as stream:
        stream.write("auto v0\niface v0 inet static\n  address 192.0.2.1\n  netmask 255.255.255.240\n")
    intent = {"addresses": [{"address": "192.0.2.1/24", "interface": "v0"}]}
    (finding,) = found(audit(host, boot_root=str(root), firewall=False, intent=intent), "RC602")
    assert finding["details"]["cause"] == "address-differs"
    assert "sed -n 3p /etc/network/interfaces" in [item["command"] for item in finding["evidence"]]
    assert "the line is among the evidence" in finding["advice"]


def test_the_hosts_own_files_are_not_for_another_namespace(host) -> None:
    result = audit(host, firewall=False)
    assert not found(result, "RC603") and not found(result, "RC604")
    assert not [item for item in result["unseen"] if item["what"].startswith("boot configuration")]


def test_a_root_that_is_none_is_refused(host, tmp_path) -> None:
    with pytest.raises(AssertionError, match="boot_root: .*none is no directory; expected one that has etc/"):
        audit(host, boot_root=str(tmp_path / "none"))
