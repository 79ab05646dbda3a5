"""Exercise 2.7 against a model: faults and clones in several spaces, and what memory then holds.

fault_model.py is the model; fault_probe_test.c has the lines that operations are written in,
and what it replies to them.
"""

import errno
from importlib import import_module

import pytest

from grader.modelcheck import check

model = import_module("lab2-memory.tests.fault_model")    # a name that "import" cannot take
LARGE, PAGE, Memory = model.LARGE, model.PAGE, model.Memory

pytestmark = pytest.mark.exercise("2.7")


class Place:
    """Where random operations happen: so many pages from one address on, in so many spaces."""

    def __init__(self, rng, spaces, pages=24, base=None):
        self.rng, self.spaces, self.pages = rng, spaces, pages
        self.base = base or rng.choice((0x10000, 0x40000000 - 12 * PAGE, 0x7fff00000000, 0x40000000 + 500 * PAGE))
        self.last = (0, 0)

    def spot(self):
        """A space and a page: often those of the last time."""
        if self.rng.random() < 0.6:
            self.last = (self.rng.randrange(self.spaces), self.rng.randrange(self.pages))
        return f"{self.last[0]} {self.base + self.last[1] * PAGE + self.rng.choice((0, 0, 8, 2048, 4088)):#x}"

    def range(self, most):
        pages = self.rng.randint(1, most)
        start = self.rng.randrange(self.pages - pages + 1)
        return f"{self.rng.randrange(self.spaces)} {self.base + start * PAGE:#x} {pages}"

    def access(self, number):
        verb = self.rng.choice(("read", "read", "write", "write", "write", "look", "run"))
        return f"{verb} {self.spot()}" + f" {number}" * (verb == "write")


def operations(rng, steps, *, spaces=4, sources=("-",), clones=0.06, failing=0.0):
    """Random operations on small regions."""
    place, lines = Place(rng, spaces), [f"space {i}" for i in range(spaces)]
    kinds = ("rw-p", "rw-p", "rw-p", "rwxp", "r--p", "r-xp", "---p") + ("rw-s", "r--s") * (len(sources) > 1)
    for number in range(1, steps + 1):
        what = rng.random()
        if what < 0.07 or number == 1:
            source = rng.choice(sources)
            source += str(rng.randrange(6)) * (source != "-")
            lines.append(f"map {place.range(16)} {rng.choice(kinds)} {source}")
        elif what < 0.11:
            lines.append(f"unmap {place.range(4)}")
        elif what < 0.15:
            lines.append(f"protect {place.range(6)} {rng.choice(('rw-', 'rw-', 'r--', 'r-x', '---'))}")
        elif what < 0.15 + clones:
            lines += clone(rng, spaces)
        elif what < 0.25 and len(sources) > 1:
            lines.append(on_object(rng, number))
        else:
            lines.append(place.access(number))
        if rng.random() < failing and lines[-1].startswith(("read", "write", "run", "clone")):
            lines[-1] = f"fail {rng.randint(1, 4)} {lines[-1]}"
        if number % 40 == 0:
            lines.append("count")
    return lines + ["count"]


def clone(rng, spaces):
    old, new = rng.sample(range(spaces), 2)
    return [f"destroy {new}", rng.choice((f"clone {old} {new}", f"clone {old} {new}", f"space {new}"))]


def on_object(rng, number):
    name = rng.choice("ab")
    if rng.random() < 0.3:
        return f"error {name} {rng.choice((0, 0, errno.EIO))}"
    return f"put {name} {rng.randrange(8)} {number} {rng.choice((0, 8, 2048, 4088))}"


def test_demand_zero(ktest, rng):
    """2000 reads and writes, between changes of regions, find zeros first and then what was written."""
    check(ktest, "fault_lines", operations(rng, 2000, spaces=2, clones=0), Memory, limit=5)


def test_clones(ktest, rng):
    """2500 operations on four spaces that are clones of each other: each keeps what it has written."""
    check(ktest, "fault_lines", operations(rng, 2500), Memory, limit=5)


def test_objects(ktest, rng):
    """2500 operations with objects: shared pages are the object's own, private ones are copied."""
    check(ktest, "fault_lines", operations(rng, 2500, sources=("-", "a", "b")), Memory, limit=5)


def test_no_memory(ktest, rng):
    """Of 2000 operations, those that run out of memory leave everything as it was."""
    check(ktest, "fault_lines", operations(rng, 2000, sources=("-", "a"), failing=0.3), Memory, limit=5)


def large_operations(rng, steps):
    """Operations on regions of some MiB, in four spaces; at times there are no blocks of 2 MiB."""
    place, lines = Place(rng, 4, 3 * LARGE, 0x40000000), [f"space {i}" for i in range(4)]
    for number in range(1, steps + 1):
        what = rng.random()
        start, pages = rng.choice(((0, 3 * LARGE), (LARGE, LARGE), (7, 2 * LARGE), (LARGE - 1, 2 * LARGE)))
        where = f"{rng.randrange(4)} {place.base + start * PAGE:#x} {pages}"
        if what < 0.12 or number < 5:
            lines.append(f"map {where} rw-p -")
        elif what < 0.16:
            lines.append(rng.choice((f"unmap {place.range(40)}", f"unmap {where}")))
        elif what < 0.2:
            lines.append(f"protect {rng.choice((place.range(40), where))} {rng.choice(('rw-', 'r--'))}")
        elif what < 0.27:
            lines += clone(rng, 4)
        else:
            lines.append(place.access(number))
        if number in (steps // 3, steps * 2 // 3):
            lines.append("hold" if number < steps // 2 else "give")
        if number % 25 == 0:
            lines.append("count")
    return lines + ["count"]


def test_large_pages(ktest, rng):
    """700 operations on regions of some MiB: large pages are zeroed, copied and split as small ones are."""
    check(ktest, "fault_lines", large_operations(rng, 300), Memory, limit=10)
