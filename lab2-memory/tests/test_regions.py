"""Exercise 2.6 against a model: random operations on a space, and a dict of pages.

The model knows no regions. It knows of each page what was said of it last, and asks after
each operation which pages in a row say the same: those are the regions that there should be.
region_probe_test.c has the lines that operations are written in.
"""

import errno
import re
from itertools import count

import pytest

from grader.modelcheck import Wrong, check

pytestmark = pytest.mark.exercise("2.6")

PAGE = 4096
LARGE = 512             # pages in a large one
LOW, HIGH, TOP = 0x10000, 0x7ffffffff000, 0x7f0000000000
LOOKED = 10             # pages that a reply shows at each end of its range
RIGHTS = ("rw-", "rw-", "r--", "r-x", "---")
BASES = (LOW, HIGH - 40 * PAGE, TOP - 44 * PAGE, 0x40000000 - 20 * PAGE)


def in_words(result):
    """An address, or an error by its name."""
    return f"{result:#x}" if result >= 0 else f"-{errno.errorcode.get(-result, -result)}"


def shown(regions):
    """Regions as the probe shows them."""
    return "".join(f"\n    {start * PAGE:#x}-{end * PAGE:#x} {rights} {kind} {name} {offset * PAGE:#x}"
                   for start, end, rights, kind, name, offset in regions) or " nothing"


class Reply:
    """A reply, taken apart."""

    def __init__(self, text):
        head, *parts = text.split("|")
        result, failed, *counts = head.split()
        self.result = int(result, 16)
        self.failed = failed == "failed"
        self.counts = [int(number, 16) for number in counts]
        self.regions, self.pages = [], {}
        for first, *rest in map(str.split, parts):
            if first in ("page", "large"):
                self.pages[int(rest[0], 16)] = (int(rest[1], 16), rest[2], first == "large")
            else:
                end, rights, sharing, name, offset = rest
                self.regions.append((int(first, 16), int(end, 16), rights, sharing, name, int(offset, 16)))


