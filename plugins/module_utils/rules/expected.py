# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host of this kind does, and this one does not: run a daemon, forward. Intent says so, or a profile of rules."""

from __future__ import annotations

import shlex
import typing as t

from ..commands import inside as run_inside
from ..model import Evidence, Finding
from .base import rule
from .common import HostCheck, is_link_local, shown
from .declared import intended
from .owned import OwnedCheck, owner_of

_SWITCHES = {4: "net.ipv4.ip_forward", 6: "net.ipv6.conf.all.forwarding"}


@rule(
    id="RC605",
    name="owner-not-running",
    severity="high",
    title="A daemon that is expected here does not run",
    rationale=(
        "Where the network of a host is a daemon's work, nothing is left over and nothing is refused when that daemon never "
        "started, or stopped and cleaned up: packets go another way, and nobody is told."
    ),
    proof=(
        "Intent, or a profile of rules, expects the owner, and it is known not to live: none of its processes runs in this "
        "network namespace, or its unit is not active."
    ),
    false_positives=(
        "Where it cannot be told whether it lives, as where processes are hidden, there is no finding. An owner that is alive "
        "while one of its links is here does not need a process."
    ),
    remedies=(),
)
class OwnerNotRunning(OwnedCheck):
    def conclude(self) -> t.Iterable[Finding]:
        for state in self.index.owners:
            if state.name not in self.intent.owners or state.alive is not False:
                continue
            name = shown(state.name)
            start = shlex.join(["systemctl", "start", state.unit]) if state.unit else ""
            yield self.finding(
                "owner",
                {"owner": state.name},
                "%s is expected to run here, and does not%s."
                % (name, "" if state.present else ": nothing of it is on this host"),
                [intended("%s is declared as an owner of this host's network" % name), self.known(state)],
                owner=owner_of(state),
                advice=(
                    "See why it does not run before you start it%s. Where it is not meant to, take it out of intent, or turn "
                    "this rule off for the host." % (" (%s)" % start if start else "")
                ),
                details={"cause": "owner-not-running", "present": state.present, "enabled": state.enabled},
            )


@rule(
    id="RC606",
    name="forwarding-off",
    severity="high",
    title="The host is expected to forward, and does not",
    rationale=(
        "A router, or a node that carries packets for pods, drops all that is not for itself while forwarding is off. Its "
        "own connections work, its routes are right, and no error is told: the packets are gone."
    ),
    proof="Intent, or a profile of rules, expects it, and the switch is off for the family as a whole and on each link.",
    false_positives=(
        "Where it is on for one link, somebody chose which links forward. A family of which no link but the loopback has an "
        "address, apart from link-local ones, has nothing to forward. Where the switches could not be read nothing is known."
    ),
    remedies=(),
)
class ForwardingOff(HostCheck):
    def conclude(self) -> t.Iterable[Finding]:
        snapshot = self.index.snapshot
        if not snapshot.rp_filter:  # the switches could not be read
            return
        for family in self.intent.forwarding:
            if family in snapshot.forwarding or not self._has_addresses(family):
                continue
            switch = _SWITCHES[family]
            yield self.finding(
                "switch",
                {"name": switch},
                "This host is expected to forward IPv%d, and forwarding is off: it drops all packets that are not for itself."
                % family,
                [
                    intended("forwarding of IPv%d is declared" % family),
                    Evidence(
                        "kernel",
                        "%s is 0, and no link has it on" % switch,
                        run_inside(snapshot.netns, "sysctl", switch),
                    ),
                ],
                confidence="proven",
                advice=(
                    "Turn it on with `%s`, and in a file in /etc/sysctl.d for the next boot: something turned it off, or "
                    "never on.%s"
                    % (
                        run_inside(snapshot.netns, "sysctl", "-w", "%s=1" % switch),
                        " A link that takes router advertisements needs accept_ra=2 then." if family == 6 else "",
                    )
                ),
                details={"cause": "forwarding-off"},
            )

    def _has_addresses(self, family: int) -> bool:
        for address in self.index.snapshot.addresses:
            link = self.index.link(address.ifindex)
            if (
                address.family == family
                and link is not None
                and not link.loopback
                and not is_link_local(address.address)
            ):
                return True
        return False
