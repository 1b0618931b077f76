# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection speaks about: frozen values, no behaviour beyond their own shape, no I/O.

Conventions that hold for every value here:

* an address is text as the kernel prints it (``192.0.2.1``, ``2001:db8::1``); a prefix is ``192.0.2.0/24``;
  the default prefix is ``0.0.0.0/0`` or ``::/0``; what is absent is ``None``, never an empty string;
* a table is its number (254 is main); a link is referred to by its ifindex, and named only where it is shown;
* kernel enumerations are the words that iproute2 prints (``unicast``, ``bgp``, ``FAILED``); a number that has no
  word is that number as text;
* family is 4 or 6.
"""

from __future__ import annotations

import dataclasses
import typing as t

TABLE_LOCAL = 255
TABLE_MAIN = 254
TABLE_DEFAULT = 253


@dataclasses.dataclass(frozen=True)
class Link:
    """A network interface (RTM_NEWLINK; rtnetlink(7), include/uapi/linux/if_link.h)."""

    ifindex: int
    name: str
    kind: str | None = None
    """``gre``, ``veth``, ``wireguard``, ``vrf``, ``tun``...; None for hardware and the loopback."""
    up: bool = False
    """Administratively up (IFF_UP)."""
    carrier: bool = False
    """IFF_LOWER_UP: the driver says that the link below works."""
    operstate: str = "UNKNOWN"
    """RFC 2863 state. UNKNOWN is healthy: GRE and tun links never leave it."""
    loopback: bool = False
    mtu: int = 0
    lladdr: str | None = None
    master: int | None = None
    """ifindex of the bridge, bond or VRF that this link is enslaved to."""
    parent: int | None = None
    """ifindex of the lower link (VLAN, macvlan); of a veth's peer where ``peer_netns`` is None."""
    peer_netns: int | None = None
    """Namespace id of the parent where that is another one (IFLA_LINK_NETNSID)."""
    vrf_table: int | None = None
    local: str | None = None
    """Tunnel: the underlay address that it sends from. None where any will do."""
    remote: str | None = None
    """Tunnel: the far end. None where it has many (VXLAN, multipoint GRE)."""
    underlay: int | None = None
    """Tunnel: ifindex of the link that it is bound to."""
    ttl: int | None = None
    alias: str | None = None


@dataclasses.dataclass(frozen=True)
class Address:
    """An address on a link (RTM_NEWADDR; include/uapi/linux/if_addr.h)."""

    family: int
    ifindex: int
    address: str
    prefixlen: int
    peer: str | None = None
    """The other end, where the prefix is that of a point-to-point peer."""
    scope: str = "global"
    flags: tuple[str, ...] = ()
    """Sorted: ``permanent``, ``tentative``, ``dadfailed``, ``deprecated``, ``secondary``, ``noprefixroute``..."""
    proto: str | None = None
    """Who put it there (IFA_PROTO, Linux 5.18): ``kernel_lo``, ``kernel_ra``, ``kernel_ll`` or a number."""
    label: str | None = None
    broadcast: str | None = None
    """IPv4 only."""
    valid_lifetime: int | None = None
    """Seconds; None is for ever."""
    preferred_lifetime: int | None = None


@dataclasses.dataclass(frozen=True)
class Hop:
    """One next hop of a route (rtnexthop, or the route itself where it has only one)."""

    ifindex: int | None = None
    gateway: str | None = None
    """May be of the other family (RTA_VIA)."""
    weight: int = 1
    flags: tuple[str, ...] = ()
    """Sorted: ``dead``, ``linkdown``, ``onlink``, ``pervasive``, ``offload``..."""
    encap: str | None = None
    """Lightweight tunnel on this hop (``mpls``, ``seg6``...)."""


