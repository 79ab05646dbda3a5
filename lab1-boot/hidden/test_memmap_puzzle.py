"""Exercise 1.4, hidden: a clean map is cut to pieces, shuffled, painted over, and put together again."""

import struct

import pytest

PAGE = 4096


def clean_map(rng):
    """A map as memmap_clean would leave it: rising, with holes, neighbours of different kinds."""
    ranges, at, last = [], rng.randrange(64) * PAGE, None
    for _ in range(rng.randrange(1, 12)):
        if rng.random() < 0.3:
            at, last = at + rng.randrange(1, 32) * PAGE, None
        end = at + rng.randrange(1, 64) * PAGE
        last = rng.choice([kind for kind in range(5) if kind != last])
        ranges.append((at, end, last))
        at = end
    return ranges


def puzzle(rng, ranges):
    """Raw ranges that come to the same map, in any order."""
    pieces = []
    for start, end, kind in ranges:
        cuts = sorted({start, end, *(rng.randrange(start, end) for _ in range(rng.randrange(5)))})
        pieces += [(a, b, kind) for a, b in zip(cuts, cuts[1:])]
        for _ in range(rng.randrange(3)):       # a lesser or equal kind below makes no difference
            a, b = sorted(rng.randrange(start, end) for _ in range(2))
            pieces.append((a, b, rng.randrange(kind + 1)))
    rng.shuffle(pieces)
    return pieces


@pytest.mark.exercise("1.4")
def test_puzzles(ktest, rng):
    """40 maps come back whole."""
    maps = [clean_map(rng) for _ in range(40)]
    lines = "".join("".join(f"{a:#x} {b:#x} {kind}\n" for a, b, kind in puzzle(rng, ranges)) + "\n"
                    for ranges in maps)
    replies = iter(ktest("memmap_lines", input=lines, limit=5).replies)
    for right in maps:
        count = struct.unpack("<Q", bytes.fromhex(next(replies)))[0]
        assert count == len(right), f"{len(right)} ranges came back as {count}"
        seen = [struct.unpack("<QQI4x", bytes.fromhex(next(replies))) for _ in range(count)]
        assert seen == right
        assert next(replies) == "end"
