# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Captures on the real kernel: two hosts of namespaces with a veth between them, and traffic as the incident has it."""

from __future__ import annotations

import fcntl
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import pytest
from ansible_collections.netmend.reclaim.plugins.module_utils.capturing import place
from ansible_collections.netmend.reclaim.plugins.module_utils.capturing.capture import capture
from ansible_collections.netmend.reclaim.plugins.module_utils.capturing.filter import parse
from ansible_collections.netmend.reclaim.plugins.module_utils.capturing.program import ETHERNET, program
from ansible_collections.netmend.reclaim.plugins.module_utils.capturing.tap import Tap
from ansible_collections.netmend.reclaim.tests.fixtures import packet_files

KERNEL_TESTS = str(pathlib.Path(__file__).resolve().parent)
FLOW = {"protocol": "udp", "host": ["192.0.2.20"], "port": ["44880"]}
COOKED, ETHER = 113, 1


@pytest.fixture
def host(netns):
    """192.0.2.10 and 2001:db8::10 on nmb0; 192.0.2.20 and 2001:db8::20 at the other end, whose port 44880 is open."""
    one, other = netns(), netns()
    one.sh("ip link add nmb0 type veth peer name nmb1 netns %s" % other.name)
    for namespace, link, last in ((one, "nmb0", 10), (other, "nmb1", 20)):
        namespace.sh("ip link set %s addrgenmode none; ip link set %s up" % (link, link))
        namespace.sh("ip addr add 192.0.2.%d/24 dev %s" % (last, link))
        namespace.sh("ip addr add 2001:db8::%d/64 dev %s nodad" % (last, link))
    one.peer = other
    return one


def sends(namespace, *calls):
    """Send again and again, in the background, until the test ends: ``("192.0.2.20", dict(port=9))``."""
    script = "import sys; sys.path.insert(0, %r); import sending, time\n" % KERNEL_TESTS
    script += "while True:\n"
    script += "".join(
        "    sending.%s(%r, **%r)\n" % (call[2] if len(call) > 2 else "send", *call[:2]) for call in calls
    )
    script += "    time.sleep(0.005)\n"
    return namespace.start([sys.executable, "-c", script])


@pytest.fixture
def captured(tmp_path):
    """``captured(netns=..., filter=...)``: the result of a capture and what its file holds."""

    def run(**params):
        result = capture({"dest": "x", "seconds": 20, **params}, False, lambda: str(tmp_path))
        assert os.stat(result["remote_path"]).st_mode & 0o7777 == 0o600
        assert os.stat(result["remote_path"]).st_size == result["size"]
        read = packet_files.read(result["remote_path"])
        assert len(read.packets) == result["packets"]
        return result, read

    return run


