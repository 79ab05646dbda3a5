"""Walking page tables from outside, on tables that are written here."""

from __future__ import annotations

import struct

from grader import pagewalk
from grader.pagewalk import GLOBAL, LARGE, NX, PRESENT, USER, WRITE, joined, pages, walk

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
ALL = PRESENT | WRITE | USER


class Memory:
    """Tables by their physical addresses."""

    def __init__(self, tables: dict[int, dict[int, int]]) -> None:
        self.tables = tables

    def read(self, physical: int, length: int) -> bytes:
        table = self.tables[physical & -4096]
        data = b"".join(struct.pack("<Q", table.get(index, 0)) for index in range(512))
        return data[physical % 4096:physical % 4096 + length]


MEMORY = Memory({
    0x1000: {0: 0x2000 | ALL, 256: 0x3000 | ALL & ~USER, 511: 0x4000 | ALL | NX},
    0x2000: {0: 0x5000 | PRESENT | USER, 2: 0x4000_0000 | ALL | LARGE},
    0x3000: {1: 0x8000_0000 | ALL | LARGE | GLOBAL | NX, 2: 0x7000},
    0x4000: {511: 0x5000 | ALL},
    0x5000: {3: 0x6000 | ALL, 4: 0x40_0000 | ALL | LARGE},
    0x6000: {0: 0x9000 | ALL, 1: 0xa000 | ALL, 2: 0xc000 | ALL, 511: 0xd000 | ALL | NX},
})
LOW = 3 * 2 * MIB


def test_every_page_with_the_rights_of_the_whole_walk():
    found = [(page.virtual, page.physical, page.size, page.rights) for page in pages(MEMORY.read, 0x1000 | 0x18)]
    high = 0xffff_ffff_c000_0000
    low = [(LOW, 0x9000, 4 * KIB, "r-xu-"), (LOW + 0x1000, 0xa000, 4 * KIB, "r-xu-"),
           (LOW + 0x2000, 0xc000, 4 * KIB, "r-xu-"), (LOW + 511 * 0x1000, 0xd000, 4 * KIB, "r--u-"),
           (4 * 2 * MIB, 0x40_0000, 2 * MIB, "r-xu-")]
    assert found == low + [
        (2 * GIB, GIB, GIB, "rwxu-"),
        (0xffff_8000_4000_0000, 2 * GIB, GIB, "rw--g"),
    ] + [(high + virtual, physical, size, "rw-u-") for virtual, physical, size, _ in low]


def test_runs_are_joined_and_shown():
    runs = list(joined(pages(MEMORY.read, 0x1000)))
    assert str(runs[0]) == "0000000000600000 - 0000000000602000  r-xu-      2 x 4 KiB  physical 9000"
    assert [run.count for run in runs][:4] == [2, 1, 1, 1], "0xb000 is left out, so that a new run begins"
    assert (runs[0].virtual, runs[0].end, runs[0].physical_end) == (LOW, LOW + 0x2000, 0xb000)


def test_a_walk_step_by_step():
    steps = walk(MEMORY.read, 0x1000, LOW + 0x1234)
    assert [(step.level, step.index) for step in steps] == [(3, 0), (2, 0), (1, 3), (0, 1)]
    assert [step.page for step in steps[:3]] == [None] * 3
    assert (steps[3].page.virtual, steps[3].page.physical, steps[3].page.rights) == (LOW + 0x1000, 0xa000, "r-xu-")


def test_a_walk_ends_at_a_large_page_or_where_nothing_is():
    steps = walk(MEMORY.read, 0x1000, 0xffff_8000_4123_4567)
    assert (len(steps), steps[-1].page.size, steps[-1].page.virtual) == (2, GIB, 0xffff_8000_4000_0000)
    steps = walk(MEMORY.read, 0x1000, 0xffff_8000_8000_0000)
    assert not steps[-1].present and steps[-1].page is None and steps[-1].level == 2
    assert len(walk(MEMORY.read, 0x1000, 5 << 39)) == 1


def test_addresses_are_canonical():
    assert pagewalk.canonical(1 << 47) == 0xffff_8000_0000_0000
    assert pagewalk.canonical((1 << 47) - 1) == (1 << 47) - 1
