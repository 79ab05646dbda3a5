"""The kernel's own map, read from guest memory and walked from CR3.

The kernel tells firmware's memory map and stands still; where its pieces lie is known from
its symbols, and everything else from its page tables (grader/pagewalk.py).
"""

import itertools
import struct

import pytest

from grader.pagewalk import joined, pages

DIRECT_MAP, KERNEL_BASE = 0xFFFF_8000_0000_0000, 0xFFFF_FFFF_8000_0000
UPPER_HALF = 1 << 63
PAGE, MIB, GIB = 1 << 12, 1 << 20, 1 << 30
WP, NXE = 1 << 16, 1 << 11
MOST = 40_000           # pages in a kernel's map; of 4 KiB alone, 64 MiB take 16,384
PGE, UMIP, SMEP, SMAP = 1 << 7, 1 << 11, 1 << 20, 1 << 21

written = pytest.mark.exercise("2.3")


class Look:
    """A kernel that stands still: its map, page by page, and firmware's usable ranges."""

    def __init__(self, machine, **options) -> None:
        self.guest = machine(ktest="kernel_map_look", **options)
        self.guest.com2.expect("# reply looking\n")
        told = [bytes.fromhex(line[len("# reply "):]) for line in self.guest.com2.lines
                if line.startswith("# reply ") and not line.endswith("looking")]
        ranges = [struct.unpack("<QQI4x", line) for line in told[:-1]]
        self.usable = [(start, end) for start, end, kind in ranges if kind == 0]
        found = pages(self.guest.memory, self.guest.registers()[0]["cr3"])
        self.pages = list(itertools.islice(found, MOST + 1))
        assert len(self.pages) <= MOST, "this map has far more, and smaller, pages than memory needs"

    def between(self, start, end):
        """The pages that touch [start, end)."""
        return [page for page in self.pages if page.virtual < end and page.end > start]


def merged(ranges):
    """Ranges in rising order, those that touch or overlap made one."""
    out = []
    for start, end in sorted(ranges):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def covered(start, end, ranges):
    """Whether [start, end) lies inside one of some merged ranges."""
    return any(a <= start and end <= b for a, b in ranges)


def shown(found):
    return "\n".join(str(run) for run in list(joined(found))[:8]) or "(nothing)"


def too_small(found, sizes):
    """A run of pages in the place of which a larger page would fit, or None."""
    whole = []                          # [virtual, physical, bytes, rights], whatever the pages' sizes
    for page in found:
        last = whole[-1] if whole else None
        if last and (last[0] + last[2], last[1] + last[2], last[3]) == (page.virtual, page.physical, page.rights):
            last[2] += page.size
        else:
            whole.append([page.virtual, page.physical, page.size, page.rights])
    used = {page.virtual: page.size for page in found}
    for virtual, physical, length, rights in whole:
        for size in sizes:
            if (virtual - physical) % size:
                continue
            for at in range(-(-virtual // size) * size, virtual + length - size + 1, size):
                if not any(used.get(at & -larger, 0) >= size for larger in sizes):
                    return f"{at:#x} - {at + size:#x} {rights} is mapped by smaller pages than fit"
    return None


@written
def test_nothing_is_writable_and_executable(machine):
    """No page is writable and executable, and no frame that is executable is writable elsewhere."""
    look = Look(machine)
    both = [page for page in look.pages if page.writable and page.executable]
    assert not both, f"writable and executable:\n{shown(both)}"
    code = [page for page in look.pages if page.executable]
    assert code, "nothing is executable"
    for page in look.pages:
        alias = next((c for c in code if page.writable and page.physical < c.physical + c.size
                      and c.physical < page.physical + page.size), None)
        assert not alias, f"the code at\n{shown([alias])}\ncan be written to at\n{shown([page])}"


@written
def test_the_image_has_the_rights_that_it_needs(machine, symbols):
    """Code is read-only and executable, constants read-only, data writable; below the stacks are holes,
    and in the lower half is nothing."""
    look = Look(machine)
    at = {name: symbols.address(name) for name in (
        "kernel_start", "rodata_start", "data_start", "boot_stack_guard", "boot_stack", "double_fault_guard",
        "double_fault_stack", "kernel_end")}
    end = at["kernel_end"] + -at["kernel_end"] % PAGE
    for start, stop, rights in ((at["kernel_start"], at["rodata_start"], "r-x-"),
                                (at["rodata_start"], at["data_start"], "r---"),
                                (at["data_start"], at["boot_stack_guard"], "rw--"),
                                (at["boot_stack_guard"], at["boot_stack"], None),
                                (at["boot_stack"], at["double_fault_guard"], "rw--"),
                                (at["double_fault_guard"], at["double_fault_stack"], None),
                                (at["double_fault_stack"], end, "rw--"),
                                (KERNEL_BASE, at["kernel_start"], None), (end, 1 << 64, None)):
        found = look.between(start, stop)
        size = sum(page.size for page in found)
        assert size == (stop - start if rights else 0), f"in {start:#x} - {stop:#x} is mapped\n{shown(found)}"
        assert {page.rights[:4] for page in found} <= {rights}, f"should have rights {rights}:\n{shown(found)}"
        wrong = [page for page in found if page.physical != page.virtual - KERNEL_BASE]
        assert not wrong, f"the image's pages lead elsewhere:\n{shown(wrong)}"
    assert not look.between(0, UPPER_HALF), f"in the lower half is mapped\n{shown(look.between(0, UPPER_HALF))}"


def check_direct_map(look, sizes):
    """All usable memory is in the direct map, at its place, never executable, and no page is smaller than it
    has to be on a processor with these sizes of large pages."""
    direct = look.between(DIRECT_MAP, KERNEL_BASE)
    wrong = [page for page in direct if page.physical != page.virtual - DIRECT_MAP]
    assert not wrong, f"not at its place in the direct map:\n{shown(wrong)}"
    there = merged((page.physical, page.physical + page.size) for page in direct)
    for start, end in look.usable:
        assert covered(start, end, there), f"memory at {start:#x} - {end:#x} is not in the direct map"
    bad = [page for page in look.pages if page.user or page.executable and page.virtual < KERNEL_BASE]
    assert not bad, f"executable, or for users:\n{shown(bad)}"
    why = too_small(look.pages, sizes)
    assert not why, why


@written
@pytest.mark.parametrize("memory", ["64M", "8G"])
def test_the_direct_map_shows_all_memory(machine, memory):
    """All usable memory is in the direct map, at its place, never executable, by the largest pages that fit."""
    look = Look(machine, memory=memory)
    check_direct_map(look, (GIB, 2 * MIB))
    assert any(page.size == GIB for page in look.pages) == (memory == "8G"), "pages of 1 GiB are used where they fit"


@written
def test_a_processor_without_pages_of_a_gibibyte(machine):
    """Where the processor has no pages of 1 GiB, those of 2 MiB are used."""
    look = Look(machine, memory="3G", cpu="max,-pdpe1gb")
    check_direct_map(look, (2 * MIB,))
    assert not [page for page in look.pages if page.size == GIB], "this processor has no pages of 1 GiB"


def test_the_processor_enforces_it(machine):
    """Write protection, no-execute, global pages, SMEP, SMAP and UMIP are on."""
    cpu = Look(machine).guest.registers()[0]
    assert cpu["cr0"] & WP and cpu["efer"] & NXE
    assert cpu["cr4"] & (PGE | UMIP | SMEP | SMAP) == PGE | UMIP | SMEP | SMAP, f"cr4 is {cpu['cr4']:#x}"
