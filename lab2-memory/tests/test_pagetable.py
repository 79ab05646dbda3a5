"""Exercises 2.3 and 2.4 against a model: what a page table has to look like after any operations.

The model holds the pages that are mapped, each of its size.  The contract leaves nothing open:
pages are as large as alignment allows when they are mapped, are split only where an operation
ends inside of one, and a table is there exactly if a page stands in it or below it.
"""

import re
from bisect import bisect_left, bisect_right, insort
from collections import Counter

import pytest

from grader.modelcheck import Wrong, check
from grader.pagewalk import ACCESSED, ADDRESS, DIRTY, GLOBAL, LARGE, NX, PRESENT, UNCACHED, USER, WRITE, entries

MARKS = ACCESSED | DIRTY
RIGHTS = (WRITE, USER, UNCACHED, GLOBAL, NX)
PROTECTED = WRITE | USER | NX
SPAN = (4096, 2 << 20, 1 << 30)
PAGE, MIB2, GIB = SPAN
USER_END = 1 << 47
OK, ENOMEM, EEXIST = 0, -12, -17


class Table:
    """The pages of one table: start -> (level, entry)."""

    def __init__(self, largest=2):
        self.largest = largest
        self.pages = {}
        self.starts = []                # of the pages, rising
        self.users = Counter()          # (level, number) of a table -> pages in it or below it

    @property
    def tables(self):
        return 1 + len(self.users)

    def put(self, address, level, entry):
        self.pages[address] = (level, entry)
        insort(self.starts, address)
        for above in range(level, 3):
            self.users[above, address >> 21 + 9 * above] += 1

    def take(self, address):
        level, entry = self.pages.pop(address)
        del self.starts[bisect_left(self.starts, address)]
        for above in range(level, 3):
            table = above, address >> 21 + 9 * above
            self.users[table] -= 1
            if not self.users[table]:
                del self.users[table]
        return level, entry

    def find(self, address):
        """The start of the page that maps an address, or None."""
        for level, span in enumerate(SPAN):
            start = address & -span
            if start in self.pages and self.pages[start][0] == level:
                return start
        return None

    def inside(self, address, end):
        """The starts of the pages that touch [address, end), rising."""
        first = self.find(address)
        found = self.starts[bisect_right(self.starts, address):bisect_left(self.starts, end)]
        return found if first is None else [first, *found]

    def map(self, address, physical, size, rights):
        if self.inside(address, address + size):
            return EEXIST
        end = address + size
        while address < end:
            level = max(level for level, span in enumerate(SPAN[:self.largest + 1])
                        if not (address | physical) % span and address + span <= end)
            self.put(address, level, physical | rights | PRESENT | (LARGE if level else 0))
            address, physical = address + SPAN[level], physical + SPAN[level]
        return OK

    def split(self, address, most=9):
        """Splits what reaches over the address, at most so often; returns how often it may still."""
        while (start := self.find(address)) is not None and start != address and most:
            level, entry = self.take(start)
            part = SPAN[level - 1]
            for i in range(512):
                self.put(start + i * part, level - 1, (entry & ~LARGE if level == 1 else entry) + i * part)
            most -= 1
        return most

    def unmap(self, address, size):
        self.split(address)
        self.split(address + size)
        for start in self.inside(address, address + size):
            self.take(start)
        return OK

    def protect(self, address, size, rights):
        self.split(address)
        self.split(address + size)
        for start in self.inside(address, address + size):
            level, entry = self.pages[start]
            self.pages[start] = level, entry & ~PROTECTED | rights
        return OK

    def change(self, what, numbers):
        return {"m": self.map, "u": self.unmap, "p": self.protect}[what](*numbers)


def page(level, entry):
    return f"{('4 KiB', '2 MiB', '1 GiB')[level]} {entry:#x}"


class Model(Table):
    """Judges the replies of the probe pagetable_operations."""

    def step(self, operation, reply):
        failing, what, numbers = re.fullmatch(r"(\d?)(.) (.*)", operation).groups()
        numbers = [int(number, 0) for number in numbers.split()]
        told = None if reply == "nothing" else [int(number) for number in reply.split()]
        if what == "q":
            self.query(told, *numbers)
        elif what == "n":
            self.next(told, *numbers)
        else:
            self.changed(told, int(failing or 0), what, numbers)

    def changed(self, told, failing, what, numbers):
        error, tables, failed = told
        if failed:                      # what was split before that stays split
            right = ENOMEM
            if what != "m":
                self.split(numbers[0] + numbers[1], self.split(numbers[0], failing - 1))
        else:
            right = self.change(what, numbers)
        if error != right:
            raise Wrong(f"the error is {error} and should be {right}")
        if tables != self.tables:
            raise Wrong(f"there are {tables} tables and should be {self.tables}")

    def query(self, told, address):
        start = self.find(address)
        if start is None:
            if told:
                raise Wrong(f"nothing should be mapped, and there is a page: {page(told[0], told[1] % 2**64)}")
            return
        level, entry = self.pages[start]
        if not told or (told[0], told[1] % 2**64 & ~MARKS) != (level, entry):
            seen = page(told[0], told[1] % 2**64) if told else "nothing"
            raise Wrong(f"mapped is {seen} and should be {page(level, entry)}")
        if told[2] != (entry & ADDRESS) + address - start:
            raise Wrong(f"the physical address is {told[2]:#x} and should be {(entry & ADDRESS) + address - start:#x}")

    def next(self, told, address, end):
        found = self.inside(address, end)
        right = [max(found[0], address), *self.pages[found[0]]] if found else None
        seen = told and [told[0], told[1], told[2] % 2**64 & ~MARKS]
        if seen != right:
            raise Wrong(f"the next page is {seen} and should be {right}")


