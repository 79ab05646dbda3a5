"""The model for test_fault.py: spaces, who has which frame, and what memory holds.

A Block is one frame, or 512 that were allocated as one, with its words and the number of its
references.  Page tables are dicts of Entries.  What an operation has to come to follows from
space.h; where that leaves something open (a large page, memory that is out), the reply says
what the kernel chose, and the model judges whether it might.
"""

import errno

from grader.modelcheck import Wrong

PAGE = 4096
LARGE = 512             # pages in a large one
RESULTS = ("it is resolved", "nothing is mapped there", "it is not allowed", "a bus error", "no memory")
RESOLVED, NO_REGION, NO_RIGHT, BUS, NO_MEMORY = range(5)
R, W, X = 1, 2, 4
ZEROS = "zeros"         # the page of zeros, in the place of an entry


class Block:
    """A frame, or 512 of them, and what they hold: of each page a dict from offset to word."""

    frames = 0          # of anonymous memory, in all

    def __init__(self, words, ours=True):
        self.words, self.ours, self.references = words, ours, 1
        Block.frames += len(words) if ours else 0

    def put(self, count=1):
        self.references -= count
        if self.references == 0 and self.ours:
            Block.frames -= len(self.words)


class Thing:
    """An object: a and b of the probe, whose pages have words at first, and anonymous shared memory."""

    def __init__(self, pages, first=()):
        self.blocks = [Block([{0: word} if word else {}], ours=False) for word in first or [0] * pages]
        self.told, self.perhaps, self.error = set(), set(), False

    def page(self, index):
        """The block of a page; None is a bus error."""
        return self.blocks[index] if index < len(self.blocks) and not self.error else None


class Entry:
    """What a page table says of a page: which of a block's pages, and whether by one large entry."""

    def __init__(self, block, index=0, large=False, write=False):
        self.block, self.index, self.large, self.write = block, index, large, write

    @property
    def words(self):
        return self.block.words[self.index]


