"""Exercise 2.5 from outside: random operations on slabs and on the heap above them.

The operations stand in slab_probe_test.c and heap_probe_test.c; the models here know what
may come of them.  Where the contract (core.h) leaves a choice, several answers are right:
a model does not foretell them, but follows, or objects.
"""

import pytest

from grader.modelcheck import Wrong, check

pytestmark = pytest.mark.exercise("2.5")

PAGE = 4096
DIRECT_MAP = 0xFFFF800000000000
MEMORY = 64 << 20
ZERO = 1        # PAGE_ZERO


def numbers(reply):
    """The numbers of a reply."""
    return [] if reply == "-" else [int(word, 16) for word in reply.split()]


def expect(condition, why):
    if not condition:
        raise Wrong(why)


class Slab:
    """Which objects of a slab are free."""

    def __init__(self, address, shape):
        stride, offset, objects, order = shape
        expect(address % (PAGE << order) == 0, f"{address:#x} is not where a block of order {order} begins")
        self.all = {address + offset + i * stride for i in range(objects)}
        self.free = set(self.all)

    @property
    def empty(self):
        return self.free == self.all


class Cache:
    """A cache's slabs by their numbers."""

    def __init__(self, shape):
        self.shape, self.slabs = shape, {}

    @property
    def counts(self):
        return [len(self.slabs), sum(slab.empty for slab in self.slabs.values()),
                sum(len(slab.all) - len(slab.free) for slab in self.slabs.values())]

    def slab_of(self, address):
        for slab in self.slabs.values():
            if address in slab.all:
                return slab
        raise Wrong(f"{address:#x} is no object of the cache")

    def take(self, address):
        free = [slab for slab in self.slabs.values() if slab.free]
        if not address:
            expect(not free, "no object, though some are free")
            return
        slab = self.slab_of(address)
        expect(address in slab.free, f"{address:#x} is handed out a second time")
        expect(not slab.empty or all(other.empty for other in free),
               "an empty slab is broken into, though another one has a free object")
        slab.free.remove(address)

    def put(self, address):
        """Returns how many slabs have to go for it."""
        slab = self.slab_of(address)
        slab.free.add(address)
        return int(slab.empty and self.counts[1] > 1)

    def drop(self, number):
        expect(number in self.slabs and self.slabs[number].empty, f"slab {number} has gone, and is not empty")
        del self.slabs[number]


class Slabs:
    """What slab_operations has made."""

    def __init__(self):
        self.caches, self.objects, self.slabs = {}, {}, {}

    def step(self, operation, reply):
        what, *given = operation.split()
        given, said = [int(word) for word in given], numbers(reply)
        if what == "cache":
            self.caches[given[0]] = Cache(said)
        elif what == "walk":
            self.walk(self.slabs.get(given[0]), said)
        else:
            self.change(what, given, said)

    def walk(self, slab, said):
        if slab is None:
            expect(not said, "this is a slab no more")
            return
        expect(said[0] == len(slab.all) - len(slab.free), "word[2] is not how many objects are out")
        expect(sorted(said[1:]) == sorted(slab.free), "the chain does not hold all free objects, and them alone")

    def change(self, what, given, said):
        taken = self.objects.pop(given[0], None) if what == "put" else None
        cache = taken[0] if taken else None if what == "put" else self.caches.get(given[0])
        expect(bool(said) == (cache is not None), "an operation on nothing")
        if not said:
            return
        address, *counts, going = *said[:4], 0
        if what == "grow":
            self.slabs[given[1]] = cache.slabs[given[1]] = Slab(address, cache.shape)
        elif what == "take":
            cache.take(address)
            if address:
                self.objects[given[1]] = (cache, address)
        else:
            going = cache.put(taken[1]) if what == "put" else cache.counts[1]
        gone = said[4:]
        expect(len(gone) == going, f"{len(gone)} slabs have ceased to be one, and not {going}")
        for number in gone:
            cache.drop(number)
            del self.slabs[number]
        expect(counts == cache.counts, f"slabs, empty ones, objects out: {counts}, and not {cache.counts}")


def slab_operations(rng, count):
    """Caches of several shapes, and operations that fill them and empty them again."""
    shapes = [(rng.randint(1, 100), 8), (rng.choice((640, 1000, 1900)), 64), (rng.randint(2500, 5000), 8)]
    lines = [f"cache {i} {bytes_} {align}" for i, (bytes_, align) in enumerate(shapes)]
    taken, held, slabs = 0, [], 0
    while len(lines) < count:
        mood, cache = rng.choice("takes takes puts puts grow walk trim".split()), rng.choice((0, 1, 1, 2, 2, 2))
        if mood == "takes":
            for _ in range(rng.randint(1, 20)):
                lines.append(f"take {cache} {taken}")
                held.append(taken)
                taken += 1
        elif mood == "puts":
            rng.shuffle(held)
            for _ in range(min(len(held), rng.randint(1, 30))):
                lines.append(f"put {held.pop()}")
        elif mood == "grow":
            lines.append(f"grow {cache} {slabs}")
            slabs += 1
        elif mood == "walk" and slabs:
            lines.append(f"walk {rng.randrange(slabs)}")
        elif rng.random() < 0.2:
            lines.append(f"trim {cache}")
    return lines + [f"put {number}" for number in held] + ["trim 0", "trim 1", "trim 2"]


