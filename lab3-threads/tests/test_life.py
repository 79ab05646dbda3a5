"""Exercise 3.2: threads that come and go as the host says, against a model of who refers to whom.

The probe `life_lines` (life_lines_test.c says what its lines and replies mean) has no answers:
results, names and what is to be done are the host's, and so is the count of threads that there
should be whenever nobody can run.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from grader.modelcheck import Wrong, check

NAME = 15           # characters that are kept
MASK = 2 ** 64 - 1
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass
class Thread:
    """What is known of one: who refers to it, and what it will come to."""

    name: str
    result: int = 0
    steps: int = 0
    other: Thread | None = None     # it joins that one
    awaited: bool = False           # one that joins it was made
    started: bool = False
    handle: bool = True

    @property
    def will_end(self) -> bool:
        return self.started and (self.other is None or self.other.will_end)

    @property
    def comes_to(self) -> int:
        return self.result if self.other is None else self.other.comes_to + 1 & MASK


class Model:
    """All threads that were ever made, by the host's numbers."""

    def __init__(self) -> None:
        self.threads: dict[str, Thread] = {}

    def step(self, operation: str, reply: str) -> None:
        kind, *words = operation.split()
        right = {"c": self.create, "w": self.create_joiner, "s": self.start, "j": self.join,
                 "d": self.detach, "y": lambda times: "ok", "q": self.quiet, "t": tree}[kind](*words)
        if reply != right:
            raise Wrong(f"the reply to {operation.split()[:2]} is {reply!r}; it should be {right!r}")

    def create(self, number: str, result: str, steps: str, name: str) -> str:
        if number in self.threads:
            return "-"
        self.threads[number] = Thread(name, int(result), int(steps))
        return name[:NAME]

    def with_handle(self, number: str) -> Thread | None:
        thread = self.threads.get(number)
        return thread if thread and thread.handle else None

    def create_joiner(self, number: str, other: str) -> str:
        if number in self.threads or not self.with_handle(other):
            return "-"
        self.threads[number] = Thread("joiner", other=self.threads[other])
        self.threads[other].awaited = True
        return "ok"

    def start(self, number: str) -> str:
        thread = self.with_handle(number)
        if not thread or thread.started:
            return "-"
        thread.started = True
        return "ok"

    def join(self, number: str) -> str:
        thread = self.with_handle(number)
        if not thread or not thread.will_end:
            return "-"
        thread.handle = False
        return f"{thread.comes_to:x} {thread.steps:x}"

    def detach(self, number: str) -> str:
        thread = self.with_handle(number)
        if not thread or not may_detach(thread):
            return "-"
        thread.handle = False
        return "ok"

    def quiet(self) -> str:
        """A thread is there for its handle, for itself from its start to its end, and for those
        that are going to join it."""
        waited_for = [id(t.other) for t in self.threads.values() if t.other and not t.will_end]
        return f"{sum(t.handle or t.started and not t.will_end or id(t) in waited_for for t in self.threads.values()):x}"


def may_detach(thread: Thread) -> bool:
    """One that joins another, or is joined, has to run."""
    return thread.started or not thread.other and not thread.awaited


def tree(salt: str, parents: str) -> str:
    """The result of the root."""
    def result(number: int) -> int:
        children = [i + 1 for i, parent in enumerate(parents) if DIGITS.index(parent) == number]
        return int(salt) * (number + 1) + sum(result(c) * (2 * k + 3) for k, c in enumerate(children))
    return f"{result(0) & MASK:x}"


class Plan:
    """Makes operations of which nearly all can be done."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.model, self.lines = rng, Model(), []

    def add(self, line: str) -> None:
        try:
            self.model.step(line, "")
        except Wrong:
            pass        # the model has made the step
        self.lines.append(line)

    def create(self) -> str:
        number = str(len(self.model.threads))
        held = [n for n, t in self.model.threads.items() if t.handle]
        if held and self.rng.random() < 0.3:
            self.add(f"w {number} {self.rng.choice(held[-20:])}")
        else:
            result = self.rng.choice([0, 1, self.rng.getrandbits(32), self.rng.getrandbits(63)])
            name = "".join(self.rng.choices("abcdefghij", k=self.rng.choice([1, 4, 14, 15, 16, 40])))
            self.add(f"c {number} {result} {self.rng.choice([0, 0, 1, 3, 10])} {name}")
        return number

    def one_for(self, kind: str) -> str:
        """One with which that can be done, most times; sometimes any."""
        fits = {"s": lambda t: not t.started, "j": lambda t: t.will_end, "d": may_detach}[kind]
        known = self.model.threads.items()
        fitting = [n for n, t in known if t.handle and (fits(t) or self.rng.random() < 0.05)]
        return self.rng.choice(fitting or [n for n, _ in known] or ["0"])

    def step(self) -> None:
        kind = self.rng.choice("ccccssssjjdyyq")
        if kind == "c":
            number = self.create()
            if self.rng.random() < 0.6:
                self.add(f"s {number}")
        elif kind in "yq":
            self.add(f"y {self.rng.randrange(6)}" if kind == "y" else "q")
        else:
            self.add(f"{kind} {self.one_for(kind)}")

    def finish(self) -> None:
        """Starts everything, and joins or detaches it: then nobody is left."""
        held = [number for number, thread in self.model.threads.items() if thread.handle]
        for number in self.rng.sample(held, len(held)):
            self.add(f"s {number}")
        for number in self.rng.sample(held, len(held)):
            self.add(f"{self.rng.choice('jd')} {number}")
        self.add("q")


@pytest.mark.exercise("3.2")
def test_one_by_one(ktest, rng):
    """Each thread is created, started, joined or detached before the next: in every order that there is."""
    plan = Plan(rng)
    for orders in ["sj", "sqj", "sd", "sqd", "d", "qd", "syj", "qsqj", "qsqd"] * 3:
        number = plan.create()
        for kind in orders:
            plan.add("q" if kind == "q" else "y 1" if kind == "y" else f"{kind} {number}")
        plan.add("q")
    plan.finish()
    check(ktest, "life_lines", plan.lines, Model)


@pytest.mark.exercise("3.2")
def test_many_at_random(ktest, rng):
    """700 random steps: every join gets the right result, and there are no threads but those in use."""
    plan = Plan(rng)
    while len(plan.lines) < 700:
        plan.step()
    plan.finish()
    check(ktest, "life_lines", plan.lines, Model, limit=10)


def some_trees(rng: random.Random, count: int) -> list[str]:
    """Lines for trees, broad and deep ones."""
    lines = []
    for _ in range(count):
        parents = "".join(DIGITS[rng.randrange(max(0, i - rng.choice([1, 5, 40])), i + 1)]
                          for i in range(rng.randrange(1, 36)))
        lines.append(f"t {rng.getrandbits(63)} {parents}")
    return lines


@pytest.mark.exercise("3.2")
def test_trees(ktest, rng):
    """40 trees of up to 36 threads, each joining those it created, come to the sum that they should."""
    lines = [line for each in some_trees(rng, 40) for line in (each, "q")]
    check(ktest, "life_lines", lines, Model, limit=10)


@pytest.mark.exercise("3.2")
@pytest.mark.needs("3.3")
def test_trees_in_parallel(ktest, rng, several):
    """The same on processors that really run together."""
    check(ktest, "life_lines", some_trees(rng, 15), Model, limit=60, cpus=several, icount=False,
          boots=0, backstop=240)
