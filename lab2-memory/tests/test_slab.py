"""Exercise 2.5 from outside: random operations on slabs and on the heap above them.

slab_probe_test.c does what a line asks for and says what came of it; the models here
know what may come.  Several answers are right where the contract (core.h) leaves a
choice, so a model does not foretell an answer: it follows it, or objects to it.
"""

import struct

import pytest

pytestmark = pytest.mark.exercise("2.5")

PAGE = 4096
DIRECT_MAP = 0xFFFF800000000000
MEMORY = 64 << 20
ZERO = 1        # PAGE_ZERO


def numbers(reply):
    """The 64-bit numbers of a reply."""
    return struct.unpack(f"<{len(reply) // 16}Q", bytes.fromhex(reply))


class Slab:
    """A slab as the contract wants it: which of its objects are free."""

    def __init__(self, cache, address):
        self.cache, self.address = cache, address
        self.all = {address + cache.offset + i * cache.stride for i in range(cache.objects)}
        self.free = set(self.all)

    @property
    def empty(self):
        return self.free == self.all


class Cache:
    """A cache's slabs, by the operations on it."""

    def __init__(self, bytes_, align, shape):
        self.bytes, self.align = bytes_, align
        self.stride, self.offset, self.objects, self.order = shape
        self.slabs = []

    def slab_of(self, address):
        return next(slab for slab in self.slabs if address in slab.all)

    @property
    def out(self):
        return sum(len(slab.all) - len(slab.free) for slab in self.slabs)

    def take(self, address):
        free = [slab for slab in self.slabs if slab.free]
        if not address:
            assert not free, "no object, though some are free"
            return
        assert any(address in slab.all for slab in self.slabs), f"{address:#x} is no object of the cache"
        slab = self.slab_of(address)
        assert address in slab.free, f"{address:#x} is handed out a second time"
        assert not slab.empty or all(other.empty for other in free), \
            "an empty slab is broken into, though another has a free object"
        slab.free.remove(address)

    def put(self, address):
        """Whether one of two empty slabs has to go now."""
        self.slab_of(address).free.add(address)
        return self.slab_of(address).empty and sum(slab.empty for slab in self.slabs) > 1

    def trim(self):
        """How many slabs have to go now."""
        return sum(slab.empty for slab in self.slabs)


class Slabs:
    """All that slab_operations has made, and its answers checked against it."""

    def __init__(self):
        self.caches, self.slabs, self.taken = [], [], []

    def follow(self, line, reply):
        """Takes one operation and its answer."""
        what, *given = line.split()
        given, said = [int(word) for word in given], numbers(reply)
        if what == "c":
            self.caches.append(Cache(*given, said))
        elif what == "w":
            slab = self.slabs[given[0]]
            if slab in slab.cache.slabs:
                assert said[0] == len(slab.all) - len(slab.free), "word[2] is not how many are out"
                assert sorted(said[1:]) == sorted(slab.free), "the chain does not hold the free objects"
        else:
            self.change(what, given[0], *said)

    def change(self, what, number, address, lost, which, *counts):
        cache = self.taken[number][0] if what == "p" else self.caches[number]
        losing = 0
        if what == "g":
            self.slabs.append(Slab(cache, address))
            cache.slabs.append(self.slabs[-1])
        elif what == "t":
            cache.take(address)
            self.taken.append((cache, address))
        elif what == "p":
            losing = self.taken[number][1] and cache.put(self.taken[number][1])
        elif what == "x":
            losing = cache.trim()
        assert lost == losing, f"{lost} slabs have gone, and not {losing:d}"
        if lost:
            assert self.slabs[which].empty, "a slab has gone that is not empty"
            gone = cache.slabs if what == "x" else [self.slabs[which]]
            cache.slabs = [slab for slab in cache.slabs if not (slab in gone and slab.empty)]
        state = len(cache.slabs), sum(slab.empty for slab in cache.slabs), cache.out
        assert counts == state, f"slabs, empty slabs, objects out: {counts}, and not {state}"


def slab_lines(rng):
    """Caches of several shapes, and operations on them that fill them and empty them again."""
    shapes = [(rng.randint(1, 100), 8), (rng.choice((640, 1000, 1900)), 64), (rng.randint(2500, 5000), 8)]
    lines = [f"c {bytes_} {align}" for bytes_, align in shapes] + ["g 0", "g 1", "g 2", "g 2"]
    taken, held, slabs = 0, [], 4
    while len(lines) < 1500:
        mood, cache = rng.choice("takes gives grow walk trim".split()), rng.choice((0, 1, 1, 2, 2, 2))
        if mood == "takes":
            count = rng.randint(1, 20)
            lines += [f"t {cache}"] * count
            held += range(taken, taken + count)
            taken += count
        elif mood == "gives":
            rng.shuffle(held)
            for _ in range(min(len(held), rng.randint(1, 30))):
                lines.append(f"p {held.pop()}")
        elif mood == "grow":
            lines += [f"g {cache}"]
            slabs += 1
        elif mood == "walk":
            lines.append(f"w {rng.randrange(slabs)}")
        elif rng.random() < 0.2:
            lines.append(f"x {cache}")
    return lines + [f"p {number}" for number in held] + ["x 0", "x 1", "x 2"]


