# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel refuses, in words: what it means for that kind of object, and what to do. Pure."""

from __future__ import annotations

_ANY = {
    "EPERM": "this needs root, or CAP_NET_ADMIN in the network namespace; use become",
    "ENODEV": "a link that it names is gone; look at 'ip link'",
    "EOPNOTSUPP": "this kernel does not have what that needs; load the module for it, or leave the option out",
    "EAFNOSUPPORT": "this kernel does not have that address family, or it is disabled",
    "ENOBUFS": "the kernel has no room for it",
    "ESTALE": "somebody changed it meanwhile; run the task again",
    "ENOTUNIQ": "the kernel would take another one that is tried before it; say its metric or priority",
}
_WORDS = {
    "route": {
        "ENETUNREACH": "the gateway is not on a connected subnet of its interface; add the address first, or set onlink",
        "EHOSTUNREACH": "the gateway cannot be reached on its interface; add the address first, or set onlink",
        "ENETDOWN": "the interface is down; bring it up first (netmend.reclaim.link with state=up)",
        "EINVAL": (
            "the options do not go together: source must be an address of this host, a gateway must not be one, and "
            "nexthop_id must exist"
        ),
        "EEXIST": "there is another route with this destination, table, metric and tos",
        "EACCES": "the kernel does not route IPv6 there: IPv6 is disabled on the interface",
    },
    "rule": {
        "ENOTUNIQ": (
            "a rule of the same priority that selects by more stands before it, and the kernel would take that; remove that "
            "one first, or give one of them another priority"
        ),
        "EEXIST": "the kernel takes it for a rule that is there",
        "EINVAL": "the options do not go together: goto must lead to a higher priority, ports need ip_proto",
        "ERANGE": "a number in it is too large",
    },
    "address": {
        "EEXIST": "the interface has this address with other attributes",
        "EINVAL": "the options do not go together, or the interface cannot have addresses of this family",
        "EACCES": "IPv6 is disabled on the interface (sysctl net.ipv6.conf.*.disable_ipv6)",
        "EADDRNOTAVAIL": "the interface does not take that address",
        "ENODEV": "the interface is gone, or IPv6 is disabled on it (its MTU may be below 1280)",
    },
    "link": {
        "EEXIST": "there is a link with that name, or one of that kind with the same parameters",
        "EBUSY": "it is in use: set state=down first, or release it from its master",
        "ENETDOWN": "the link, or the one below it, is down",
        "EINVAL": "a parameter is not one that this kind of link takes",
        "EOPNOTSUPP": (
            "this kernel does not have links of this kind (load its module), or cannot change that in a link that is "
            "there (remove it first with state=absent)"
        ),
        "EADDRNOTAVAIL": "lladdr is not one that a link may have",
        "ERANGE": "a number is outside of what the link takes",
        "ELOOP": "the link would be its own master",
    },
    "neighbour": {
        "EINVAL": "the options do not go together: lladdr must be as long as the interface's own",
        "ENETDOWN": "the interface is down; bring it up first (netmend.reclaim.link with state=up)",
        "ENOBUFS": "the neighbour table is full (sysctl net.ipv4.neigh.default.gc_thresh3)",
    },
}


def refusal(op: str, what: str, why: str) -> str:
    """A sentence from what was to be done and why it was not: an errno's name, and the kernel's own words behind it."""
    name, _colon, said = why.partition(": ")
    name = "EOPNOTSUPP" if name == "ENOTSUP" else name  # the same number; the kernel's headers call it so
    words = _WORDS.get(op.partition(".")[0], {}).get(name) or _ANY.get(name)
    told = "%s: the kernel says %s" % (what, name)
    if said:
        told += " (%s)" % said.rstrip(".")
    return told if words is None else "%s: %s" % (told, words)