class Space:
    """Regions, a page at a time: (rights, shared, object, its page); and page-table entries."""

    def __init__(self):
        self.regions, self.entries = {}, {}

    def resident(self):
        return sum(entry is not ZEROS for entry in self.entries.values())

    def split(self, page):
        """Instead of the large page that reaches over the beginning of this one, small ones."""
        entry = self.entries.get(page)
        if entry in (None, ZEROS) or not entry.large or page % LARGE == 0:
            return
        block, first = entry.block, page // LARGE * LARGE
        alone = block.references == 1
        for i in range(LARGE):
            self.entries[first + i] = Entry(Block([block.words[i]]), 0) if alone else Entry(block, i)
        if alone:
            block.put()
        else:
            block.references += LARGE - 1

    def drop(self, page):
        entry = self.entries.pop(page, ZEROS)
        if entry is not ZEROS and not (entry.large and page % LARGE):
            entry.block.put()

    def cut(self, start, end):
        self.split(start)
        self.split(end)

    def clear(self, start, end):
        self.cut(start, end)
        for page in range(start, end):
            self.regions.pop(page, None)
            self.drop(page)

    def protect(self, start, end, rights):
        self.cut(start, end)
        for page in range(start, end):
            old, *rest = self.regions[page]
            self.regions[page] = (rights, *rest)
            if rights != old and self.entries.get(page, ZEROS) is not ZEROS:
                self.entries[page].write = False

    def clone(self):
        clone = Space()
        clone.regions = dict(self.regions)
        for page, entry in self.entries.items():
            if entry is ZEROS or self.regions[page][1]:
                continue
            entry.write = False
            clone.entries[page] = Entry(entry.block, entry.index, entry.large)
            if not entry.large or page % LARGE == 0:
                entry.block.references += 1
        return clone

    def room_for_large(self, page):
        """Whether 2 MiB around the page lie in one region, and nothing is there yet."""
        block = range(page // LARGE * LARGE, page // LARGE * LARGE + LARGE)
        return all(self.regions.get(i) == self.regions[page] and i not in self.entries for i in block)


class Memory:
    """The model: all spaces, and what each operation should come to."""

    def __init__(self):
        Block.frames = 0
        self.spaces, self.short = {}, False
        self.things = {name: Thing(8, range(100, 108)) for name in "ab"}

    def step(self, operation, reply):
        words = operation.split()
        may_fail = words[0] == "fail"
        verb, *rest = words[2:] if may_fail else words
        if verb in ("put", "error", "hold", "give", "count"):
            return getattr(self, verb)(reply, *rest)
        here = rest[0] in self.spaces
        if here == (verb == "space") or (verb == "clone" and rest[1] in self.spaces):
            return same(reply, "-", "the reply")
        numbers = [int(number, 16) for number in reply.split()]
        self.failed = may_fail and numbers[1]
        getattr(self, verb)(numbers, *rest)
        if verb != "destroy" and rest[0] in self.spaces:
            same(numbers[2], self.spaces[rest[0]].resident(), "the number of pages resident")

    # --- objects, and memory in all

    def put(self, _, name, page, value, offset):
        self.things[name].blocks[int(page)].words[0][int(offset)] = int(value)

    def error(self, _, name, number):
        self.things[name].error = number != "0"

    def hold(self, _):
        self.short = True

    def give(self, _):
        self.short = False

    def count(self, reply):
        frames, *rest = (int(number, 16) for number in reply.split())
        same(frames, Block.frames, "the number of frames that belong to spaces")
        for thing, (told, *references) in zip(self.things.values(), (rest[:9], rest[9:])):
            told &= ~mask(thing.perhaps - thing.told)
            same(told, mask(thing.told), "the mask of pages whose object was told of a write")
            same(references, [block.references for block in thing.blocks], "what references an object's pages have")

    # --- spaces and regions

    def space(self, reply, name):
        if self.done(reply):
            self.spaces[name] = Space()

    def clone(self, reply, name, other):
        if self.done(reply):
            self.spaces[other] = self.spaces[name].clone()

    def destroy(self, reply, name):
        for page in list(self.spaces[name].entries):
            self.spaces[name].drop(page)
        del self.spaces[name]

    def map(self, reply, name, address, pages, rights, source):
        start, end = pages_of(address, pages)
        if not self.done(reply):
            return
        shared, thing, first = rights[3] == "s", self.things.get(source[0]), int(source[1:] or 0)
        if shared and not thing:
            thing = Thing(end - start)
        self.spaces[name].clear(start, end)
        for i in range(end - start):
            self.spaces[name].regions[start + i] = (rights[:3], shared, thing, first + i if thing else 0)

    def unmap(self, reply, name, address, pages):
        if self.done(reply):
            self.spaces[name].clear(*pages_of(address, pages))

    def protect(self, reply, name, address, pages, rights):
        start, end = pages_of(address, pages)
        if not all(page in self.spaces[name].regions for page in range(start, end)):
            same(reply[0], errno.ENOMEM, "the result")
        elif self.done(reply):
            self.spaces[name].protect(start, end, rights)

    def done(self, reply):
        """Whether it was; it may not be if an allocation was made to fail."""
        if self.failed and reply[0] == errno.ENOMEM:
            return False
        same(reply[0], 0, "the result")
        return True

    # --- faults

    def look(self, reply, name, address):
        self.check_memory(reply, self.spaces[name], int(address, 16))

    def read(self, reply, name, address):
        self.access(reply, name, address, "r")

    def run(self, reply, name, address):
        self.access(reply, name, address, "x")

    def write(self, reply, name, address, value):
        if self.access(reply, name, address, "w"):
            address = int(address, 16)
            self.spaces[name].entries[address // PAGE].words[address % PAGE] = int(value)

    def access(self, reply, name, address, right):
        """Whether it succeeds; what is mapped then is as it should be."""
        space, address = self.spaces[name], int(address, 16)
        page, large = address // PAGE, reply[3:4] == [2]
        if self.failed and reply[0] == NO_MEMORY:
            result = NO_MEMORY
            self.without_memory(space, page, large)
        else:
            result = self.fault(space, page, right, large)
        if reply[0] != result:
            raise Wrong(f"{RESULTS[reply[0]]}, and should be: {RESULTS[result]}")
        self.check_memory(reply, space, address)
        if result == RESOLVED and not reply[4] & {"r": R, "w": W, "x": X}[right]:
            raise Wrong("the access is resolved, and the page table does not allow it")
        return result == RESOLVED

    @staticmethod
    def without_memory(space, page, large):
        """What may have been done before there was no memory: a split, and a word to the object."""
        if not large:
            space.split(page // LARGE * LARGE + 1)
        _, shared, thing, index = space.regions[page]
        if shared:
            thing.perhaps.add(index)

    def fault(self, space, page, right, large):
        if page not in space.regions:
            return NO_REGION
        rights, shared, thing, index = space.regions[page]
        entry = space.entries.get(page)
        if right not in rights:
            return NO_RIGHT
        if entry and (right != "w" or entry is not ZEROS and entry.write):
            return RESOLVED
        if thing and (shared or not entry):
            return self.from_object(space, page, right == "w")
        if right != "w":
            space.entries[page] = ZEROS
        elif not entry and self.is_large(large, space.room_for_large(page)):
            self.map_large(space, page, [{} for _ in range(LARGE)])
        elif entry in (None, ZEROS):
            space.entries[page] = Entry(Block([{}]), write=True)
        else:
            self.write_private(space, page, large)
        return RESOLVED

    def from_object(self, space, page, write):
        """The object is asked for its page; a private one is copied if it is going to be written."""
        _, shared, thing, index = space.regions[page]
        block, entry = thing.page(index), space.entries.get(page)
        if not block:
            return BUS
        if write and not shared:
            space.entries[page] = Entry(Block([dict(block.words[0])]), write=True)
            return RESOLVED
        if write:
            thing.told.add(index)
        if not entry:
            block.references += 1
        space.entries[page] = Entry(block, write=write)
        return RESOLVED

    def write_private(self, space, page, large):
        """Copy-on-write of what is mapped."""
        entry = space.entries[page]
        if entry.block.ours and entry.block.references == 1:
            for i in range(page // LARGE * LARGE, page // LARGE * LARGE + LARGE) if entry.large else (page,):
                space.entries[i].write = True
        elif entry.large and self.is_large(large, True):
            entry.block.put()
            self.map_large(space, page, [dict(words) for words in entry.block.words])
        else:
            space.split(page // LARGE * LARGE + 1)
            entry = space.entries[page]
            space.entries[page] = Entry(Block([dict(entry.words)]), write=True)
            entry.block.put()

    def is_large(self, is_now, possible):
        """Whether 2 MiB are mapped by one entry: as it is, if it may be like that."""
        if is_now and not possible:
            raise Wrong("a large page is mapped where there should be small ones")
        if possible and not is_now and not self.short and not self.failed:
            raise Wrong("small pages are mapped where there is room for a large one")
        return is_now

    @staticmethod
    def map_large(space, page, words):
        block, first = Block(words), page // LARGE * LARGE
        for i in range(LARGE):
            space.entries[first + i] = Entry(block, i, large=True, write=True)

    def check_memory(self, reply, space, address):
        """The page table maps what it should, allows no more than it may, and memory holds what it should."""
        entry, found = space.entries.get(address // PAGE), reply[3:]
        if bool(entry) != bool(found):
            raise Wrong(f"a page is {'mapped' if found else 'not mapped'} at {address:#x}, "
                        f"and one should {'' if entry else 'not '}be")
        if not entry:
            return
        level, rights, there, seen = found
        allowed = space.regions[address // PAGE][0]
        most = sum(bit for name, bit in zip("rwx", (R, W, X)) if name in allowed)
        if rights & ~most:
            raise Wrong(f"the page allows {shown(rights)}, and its region is {allowed}")
        self.check_exclusive(space, address // PAGE, entry, rights)
        same(level, 2 if entry is not ZEROS and entry.large else 1, "the level at which it is mapped (2: large)")
        if rights & R:
            same(there, 0 if entry is ZEROS else entry.words.get(address % PAGE, 0), f"the word at {address:#x}")
            same(seen, there, "what the processor sees, and the page does not hold any more (it was not flushed):")

    @staticmethod
    def check_exclusive(space, page, entry, rights):
        """Only a private page that nobody else has may be written to without a fault."""
        if not rights & W or space.regions[page][1]:
            return
        if entry is ZEROS:
            raise Wrong("the page of zeros may be written to")
        if not entry.block.ours or entry.block.references > 1:
            raise Wrong("a private page may be written to that others have, too")


def same(seen, wanted, what):
    if seen != wanted:
        raise Wrong(f"{what} is {seen}, and should be {wanted}")


def mask(bits):
    return sum(1 << bit for bit in bits)


def shown(rights):
    return "".join(name if rights & bit else "-" for name, bit in zip("rwx", (R, W, X)))


def pages_of(address, pages):
    start = int(address, 16) // PAGE
    return start, start + int(pages)