def test_random_slab_operations(ktest, rng):
    """1500 operations on slabs: each object once, the counts right, and empty slabs given back."""
    check(ktest, "slab_operations", slab_operations(rng, 1500), Slabs, limit=10)


class Heap:
    """What heap_operations holds: addresses and sizes of its objects."""

    def __init__(self):
        self.caches, self.objects, self.counts = {}, {}, None

    def step(self, operation, reply):
        what, *given = operation.split()
        given, said = [int(word) for word in given], numbers(reply)
        if what == "cache":
            self.caches[given[0]] = given[1:]
        elif what == "drain":
            self.drained(said)
        elif what == "kmalloc":
            self.hold(given[1], said, given[0], 16, given[2], given[0])
        elif what == "alloc" and given[0] in self.caches:
            bytes_, align = self.caches[given[0]]
            self.hold(given[1], said, bytes_, align, given[2], bytes_)
        elif what in ("krealloc", "free") and given[0] in self.objects:
            _, old = self.objects.pop(given[0])
            same = min(old, given[1]) if what == "krealloc" else old
            expect(said[-1] == same, f"only {said[-1]} bytes of {same} are what had been written to them")
            if what == "krealloc":
                self.hold(given[0], said, given[1], 16, given[2], given[1] - same)
        else:
            expect(not said, "an operation on nothing")

    def hold(self, number, said, bytes_, align, flags, new):
        expect(said[0], "out of memory")
        address, usable, zeros, *_ = said
        expect(DIRECT_MAP <= address <= DIRECT_MAP + MEMORY - bytes_, f"{address:#x} is no memory")
        expect(address % align == 0, f"{address:#x} is not aligned to {align}")
        expect(usable >= bytes_, f"only {usable} bytes may be used")
        expect(not flags & ZERO or zeros == new, f"of {new} bytes with PAGE_ZERO only {zeros} are zero")
        for other, length in self.objects.values():
            expect(address + bytes_ <= other or other + length <= address,
                   f"{address:#x} overlaps an object of {length} bytes at {other:#x}")
        self.objects[number] = address, bytes_

    def drained(self, said):
        self.counts = self.counts or said
        if not self.objects:
            expect(said == self.counts, f"objects and pages in use: {said}, and at first {self.counts}")
        expect(said[0] <= self.counts[0] + len(self.objects), f"{said[0]} objects are in use")


def heap_bytes(rng):
    """A size for kmalloc: around the sizes of its caches, most of all."""
    near = rng.choice((16, 32, 64, 100, 128, 192, 256, 512, 1024, 1536, 2048, 2048, 4096, 8192, 20000))
    return max(1, near + rng.choice((-1, 0, 1, -rng.randrange(near))))


def heap_operations(rng, objects):
    """Caches, and objects of them and of kmalloc that come and go; in the end all are gone."""
    shapes = [(rng.randint(1, 40), 8), (rng.randint(41, 300), 64), (rng.randint(300, 3000), 256), (6000, 4096)]
    lines = ["drain"] + [f"cache {i} {bytes_} {align}" for i, (bytes_, align) in enumerate(shapes)]
    held, most = [], rng.choice((100, 200))
    for number in range(objects):
        while len(held) > most or (held and rng.random() < 0.3):
            lines.append(f"free {held.pop(rng.randrange(len(held)))}")
        flags = rng.choice((0, ZERO))
        if rng.random() < 0.5:
            lines.append(f"alloc {rng.randrange(len(shapes))} {number} {flags}")
        else:
            lines.append(f"kmalloc {heap_bytes(rng)} {number} {flags}")
            for _ in range(rng.choice((0, 0, 1, 2))):
                lines.append(f"krealloc {number} {heap_bytes(rng)} {flags}")
        held.append(number)
        if rng.random() < 0.02:
            lines.append("drain")
    rng.shuffle(held)
    return lines + [f"free {number}" for number in held] + ["drain"]


def test_random_objects_and_kmalloc(ktest, rng):
    """600 objects of all sizes do not overlap, keep what is written to them, and all come back."""
    check(ktest, "heap_operations", heap_operations(rng, 600), Heap, limit=10)


def test_all_memory_as_objects(ktest, rng):
    """Objects until there is no memory: nearly all of it is of use, and all of it comes back."""
    reply, = ktest("heap_exhaustion", input=[f"{rng.randint(600, 3000)}"], memory="32M", limit=20).replies
    size, objects, first, second, pages, left = numbers(reply)
    assert first == pages // size * objects, "not all slabs are full though there is no memory"
    assert pages * PAGE > 20 << 20, f"only {pages} pages of 32 MiB are in slabs"
    assert second >= -(-first // 3), f"of {first} objects each third was freed, and {second} could be had again"
    assert left == 0, f"{left} pages have not come back"
