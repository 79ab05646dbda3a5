"""Exercises 2.1 and 2.2: long random sequences, each step compared with a model.

The probe `buddy_lines` (buddy_lines_test.c says what its lines and replies mean) works on
an allocator of its own with 3000 frames. The model is a dictionary of the free blocks; after
each step the kernel's lists, the states of its pages and its counts must be what the model has.
"""

from __future__ import annotations

import random

import pytest

from grader.modelcheck import Wrong, check

FRAMES = 3000       # that the probe's array has
MAX = 10            # the largest order
NONE = 0xffff
USED = 3            # enum page_state
CELLS_BEHIND = [f"blocks[{order}]" for order in range(MAX + 1)] + ["free_pages"]


def blocks(first: int, end: int):
    """A range as the largest aligned blocks: (frame, order)."""
    while first < end:
        order = MAX
        while first % (1 << order) or first + (1 << order) > end:
            order -= 1
        yield first, order
        first += 1 << order


class Model:
    """The free blocks, and what the probe told of its own."""

    def __init__(self) -> None:
        self.frames = 0
        self.free: dict[int, int] = {}                  # frame: order
        self.named: dict[int, int] = {}                 # name: its block's frame
        self.seen: dict[int, tuple[int, int]] = {}      # frame: list, order of its state

    def step(self, operation: str, reply: str) -> None:
        kind, *rest = operation.split()
        numbers = [int(word) for word in rest]
        known = kind == "r" or self.frames and (kind == "a" or numbers[0] in self.named)
        if reply == "-" or not known:
            if known or reply != "-":
                raise Wrong(f"the probe replied {reply!r}")
            return
        words = [int(reply[i:i + 4], 16) for i in range(0, len(reply), 4)]
        if kind == "a":
            self.take(*numbers, *words[:2])
        else:
            {"r": self.restart, "f": self.put}[kind](*numbers)
        self.look(zip(words[2::2], words[3::2]))

    def restart(self, frames: int, *bounds: int) -> None:
        self.frames, self.named = frames, {}
        self.free = dict(block for a, b in zip(bounds[::2], bounds[1::2]) for block in blocks(a, b))

    def take(self, name: int, order: int, result: int, page: int) -> None:
        fitting = [o for o in self.free.values() if o >= order]
        self.named.pop(name, None)
        if not fitting or result == NONE:
            if fitting or result != NONE:
                raise Wrong(f"there is a block of order {min(fitting)}, and none was taken" if fitting
                            else f"frame {result} was taken, and no block is large enough")
            return
        found = self.free.get(result)
        if found is None:
            inside = [f"; it is inside the one of order {o} at {f}"
                      for f, o in self.free.items() if f <= result < f + (1 << o)]
            raise Wrong(f"frame {result} was taken, at which no free block begins{''.join(inside)}")
        if found != min(fitting):
            raise Wrong(f"frame {result} was taken, of order {found}; the smallest is of order {min(fitting)}")
        if page != USED << 8 | order:
            raise Wrong(f"frame {result} was taken; its page has the state {page >> 8} and the order {page & 255}, "
                        f"and should have {USED} and {order}")
        del self.free[result]
        self.free |= {result + (1 << o): o for o in range(order, found)}
        self.named[name] = result

    def put(self, name: int, offset: int, order: int) -> None:
        frame = self.named[name] + offset
        while order < MAX and self.free.get(frame ^ 1 << order) == order:
            del self.free[frame ^ 1 << order]
            frame &= ~(1 << order)
            order += 1
        self.free[frame] = order

    def look(self, cells) -> None:
        """What the probe told is what the model has."""
        for cell, value in cells:
            if cell >= FRAMES:
                value = value if value < 0x8000 else value - 0x10000
                raise Wrong(f"{CELLS_BEHIND[cell - FRAMES]} is {value:+} from what the lists hold")
            self.seen[cell] = (value >> 4 & 15, value & 15)
            if value == 0xff:
                del self.seen[cell]
        right = {frame: (order, order) for frame, order in self.free.items()}
        if self.seen != right:
            frame = min(f for f in self.seen.keys() | right.keys() if self.seen.get(f) != right.get(f))
            raise Wrong(f"frame {frame} {told(*self.seen.get(frame, (15, 15)))}; it should "
                        + (f"head a free block of order {self.free[frame]}" if frame in right else "head none"))


def told(listed: int, claimed: int) -> str:
    """A frame's cell in words."""
    return " and ".join((f"is in the list of order {listed}" if listed < 15 else "is in no list",
                         f"has the state of a free block of order {claimed}" if claimed < 15
                         else "has not the state PAGE_FREE"))


