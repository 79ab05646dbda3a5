"""Machines of other kinds boot to the prompt, and all their memory is there.

What the machine has, the monitor's `info` tells from firmware's map, which lab 1's tests judge;
what can be handed out, its `pages`.  Floor: this is given code on top of 2.1 and 2.3.
"""

import re

import pytest

PAGE, MIB = 1 << 12, 1 << 20
KERNEL_BASE = 0xFFFF_FFFF_8000_0000
STRUCTURE = 64          # bytes of a struct page
TABLES = 48             # pages of usable memory that ACPI's tables may take at most
SCRIBBLE = b"\xa7" * PAGE

pytestmark = pytest.mark.needs("2.1", "2.3")


def prompt(machine, **options):
    """Boots; returns the usable ranges that the monitor tells, and the pages: all, used, free."""
    console = machine(**options).console
    console.expect("cub> ")
    console.send("info\r")
    told = console.expect(re.compile(r"info(?s:.)*?cub> "))[0]
    ranges = re.findall(r"([0-9a-f]{16}) - ([0-9a-f]{16})  usable", told)
    console.send("pages\r")
    pages = console.expect(re.compile(r"(\d+) pages of 4 KiB: (\d+) used, (\d+) free,"))
    console.expect("cub> ")
    return [(int(start, 16), int(end, 16)) for start, end in ranges], tuple(map(int, pages.groups()))


def check(ranges, pages, symbols):
    """Every usable page can be handed out, but the first, the image's, and what page structures take."""
    image = -(-symbols.address("kernel_end") // PAGE) - symbols.address("kernel_start") // PAGE
    structures = -(-(max(end for _, end in ranges) // PAGE * STRUCTURE) // PAGE)
    right = sum(end - start for start, end in ranges) // PAGE - 1 - image - structures
    total, used, free = pages
    assert right - TABLES <= total <= right, f"{total} pages instead of {right}, or up to {TABLES} less"
    assert used + free == total and used < 512, f"after booting {used} pages are in use"


@pytest.mark.parametrize("memory, least", [("32M", 30), ("3G", 3000), ("8G", 8100)])
def test_all_memory_is_there(machine, symbols, memory, least):
    """A machine with 32 MiB, 3 GiB (some of it above 4 GiB) or 8 GiB boots and has nearly all of it to give."""
    ranges, pages = prompt(machine, memory=memory)
    assert sum(end - start for start, end in ranges) > least * MIB
    check(ranges, pages, symbols)


def test_a_map_with_holes(machine, symbols, rng):
    """A machine whose memory map has 20 holes boots, and has all that lies around them."""
    pages_from = sorted(rng.sample(range(20 * MIB // PAGE, 60 * MIB // PAGE, 64), 20))
    holes = [(start * PAGE, rng.randrange(1, 64) * PAGE) for start in pages_from]
    words = "memmap=" + ",".join(f"{length:#x}${start:#x}" for start, length in holes)
    ranges, pages = prompt(machine, append=words)
    assert len(ranges) > 20
    for start, length in holes:
        assert not [a for a, b in ranges if a < start + length and start < b], "a hole is no usable memory"
    check(ranges, pages, symbols)


def test_nothing_in_a_hole_is_handed_out(machine, rng):
    """Memory that is reserved is left alone, whoever takes all the pages that there are."""
    holes = [(rng.randrange(5120, 15000), rng.randrange(1, 300)) for _ in range(8)]
    words = "memmap=" + ",".join(f"{count * 4}K${first * PAGE:#x}" for first, count in holes)
    guest = machine(ktest="bootmem_scribble", append=words, limit=30)
    guest.com2.expect("# reply looking\n")
    memory = guest.memory(0, 64 * MIB)
    frames = {frame for first, count in holes for frame in range(first, first + count)}
    for frame in frames:
        assert memory[frame * PAGE:(frame + 1) * PAGE] != SCRIBBLE, f"frame {frame:#x} lies in a hole"
    outside = sum(memory[at:at + PAGE] == SCRIBBLE for at in range(0, len(memory), PAGE))
    assert outside > 64 * MIB // PAGE - len(frames) - 2048


@pytest.mark.parametrize("hole, least", [
    ("1800M$80M", 4100),   # its last range below 4 GiB is small and far up, the next one is large
    ("1900M$100M", 1900),  # besides, the structures of all pages do not fit below 4 GiB
])
def test_a_long_hole(machine, hole, least):
    """A machine with 6 GiB and a hole of 2 GiB has the most of what lies behind it."""
    ranges, (total, used, free) = prompt(machine, memory="6G", append=f"memmap={hole}")
    assert sum(end - start for start, end in ranges) > 4096 * MIB
    assert total >= least * MIB // PAGE, f"only {total * PAGE // MIB} MiB are there"
    assert used + free == total


@pytest.mark.parametrize("cpu, memory", [("max,-pdpe1gb", "3G"), ("max,-smep,-smap,-umip", "64M"), ("qemu64", "64M")])
def test_lesser_processors(machine, symbols, cpu, memory):
    """A processor without pages of 1 GiB, or without SMEP, SMAP and UMIP, boots as well."""
    check(*prompt(machine, cpu=cpu, memory=memory), symbols)


def test_tables_above(ktest):
    """ACPI's tables are found above 4 GiB, too, and behind the end of memory they are not looked for."""
    assert ktest("firmware_above", memory="6G", limit=30).replies == ["done"]
