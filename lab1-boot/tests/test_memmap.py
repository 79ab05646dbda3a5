"""Exercise 1.4 against a model: random maps, cleaned by the kernel and by the few lines below.

The model knows nothing of sorting or merging: it looks at each piece between two
neighbouring bounds by itself, and asks which kinds cover it.
"""

import struct

import pytest

pytestmark = pytest.mark.exercise("1.4")

TOP = 2**64 - 1
PAGE = 4096
KINDS = ("usable", "ACPI", "NVS", "reserved", "bad")


def cleaned(raw):
    """The map that the contract in memmap.h asks for."""
    bounds = sorted({bound for start, end, _ in raw for bound in (start, end)})
    pieces = []
    for start, end in zip(bounds, bounds[1:]):
        covering = [kind for a, b, kind in raw if a <= start and end <= b]
        if covering and pieces and pieces[-1][1:] == (start, max(covering)):
            pieces[-1] = (pieces[-1][0], end, max(covering))
        elif covering:
            pieces.append((start, end, max(covering)))
    whole = [(-(-a // PAGE) * PAGE, b // PAGE * PAGE, kind) if kind == 0 else (a, b, kind)
             for a, b, kind in pieces]
    return [(a, b, kind) for a, b, kind in whole if a < b]


def random_map(rng):
    """A map of one of several characters, so that every corner comes often."""
    unit = rng.choice([PAGE, PAGE, 1024, 1])
    base = rng.choice([0, 0, 2**32 - 8 * PAGE, 2**64 - 24 * PAGE, 2**64 - 2 * PAGE])
    count = rng.choice([0, 1, 2, 3, 5, 8, 20, 128])
    kinds = rng.choice([(0,), (0, 3), (3, 4), (0, 1, 2, 3, 4), (0, 0, 0, 3)])
    spread = rng.choice([8, 24, 24, 24 * PAGE]) * PAGE // unit
    raw = []
    for _ in range(count):
        start = min(TOP, base + rng.randrange(spread) * unit)
        length = rng.choice([0, 1, 1, 2, 3, rng.randrange(spread)]) * unit
        raw.append((start, min(TOP, start + length), rng.choice(kinds)))
    return raw


def shown(ranges):
    return "\n".join(f"  {a:#x} - {b:#x} {KINDS[k] if k < 5 else k}" for a, b, k in ranges) or "  (nothing)"


def replied(replies):
    """Splits the replies into one list of ranges for each map."""
    maps, rest = [], list(replies)
    while rest:
        end = rest.index("end")
        count = struct.unpack("<Q", bytes.fromhex(rest[0]))[0]
        maps.append([struct.unpack("<QQI4x", bytes.fromhex(line)) for line in rest[1:end]])
        assert count == end - 1, f"a map has {count} ranges"
        rest = rest[end + 1:]
    return maps


def disjoint_map(rng):
    """A map without overlaps, in any order: what well-behaved firmware tells."""
    unit = rng.choice([PAGE, 1024, 1])
    bounds = sorted(rng.sample(range(64 * PAGE // unit), rng.choice([2, 4, 9, 30])))
    raw = [(a * unit, b * unit, rng.choice((0, 0, 1, 2, 3, 4)))
           for a, b in zip(bounds, bounds[1:]) if rng.random() < 0.8]
    rng.shuffle(raw)
    return raw


def compare(ktest, maps):
    """The kernel makes of these raw maps what the model makes of them."""
    lines = "".join("".join(f"{a:#x} {b:#x} {kind}\n" for a, b, kind in raw) + "\n" for raw in maps)
    results = replied(ktest("memmap_lines", input=lines, limit=5).replies)
    assert len(results) == len(maps)
    for raw, seen in zip(maps, results):
        right = cleaned(raw)
        assert seen == right, (f"the map made of\n{shown(raw)}\nis\n{shown(seen)}\n"
                               f"instead of\n{shown(right)}")


def test_maps_without_overlaps(ktest, rng):
    """40 random maps in which nothing overlaps are sorted, merged and shrunk to pages."""
    compare(ktest, [[(0x1000, 0x9000, 0)]] + [disjoint_map(rng) for _ in range(40)])


def test_random_maps(ktest, rng):
    """60 random maps, most of them with overlaps, come out as the model makes them."""
    compare(ktest, [[(0x1000, 0x9000, 0)]] + [random_map(rng) for _ in range(60)])