@dataclasses.dataclass(frozen=True)
class Route:
    """A FIB entry (RTM_NEWROUTE; include/uapi/linux/rtnetlink.h).

    ``dst`` is None in a *template*: what many routes have in common (see :class:`RouteGroup`).
    """

    family: int
    dst: str | None
    table: int = TABLE_MAIN
    type: str = "unicast"
    proto: str = "boot"
    scope: str = "global"
    metric: int = 0
    """0 is also what IPv4 prints as none."""
    tos: int = 0
    src: str | None = None
    """IPv6 source-specific routing: the prefix that the packet's source must be in."""
    prefsrc: str | None = None
    hops: tuple[Hop, ...] = ()
    nhid: int | None = None
    """Next-hop object; ``hops`` then shows what the kernel resolved it to."""
    flags: tuple[str, ...] = ()
    pref: str | None = None
    """IPv6 router preference: ``low``, ``medium``, ``high``."""
    expires: int | None = None
    """Seconds left (IPv6 router advertisements, redirects). Never set in a template."""
    mtu: int | None = None
    """What the route sets (RTAX_MTU), where that differs from its link's."""


@dataclasses.dataclass(frozen=True)
class RouteGroup:
    """Routes that differ in nothing but their destination: what a stream of a large table yields.

    The same template may come in more than one group of a stream; their counts add up.
    """

    template: Route
    count: int
    samples: tuple[str, ...]
    """A few destinations, in the order of the dump."""
    beaten_by: Route | None = None
    """The template of the route that stands before these in the same table with the same destination, source and
    TOS: the kernel prefers it (IPv4 and IPv6 dump such routes next to each other, best first)."""


@dataclasses.dataclass(frozen=True)
class Rule:
    """A policy rule (RTM_NEWRULE; include/uapi/linux/fib_rules.h)."""

    family: int
    priority: int
    action: str = "lookup"
    """``lookup``, ``goto``, ``nop``, ``blackhole``, ``unreachable``, ``prohibit``."""
    table: int | None = None
    """Where the action is ``lookup``; None with ``l3mdev``, which asks the table of the packet's VRF."""
    src: str | None = None
    dst: str | None = None
    iif: str | None = None
    oif: str | None = None
    detached: tuple[str, ...] = ()
    """``iif`` and/or ``oif`` where the kernel says that no such link exists (printed as ``[detached]``)."""
    mark: int | None = None
    mask: int | None = None
    tos: int = 0
    uid_range: tuple[int, int] | None = None
    ip_proto: str | None = None
    sport: tuple[int, int] | None = None
    dport: tuple[int, int] | None = None
    goto: int | None = None
    """Priority of the rule that ``goto`` jumps to."""
    unresolved: bool = False
    """``goto`` names a priority that no rule has."""
    l3mdev: bool = False
    invert: bool = False
    suppress_prefixlen: int | None = None
    suppress_ifgroup: int | None = None
    tunnel_id: int | None = None
    proto: str | None = None


@dataclasses.dataclass(frozen=True)
class NextHop:
    """A next-hop object (RTM_NEWNEXTHOP; include/uapi/linux/nexthop.h)."""

    id: int
    family: int
    ifindex: int | None = None
    gateway: str | None = None
    blackhole: bool = False
    fdb: bool = False
    group: tuple[tuple[int, int], ...] = ()
    """(member id, weight) pairs."""
    scope: str = "global"
    proto: str | None = None
    flags: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Neighbour:
    """An ARP or ND entry (RTM_NEWNEIGH; include/uapi/linux/neighbour.h)."""

    family: int
    ifindex: int
    address: str
    lladdr: str | None = None
    state: str = "NONE"
    """``REACHABLE``, ``STALE``, ``DELAY``, ``PROBE``, ``FAILED``, ``NOARP``, ``PERMANENT``, ``INCOMPLETE``, ``NONE``."""
    flags: tuple[str, ...] = ()
    proto: str | None = None


@dataclasses.dataclass(frozen=True)
class Process:
    """Who holds a socket or is an owner's daemon. All text comes from the host and is hostile."""

    pid: int
    name: str
    """The command name (comm), at most 15 bytes."""
    started: float | None = None
    """Unix time of its start, in seconds."""

    def may_have_told(self, when: float, named: bool) -> bool:
        """Could it have told what has this time? ``named``: the witness says that it was this process.

        Many logs count whole seconds: what a process tells may bear a time up to a second before its start. Who is only
        known by its name told nothing then: what it tells again comes later, and until its start it was another one.
        """
        return self.started is None or when > self.started - (1.0 if named else 0.0)