class Space:
    """What should be mapped where.  A page says (rights, sharing, object, its page there)."""

    def __init__(self):
        self.pages = {}
        self.numbers = {}       # of pages that were touched
        self.names = {}         # anonymous shared memory is named by the kernel
        self.fresh = count()

    # --- what an operation should do

    def map(self, reply, address, pages, rights, sharing, place, name, offset):
        start = self.place(reply.result, int(address, 16) // PAGE, int(pages), place)
        if start is None:
            return
        if name == "-" and sharing == "shared":
            name = next(self.fresh)
        private = name == "-"
        for i in range(int(pages)):
            self.numbers.pop(start + i, None)
            self.pages[start + i] = (rights, sharing, name, 0 if private else int(offset) + i)

    def place(self, result, start, pages, place):
        """Where the new pages are; None if they are nowhere."""
        free = not any(start + i in self.pages for i in range(pages))
        inside = LOW <= start * PAGE and (start + pages) * PAGE <= HIGH
        if place == "hint" and not (inside and free):
            return self.found(result, pages)
        if place != "hint" and start * PAGE < LOW:
            return self.expect(result, -errno.EPERM)
        if not inside:
            return self.expect(result, -errno.ENOMEM)
        if place == "noreplace" and not free:
            return self.expect(result, -errno.EEXIST)
        self.expect(result, start * PAGE)
        return start

    def found(self, result, pages):
        """Any place will do, as long as it is one."""
        if result < LOW or result % PAGE or result + pages * PAGE > HIGH:
            raise Wrong(f"the result is {result:#x}, where nothing can be mapped")
        if any(result // PAGE + i in self.pages for i in range(pages)):
            raise Wrong(f"the result is {result:#x}, where something is mapped already")
        return result // PAGE

    def unmap(self, reply, address, pages):
        self.expect(reply.result, 0)
        for i in range(int(pages)):
            self.pages.pop(int(address, 16) // PAGE + i, None)
            self.numbers.pop(int(address, 16) // PAGE + i, None)

    def protect(self, reply, address, pages, rights):
        changed = range(int(address, 16) // PAGE, int(address, 16) // PAGE + int(pages))
        if not all(page in self.pages for page in changed):
            return self.expect(reply.result, -errno.ENOMEM)
        self.expect(reply.result, 0)
        for page in changed:
            self.pages[page] = (rights, *self.pages[page][1:])

    def touch(self, reply, address, number, pages=1):
        start = int(address, 16) // PAGE
        first = self.pages.get(start, ("", "", ""))
        free = all(self.pages.get(start + i) == first and start + i not in self.numbers for i in range(pages))
        if first[2] != "-" or not free:
            return self.expect(reply.result, -errno.EEXIST)
        self.expect(reply.result, 0)
        self.numbers |= {start + i: int(number) + i for i in range(pages)}

    def large(self, reply, address, number):
        self.touch(reply, address, number, LARGE)

    @staticmethod
    def expect(result, wanted):
        if result != wanted:
            raise Wrong(f"the result is {in_words(result)} and not {in_words(wanted)}")

    # --- how everything should look

    def step(self, operation, reply):
        verb, *rest = re.sub("^fail . ", "", operation).split()
        reply = Reply(reply)
        if verb != "list" and not (reply.failed and reply.result == -errno.ENOMEM):
            getattr(self, verb)(reply, *rest)
        if verb == "list":
            self.check_regions(reply, 0, HIGH)
        else:
            start = reply.result // PAGE if verb == "map" and reply.result > 0 else int(rest[0], 16) // PAGE
            end = start + (1 if verb in ("touch", "large") else int(rest[1]))
            self.check_regions(reply, start - 1, end + 1)
            self.check_pages(reply, range(start - 1, end + 1))

    def regions(self):
        """Pages in a row that say the same, as (start, end, rights, sharing, object, its page)."""
        found = []
        for page in sorted(self.pages):
            rights, sharing, name, offset = self.pages[page]
            if found and found[-1][1] == page and found[-1][2:5] == (rights, sharing, name) and (
                    name == "-" or found[-1][5] + page - found[-1][0] == offset):
                found[-1] = (found[-1][0], page + 1, *found[-1][2:])
            else:
                found.append((page, page + 1, rights, sharing, name, offset))
        return found

    def named(self, region, seen):
        """The region, its object named as the kernel named it when it was first seen."""
        name = region[4]
        if isinstance(name, int) and name not in self.names and seen and seen[4].startswith("@"):
            self.names[name] = seen[4]
        return (*region[:4], self.names.get(name, name), region[5])

    def check_regions(self, reply, low, high):
        regions = self.regions()
        right = [region for region in regions if region[1] > low and region[0] < high]
        seen = dict(zip((region[0] for region in reply.regions), reply.regions))
        right = [self.named(region, seen.get(region[0])) for region in right]
        if reply.regions != right:
            raise Wrong(f"the regions are wrong\n  there should be{shown(right)}\n  and there are{shown(reply.regions)}")
        references = [1 + sum(region[4] == name for region in regions) for name in "abc"]
        for what, is_now, wanted in zip(
                ("regions", "pages mapped", "pages resident", "references to a", "references to b", "references to c"),
                reply.counts, (len(regions), len(self.pages), len(self.numbers), *references)):
            if is_now != wanted:
                raise Wrong(f"{what}: {is_now}, and there should be {wanted}")

    def check_pages(self, reply, pages):
        for page in (*pages[:LOOKED], *pages[-LOOKED:]):
            number, rights, large = reply.pages.get(page, (None, "", False))
            if number != self.numbers.get(page):
                raise Wrong(f"the page at {page * PAGE:#x} is {number} and should be {self.numbers.get(page)} "
                            "(None: not mapped)")
            if set(rights) - {"-"} - set(self.pages.get(page, ("",))[0]):
                raise Wrong(f"the page at {page * PAGE:#x} is mapped {rights}, and its region is {self.pages[page][0]}")
            block = range(page // LARGE * LARGE, page // LARGE * LARGE + LARGE)
            if large and len({self.pages.get(i) for i in block}) > 1:
                raise Wrong(f"a large page at {block[0] * PAGE:#x} reaches over its region's end")


def operations(rng, steps, *, names="-", failing=0.0, touching=0.0, pages=12):
    """Random operations in a narrow place, so that they meet."""
    base = rng.choice(BASES)
    lines = []
    for number in range(1, steps + 1):
        page = rng.randrange(40 - pages)
        where = f"{base + page * PAGE:#x} {rng.randint(1, pages)}"
        kind = rng.random()
        if rng.random() < touching:
            lines.append(f"touch {base + page * PAGE:#x} {number}")
        elif kind < 0.5:
            line = f"map {where} {rng.choice(RIGHTS)} {rng.choice(('private', 'private', 'shared'))}"
            line += f" {rng.choice(('fixed', 'fixed', 'fixed', 'noreplace', 'hint'))}"
            name = rng.choice(names)
            offset = page + rng.choice((0, 0, 0, 7)) if name != "-" else 0
            lines.append(f"{line} {name} {offset}")
        elif kind < 0.7:
            lines.append(f"unmap {where}")
        else:
            lines.append(f"protect {where} {rng.choice(RIGHTS)}")
        if rng.random() < failing and not lines[-1].startswith("touch"):
            lines[-1] = f"fail {rng.randint(1, 3)} {lines[-1]}"
        if number % 50 == 0:
            lines.append("list")
    return lines


def test_anonymous(ktest, rng):
    """1000 times mapping, unmapping and protecting memory leave the regions that the model has."""
    check(ktest, "region_lines", operations(rng, 1000), Space, limit=10)


def test_objects(ktest, rng):
    """1200 operations with objects keep offsets, references, and what is shared."""
    check(ktest, "region_lines", operations(rng, 1200, names="-abc"), Space, limit=10)


def test_no_memory(ktest, rng):
    """Of 1200 operations, those that run out of memory leave everything as it was."""
    check(ktest, "region_lines", operations(rng, 1200, names="-ab", failing=0.4), Space, limit=10)


def test_pages(ktest, rng):
    """Pages go with their regions, and no page allows more than its region does."""
    lines = operations(rng, 1000, touching=0.4, pages=8)
    check(ktest, "region_lines", lines, Space, limit=10)


def large_operations(rng, rounds):
    """Three large pages, or some of them, and then a few operations with ends anywhere in them."""
    base = 0x40000000
    lines = []
    for number in range(1, rounds + 1):
        lines.append(f"map {base:#x} {3 * LARGE} rw- private fixed - 0")
        lines += [f"large {base + block * LARGE * PAGE:#x} {number * 10000 + block * 1000}"
                  for block in range(3) if rng.random() < 0.7]
        for _ in range(rng.randint(1, 4)):
            start = rng.choice((0, LARGE, 2 * LARGE, rng.randrange(3 * LARGE)))
            pages = rng.choice((LARGE, rng.randint(1, 40), rng.randint(1, 2 * LARGE)))
            where = f"{base + start * PAGE:#x} {min(pages, 3 * LARGE - start)}"
            fail = f"fail {rng.choice((1, 2, 2, 3))} " if rng.random() < 0.6 else ""
            lines.append(fail + rng.choice((
                f"unmap {where}",
                f"protect {where} {rng.choice(('rw-', 'r--'))}",
                f"map {where} rw- private fixed - 0")))
    return lines


def test_large_pages(ktest, rng):
    """Large pages are split where a region is cut, and all they held stays where it was."""
    check(ktest, "region_lines", large_operations(rng, 30), Space, limit=10)
