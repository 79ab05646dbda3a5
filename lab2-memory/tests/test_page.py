"""The machine's own pages from outside: random operations against a model, and the allocator's
structures, read from guest memory while the kernel stands still.

The probes are in page_lines_test.c.
"""

from __future__ import annotations

import struct
from collections import Counter

import pytest

from grader.modelcheck import Wrong, check

MAX = 10            # the largest order
KERNEL_BASE, DIRECT_MAP = 0xFFFF_FFFF_8000_0000, 0xFFFF_8000_0000_0000
FREE, KEPT = 1, 2   # enum page_state
STRUCT_PAGE = 64
LISTS, LINK = 48, 8     # offsets: free[] in struct buddy, link in struct page


class Model:
    """Which pages are taken, with how many references."""

    def __init__(self) -> None:
        self.blocks: dict[int, tuple[int, int, bool]] = {}      # name: first frame, order, broken
        self.references: dict[int, int] = {}                    # by a block's first frame
        self.taken: set[int] = set()
        self.seen: set[int] = set()                             # pages that were ever taken
        self.total = None                                       # of free pages, with nothing taken

    def step(self, operation: str, reply: str) -> None:
        kind, name, index = (operation.split() + ["0", "0"])[:3]
        said = None if reply == "-" else reply.split()
        if kind == "a":
            self.take(int(name), int(index), said)
        elif kind != "d":
            self.change(kind, int(name), int(index), said)
        if said and self.total is None:
            self.total = int(said[2], 16) + len(self.taken)
        elif said and int(said[2], 16) != self.total - len(self.taken):
            raise Wrong(f"{int(said[2], 16)} pages are free, and it should be {self.total - len(self.taken)}")

    def take(self, name: int, order: int, said) -> None:
        self.blocks.pop(name, None)
        if said[0] == "none":
            whole = Counter(frame >> order for frame in self.seen - self.taken)
            if whole and max(whole.values()) == 1 << order:
                first = max(whole, key=whole.get) << order
                raise Wrong(f"there is none, and at frame {first:#x} a block of order {order} is free")
            return
        frame = int(said[0], 16)
        pages = range(frame, frame + (1 << order))
        if frame % (1 << order):
            raise Wrong(f"frame {frame:#x} does not begin a block of order {order}")
        if frame == 0 or not self.taken.isdisjoint(pages):
            raise Wrong(f"the block of order {order} at frame {frame:#x} was not free as a whole")
        self.taken.update(pages)
        self.seen.update(pages)
        self.references[frame] = 1
        self.blocks[name] = frame, order, False

    def change(self, kind: str, name: int, index: int, said) -> None:
        frame, order, broken = self.blocks.get(name, (0, 0, False))
        head = frame + index if broken else frame
        count = self.references.get(head, 0)
        known = count and (kind != "b" or count == 1 and not broken)
        if not known or said is None:
            if known or said is not None:
                raise Wrong(f"the probe said {said}")
            return
        if kind == "b":
            self.blocks[name] = frame, order, True
            self.references.update((page, 1) for page in range(frame, frame + (1 << order)))
        else:
            count += 1 if kind == "g" else -1
            self.references[head] = count
        if count == 0:
            del self.references[head]
            self.taken.difference_update(range(head, head + (1 if broken else 1 << order)))
        if int(said[1], 16) != count:
            raise Wrong(f"there are {int(said[1], 16)} references, and it should be {count}")


def operations(rng, steps: int) -> list[str]:
    """Lines that mean something, as far as memory lasts."""
    lines, held = [], []            # held: (name, order, broken, index)
    for name in range(steps):
        kind = rng.random()
        if kind < 0.4 or not held:
            order = rng.choice([0, 0, 0, 0, 1, 2, 3, rng.randrange(MAX + 1)])
            lines.append(f"a {name} {order}")
            held.append((name, order, False, 0))
        elif kind < 0.5:
            name, order, broken, index = rng.choice(held)
            index = index if broken else rng.randrange(1 << order)
            lines += [f"g {name} {index}", f"p {name} {index}"]
        elif kind < 0.55:
            name, order, broken, index = held.pop(rng.randrange(len(held)))
            lines.append(f"p {name} {index}" if broken else f"b {name}")
            held += [] if broken else [(name, order, True, i) for i in range(1 << order)]
        elif kind < 0.56:
            lines.append("d")
        else:
            name, order, broken, index = held.pop(rng.randrange(len(held)))
            lines.append(f"p {name} {index if broken else rng.randrange(1 << order)}")
    return lines