@dataclasses.dataclass(frozen=True)
class Session:
    """A TCP, UDP or raw socket (inet_diag; include/uapi/linux/inet_diag.h)."""

    family: int
    protocol: str
    """``tcp``, ``udp``, ``raw``."""
    local: str
    """``0.0.0.0`` or ``::`` where it is not bound to an address."""
    local_port: int
    remote: str | None = None
    """None where it is not connected."""
    remote_port: int = 0
    state: str = "ESTAB"
    """As ss prints it: ``ESTAB``, ``LISTEN``, ``UNCONN``, ``SYN-SENT``, ``TIME-WAIT``..."""
    ifindex: int | None = None
    """The link that it is bound to (SO_BINDTODEVICE), or entered for link-local peers."""
    mark: int = 0
    """0 also where the kernel does not tell (no CAP_NET_ADMIN)."""
    uid: int = 0
    inode: int = 0
    """0 where no process holds it any more (TIME-WAIT, orphaned)."""
    cgroup: int | None = None
    """Inode of the cgroup2 directory that it was made in."""
    unit: str | None = None
    """systemd unit of that cgroup."""
    transparent: bool = False
    freebind: bool = False
    processes: tuple[Process, ...] = ()
    """Filled only where processes were asked for."""


@dataclasses.dataclass(frozen=True)
class Flow:
    """A conntrack entry (ctnetlink; include/uapi/linux/netfilter/nfnetlink_conntrack.h)."""

    family: int
    protocol: str
    src: str
    dst: str
    sport: int | None = None
    dport: int | None = None
    reply_src: str | None = None
    reply_dst: str | None = None
    reply_sport: int | None = None
    reply_dport: int | None = None
    status: tuple[str, ...] = ()
    """Sorted: ``assured``, ``confirmed``, ``src-nat``, ``dst-nat``, ``seen-reply``..."""
    timeout: int | None = None
    """Seconds left."""
    mark: int = 0
    zone: int = 0


@dataclasses.dataclass(frozen=True)
class Query:
    """What a send would ask the FIB: the question to the oracle (RTM_GETROUTE)."""

    to: str
    source: str | None = None
    """The source that the packet is sent from: bound, connected, or given with IP_PKTINFO."""
    interface: int | None = None
    """ifindex of the link that the send is bound to."""
    iif: int | None = None
    """ifindex that the packet came in on: the question is then about forwarding it."""
    protocol: str | None = None
    """``udp``, ``tcp``, ``icmp``: only for rules that select by it."""
    sport: int | None = None
    port: int | None = None
    mark: int = 0
    uid: int | None = None
    tos: int = 0


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the kernel says to a :class:`Query`."""

    errno: str | None
    """Name of the errno that a send would get (``ENETUNREACH``), None where it would go out."""
    route: Route | None = None
    """What the packet would take: its hop, type and chosen source (``prefsrc``). None with an errno, and where the kernel
    does not show it (an IPv6 send that chooses its source on a given interface, past a route that refuses)."""
    match: Route | None = None
    """The FIB entry that matched, with its own prefix, table, proto and nhid. None where no entry matched, which with
    an interface set is not yet an error: the kernel then treats the destination as on-link."""


@dataclasses.dataclass(frozen=True)
class Unseen:
    """What could not be read. It is not known to be clean."""

    what: str
    why: str


@dataclasses.dataclass(frozen=True)
class OwnerSession:
    """A session that lives in a daemon's memory, as one witness told of it. A claim, not a fact."""

    owner: str
    """Name of the profile."""
    process: Process | None
    unit: str | None
    interface: str | None
    local: str | None
    peer: str | None
    """None where the witness tells of all of its peers together."""
    errors: int = 0
    """How many failed sends the witness reported."""
    first: float | None = None
    """Unix time of the first and of the last of them."""
    last: float | None = None
    error: str | None = None
    """errno name."""
    source: str = ""
    """Where the witness speaks: ``journal doublezerod.service``, a log file's path."""
    command: str = ""
    """What a person would type to see the same."""
    sample: str = ""
    """One line, bounded and with control characters escaped."""
    restart: tuple[str, ...] = ()
    """The argument vector that restarts the owner, from its profile."""
    advice: str = ""
    """What else its profile says of letting go."""
    held: bool = False
    """The owner says itself that it holds it now. Its errors have no time then: they are all since it was started."""


