"""Page tables seen from outside: what a processor would find, walking them from CR3.

    guest = machine(...)
    for page in pages(guest.memory, guest.registers()[0]["cr3"]):
        assert not (page.writable and page.executable)

`read(physical, length)` brings the tables' bytes: the machine's monitor, or GDB.  Nothing
that the kernel says of itself is believed.  Source: Intel SDM volume 3, sections 4.5
(4-level paging) and 4.6 (access rights, which the whole way down decides).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Callable, Iterable, Iterator

PRESENT, WRITE, USER, UNCACHED, ACCESSED, DIRTY, LARGE, GLOBAL = (1 << bit for bit in (0, 1, 2, 4, 5, 6, 7, 8))
NX = 1 << 63
ADDRESS = 0x000F_FFFF_FFFF_F000
TABLE = 4096
ROOT = 3                # levels: 0 page table, 1 directory, 2 pointer table, 3 PML4
LEVELS = ("page table", "directory", "pointer table", "PML4")
HALF = 1 << 47          # bytes in each half of the canonical addresses
SIZES = {1 << 12: "4 KiB", 1 << 21: "2 MiB", 1 << 30: "1 GiB"}

Read = Callable[[int, int], bytes]


@dataclass(frozen=True)
class Page:
    """One page that is mapped, of whatever size, with the rights that the whole walk leaves."""

    virtual: int
    physical: int
    size: int
    writable: bool
    user: bool
    executable: bool
    everywhere: bool = False        # global: the same in every space
    entry: int = 0                  # the raw entry

    @property
    def end(self) -> int:
        return self.virtual + self.size

    @property
    def rights(self) -> str:
        """ "rwx" with "u" for the user's and "g" for global, as the monitor's pt shows them."""
        return "r" + "".join(letter if holds else "-" for letter, holds in (
            ("w", self.writable), ("x", self.executable), ("u", self.user), ("g", self.everywhere)))


@dataclass(frozen=True)
class Step:
    """One entry on the way to an address."""

    level: int
    index: int
    entry: int
    page: Page | None       # where the way ends in a page

    @property
    def present(self) -> bool:
        return bool(self.entry & PRESENT)


def span(level: int) -> int:
    """Bytes that an entry of that level covers."""
    return 1 << 12 + 9 * level


def canonical(address: int) -> int:
    """The address with bits 48 to 63 like bit 47, as an unsigned number."""
    low = address & (2 * HALF - 1)
    return low | (-2 * HALF & (1 << 64) - 1) if low & HALF else low


def is_leaf(entry: int, level: int) -> bool:
    """Whether a present entry maps a page itself."""
    return level == 0 or level < ROOT and bool(entry & LARGE)


def entries(read: Read, table: int) -> tuple[int, ...]:
    """The 512 entries of the table that an entry, or CR3, leads to."""
    return struct.unpack("<512Q", read(table & ADDRESS, TABLE))


def page_of(entry: int, level: int, virtual: int, above: int) -> Page:
    """The page that an entry maps; above: WRITE and USER where all tables have them, and NX where
    one has it."""
    rights = entry & above & (WRITE | USER) | (entry | above) & NX
    return Page(virtual, entry & ADDRESS & -span(level), span(level), bool(rights & WRITE), bool(rights & USER),
                not rights & NX, bool(entry & GLOBAL), entry)


def further(entry: int, above: int) -> int:
    """What the tables down to this entry's leave of rights."""
    return above & entry & (WRITE | USER) | (above | entry) & NX


def pages(read: Read, table: int, level: int = ROOT, base: int = 0, above: int = WRITE | USER) -> Iterator[Page]:
    """Every page that is mapped below a table (CR3: below the root), in rising order."""
    for index, entry in enumerate(entries(read, table)):
        virtual = canonical(base + index * span(level))
        if entry & PRESENT and is_leaf(entry, level):
            yield page_of(entry, level, virtual, above)
        elif entry & PRESENT:
            yield from pages(read, entry, level - 1, virtual, further(entry, above))


def walk(read: Read, root: int, address: int) -> list[Step]:
    """The entries on the way to an address, from the root down to a page or to what is not present."""
    steps, table, above = [], root, WRITE | USER
    for level in range(ROOT, -1, -1):
        index = address >> 12 + 9 * level & 511
        entry = struct.unpack("<Q", read((table & ADDRESS) + 8 * index, 8))[0]
        leaf = entry & PRESENT and is_leaf(entry, level)
        steps.append(Step(level, index, entry, page_of(entry, level, address & -span(level), above) if leaf else None))
        if leaf or not entry & PRESENT:
            break
        table, above = entry, further(entry, above)
    return steps


@dataclass(frozen=True)
class Run:
    """Pages side by side that differ in nothing but their place."""

    first: Page
    count: int

    @property
    def virtual(self) -> int:
        return self.first.virtual

    @property
    def end(self) -> int:
        return self.first.virtual + self.count * self.first.size

    @property
    def physical_end(self) -> int:
        return self.first.physical + self.count * self.first.size

    def goes_on(self, page: Page) -> bool:
        """Whether that page continues this run, in physical memory, too."""
        return (page.virtual, page.physical, page.size, page.rights) == \
            (self.end, self.physical_end, self.first.size, self.first.rights)

    def __str__(self) -> str:
        return (f"{self.virtual:016x} - {self.end:016x}  {self.first.rights}  {self.count:5} x "
                f"{SIZES[self.first.size]}  physical {self.first.physical:x}")


def joined(found: Iterable[Page]) -> Iterator[Run]:
    """Pages in rising order, those that belong together made one run; print a run to see it."""
    run: Run | None = None
    for page in found:
        if run and run.goes_on(page):
            run = Run(run.first, run.count + 1)
            continue
        if run:
            yield run
        run = Run(page, 1)
    if run:
        yield run
