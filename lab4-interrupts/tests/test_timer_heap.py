"""Exercise 4.2: long random sequences of a heap's operations, each compared with a dictionary.

The probe `timer_heap_lines` (timer_heap_test.c) puts timers in and takes them out; what it
tells after each step is the first one. Of several that are as early any may be first.
"""

from __future__ import annotations

import random
import struct

import pytest

from grader.modelcheck import Wrong, check

TIMERS = 511


class Model:
    """Who is in, and for when."""

    def __init__(self) -> None:
        self.moment: dict[int, int] = {}

    def step(self, operation: str, reply: str) -> None:
        kind, *numbers = operation.split()
        name = int(numbers[0])
        if (kind == "i") == (name in self.moment):
            if reply != "-":
                raise Wrong(f"the probe replied {reply!r}")
            return
        if kind == "i":
            self.moment[name] = int(numbers[1])
        else:
            del self.moment[name]
        self.look(reply)

    def look(self, reply: str) -> None:
        if not self.moment:
            if reply != "empty":
                raise Wrong(f"nothing is left in the heap, and the first one is {reply}")
            return
        least = min(self.moment.values())
        if reply == "empty":
            raise Wrong(f"the heap is empty, and {len(self.moment)} timers were put in and not taken out")
        name, moment = struct.unpack("<QQ", bytes.fromhex(reply))
        if self.moment.get(name) != moment:
            raise Wrong(f"the first one is {name} at {moment}, which is not in the heap")
        if moment != least:
            raise Wrong(f"the first one is {name} at {moment}, and another one is earlier: {least}")


class Plan:
    """Makes operations that can be done, for the most part."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.lines, self.inside = rng, [], {}

    def insert(self, moment: int) -> None:
        outside = [name for name in range(TIMERS) if name not in self.inside]
        if outside:
            name = self.rng.choice(outside)
            self.inside[name] = moment
            self.lines.append(f"i {name} {moment}")

    def remove(self, name: int) -> None:
        del self.inside[name]
        self.lines.append(f"r {name}")

    def remove_any(self) -> None:
        if self.inside:
            self.remove(self.rng.choice(list(self.inside)))

    def remove_first(self) -> None:
        if self.inside:
            self.remove(min(self.inside, key=lambda name: (self.inside[name], name)))


@pytest.mark.exercise("4.2")
def test_first_in_first_out(ktest, rng):
    """Timers go in and the first comes out, in random order, until none is left."""
    plan = Plan(rng)
    for _ in range(1500):
        plan.insert(rng.randrange(10**12)) if rng.random() < 0.55 else plan.remove_first()
    while plan.inside:
        plan.remove_first()
    check(ktest, "timer_heap_lines", plan.lines, Model, limit=10)


@pytest.mark.exercise("4.2")
def test_from_the_middle(ktest, rng):
    """Timers are taken out from anywhere in the heap, and nobody else is lost or comes too late."""
    plan = Plan(rng)
    for step in range(2500):
        filling = 0.6 if step % 600 < 300 else 0.35
        if rng.random() < filling:
            plan.insert(rng.randrange(1000))
        else:
            rng.choice([plan.remove_any, plan.remove_any, plan.remove_first])()
    while plan.inside:
        plan.remove_first()
    check(ktest, "timer_heap_lines", plan.lines, Model, limit=10)


@pytest.mark.exercise("4.2")
def test_few_timers(ktest, rng):
    """With up to six timers, and few moments, everything is tried many times."""
    plan = Plan(rng)
    for _ in range(1500):
        plan.insert(rng.randrange(4)) if len(plan.inside) < 6 and rng.random() < 0.6 else plan.remove_any()
    while plan.inside:
        plan.remove_any()
    check(ktest, "timer_heap_lines", plan.lines, Model, limit=10)