@dataclasses.dataclass(frozen=True)
class EventSource:
    """Where a witness spoke."""

    kind: str
    """``log``, ``journal``, ``strace``, ``counter``."""
    path: str | None = None
    """The file: of a log, a strace output, or the kernel's counters."""
    unit: str | None = None
    """The systemd unit: of a journal, or of the process that was traced."""
    line: int | None = None
    """Number of the last line that told of it, from 1."""
    cursor: str | None = None
    """The same in the journal (journalctl --after-cursor)."""
    counter: str | None = None
    """The name of the kernel's counter: ``Ip OutNoRoutes``."""


@dataclasses.dataclass(frozen=True)
class Event:
    """An error of the unreachable family that a witness told of, once or many times: a claim, not a fact.

    What the text does not hold is None. A wildcard address that the text prints is kept as printed.
    """

    error: str
    """errno name: ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, ENODEV, ENETDOWN, EPERM, EACCES, EINVAL; EXDEV of a packet that
    came in and was dropped, because another link leads to its source."""
    source: EventSource
    text: str = ""
    """The last line that told of it, bounded and with control characters escaped."""
    program: str | None = None
    unit: str | None = None
    pid: int | None = None
    local_addr: str | None = None
    local_port: int | None = None
    remote_addr: str | None = None
    remote_port: int | None = None
    interface: str | None = None
    first: float | None = None
    """Unix time of the first and of the last of them."""
    last: float | None = None
    count: int = 1
    rate: float | None = None
    """How many in a second, from the first to the last; None where there was one only, or no time is known."""
    going_on: bool | None = None
    """Was the last one so recent that it is still going on? None where no time is known."""
    command: str = ""
    """What a person would type to see the same."""


@dataclasses.dataclass(frozen=True)
class Mark:
    """What an owner's objects look like. All that is said must fit; a shape alone never proves who made an object."""

    kind: str
    """``link``, ``address``, ``route``, ``rule``, ``firewall``."""
    name: str | None = None
    """A pattern (fnmatch): a link's name; of the firewall, a table's or chain's."""
    link_kind: str | None = None
    interface: str | None = None
    """A pattern for the link that an address is on, that a route leads through, that a rule selects."""
    proto: str | None = None
    tables: t.Tuple[t.Tuple[int, int], ...] = ()
    """Ranges of table numbers, both ends included; so are the others."""
    priorities: t.Tuple[t.Tuple[int, int], ...] = ()
    fwmarks: t.Tuple[t.Tuple[int, int], ...] = ()
    prefix: str | None = None
    """What an address, or a route's or rule's prefix, is in."""
    unmarked: bool = False
    """The rule selects all packets but those that bear the number of its table as their mark, and by nothing else."""
    suppresses: int | None = None
    """The rule selects all packets, and takes no route of its table whose prefix is this long or shorter."""
    before_own: bool = False
    """The rule stands directly before one that another mark of the owner fits."""
    proves: bool = True
    """False: what it fits is kept while the owner lives, and is never known to be the owner's by it."""


@dataclasses.dataclass(frozen=True)
class Want:
    """An object that an owner said it wants, or wants kept: from its API, its state, or its configuration."""

    kind: str
    selector: t.Mapping[str, t.Any]
    """``link``: name; ``address``: address (with or without its prefix length), interface; ``route``: dst, table..."""
    source: str = ""
    """Where it said so: ``/run/doublezerod/doublezerod.sock GET /status``, a file's path."""
    command: str = ""