@pytest.mark.needs("2.1", "2.2")
def test_pages_at_random(ktest, rng):
    """2500 random steps: no page is handed out twice, references count, and free pages are counted right."""
    check(ktest, "page_lines", operations(rng, 2500), Model, limit=20)


class Look:
    """struct buddy and struct page as they lie in guest memory; their headers tell the offsets."""

    def __init__(self, guest) -> None:
        symbol = guest.symbols.address
        self.array, self.frames = (struct.unpack("<Q", guest.memory(symbol(name) - KERNEL_BASE, 8))[0]
                                   for name in ("page_array", "page_frames"))
        pages = guest.memory(self.array - DIRECT_MAP, STRUCT_PAGE * self.frames)
        self.pages = list(struct.iter_unpack("<IBBHQQ40x", pages))      # count, order, state, flags, next, prev
        self.list0 = symbol("buddy") + LISTS
        self.buddy = guest.memory(symbol("buddy") - KERNEL_BASE, LISTS + (MAX + 1) * 24 + 8)

    def lists(self) -> dict[int, int]:
        """Every frame in a list, walked by its links: frame and order."""
        found: dict[int, int] = {}
        for order in range(MAX + 1):
            head = self.list0 + 16 * order
            link, back = struct.unpack_from("<QQ", self.buddy, LISTS + 16 * order)[0], head
            while link != head:
                frame, offset = divmod(link - self.array, STRUCT_PAGE)
                assert offset == LINK and 0 <= frame < self.frames, f"list {order} leads to {link:#x}, no page"
                assert frame not in found, f"frame {frame:#x} is in a list twice"
                assert self.pages[frame][5] == back, f"frame {frame:#x} does not link back in list {order}"
                found[frame], back, link = order, link, self.pages[frame][4]
        return found

    def counts(self) -> list[int]:
        """blocks[] and free_pages."""
        return list(struct.unpack_from(f"<{MAX + 2}Q", self.buddy, LISTS + (MAX + 1) * 16))


@pytest.mark.exercise("2.2")
def test_lists_in_memory(machine, rng):
    """After random work with the machine's pages, its free lists are as they should be, read in its memory."""
    lines = operations(rng, 1200)
    guest = machine(ktest="page_lines_and_look", input="".join(f"{line}\n" for line in lines).encode(), limit=30)
    guest.com2.expect("# reply looking\n")
    look = Look(guest)
    free = look.lists()
    for frame, order in free.items():
        buddy = frame ^ 1 << order
        both = f"the buddies {frame:#x} and {buddy:#x} of order {order} are both free"
        assert frame % (1 << order) == 0, f"frame {frame:#x} cannot begin a block of order {order}"
        assert order == MAX or free.get(buddy) != order, both
    states = {frame: page[1] for frame, page in enumerate(look.pages) if page[2] == FREE}
    assert states == free
    assert not any(page[0] for page in look.pages if page[2] == FREE), "a free page has references"
    length = Counter(free.values())
    assert look.counts() == [length[order] for order in range(MAX + 1)] + [sum(1 << o for o in free.values())]
    inside = [f for frame, order in free.items() for f in range(frame, frame + (1 << order))]
    assert len(inside) == len(set(inside)), "free blocks overlap"
    model = Model()
    replies = [line[len("# reply "):] for line in guest.com2.lines if line.startswith("# reply ")]
    for line, reply in zip(lines, replies):
        model.step(line, reply)
    assert model.taken.isdisjoint(inside), "a page that is in use is in a free list"
    kept = sum(page[2] == KEPT for page in look.pages)
    assert len(inside) + kept == model.total - len(model.taken), "pages were lost"
