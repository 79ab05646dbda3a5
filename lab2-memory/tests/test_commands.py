"""The monitor's commands map, pt and pages, compared with what lies in the machine's memory."""

import re
import struct

import pytest

from grader.pagewalk import ACCESSED, ADDRESS, DIRTY, GLOBAL, LEVELS, NX, SIZES, USER, WRITE, joined, pages, span, walk

pytestmark = pytest.mark.needs("1.2", "1.3", "1.7", "2.1", "2.3")

MARKS = ACCESSED | DIRTY    # accessed and dirty: the processor sets them at any time
DIRECT_MAP, KERNEL_BASE = 0xFFFF_8000_0000_0000, 0xFFFF_FFFF_8000_0000
FREE, KEPT, USED = 1, 2, 3      # enum page_state
STEP = re.compile(r"^level (\d)  (.{13}) \[ *(\d+)\]  ([0-9a-f]{16})  (.*)$", re.MULTILINE)
ORDER = re.compile(r"^ +(\d+) +(\d+) KiB +(\d+)(?:   first at ([0-9a-f]+))?$", re.MULTILINE)


@pytest.fixture
def cub(machine):
    """A machine that shows its prompt."""
    made = machine()
    made.console.expect("cub> ")
    return made


def ask(cub, command):
    """What the monitor says to a command, up to its next prompt."""
    cub.console.send(command + "\r")
    cub.console.expect(command + "\n")
    return cub.console.expect(re.compile(r"(?s)(.*?)cub> "))[1].replace("\r", "")


def root(cub):
    return cub.registers()[0]["cr3"]


def rights(entry):
    """An entry's own, as map shows them."""
    return "r" + "".join(letter if holds else "-" for letter, holds in (
        ("w", entry & WRITE), ("x", not entry & NX), ("u", entry & USER), ("g", entry & GLOBAL)))


def said(step, address):
    """What map says behind an entry."""
    if not step.present:
        return "not present"
    if step.page is None:
        return f"{rights(step.entry)}  table at {step.entry & ADDRESS:016x}"
    physical = step.page.physical + address % span(step.level)
    return f"{rights(step.entry)}  page of {SIZES[step.page.size]}: physical {physical:016x}"


def test_map_shows_the_walk(cub, symbols, rng):
    """Each level of a walk with its entry, down to the page or to where nothing is."""
    addresses = [symbols.address(name) for name in ("kernel_start", "rodata_start", "data_start", "boot_stack_guard")]
    addresses += [DIRECT_MAP + rng.randrange(64 << 20) for _ in range(4)]
    addresses += [0, (1 << 47) - 1, -1 << 47 & (1 << 64) - 1, (1 << 64) - 1, DIRECT_MAP + (1 << 46) - 1,
                  0xFFFF_C000_0000_1000, rng.getrandbits(47)]
    for address in addresses:
        told = STEP.findall(ask(cub, f"map {address:#x}"))
        steps = walk(cub.memory, root(cub), address)
        assert [(int(level), name.rstrip(), int(index), int(entry, 16) & ~MARKS, text)
                for level, name, index, entry, text in told] == \
            [(step.level, LEVELS[step.level], step.index, step.entry & ~MARKS, said(step, address)) for step in steps]


def test_map_refuses_nonsense(cub):
    """What is no address is told, and so is an address that cannot be."""
    for arguments in ["", " x", " -1", " 0x1g", " 1 2", " 99999999999999999999999"]:
        assert ask(cub, "map" + arguments).startswith("usage: map ADDRESS"), arguments
    for address in [1 << 47, (-1 << 47) - 1 & (1 << 64) - 1, 1 << 63]:
        assert ask(cub, f"map {address:#x}") == \
            f"map: {address:016x} is not canonical: bits 48 to 63 must equal bit 47\n"


def test_pt_shows_the_map(cub):
    """Every page of the kernel's map, those that differ only in their place in one line."""
    lines = ask(cub, "pt").splitlines()
    runs = list(joined(page for page in pages(cub.memory, root(cub)) if page.virtual >= DIRECT_MAP))
    assert lines == [str(run) for run in runs]
    assert any(run.virtual >= KERNEL_BASE and run.first.executable for run in runs)


def states(cub, symbols):
    """(state, order) of every frame, as the structures in memory have it."""
    def word(name):
        return struct.unpack("<Q", cub.memory(symbols.address(name) - KERNEL_BASE, 8))[0]
    array, frames = word("page_array") - DIRECT_MAP, word("page_frames")
    memory = cub.memory(array, frames * 64)
    return [(memory[at + 5], memory[at + 4]) for at in range(0, len(memory), 64)]


def test_pages_counts_blocks(cub, symbols):
    """The free blocks of each order are those that are marked so, and the sums are right."""
    told = ask(cub, "pages")
    frames = states(cub, symbols)
    total, used, free, kept = map(int, re.match(
        r"(\d+) pages of 4 KiB: (\d+) used, (\d+) free, of which (\d+) wait in processors' fronts\n", told).groups())
    rows = [(int(order), int(size), int(blocks), first and int(first, 16)) for order, size, blocks, first in ORDER.findall(told)]
    assert [row[:3] for row in rows] == [(order, 4 << order, frames.count((FREE, order))) for order in range(11)]
    assert all(first and frames[first >> 12] == (FREE, order) for order, _, blocks, first in rows if blocks)
    assert kept == sum(state == KEPT for state, _ in frames)
    assert free == kept + sum(blocks << order for order, _, blocks, _ in rows)
    assert used == sum(1 << order for state, order in frames if state == USED)
    assert used + free == total