@dataclasses.dataclass(frozen=True)
class OwnerState:
    """A daemon or manager that may own objects here, and what is known of it."""

    name: str
    alive: bool | None
    """None where that could not be told: what it may own is then left alone."""
    known_by: str
    """How that is known: ``process zebra (pid 7)``, ``no process zebra runs here; frr.service is failed``."""
    present: bool = False
    """Is or was it on this host at all: it runs, or its unit, program, state or configuration is there."""
    unit: str | None = None
    enabled: bool | None = None
    """Does its unit start at boot?"""
    process: Process | None = None
    lives_in_links: bool = False
    """Is it alive while one of its links is here, whatever runs?"""
    marks: t.Tuple[Mark, ...] = ()
    wants: t.Tuple[Want, ...] | None = None
    """None where it was not asked, or did not answer: what it wants is not known."""
    complete: t.Tuple[str, ...] = ()
    """Kinds of objects of which ``wants`` has all: it said so itself, and wants no others of them."""
    restart: t.Tuple[str, ...] = ()
    """The argument vector that restarts it, and those that make it let go (``{interface}`` and the like are filled in)."""
    release: t.Tuple[str, ...] = ()
    advice: str = ""


@dataclasses.dataclass(frozen=True)
class FirewallMatch:
    """One condition of a rule, in the normal form that nftables and iptables have in common."""

    text: str
    """As its own program spells it."""
    fields: t.Tuple[str, ...] = ()
    """What is compared, several where they are concatenated; none where the condition is not understood: ``family``,
    ``protocol``, ``saddr``, ``daddr``, ``sport``, ``dport``, ``oifname``, ``iifname``, ``mark``, ``uid``, ``ct_state``,
    ``saddr_type``, ``daddr_type``, ``tcp_flags``, ``icmp_type``."""
    values: t.Tuple[t.Any, ...] = ()
    """The alternatives; each has for each field its lowest and its highest value. Addresses are numbers; text may end
    in a ``*``."""
    set: str | None = None
    """The named set of the same table that holds the alternatives."""
    mask: int | None = None
    """What of the only field is compared."""
    negated: bool = False


@dataclasses.dataclass(frozen=True)
class FirewallBranch:
    """Where an entry of a verdict map leads."""

    value: t.Any
    """As an alternative of a FirewallMatch."""
    verdict: str
    target: str | None = None


@dataclasses.dataclass(frozen=True)
class FirewallRule:
    """One rule of a chain. It takes effect where all its matches fit."""

    number: int
    """Its place in the chain, from 1."""
    text: str
    """As its own program spells it, bounded and clean."""
    matches: t.Tuple[FirewallMatch, ...] = ()
    verdict: str | None = None
    """``accept``, ``drop``, ``reject``, ``return``, ``jump``, ``goto``, ``queue``, ``unknown``; None where the next rule
    follows."""
    target: str | None = None
    """The chain of a jump or goto."""
    key: FirewallMatch | None = None
    """Of a verdict map: what is looked up, in ``branches`` or in a named map."""
    branches: t.Tuple[FirewallBranch, ...] = ()
    changes: t.Tuple[t.Tuple[str, t.Any], ...] = ()
    """Fields of the packet that it sets; None where to what is not known."""
    handle: int | None = None
    """What nftables identifies it by."""
    packets: int | None = None
    bytes: int | None = None
    comment: str | None = None


@dataclasses.dataclass(frozen=True)
class FirewallChain:
    """A chain; a base chain has a hook."""

    family: str
    """``ip``, ``ip6``, ``inet``."""
    table: str
    name: str
    backend: str
    """The program that shows and changes it: ``nft``, ``iptables-nft``, ``ip6tables-legacy``..."""
    manager: str | None = None
    """Who made it and would make it anew: ``firewalld``, ``ufw``. None where nobody is known."""
    type: str | None = None
    """Of a base chain: ``filter``, ``route``, ``nat``."""
    hook: str | None = None
    priority: int | None = None
    policy: str | None = None
    rules: t.Tuple[FirewallRule, ...] = ()
    packets: int | None = None
    """What the policy took (iptables counts that)."""