class Plan:
    """Makes operations that are worth their time, by following what a right kernel would do."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.lines, self.names = rng, [], 0

    def restart(self, frames: int, *bounds: int) -> None:
        self.lines.append(" ".join(map(str, ["r", frames, *bounds])))
        self.left = sum(bounds[1::2]) - sum(bounds[::2])        # pages, about
        self.held: list[tuple[int, int, int]] = []              # name, offset, order

    def take(self, order: int) -> None:
        self.lines.append(f"a {self.names} {order}")
        if 1 << order <= self.left:
            self.left -= 1 << order
            self.held.append((self.names, 0, order))
        self.names += 1

    def put(self) -> None:
        """Gives back something, or a part of it."""
        if not self.held:
            return
        at = self.rng.randrange(len(self.held))
        self.held[at], self.held[-1] = self.held[-1], self.held[at]
        name, offset, order = self.held.pop()
        while order and self.rng.random() < 0.15:
            order -= 1
            half = offset + (1 << order)
            self.held.append((name, half, order))
        self.left += 1 << order
        self.lines.append(f"f {name} {offset} {order}")


def holes(rng: random.Random, frames: int, most: int) -> list[int]:
    """Bounds of up to so many ranges with holes between them; half of them end at the end."""
    bounds = sorted(rng.sample(range(frames), 2 * rng.randrange(1, most + 1)))
    return bounds[:-1] + [rng.choice([bounds[-1], frames])]


def order_of(rng: random.Random) -> int:
    """Small ones are wanted most, but each order often."""
    return rng.choice([0, 0, 0, 1, 1, 2, 2, 3, rng.randrange(MAX + 1)])


@pytest.mark.exercise("2.1")
def test_taking_at_random(ktest, rng):
    """From memory with holes, blocks of random orders are taken, each from the smallest that fits."""
    plan = Plan(rng)
    for _ in range(10):
        frames = rng.choice([FRAMES, rng.randrange(40, FRAMES)])
        plan.restart(frames, *holes(rng, frames, 6))
        for _ in range(60):
            plan.take(order_of(rng))
    check(ktest, "buddy_lines", plan.lines, Model, limit=10)


@pytest.mark.exercise("2.1")
def test_taking_everything(ktest, rng):
    """Until nothing is left, every order can be taken as often as there is room, and no more."""
    plan = Plan(rng)
    for order in rng.sample(range(MAX + 1), 4):
        frames = rng.randrange(4 << order, min(200 << order, FRAMES) + 1) if order < 9 else FRAMES
        plan.restart(frames, *holes(rng, frames, 3))
        for _ in range((frames >> order) + 2):
            plan.take(order)
        for smaller in reversed(range(order)):
            plan.take(smaller)
    check(ktest, "buddy_lines", plan.lines, Model, limit=10)


@pytest.mark.exercise("2.1")
def test_splitting(ktest, rng):
    """From each order, each smaller one is split, and the rest is the largest blocks that are possible."""
    plan = Plan(rng)
    pairs = [(whole, part) for whole in range(MAX + 1) for part in range(whole + 1)]
    for whole, part in rng.sample(pairs, len(pairs)):
        first = rng.randrange(FRAMES >> whole) << whole
        plan.restart(FRAMES, first, first + (1 << whole))
        plan.take(part)
        plan.take(whole)
    check(ktest, "buddy_lines", plan.lines, Model, limit=10)


@pytest.mark.exercise("2.2")
def test_taking_and_giving_back(ktest, rng):
    """2000 random steps: at no time two buddies lie free side by side, and no page is lost."""
    plan = Plan(rng)
    for _ in range(4):
        frames = rng.choice([FRAMES, rng.randrange(200, FRAMES)])
        plan.restart(frames, *holes(rng, frames, 4))
        for step in range(500):
            taking = 0.7 if step % 250 < 125 else 0.3
            plan.take(order_of(rng)) if rng.random() < taking else plan.put()
    check(ktest, "buddy_lines", plan.lines, Model, limit=20)


@pytest.mark.exercise("2.2")
def test_giving_all_back(ktest, rng):
    """What was taken comes back in parts and in any order, and the lists are what they were at first."""
    plan = Plan(rng)
    for round in range(4):
        frames = rng.choice([FRAMES, 1 << rng.randrange(6, 12), rng.randrange(200, FRAMES)])
        plan.restart(frames, *holes(rng, frames, 3)) if round else plan.restart(FRAMES, 0, FRAMES)
        for order in [MAX, MAX, *rng.choices([3, 4, 5, 6, 7], k=40)]:
            plan.take(order)
        while plan.held:
            plan.put()
    check(ktest, "buddy_lines", plan.lines, Model, limit=20)


@pytest.mark.exercise("2.2")
def test_small_memories(ktest, rng):
    """In memories of a few pages, whose ends cut blocks, everything is tried many times."""
    plan = Plan(rng)
    for _ in range(60):
        frames = rng.randrange(1, 24)
        plan.restart(frames, *holes(rng, frames, 2) if frames > 3 else (0, frames))
        for _ in range(25):
            plan.take(rng.choice([0, 0, 1, 2])) if rng.random() < 0.5 else plan.put()
    check(ktest, "buddy_lines", plan.lines, Model, limit=20)