def test_random_slab_operations(ktest, rng):
    """1500 operations on slabs: each object once, the counts right, and empty slabs given back."""
    lines = slab_lines(rng)
    replies = ktest("slab_operations", input=lines, limit=10).replies
    model = Slabs()
    for number, (line, reply) in enumerate(zip(lines, replies)):
        try:
            model.follow(line, reply)
        except AssertionError as error:
            before = ", ".join(lines[max(0, number - 8):number])
            pytest.fail(f"operation {number} ({line}), after {before}:\n{error}", pytrace=False)
    assert not any(cache.slabs for cache in model.caches)


class Heap:
    """All that heap_operations holds, and its answers checked against it."""

    def __init__(self):
        self.aligns, self.bytes, self.held, self.count = [], [], {}, 0
        self.before = None

    def follow(self, line, reply):
        """Takes one operation and its answer."""
        what, *given = line.split()
        given, said = [int(word) for word in given], numbers(reply)
        if what == "c":
            self.bytes.append(given[0])
            self.aligns.append(given[1])
        elif what in "ak":
            bytes_, align = (self.bytes[given[0]], self.aligns[given[0]]) if what == "a" else (given[0], 16)
            assert not given[1] & ZERO or said[2] == bytes_, "PAGE_ZERO, and not all is zero"
            self.hold(self.count, said[0], bytes_, said[1], align)
            self.count += 1
        elif what == "r":
            _, old, _ = self.held.pop(given[0])
            assert said[2] == min(old, given[1]), f"of {min(old, given[1])} bytes {said[2]} were kept"
            assert not given[2] & ZERO or said[3] == max(0, given[1] - old), "PAGE_ZERO, and what is new is not zero"
            self.hold(given[0], said[0], given[1], said[1], 16)
        elif what == "f":
            _, bytes_, _ = self.held.pop(given[0])
            assert said[0] == bytes_, f"byte {said[0]} of {bytes_} has been overwritten"
        elif what == "d":
            self.before = self.before or said
            assert said[0] <= self.before[0] + len(self.held), "objects in use"

    def hold(self, number, address, bytes_, usable, align):
        assert address, "out of memory"
        assert DIRECT_MAP <= address <= DIRECT_MAP + MEMORY - bytes_, f"{address:#x} is no memory"
        assert address % align == 0, f"{address:#x} is not aligned to {align}"
        assert usable >= bytes_, f"{bytes_} bytes were asked for, and {usable} may be used"
        for other, other_bytes, _ in self.held.values():
            assert address + bytes_ <= other or other + other_bytes <= address, \
                f"{address:#x} (of {bytes_} bytes) overlaps {other:#x} (of {other_bytes})"
        self.held[number] = (address, bytes_, usable)


def heap_bytes(rng):
    """A size for kmalloc: around the sizes of its caches, most of all."""
    near = rng.choice((16, 32, 64, 100, 128, 192, 256, 512, 1024, 1536, 2048, 2048, 4096, 8192, 20000))
    return max(1, near + rng.choice((-1, 0, 1, -rng.randrange(near))))


def heap_lines(rng, objects):
    """Caches, and objects of them and of kmalloc that come and go; in the end all are gone."""
    shapes = [(rng.randint(1, 40), 8), (rng.randint(41, 300), 64), (rng.randint(300, 3000), 256), (6000, 4096)]
    lines = [f"c {bytes_} {align}" for bytes_, align in shapes] + ["d"]
    held, zeroed, largest = [], {}, rng.choice((100, 200))
    for number in range(objects):
        while len(held) > largest or (held and rng.random() < 0.3):
            lines.append(f"f {held.pop(rng.randrange(len(held)))}")
        zeroed[number] = rng.choice((0, ZERO))
        if rng.random() < 0.5:
            lines.append(f"a {rng.randrange(len(shapes))} {zeroed[number]}")
        else:
            lines.append(f"k {heap_bytes(rng)} {zeroed[number]}")
            for _ in range(rng.choice((0, 0, 1, 2))):
                lines.append(f"r {number} {heap_bytes(rng)} {zeroed[number]}")
        held.append(number)
        if rng.random() < 0.02:
            lines.append("d")
    rng.shuffle(held)
    return lines + [f"f {number}" for number in held] + ["d"]


def test_random_objects_and_kmalloc(ktest, rng):
    """600 objects of all sizes do not overlap, keep what is written to them, and all come back."""
    lines = heap_lines(rng, 600)
    replies = ktest("heap_operations", input=lines, limit=10).replies
    heap = Heap()
    for number, (line, reply) in enumerate(zip(lines, replies)):
        try:
            heap.follow(line, reply)
        except AssertionError as error:
            pytest.fail(f"operation {number} ({line}): {error}", pytrace=False)
    assert numbers(replies[-1])[:2] == heap.before[:2], "objects and pages in use, before and after"


def test_all_memory_as_objects(ktest, rng):
    """Objects until there is no memory: nearly all of it is of use, and all of it comes back."""
    replies = ktest("heap_exhaustion", input=[f"c {rng.randint(600, 3000)} 8"], memory="32M", limit=20).replies
    (shape, counts) = map(numbers, replies)
    stride, _, objects, order = shape
    first, second, pages, left = counts
    assert first == pages // (1 << order) * objects, "the slabs are full when there is no memory"
    assert pages * PAGE > 20 << 20, f"{pages} pages of 32 MiB are in slabs"
    assert second >= -(-first // 3), f"{first} objects, each third was freed, and {second} could be had again"
    assert left == 0, f"{left} pages have not come back"