@dataclasses.dataclass(frozen=True)
class FirewallSet:
    """A named set or verdict map that some rule looks into."""

    family: str
    table: str
    name: str
    elements: t.Tuple[t.Any, ...] = ()
    """As the alternatives of a FirewallMatch."""
    branches: t.Tuple[FirewallBranch, ...] = ()
    understood: bool = True


@dataclasses.dataclass(frozen=True)
class Firewall:
    """What a packet that this host sends has to pass: the chains that are reached from the hooks output and postrouting."""

    chains: t.Tuple[FirewallChain, ...] = ()
    sets: t.Tuple[FirewallSet, ...] = ()
    tables: t.Tuple[t.Tuple[str, str, str], ...] = ()
    """Family, name and backend of all tables there are."""
    managers: t.Tuple[str, ...] = ()
    """Managers that are at work here: ``firewalld``, ``ufw``."""
    rules: int = 0
    """How many rules there are in all, also in chains that no sent packet reaches."""
    whole: bool = True
    """False where a part of it could not be read: what drops a packet may be in that part."""


@dataclasses.dataclass(frozen=True)
class Resolver:
    """A DNS server that the programs of this host ask, or that a forwarder on this host asks for them."""

    address: str
    interface: str | None = None
    """The link that it is asked over: the scope of a link-local address, or the link that it was given for."""
    port: int = 53
    path: str = ""
    """The file that names it."""
    line: int | None = None
    """From 1."""
    stub: bool = False
    """It is a forwarder on this host, at a loopback address."""
    behind: str | None = None
    """Address of the forwarder that asks it; None where programs ask it themselves."""
    answered: bool | None = None
    """Did it answer a query? None where it was not asked."""
    refusal: str | None = None
    """errno name: what that query got instead of an answer; None also where it got nothing."""


@dataclasses.dataclass(frozen=True)
class PathProbe:
    """What packets of different sizes came to on the way to one destination. Sizes are those of whole IP packets, in bytes."""

    to: str
    source: str | None = None
    """What was asked for, as are interface and mark; None where the kernel chose."""
    interface: str | None = None
    """The link that the socket was bound to."""
    mark: int = 0
    wanted_by: str = ""
    """Why this destination: ``3 sockets``, ``tunnel gre1``, ``the question``."""
    tunnel: str | None = None
    """The name of the tunnel whose far end it is."""
    verdict: str = "unclear"
    """``whole``, ``told``, ``black-hole``, ``unreached``, ``refused``, ``unclear``: see probing/path_mtu.py."""
    words: str = ""
    passed: int | None = None
    """The largest that came through."""
    lost: int | None = None
    """The smallest that was sent and did not."""
    link_mtu: int | None = None
    told: int | None = None
    """The smallest MTU that a router told, and who did."""
    told_by: str | None = None
    cause: str | None = None
    """The name of the ICMP error that came of small packets, and who sent it."""
    by: str | None = None
    own: bool = False
    """This host itself sent it."""


@dataclasses.dataclass(frozen=True)
class BootObject:
    """What persistent configuration makes at the next boot, as one line of one file says. A claim, not a fact."""

    kind: str
    """``link``, ``address``, ``route``, ``rule``, ``resolver``."""
    selector: t.Mapping[str, t.Any]
    """``link``: name, and where its manager makes it link_kind, local, remote; ``address``: address (with its prefix
    length), interface; ``route``: family, dst, table, gateway, interface, source, type, metric, onlink; ``rule``: family,
    priority, from, to, iif, oif, mark, table, action; ``resolver``: address, interface. What is not said is None or not there."""
    manager: str
    """``systemd-networkd``, ``NetworkManager``, ``ifupdown``, ``ifcfg``; ``script`` for commands in one."""
    path: str
    line: int | None = None
    """From 1."""
    made: bool = False
    """Of a link: its manager makes it. Else its manager is in charge of it, where it is there."""
    dynamic: bool = False
    """Of a link: addresses and routes that no file names may come to it as well (DHCP, router advertisements)."""
    certain: bool = True
    """False where it depends on what was not read, such as whether a profile is the one that is activated."""


