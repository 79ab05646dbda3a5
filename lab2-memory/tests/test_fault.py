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
    """Where random operations happen: some pages from an address on, in four spaces."""

    def __init__(self, rng, pages, base):
        self.rng, self.pages, self.base = rng, pages, base
        self.touched, self.written = range(pages), ()
        self.last = (0, 0)

    def everything(self, space):
        return f"{space} {self.base:#x} {self.pages}"

    def range(self, most):
        pages = self.rng.randint(1, most)
        start = self.rng.randrange(self.pages - pages + 1)
        return f"{self.rng.randrange(4)} {self.base + start * PAGE:#x} {pages}"

    def access(self, number):
        """Often the same page as the last time, or the same one in another space."""
        space, page = self.last
        self.last = (self.rng.choice((space, self.rng.randrange(4))),
                     self.rng.choice((page, page, self.rng.choice(self.touched))))
        verb = self.rng.choice(("read", "read", "write", "write", "write", "look", "run"))
        where = self.base + self.last[1] * PAGE + self.rng.choice((0, 0, 8, 2048, 4088))
        return f"{verb} {self.last[0]} {where:#x}" + f" {number}" * (verb == "write")

    def fresh(self, space):
        """A space in which everything is memory of its own."""
        writes = [f"write {space} {self.base + page * PAGE:#x} {page}" for page in self.written]
        return [f"space {space}", f"map {self.everything(space)} rw-p -", *writes]

    def clone(self, number, fail=""):
        """A clone in the place of another space, and soon a write to what it shares."""
        old, new = self.rng.sample(range(4), 2)
        made = self.fresh(new) if self.rng.random() < 0.1 else [f"clone {old} {new}"]
        if fail:
            made.insert(0, f"{fail}{made[0]}")
        self.last = (self.rng.choice((old, new)), self.rng.choice(self.touched))
        return [f"destroy {new}", *made, self.access(number)]


def small_place(rng):
    bases = (0x10000, 0x40000000 - 6 * PAGE, 0x7fff00000000, 0x40000000 + 505 * PAGE)
    return Place(rng, 14, rng.choice(bases))


def operations(rng, steps, *, clones=0.07, objects="", failing=0.0):
    """Random operations on small regions."""
    place = small_place(rng)
    lines = [line for space in range(4) for line in place.fresh(space)]
    for number in range(1, steps + 1):
        fail = f"fail {rng.randint(1, 3)} " if rng.random() < failing else ""
        what = rng.random()
        if what < 0.04:
            lines.append(map_something(rng, place, objects))
        elif what < 0.06:
            lines.append(f"unmap {place.range(2)}")
        elif what < 0.1:
            lines.append(f"protect {place.range(6)} {rng.choice(('rw-', 'rw-', 'rwx', 'r--', 'r-x', '---'))}")
        elif what < 0.1 + clones:
            lines += place.clone(number, fail)
        elif what < 0.22 and objects:
            lines += on_object(rng, place, rng.choice(objects), number)
        else:
            lines.append(fail + place.access(number))
        if number % 40 == 0:
            lines.append("count")
    return [*lines, "count"]


def map_something(rng, place, objects):
    rights = rng.choice(("rw-", "rw-", "rw-", "rwx", "r--", "r-x"))
    if not objects or rng.random() < 0.3:
        return f"map {place.range(8)} {rights}p -"
    source = rng.choice(("-", *(f"{name}{rng.randrange(4)}" for name in objects * 2)))
    return f"map {place.range(6)} {rights}{rng.choice('ps')} {source}"


def on_object(rng, place, name, number):
    """Something from an object's side, or an access that finds it broken."""
    if rng.random() < 0.3:
        return [f"error {name} {errno.EIO}", place.access(number), f"error {name} 0"]
    return [f"put {name} {rng.randrange(8)} {number} {rng.choice((0, 8, 2048, 4088))}"]


def large_operations(rng, steps):
    """Operations on regions of some MiB; in the middle of them there are no blocks of 2 MiB."""
    place = Place(rng, 2 * LARGE, 0x40000000)
    place.touched, place.written = (3, 200, 511, 512, 513, 800, 1023), (5, 800)
    lines = [line for space in range(4) for line in place.fresh(space)]
    for number in range(1, steps + 1):
        what = rng.random()
        start, pages = rng.choice(((0, 2 * LARGE), (LARGE, LARGE), (7, LARGE), (LARGE - 1, LARGE + 1)))
        where = f"{rng.randrange(4)} {place.base + start * PAGE:#x} {pages}"
        if what < 0.05:
            lines += [f"map {where} rw-p -", f"write {where.rsplit(' ', 1)[0]} {number}"]
        elif what < 0.08:
            lines.append(rng.choice((f"unmap {place.range(40)}", f"unmap {where}")))
        elif what < 0.12:
            lines.append(f"protect {rng.choice((place.range(40), where))} {rng.choice(('rw-', 'r--'))}")
        elif what < 0.25:
            lines += place.clone(number)
        else:
            lines.append(place.access(number))
        if number in (steps // 2, steps * 3 // 4):
            lines.append("hold" if number == steps // 2 else "give")
        if number % 25 == 0:
            lines.append("count")
    return [*lines, "count"]


def test_demand_zero(ktest, rng):
    """1500 reads and writes, between changes of regions, find zeros first and then what was written."""
    check(ktest, "fault_lines", operations(rng, 1500, clones=0), Memory, limit=5)


def test_clones(ktest, rng):
    """2000 operations on four spaces that are clones of each other: each keeps what it has written."""
    check(ktest, "fault_lines", operations(rng, 2000), Memory, limit=5)


def test_objects(ktest, rng):
    """2000 operations with objects: shared pages are the object's own, private ones are copied."""
    check(ktest, "fault_lines", operations(rng, 2000, objects="ab"), Memory, limit=5)


def test_no_memory(ktest, rng):
    """Of 1500 operations, those that run out of memory leave everything as it was."""
    check(ktest, "fault_lines", operations(rng, 1500, objects="a", failing=0.3), Memory, limit=5)


def test_large_pages(ktest, rng):
    """120 operations on regions of some MiB: large pages are zeroed, copied and split as small ones are."""
    check(ktest, "fault_lines", large_operations(rng, 120), Memory, limit=10)