# --- what to do ------------------------------------------------------------------------------


class Places:
    """Draws addresses and sizes at which all sizes of pages, and borders of all tables, come often."""

    def __init__(self, rng):
        self.rng = rng
        self.gigabytes = [rng.randrange(1, 1 << 17) << 30 for _ in range(4)]
        self.gigabytes += [self.gigabytes[0] & -(1 << 39) or 1 << 39, USER_END - 2 * GIB]
        self.mapped = []

    def address(self):
        rng, unit = self.rng, self.rng.choice([PAGE, PAGE, MIB2, GIB])
        near = rng.choice(self.gigabytes) + rng.choice([0, 0, GIB, MIB2, 5 * MIB2, 511 * MIB2])
        return max(PAGE, min(near + rng.randrange(-3, 4) * unit, USER_END - 8 * PAGE))

    def inside(self):
        """Mostly an address in what was mapped of late."""
        rng = self.rng
        if not self.mapped or rng.random() < 0.2:
            return self.address()
        address, size = rng.choice(self.mapped[-8:])
        return address + rng.choice([0, 0, PAGE, MIB2, rng.randrange(size) & -MIB2, rng.randrange(size) & -PAGE]) % size

    def size(self, address):
        """A size at which pages as large as the address allows are likely, and all others possible."""
        rng = self.rng
        sizes = [PAGE, PAGE, 2 * PAGE, rng.randrange(1, 600) * PAGE]
        sizes += [MIB2, MIB2 + PAGE, MIB2 - PAGE, 3 * MIB2 + 5 * PAGE]
        sizes += [span - address % span for span in SPAN[1:] if address % span]     # up to the next border
        if address % MIB2 == 0:
            sizes += [MIB2, MIB2, 2 * MIB2, 5 * MIB2, GIB - MIB2]
        if address % GIB == 0:
            sizes += [GIB, GIB, GIB, GIB, GIB + MIB2, 2 * GIB - PAGE, 2 * GIB] * 2
        return min(rng.choice(sizes), USER_END - address)

    def physical(self, address, size):
        """Mostly as well aligned as the address; never so badly that thousands of tables are needed."""
        rng, small = self.rng, size < 4 * MIB2
        unit = rng.choice([PAGE, MIB2, GIB, GIB] if small else [MIB2, GIB, GIB])
        inside = 0 if small and rng.random() < 0.3 else address % unit
        return rng.randrange(1, 64) * (64 * GIB) + rng.randrange(8) * unit + inside

    def rights(self, of=RIGHTS):
        return sum(self.rng.sample(of, self.rng.randrange(len(of) + 1)))

    def map(self):
        address = self.address() & -self.rng.choice([PAGE, PAGE, MIB2, GIB])
        size = self.size(address)
        self.mapped.append((address, size))
        return f"m {address:#x} {self.physical(address, size):#x} {size:#x} {self.rights():#x}"

    def unmap(self):
        address = self.inside()
        return f"u {address:#x} {self.size(address):#x}"

    def protect(self):
        address = self.inside()
        return f"p {address:#x} {self.size(address):#x} {self.rights((WRITE, USER, NX)):#x}"

    def looks(self, operation):
        """Queries around the ends of an operation, and somewhere."""
        numbers = [int(number, 0) for number in operation.split()[1:]]
        address, end = numbers[0], numbers[0] + numbers[2 if "m" in operation.split()[0] else 1]
        at = [address - PAGE, address, end - 1, end, self.rng.randrange(address, end), self.address()]
        asked = [f"q {place:#x}" for place in at if 0 < place < USER_END]
        near = self.address()
        return asked + [f"n {near:#x} {min(near + self.rng.choice([GIB, 4 * GIB]), USER_END):#x}"]


def sequence(rng, count, failing=False):
    """So many random changes, with questions in between."""
    places, lines = Places(rng), []
    for _ in range(count):
        what = rng.choices([places.map, places.unmap, places.protect], [6, 3, 2])[0]()
        if failing and rng.random() < 0.7:
            what = rng.choice("11223456") + what
        lines += [what, *places.looks(what)]
    return lines