def tcpdump(result, *options):
    """What tcpdump says of the file."""
    if shutil.which("tcpdump") is None:
        pytest.skip("there is no tcpdump")
    done = subprocess.run(
        ["tcpdump", "-n", "-r", result["remote_path"], *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("fmt", ["pcapng", "pcap"])
def test_one_flow_among_others(host, captured, fmt):
    sends(
        host,
        ("192.0.2.20", {"port": 44880, "sport": 44880, "source": "192.0.2.10"}),
        ("192.0.2.20", {"port": 9}),
        ("2001:db8::20", {"port": 44880}),
    )
    begun = time.time_ns()
    result, read = captured(netns=host.name, interface="nmb0", packets=12, filter=FLOW, format=fmt)
    assert (result["packets"], result["ended_by"], result["dropped"], result["format"]) == (12, "packets", 0, fmt)
    assert result["interfaces"] == ["nmb0"] and result["warnings"] == []
    for packet in read.packets:
        assert packet.linktype == ETHER and begun < packet.time < time.time_ns()
        assert packet.length == len(packet.data) == 14 + 20 + 8 + len(b"netmend")
        assert packet.data[12:14] == b"\x08\x00" and packet.data.endswith(b"netmend")
    assert [packet.time for packet in read.packets] == sorted(packet.time for packet in read.packets)
    assert all(" IP 192.0.2.10.44880 > 192.0.2.20.44880: UDP, length 7" in line for line in tcpdump(result))
    assert len(tcpdump(result)) == 12
    (flow,) = result["flows"]
    assert (flow["protocol"], flow["source"], flow["source_port"]) == ("udp", "192.0.2.10", 44880)
    assert (flow["destination"], flow["destination_port"], flow["packets"]) == ("192.0.2.20", 44880, 12)
    assert flow["bytes"] == 12 * 49 and flow["direction"] == "out"
    assert len(result["lines"]) == 10
    assert result["lines"][0].endswith("nmb0 out udp 192.0.2.10:44880 > 192.0.2.20:44880 49 bytes")
    if fmt == "pcapng":
        assert {(packet.interface, packet.direction) for packet in read.packets} == {("nmb0", "out")}
        (statistics,) = read.statistics
        assert struct.unpack("=Q", statistics[8]) == (12,) and struct.unpack("=Q", statistics[7]) == (0,)
        assert struct.unpack("=Q", statistics[6])[0] >= 12


def test_another_reader_reads_the_same(host, captured):
    from scapy import utils  # late: it takes a second that the other tests need not wait

    sends(host, ("192.0.2.20", {"port": 44880}), ("2001:db8::20", {"port": 44880}))
    for fmt in ("pcapng", "pcap"):
        result, read = captured(netns=host.name, interface="nmb0", packets=10, format=fmt)
        with utils.PcapReader(result["remote_path"]) as reader:
            theirs = list(reader)
        assert [bytes(packet) for packet in theirs] == [packet.data for packet in read.packets]
        assert [packet.wirelen for packet in theirs] == [packet.length for packet in read.packets]
        assert [round(packet.time * 10**9) for packet in theirs] == [packet.time for packet in read.packets]
        if fmt == "pcapng":
            assert {packet.sniffed_on for packet in theirs} == {"nmb0"}
            assert [{1: "in", 2: "out"}[packet.direction] for packet in theirs] == [
                packet.direction for packet in read.packets
            ]


def test_ipv6_and_what_comes_back(host, captured):
    sends(host, ("2001:db8::20", {"port": 44881}), ("192.0.2.20", {"port": 44881}))
    result, _read = captured(
        netns=host.name, interface="nmb0", packets=5, filter={"family": "ipv6", "icmp_type": ["unreachable"]}
    )
    assert {(flow["protocol"], flow["type"], flow["source"]) for flow in result["flows"]} == {
        ("icmp", "unreachable", "2001:db8::20")
    }
    assert all("ICMP6, destination unreachable, unreachable port" in line for line in tcpdump(result))


def test_only_one_direction(host, captured):
    sends(host, ("192.0.2.20", {"port": 44881}))
    for direction, protocol in (("in", "icmp"), ("out", "udp")):
        result, read = captured(
            netns=host.name, interface="nmb0", packets=5, direction=direction, filter={"host": ["192.0.2.20"]}
        )
        assert {packet.direction for packet in read.packets} == {direction}
        assert protocol in {flow["protocol"] for flow in result["flows"]}


def test_arp_for_an_address_that_nobody_has(host, captured):
    sends(host, ("192.0.2.99", {}))
    result, _read = captured(netns=host.name, interface="nmb0", packets=1, filter={"host": ["192.0.2.99"]})
    (flow,) = result["flows"]
    assert (flow["protocol"], flow["type"], flow["destination"]) == ("arp", "request", "192.0.2.99")
    assert "ARP, Request who-has 192.0.2.99 tell 192.0.2.10" in tcpdump(result)[0]


def tagged(number, payload=b"netmend"):
    """A frame of UDP from 192.0.2.20 to 192.0.2.10 in a VLAN."""
    udp = struct.pack("!HHHH", 44880, 44880, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + bytes([192, 0, 2, 20, 192, 0, 2, 10])
    return b"\xff" * 6 + b"\x02\0\0\0\0\x14" + struct.pack("!HHH", 0x8100, 0x6000 | number, 0x0800) + ip + udp


@pytest.mark.parametrize("asked", [FLOW, dict(FLOW, vlan=5), {"vlan": 5}])
@pytest.mark.parametrize("interface", ["nmb0", None])
def test_a_vlan_tag_is_in_the_file_as_it_was_on_the_wire(host, captured, asked, interface):
    stop = threading.Event()

    def inject():
        with host.peer.entered(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as opened:
            opened.bind(("nmb1", 0))
            while not stop.wait(0.005):
                for number in (5, 6) if "vlan" in asked else (5,):
                    opened.send(tagged(number))

    injecting = threading.Thread(target=inject)
    injecting.start()
    try:
        result, read = captured(netns=host.name, interface=interface, packets=4, filter=asked, direction="in")
    finally:
        stop.set()
        injecting.join()
    if interface is None:
        head = struct.pack("!HHH", 1, 1, 6) + b"\x02\0\0\0\0\x14\0\0"
        assert {packet.data for packet in read.packets} == {head + tagged(5)[12:]}
    else:
        assert {packet.data for packet in read.packets} == {tagged(5)}
    assert {packet.length for packet in read.packets} == {len(read.packets[0].data)}
    assert all("vlan 5, p 3, " in line for line in tcpdump(result, "-e"))
    assert [flow["source_port"] for flow in result["flows"]] == [44880]


@pytest.fixture
def tun(netns):
    """A namespace with a tun device, and its descriptor."""
    namespace = netns()
    with namespace.entered():
        descriptor = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(descriptor, 0x400454CA, struct.pack("16sH22x", b"nmbt0", 0x1001))  # TUNSETIFF: IFF_TUN | IFF_NO_PI
    namespace.sh("ip link set nmbt0 up; ip addr add 192.0.2.10/32 dev nmbt0; ip route add default dev nmbt0")
    yield namespace, descriptor
    os.close(descriptor)


def test_a_link_without_ethernet(tun, captured):
    namespace, descriptor = tun
    sends(namespace, ("216.238.110.55", {"port": 44880}), ("216.238.110.55", {"port": 9}))
    stop = threading.Event()

    def answer():
        while not stop.wait(0.005):
            os.write(descriptor, tagged(5)[18:])

    answering = threading.Thread(target=answer)
    answering.start()
    try:
        results = {
            direction: captured(
                netns=namespace.name,
                interface="nmbt0",
                packets=4,
                direction=direction,
                filter={"protocol": "udp", "port": ["44880"]},
            )
            for direction in ("in", "out")
        }
    finally:
        stop.set()
        answering.join()
    for direction, (result, read) in results.items():
        assert {(packet.linktype, packet.direction) for packet in read.packets} == {(COOKED, direction)}
        assert all(".44880: UDP, length 7" in line for line in tcpdump(result))
        assert result["flows"][0]["destination"] == ("192.0.2.10" if direction == "in" else "216.238.110.55")
    # What the kernel says stands for the link's header: sent by us, ARPHRD_NONE, no address, IP.
    assert results["out"][1].packets[0].data[:16] == struct.pack("!HHH8xH", 4, 0xFFFE, 0, 0x0800)
    assert results["in"][1].packets[0].data[16:] == tagged(5)[18:]


def test_all_interfaces(host, captured):
    sends(host, ("192.0.2.20", {"port": 44880}), ("127.0.0.1", {"port": 44880}))
    result, read = captured(netns=host.name, packets=20, filter={"protocol": "udp", "port": ["44880"]})
    assert sorted(result["interfaces"]) == ["lo", "nmb0"]
    assert {(packet.interface, packet.direction) for packet in read.packets} == {
        ("lo", "in"),
        ("lo", "out"),
        ("nmb0", "out"),
    }
    assert len(read.statistics) == 2
    assert sum(struct.unpack("=Q", one[8])[0] for one in read.statistics) == 20
    assert len(tcpdump(result)) == 20


def test_time_ends_it(host, captured):
    result, read = captured(netns=host.name, interface="nmb0", seconds=1, packets=5, filter={"port": ["1"]})
    assert (result["ended_by"], result["packets"], result["flows"], result["lines"]) == ("time", 0, [], [])
    assert result["seconds"] >= 1 and read.packets == []
    assert tcpdump(result) == []


@pytest.mark.parametrize("fmt", ["pcapng", "pcap"])
@pytest.mark.parametrize("interface", ["nmb0", None])
def test_bytes_end_it_and_the_file_is_never_larger(host, captured, fmt, interface):
    sends(host, ("192.0.2.20", {"port": 44880}), ("127.0.0.1", {"port": 44880}))
    result, read = captured(netns=host.name, interface=interface, bytes=4096, format=fmt)
    assert result["ended_by"] == "bytes"
    assert 3800 < result["size"] <= 4096
    assert len(tcpdump(result)) == len(read.packets) == result["packets"]


def test_only_the_head_of_a_packet_is_kept(host, captured):
    sends(host, ("192.0.2.20", {"port": 44880}))
    with host.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened, Tap("nmb0", host.name) as tap:
        tap.listen(program(parse({"port": ["5"]}), ETHERNET, 64), 64)
        opened.sendto(b"x" * 1000, ("192.0.2.20", 5))
        (packet,) = [packet for packet in tap.packets(time.monotonic() + 0.2) if packet is not None]
    assert (len(packet.data), packet.length) == (64, 1042)


def test_what_came_too_fast_is_counted(host):
    with host.entered(), Tap("nmb0", None) as tap, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        tap.listen(program(parse({"protocol": "udp", "port": ["5"]}), ETHERNET, 64), 64)
        opened.connect(("192.0.2.20", 5))
        sent = 0
        for _packet in range(60000):
            try:
                opened.send(b"x")
                sent += 1
            except ConnectionRefusedError:
                pass
        got = sum(packet is not None for packet in tap.packets(time.monotonic()))
        counted = tap.counted()
    assert counted.packets == sent and counted.dropped > 0
    assert got == sent - counted.dropped


def test_the_interface_goes_away(host, captured):
    sends(host, ("192.0.2.20", {"port": 44880}))
    threading.Timer(0.7, host.sh, ["ip link del nmb0"]).start()
    result, read = captured(netns=host.name, interface="nmb0", packets=100000, filter=FLOW)
    assert result["ended_by"] == "interface" and 0 < result["packets"] == len(tcpdump(result))
    assert {packet.interface for packet in read.packets} == {"nmb0"}


def test_the_interface_goes_down_and_then_away(host, captured):
    """Each link does, the one a moment after the other; what listens hears of the first only."""
    sends(host, ("192.0.2.20", {"port": 44880}))
    threading.Timer(0.7, host.sh, ["ip link set nmb0 down; sleep 0.5; ip link del nmb0"]).start()
    result, _read = captured(netns=host.name, interface="nmb0", packets=100000, filter=FLOW)
    assert result["ended_by"] == "interface" and result["packets"] > 0


def test_the_interface_is_down_for_a_time(host, captured):
    sends(host, ("192.0.2.20", {"port": 44880}))
    host.sh("ip link set nmb0 down")
    threading.Timer(0.7, host.sh, ["ip link set nmb0 up"]).start()
    result, _read = captured(netns=host.name, interface="nmb0", packets=10, filter=FLOW)
    assert (result["ended_by"], result["packets"]) == ("packets", 10)
    assert result["warnings"] == ["nmb0 was down for a time; nothing is captured then"]


def test_the_own_connection_is_left_out(host, captured, monkeypatch):
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.20 50000 192.0.2.10 22")
    sends(host, ("192.0.2.20", {"port": 50000}, "connect"), ("192.0.2.20", {"port": 50001}, "connect"))
    wanted = {"tcp_flags": ["syn"]}
    result, _read = captured(netns=host.name, interface="nmb0", packets=10, direction="out", filter=wanted)
    assert {flow["destination_port"] for flow in result["flows"]} == {50001}
    assert "not (ip and tcp and host 192.0.2.20 and port 50000)" in result["command"]
    result, _read = captured(
        netns=host.name, interface="nmb0", packets=10, direction="out", filter=wanted, own_connection=True
    )
    assert {flow["destination_port"] for flow in result["flows"]} == {50000, 50001}


def test_the_command_that_is_shown_captures_the_same(host, captured):
    sends(host, ("192.0.2.20", {"port": 44880, "sport": 44880, "source": "192.0.2.10"}), ("192.0.2.20", {"port": 9}))
    result, _read = captured(netns=host.name, interface="nmb0", packets=5, filter=FLOW, exclude={"sport": ["9"]})
    if shutil.which("tcpdump") is None:
        pytest.skip("there is no tcpdump")
    done = subprocess.run(result["command"], shell=True, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 5 and all(" IP 192.0.2.10.44880 > 192.0.2.20.44880: " in line for line in lines)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 80 MiB."""
    directory = tmp_path / "disk"
    directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=80m,mode=700", "tmpfs", directory], check=True)
    yield directory
    subprocess.run(["umount", directory], check=True)


def test_a_disk_is_never_filled(host, small_disk):
    sends(host, ("192.0.2.20", {"port": 44880}))
    params = {"dest": "x", "seconds": 20, "netns": host.name, "interface": "nmb0"}
    for check in (True, False):
        with pytest.raises(ValueError, match="has 80 MiB left, and 64 MiB of them are left alone"):
            capture(dict(params, packets=1), check, lambda: str(small_disk))
    assert list(small_disk.iterdir()) == []
    # Others fill it meanwhile
    threading.Timer(0.5, (small_disk / "other").write_bytes, [bytes(30 << 20)]).start()
    result = capture(dict(params, bytes=1 << 20), False, lambda: str(small_disk))
    assert result["ended_by"] == "space"
    assert len(packet_files.read(result["remote_path"]).packets) == result["packets"]


def test_a_full_disk_leaves_whole_blocks(small_disk):
    with place.File(str(small_disk), "pcap", 4096) as file:
        file.write(b"x" * 5000)
        with pytest.raises(OSError, match="No space left"):
            (small_disk / "other").write_bytes(bytes(81 << 20))
        with pytest.raises(place.Full):
            file.write(b"y" * 200000)
        with pytest.raises(place.Full):
            file.hold_space()
        assert file.size == os.stat(file.path).st_size == 5000


def test_a_hostile_name_of_an_interface(host, captured):
    name = b"nm\xff\x1b[31m"
    host.sh("ip link set nmb0 down")
    subprocess.run([b"ip", b"-n", os.fsencode(host.name), b"link", b"set", b"nmb0", b"name", name], check=True)
    subprocess.run([b"ip", b"-n", os.fsencode(host.name), b"link", b"set", name, b"up"], check=True)
    sends(host, ("192.0.2.20", {"port": 44880}))
    for interface in (None, os.fsdecode(name)):
        result, read = captured(netns=host.name, interface=interface, packets=3, filter={"dport": ["44880"]})
        assert result["interfaces"] == ["nm\\xff\\x1b[31m"]
        assert {packet.interface for packet in read.packets} == {"nm\\xff\\x1b[31m"}
        assert all(" nm\\xff\\x1b[31m out udp " in line for line in result["lines"])
        assert len(tcpdump(result)) == 3


def test_check_mode_captures_nothing(host, tmp_path):
    params = {"dest": "x", "seconds": 20, "packets": 5, "netns": host.name, "interface": "nmb0", "filter": FLOW}
    result = capture(params, True, lambda: str(tmp_path))
    assert result == {
        "changed": True,
        "captured": False,
        "format": "pcapng",
        "bounds": {"seconds": 20, "packets": 5, "bytes": 64 << 20, "snaplen": 128},
        "command": "timeout 20 ip netns exec %s tcpdump -n -p -i nmb0 -s 128 -c 5 "
        "'ip and udp and host 192.0.2.20 and port 44880'" % host.name,
    }
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="there is no interface 'nmb9'"):
        capture(dict(params, interface="nmb9"), True, lambda: str(tmp_path))
    with pytest.raises(ValueError, match="there is no network namespace 'nmt-absent'"):
        capture(dict(params, netns="nmt-absent"), True, lambda: str(tmp_path))


ALONE = """
import os, sys
from ansible_collections.netmend.reclaim.plugins.module_utils.capturing.capture import capture
params = {"dest": "x", "seconds": 60, "packets": 1000000, "interface": sys.argv[1], "filter": {"port": ["44880"]}}
if sys.argv[3:]:
    os.setgroups([]); os.setresuid(65534, 65534, 65534)
print("begun", flush=True)
try:
    capture(params, False, lambda: sys.argv[2])
except OSError as exc:
    print(exc)
"""


def test_who_has_no_right_is_told_which(host):
    done = host.start([sys.executable, "-c", ALONE, "nmb0", "/", "nobody"], stdout=subprocess.PIPE)
    output, _errors = done.communicate(timeout=60)
    assert output.splitlines()[1:] == ["[Errno 1] a packet socket needs root, or CAP_NET_RAW in the network namespace"]


def test_what_a_killed_one_leaves_the_next_one_removes(host, tmp_path):
    sends(host, ("192.0.2.20", {"port": 44880}))
    left, fresh, other = (tmp_path / ("ansible-tmp-%d" % number) for number in (1, 2, 3))
    for directory in (left, fresh, other):
        directory.mkdir(mode=0o700)
    killed = host.start([sys.executable, "-c", ALONE, "nmb0", str(left)], stdout=subprocess.PIPE)
    assert killed.stdout.readline() == "begun\n"
    deadline = time.monotonic() + 20
    while not any(left.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    (file,) = left.iterdir()
    assert file.stat().st_mode & 0o7777 == 0o600
    old = time.time() - 7 * 3600
    os.utime(file, (old, old))
    assert place.sweep(str(other)) == []  # it is held
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait(timeout=10)
    os.utime(file, (old, old))
    shutil.copy(file, fresh)
    (fresh / "AnsiballZ_capture.py").touch()
    os.utime(fresh / "AnsiballZ_capture.py", (old, old))
    params = {"dest": "x", "seconds": 20, "packets": 1, "netns": host.name, "interface": "nmb0"}
    result = capture(params, False, lambda: str(other))
    assert not left.exists()
    assert sorted(path.name for path in fresh.iterdir()) == ["AnsiballZ_capture.py", file.name]
    assert [str(path) for path in other.iterdir()] == [result["remote_path"]]


def test_nothing_else_gets_into_the_buffer(host):
    """The filter is there before the first packet: under a flood of others, not one is seen."""
    flood = sends(host, *[("192.0.2.20", {"port": 9})] * 50)
    for _round in range(50):
        with Tap("nmb0", host.name) as tap:
            tap.listen(program(parse({"dport": ["44880"]}), ETHERNET, 64), 64)
            assert [packet for packet in tap.packets(time.monotonic() + 0.01) if packet is not None] == []
            assert tap.counted() == (0, 0)
    assert flood.poll() is None
