# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Routing daemons, VRRP, and what configures the network."""

from __future__ import annotations

from .base import Phrasing

PHRASINGS = (
    # ospf1: Socket error on eth0: Network is unreachable; bgp1: Socket error: bind: Address not available
    Phrasing(
        "bird",
        ("socket error",),
        r"(?:\b(?P<program>bird6?): )?\b[\w.-]{1,64}: Socket error(?: on <interface>)?: (?:\w{1,20}: )?<sent><end>",
    ),
    # *** sendmsg in ospf_write failed to 224.0.0.5, id 0, off 0, len 68, interface eth0, mtu 1500: Network is unreachable
    Phrasing(
        "frr sendmsg",
        ("*** sendmsg in ",),
        r"\*\*\* sendmsg in \w{1,32} failed to <remote>, id \d{1,9}, off \d{1,9}, len \d{1,9}, interface <interface>, "
        r"mtu \d{1,9}: <sent><end>",
    ),
    Phrasing("frr vrrp", ("vrrp advertisement",), r"\bFailed to send VRRP Advertisement: <sent><end>"),
    # can't connect to 192.0.2.1 fd 21 : Network is unreachable
    Phrasing("frr connect", ("can't connect to",), r"\bcan't connect to <remote> fd \d{1,9} : <error><end>"),
    # 192.0.2.1 [Event] Connect failed 101(Network is unreachable) for connection ...
    Phrasing(
        "frr bgp", ("[event] connect failed",), r"(?<![\w.:%-])<remote> \[Event\] Connect failed \d{1,3}\(<error>\)"
    ),
    # sbfd initiator send failed, dst:192.0.2.1, errno:Network is unreachable
    Phrasing("frr bfd", ("send failed, ",), r"\bsend failed, (?:bfd_name:\w{1,64}, )?dst:<remote>, errno:<sent><end>"),
    # (VI_1): send advert error 22 (Invalid argument)
    Phrasing("keepalived", ("send advert error",), r"\): send advert error \d{1,3} \(<sent>\)"),
    # VRRP_Instance(VI_1) Cant send advert to 192.0.2.1 (Invalid argument)
    Phrasing("keepalived unicast", ("cant sen",), r"\bCant sen[dt] advert to <remote> \(<sent>\)"),
    # eth0: Could not set route: Nexthop has invalid gateway. Network is unreachable
    Phrasing(
        "networkd",
        ("could not set route",),
        r"\b<interface>: Could not set route: (?:[A-Z][\w ]{1,60}\. )?<error><end>",
    ),
    Phrasing("iproute2", ("rtnetlink answers",), r"\bRTNETLINK answers: <error><end>"),
)