@dataclasses.dataclass(frozen=True)
class SourceCheck:
    """How a link is told from a packet's source whether it came the right way (rp_filter; IPv4 only).

    The kernel takes the larger of ``all`` and the link's own: 0 no check, 1 strict (it must be the link that a packet to
    that source would leave by), 2 loose (some link must lead there).
    """

    interface: str
    """A link; ``all`` counts for each of them, ``default`` is what links to come start with."""
    own: int
    effective: int
    marked: bool = False
    """src_valid_mark: the mark that a packet was given when it came in counts."""


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """The small tables of one network namespace at one time: what is indexed. Large tables are streamed."""

    taken: float = 0.0
    """Unix time. Rules have no clock: what is recent is recent against this."""
    netns: str | None = None
    """The namespace that was asked for: commands that are shown to a person name it."""
    links: tuple[Link, ...] = ()
    addresses: tuple[Address, ...] = ()
    rules: tuple[Rule, ...] = ()
    nexthops: tuple[NextHop, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    local: tuple[str, ...] = ()
    """Prefixes of type local in the local table: what the kernel accepts as a source, beside ``addresses``."""
    owner_sessions: tuple[OwnerSession, ...] = ()
    events: tuple[Event, ...] = ()
    owners: tuple[OwnerState, ...] = ()
    firewall: Firewall | None = None
    """None where it was not read."""
    resolvers: tuple[Resolver, ...] | None = None
    """None where what names them was not read, or is not that of this namespace."""
    boot: tuple[BootObject, ...] | None = None
    """None where the configuration of the next boot was not read, or is not that of this namespace."""
    probes: tuple[PathProbe, ...] = ()
    """Empty where none was asked for."""
    nonlocal_bind: tuple[int, ...] = ()
    """Families whose ``ip_nonlocal_bind`` is on."""
    forwarding: tuple[int, ...] = ()
    """Families that are forwarded on some link."""
    rp_filter: tuple[SourceCheck, ...] = ()
    """Of ``all``, ``default`` and each link; empty where it could not be read."""
    unsteady: tuple[str, ...] = ()
    """Tables that changed on every try to read them."""
    unseen: tuple[Unseen, ...] = ()


@dataclasses.dataclass(frozen=True)
class Evidence:
    """One thing that was seen, and how a person sees the same."""

    source: str
    """Which witness: ``kernel``, ``journal``, ``log``, ``strace``, ``status``, ``firewall``, ``probe``, ``intent``..."""
    observed: str
    command: str


@dataclasses.dataclass(frozen=True)
class Step:
    """One change that would mend. The op vocabulary is closed (``OPS``)."""

    op: str
    args: t.Mapping[str, t.Any]
    command: str
    """What a person would type to do the same."""


OPS = (
    "owner.release", "owner.restart", "sysctl.set", "link.add", "link.set",
    "link.up", "address.add", "neighbour.add", "nexthop.add", "route.add", "rule.add", "firewall.allow",
    "firewall.revoke",
    "rule.del", "route.del", "nexthop.del", "neighbour.del", "address.del", "link.down", "link.del",
    "flow.del", "socket.destroy",
)  # fmt: skip
"""In the order in which the steps of a plan are taken: owners first, then what is added (a rule when its table is
filled), then what is removed (a rule before its table is emptied, an address before its link)."""


@dataclasses.dataclass(frozen=True)
class Owner:
    """Whose the object is."""

    name: str
    alive: bool | None
    known_by: str
    unit: str | None = None
    process: Process | None = None


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that is wrong, proven, with what would mend it."""

    rule: str
    severity: str
    """critical, high, medium, low, info."""
    confidence: str
    """proven: the kernel confirms it now; strong; hint."""
    kind: str
    """What the object is: link, address, route, rule, nexthop, neighbour, session, flow."""
    selector: t.Mapping[str, t.Any]
    """Identifies the object exactly and in stable words: names and numbers that survive a reboot."""
    cause: str
    """One sentence that a person understands."""
    evidence: tuple[Evidence, ...]
    remedy: tuple[Step, ...] = ()
    advice: str = ""
    """What mends it and what does not, in words; why there is no remedy where there is none."""
    owner: Owner | None = None
    count: int = 1
    samples: tuple[str, ...] = ()
    details: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    """What helps but does not identify: errno, cause id, pid, counters."""
    first_seen: float | None = None
    last_seen: float | None = None


@dataclasses.dataclass(frozen=True)
class Seen:
    """One object exactly as the kernel showed it, or many routes that differ in nothing but their destination.

    What is acted on is a Seen: compared before, sent to the kernel, journaled, and given back when it is undone.
    """

    kind: str
    """link, address, route, rule, nexthop, neighbour, flow, session."""
    object: t.Any
    """The same, decoded: Link, Address, Route (a template: ``dst`` is None), Rule..."""
    raw: bytes
    """The body of the kernel's own message without what changes by itself (states, counters, ages): all attributes,
    also those that the model does not know. Of a route: without its destination."""
    dsts: tuple[str, ...] = ()
    """Routes only: their destinations, at least one."""

    @property
    def count(self) -> int:
        return len(self.dsts) or 1


@dataclasses.dataclass(frozen=True)
class WayIn:
    """The connection that whoever runs this came in by: what must survive every change."""

    peer: str
    local: str
    local_port: int
    peer_port: int
    known_by: str
    """``SSH_CONNECTION of sshd (pid 7)``, ``socket of sshd (pid 7)``."""


@dataclasses.dataclass(frozen=True)
class PlanStep:
    """One step of a plan: JSON of it is what a person reviews, and what the host acts on."""

    op: str
    findings: tuple[str, ...]
    """Fingerprints of the findings that it mends."""
    command: str
    """What a person would type to do the same."""
    why: str
    """The cause, as the finding says it."""
    kind: str | None = None
    """Kind of the object; None where the step is about an owner or a switch."""
    object: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    """The precondition: the exact object as seen (add: as wanted), for people to read."""
    raw: str = ""
    """The same, as the kernel's own message in hexadecimal (``Seen.raw``)."""
    dsts: tuple[str, ...] = ()
    args: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    """Of a step without an object: owner, unit, argv; of a switch: name, value, seen."""
    inverse: str | None = None
    """The op that undoes it; None where nothing does."""
    no_inverse: str = ""
    """Why nothing undoes it."""
    risk: str = "low"
    """low, medium, high."""
    risk_because: str = ""

    @property
    def count(self) -> int:
        return len(self.dsts) or 1


REASONS = (
    "no-remedy", "hint", "not-allowed", "owner-alive", "seen-once", "changed", "inexact",
    "kernel-object", "way-in", "protected", "cap", "waived",
)  # fmt: skip
"""Why a remedy gets no step: there is none; it is a guess; its op is not among the allowed ones; who wants the object
is alive; it was seen once only; it looks otherwise by now, or is gone; what it would take cannot be told exactly; the
kernel's own object; the way in; what the user protects; more than the caps allow; somebody waived the finding."""


@dataclasses.dataclass(frozen=True)
class Withheld:
    """A remedy that got no step, and the reason."""

    finding: str
    """Fingerprint."""
    rule: str
    op: str | None
    """None where the finding has no remedy at all."""
    reason: str
    """One of ``REASONS``."""
    words: str
    """One sentence that a person understands."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """What would be changed on one host: reviewed, kept, applied as a whole, undone as a whole."""

    host: t.Mapping[str, t.Any]
    """hostname, machine_id, boot_id, netns."""
    generation: str
    created: float
    made_by: str
    """``netmend.reclaim 0.1.0``."""
    steps: tuple[PlanStep, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    protected: tuple[str, ...] = ()
    """What no step may touch, in words: the way in, the user's selectors."""
    limits: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    links: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    """ifindex (as text) to name, of the links that the steps mention."""