# --- looking from outside --------------------------------------------------------------------


def walk(guest, physical, level=3, base=0):
    """Every entry that is present in the lower half, each before what lies below it."""
    for index, entry in enumerate(entries(guest.memory, physical)[:256 if level == 3 else 512]):
        if not entry & PRESENT:
            continue
        address = base + (index << 12 + 9 * level)
        yield address, level, entry
        if level and not entry & LARGE:
            yield from walk(guest, entry & ADDRESS, level - 1, address)


def look(machine, lines, right, **options):
    """Lets the kernel do that, and compares its table in memory with what is right."""
    guest = machine(ktest="pagetable_look", input="".join(f"{line}\n" for line in lines).encode(), limit=5, **options)
    guest.com2.expect("# reply looking\n")
    told = [line[len("# reply "):] for line in guest.com2.lines if line.startswith("# reply ")]
    errors = [int(reply.split()[0]) for reply in told[:-2]]
    root, tables, _ = map(int, told[-2].split())
    for line, error in zip(lines, errors, strict=True):
        wanted = right.change(line[0], [int(number, 0) for number in line[2:].split()])
        assert error == wanted, f"{line}: the error is {error} and should be {wanted}"
    seen = list(walk(guest, root))
    compare_pages(seen, right)
    for address, level, entry in seen:
        if level and not entry & LARGE:
            assert entry & ~(ADDRESS | MARKS) == PRESENT | WRITE | USER, \
                f"at {address:#x} a table of level {level - 1} does not have all rights: its entry is {entry:#x}"
    where = [entry & ADDRESS for _, level, entry in seen if level and not entry & LARGE]
    assert len(set(where)) == len(where), "two entries lead to one table"
    assert tables == right.tables == len(where) + 1, \
        f"there are {len(where) + 1} tables, {tables} are counted, and {right.tables} are needed"


def compare_pages(seen, right):
    pages = {address: (level, entry & ~MARKS) for address, level, entry in seen if not level or entry & LARGE}
    for address in sorted(pages.keys() | right.pages.keys()):
        is_there, wanted = (page(*table[address]) if address in table else "no page" for table in (pages, right.pages))
        assert is_there == wanted, f"at {address:#x} there is {is_there} and should be {wanted}"


@pytest.mark.exercise("2.3")
def test_small_pages(machine, rng):
    """72 pages of 4 KiB at random addresses stand where the processor looks for them."""
    lines = [f"m {rng.randrange(1, USER_END // PAGE) * PAGE:#x} {rng.randrange(1 << 40) * PAGE:#x} 4096 "
             f"{sum(rng.sample(RIGHTS, rng.randrange(6))):#x}" for _ in range(60)]
    lines += [f"m {rng.randrange(1, USER_END // GIB) * GIB + i * PAGE:#x} {i * PAGE:#x} 4096 0"
              for i in (0, 1, 510, 511)]
    lines += [f"m {1 << 39 + i:#x} {i << 12:#x} 4096 0" for i in range(8)]
    look(machine, lines, Table())


def some_maps(rng, count):
    """Ranges of all sizes that do not overlap, and some whose first page is taken."""
    places, apart, lines = Places(rng), Table(), []
    while len(lines) < count:
        line = places.map()
        numbers = [int(number, 0) for number in line[2:].split()]
        if apart.find(numbers[0]) is not None or apart.map(*numbers) == OK:
            lines.append(line)
    return lines


@pytest.mark.exercise("2.3")
def test_largest_pages(machine, rng):
    """80 random ranges are mapped by the largest pages that fit, with just the rights asked for."""
    look(machine, some_maps(rng, 80), Table())


@pytest.mark.exercise("2.3")
def test_without_gigabytes(machine, rng):
    """A processor that has no pages of 1 GiB gets 2 MiB ones in their place."""
    look(machine, some_maps(rng, 25), Table(largest=1), extra=("-cpu", "max,-pdpe1gb"))


@pytest.mark.exercise("2.4")
def test_changes_in_memory(machine, rng):
    """After 150 random operations the table in memory holds what is mapped, and no table too many."""
    look(machine, [line for line in sequence(rng, 150) if line[0] not in "qn"], Table())


@pytest.mark.exercise("2.4")
def test_random_operations(ktest, rng):
    """600 random operations, each checked against a model by what is mapped and how many tables there are."""
    check(ktest, "pagetable_operations", sequence(rng, 600), Model, limit=20)


@pytest.mark.exercise("2.4")
def test_random_failures(ktest, rng):
    """200 more, of which most run out of memory in the middle, and have then changed nothing."""
    check(ktest, "pagetable_operations", sequence(rng, 200, failing=True), Model, limit=20)
