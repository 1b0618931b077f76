# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs of the classic packet filter (linux/filter.h, Documentation/networking/filter.rst), put together by labels. Pure.

A jump of the machine reaches 255 instructions. One that must go further is made of a jump around an unconditional one.
"""

from __future__ import annotations

import dataclasses
import struct
import typing as t

LD_W, LD_H, LD_B = 0x20, 0x28, 0x30
"""A = what stands at k: four, two bytes (network byte order) or one."""
LD_IND_H, LD_IND_B = 0x48, 0x50
"""A = what stands at X + k."""
LDX_MSH = 0xB1
"""X = 4 * (what stands at k & 15): the length of an IPv4 header."""
AND = 0x54
JA, JEQ, JGT, JGE, JSET = 0x05, 0x15, 0x25, 0x35, 0x45
RET = 0x06
ANCILLARY = 0xFFFFF000
"""SKF_AD_OFF: loads from here on ask the kernel, not the packet."""
PROTOCOL, PACKET_TYPE, VLAN_TAG, VLAN_TAG_PRESENT = (ANCILLARY + number for number in (0, 4, 44, 48))

MOST = 1000
"""Instructions of a program. The kernel takes 4096, and counts them translated against net.core.optmem_max, which was 20 KiB
for long."""
_FARTHEST = 255


class Instruction(t.NamedTuple):
    """struct sock_filter."""

    code: int
    jt: int
    jf: int
    k: int


Program = t.Tuple[Instruction, ...]


@dataclasses.dataclass
class _Jump:
    code: int
    k: int
    true: str
    false: str
    far: bool = False
    """Is each of its ways an unconditional jump of its own?"""


class Assembler:
    """Instructions in order; a label is the place of the next one."""

    def __init__(self) -> None:
        self._items: t.List[t.Union[Instruction, _Jump, str]] = []
        self._labels = 0

    def fresh(self) -> str:
        """A label that stands nowhere yet."""
        self._labels += 1
        return "L%d" % self._labels

    def here(self, label: str) -> None:
        self._items.append(label)

    def do(self, code: int, k: int) -> None:
        self._items.append(Instruction(code, 0, 0, k))

    def jump(self, code: int, k: int, true: str, false: str) -> None:
        """Compare A with k. Labels stand behind their jumps, always: the machine knows no way back."""
        self._items.append(_Jump(code, k, true, false))

    def go(self, label: str) -> None:
        self._items.append(_Jump(JA, 0, label, label))

    def program(self) -> Program:
        """The whole. Raises ValueError where it is longer than a kernel takes."""
        while True:
            places, length = self._places()
            if length > MOST:
                raise ValueError(
                    "filter: it makes a program of %d instructions, and %d are the most that every kernel takes; "
                    "name fewer addresses, ports or types" % (length, MOST)
                )
            if not self._lengthened(places):
                return tuple(self._resolved(places))

    def _places(self) -> t.Tuple[t.Dict[str, int], int]:
        places: t.Dict[str, int] = {}
        at = 0
        for item in self._items:
            if isinstance(item, str):
                places[item] = at
            else:
                at += _size(item)
        return places, at

    def _lengthened(self, places: t.Mapping[str, int]) -> bool:
        """Make jumps far that cannot reach; whether any was."""
        at = 0
        any_was = False
        for item in self._items:
            if isinstance(item, str):
                continue
            if isinstance(item, _Jump) and item.code != JA and not item.far:
                if max(places[item.true], places[item.false]) - at - 1 > _FARTHEST:
                    item.far = any_was = True
            at += _size(item)
        return any_was

    def _resolved(self, places: t.Mapping[str, int]) -> t.Iterator[Instruction]:
        at = 0
        for item in self._items:
            if isinstance(item, str):
                continue
            if isinstance(item, Instruction):
                yield item
            elif item.code == JA:
                yield Instruction(JA, 0, 0, places[item.true] - at - 1)
            elif item.far:
                yield Instruction(item.code, 0, 1, item.k)
                yield Instruction(JA, 0, 0, places[item.true] - at - 2)
                yield Instruction(JA, 0, 0, places[item.false] - at - 3)
            else:
                yield Instruction(item.code, places[item.true] - at - 1, places[item.false] - at - 1, item.k)
            at += _size(item)


def _size(item: Instruction | _Jump) -> int:
    return 3 if isinstance(item, _Jump) and item.far else 1


def packed(program: Program) -> bytes:
    """The program as the kernel takes it: an array of struct sock_filter."""
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
