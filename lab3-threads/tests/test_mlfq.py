"""Exercise 3.8: the policy's functions, called in random order and compared with a model.

The probe `mlfq_lines` (mlfq_lines_test.c says what its lines and replies mean) calls them one
by one. The model follows the rules in lab3-threads/sched/mlfq.h.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from grader.modelcheck import Wrong, check

LEVELS = 32
TOP = LEVELS - 1
SLICE, BOOST = 500_000, 200_000_000     # nanoseconds
NAMES = 64


def slice_of(level: int) -> int:
    return SLICE * (LEVELS - level)


@dataclass
class Thread:
    name: int
    priority: int
    level: int = 0
    ceiling: int = -1       # the priority by which the level was decided
    used: int = 0

    def enter(self, level: int) -> None:
        self.level, self.ceiling, self.used = level, self.priority, 0


class Model:
    """What the rules say; `answer` does an operation and tells what the reply must be."""

    def __init__(self) -> None:
        self.threads: dict[int, Thread] = {}
        self.lists: list[list[Thread]] = [[] for _ in range(LEVELS)]
        self.away: dict[int, Thread] = {}
        self.running: Thread | None = None
        self.ran = 0

    def step(self, operation: str, reply: str) -> None:
        waiting = self.told()
        right = self.answer(operation)
        if reply != right:
            raise Wrong(f"the reply should be {right!r}, and is {reply!r}" + waiting)

    def told(self) -> str:
        """Who waits, as words for a failure."""
        lists = [f"{level}: " + ", ".join(str(thread.name) for thread in self.lists[level])
                 for level in reversed(range(LEVELS)) if self.lists[level]]
        runs = f"; {self.running.name} runs, on level {self.running.level}" if self.running else ""
        return f"\nbefore it there wait, by levels, {'; '.join(lists) or 'none'}{runs}"

    def answer(self, operation: str) -> str:
        kind, *rest = operation.split()
        return str(getattr(self, "do_" + kind)(*map(int, rest)))

    def waits(self, name: int) -> bool:
        thread = self.threads.get(name)
        return thread is not None and thread is not self.running and name not in self.away

    def put(self, thread: Thread, why: str) -> str:
        if why in ("new", "woken") or thread.ceiling != thread.priority:
            thread.enter(thread.priority)
        elif why == "spent":
            thread.enter(min(max(thread.level - 1, 0), thread.priority))
        place = self.lists[thread.level]
        place.insert(0 if why == "preempted" else len(place), thread)
        return "ok"

    def do_n(self, name: int, priority: int) -> str:
        if name in self.threads:
            return "-"
        self.threads[name] = Thread(name, priority)
        return self.put(self.threads[name], "new")

    def do_w(self, name: int, why: str = "woken") -> str:
        return self.put(self.away.pop(name), why) if name in self.away else "-"

    def do_m(self, name: int) -> str:
        return self.do_w(name, "moved")

    def do_d(self, name: int) -> str:
        if not self.waits(name):
            return "-"
        thread = self.away[name] = self.threads[name]
        self.lists[thread.level] = [other for other in self.lists[thread.level] if other is not thread]
        return "ok"

    def do_c(self, name: int, priority: int) -> str:
        if name not in self.threads:
            return "-"
        waited = self.do_d(name) == "ok"
        self.threads[name].priority = priority
        return self.do_m(name) if waited else "ok"

    def do_p(self) -> str:
        if self.running:
            return "-"
        for threads in reversed(self.lists):
            if threads:
                self.running = threads.pop(0)
                return f"{self.running.name} {self.running.level}"
        return "none"

    def do_t(self, ns: int) -> str:
        running = self.running
        if not running:
            return "-"
        if running.ceiling != running.priority:
            running.enter(running.priority)
        running.used += ns
        self.ran += ns
        if self.ran >= BOOST:
            self.boost()
        if running.used < slice_of(running.level):
            return "on"
        self.back("spent")
        return "spent"

    def boost(self) -> None:
        risen = [thread for threads in reversed(self.lists) for thread in threads]
        self.lists = [[] for _ in range(TOP)] + [risen]
        for thread in [*risen, self.running]:
            thread.enter(TOP)
        self.ran = 0

    def back(self, why: str) -> str:
        thread, self.running = self.running, None
        return self.put(thread, why) if thread else "-"

    def do_y(self) -> str:
        return self.back("given")

    def do_x(self) -> str:
        return self.back("preempted")

    def do_s(self) -> str:
        if not self.running:
            return "-"
        self.away[self.running.name] = self.running
        self.running = None
        return "ok"


class Plan:
    """Makes operations that are worth their time, by following what a right kernel would do."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.lines, self.model = rng, [], Model()
        self.priorities = [0, TOP, TOP - 1, *rng.choices(range(LEVELS), k=3)]    # few, so that some meet

    def do(self, line: str) -> str:
        self.lines.append(line)
        return self.model.answer(line)

    def new(self, priority: int | None = None) -> None:
        if len(self.model.threads) < NAMES:
            priority = self.rng.choice(self.priorities) if priority is None else priority
            self.do(f"n {len(self.model.threads)} {priority}")

    def anybody(self, *, away: bool) -> int:
        names = list(self.model.away) if away else [n for n in self.model.threads if self.model.waits(n)]
        return self.rng.choice(names or [0])

    def time(self, most: int = BOOST) -> int:
        """A time for a tick: often just what is left of a slice, or a little less or more."""
        running = self.model.running
        left = slice_of(running.level) - running.used if running else SLICE
        left_to_boost = BOOST - self.model.ran
        return max(0, min(most, self.rng.choice([
            left, left - 1, left + 1, left // 2, left // 3, self.rng.randrange(2 * left + 1), 4 * left,
            left_to_boost if left_to_boost < 2 * left else left])))

    def step(self, kinds: str) -> None:
        """One operation of one of those kinds."""
        kind = self.rng.choice(kinds)
        if kind != "p" and kind in "tyxs" and not self.model.running:
            kind = "p"
        if kind == "n":
            self.new()
        elif kind in "wm":
            self.do(f"{kind} {self.anybody(away=True)}")
        elif kind == "d":
            self.do(f"d {self.anybody(away=False)}")
        elif kind == "c":
            running = self.model.running
            name = running.name if running and self.rng.random() < 0.4 else self.anybody(away=self.rng.random() < 0.2)
            self.do(f"c {name} {self.rng.choice(self.priorities)}")
        elif kind == "t":
            self.do(f"t {self.time()}")
        else:
            self.do(kind)

    def pause(self) -> None:
        """Nobody runs."""
        if self.model.running:
            self.do("y")

    def empty(self) -> None:
        """In the end everybody is picked, once."""
        while self.do("p") != "none":
            self.do("s")

    def run(self, steps: int, kinds: str, threads: int) -> list[str]:
        for _ in range(threads):
            self.new()
        for _ in range(steps):
            self.step(kinds)
        self.do("s")
        self.empty()
        return self.lines


@pytest.mark.exercise("3.8")
def test_levels(ktest, rng):
    """2000 random steps without time: the highest level first, and in each in turn."""
    check(ktest, "mlfq_lines", Plan(rng).run(2000, "ppyxssswwdmmn", 12), Model, limit=10)


@pytest.mark.exercise("3.8")
def test_slices(ktest, rng):
    """2000 random steps with time: who uses up its slice falls one level, and who sleeps rises."""
    check(ktest, "mlfq_lines", Plan(rng).run(2000, "ptttttyxsww", 6), Model, limit=10)


@pytest.mark.exercise("3.8")
def test_to_the_bottom(ktest, rng):
    """One thread alone falls from the highest level to the lowest, a slice at each, and stays there."""
    plan = Plan(rng)
    plan.new(TOP)
    while len(plan.lines) < 400:
        plan.do("p")
        while plan.do(f"t {plan.time(most=BOOST - 1 - plan.model.ran)}") == "on" and plan.model.ran < BOOST - 1:
            pass
        if plan.model.running:      # it would be boosted: out, with the time that it has used
            plan.do("t 1")
            plan.do("x")
    check(ktest, "mlfq_lines", plan.lines, Model, limit=10)


@pytest.mark.exercise("3.8")
def test_boosts(ktest, rng):
    """After every 200 ms of computing all threads rise together, in the order of their levels, for a whole slice."""
    plan = Plan(rng)
    for _ in range(10):
        plan.new()
    while len(plan.lines) < 2500:
        plan.step("ppttttttttttyyxxsw")
    check(ktest, "mlfq_lines", plan.lines, Model, limit=10)


@pytest.mark.exercise("3.8")
def test_slices_after_boosts(ktest, rng):
    """At a boost everyone has a whole slice, whatever it has used of its last one, and wherever it was."""
    plan = Plan(rng)
    for priority in [TOP, TOP, TOP, *rng.choices(range(TOP), k=5)]:
        plan.new(priority)
    for _ in range(8):
        while BOOST - plan.model.ran > 8 * SLICE:       # they sink, and some have used a part of their slices
            plan.step("ptttttyx")
        plan.pause()
        for name in (0, 1, 2):                          # those with the highest priority rise
            plan.do(f"d {name}")
            plan.do(f"w {name}")
        for _ in range(6):                              # and use a part of theirs
            plan.do("p")
            plan.do(f"t {rng.randrange(1, SLICE // 3)}")
            plan.do("y")
        plan.do("p")
        plan.do(f"t {BOOST - plan.model.ran}")
        for _ in range(8):
            left = slice_of(TOP) - plan.model.running.used
            plan.do(f"t {left - 1}")
            plan.do("t 1")
            plan.do("p")
        plan.pause()
    check(ktest, "mlfq_lines", plan.lines, Model, limit=10)


@pytest.mark.exercise("3.8")
def test_priorities_change(ktest, rng):
    """2000 random steps with priorities that change, as donation changes them: each counts at once."""
    check(ktest, "mlfq_lines", Plan(rng).run(2000, "pptttyxswccc", 10), Model, limit=10)


@pytest.mark.exercise("3.8")
def test_everything(ktest, rng):
    """3000 random steps of all kinds."""
    check(ktest, "mlfq_lines", Plan(rng).run(3000, "npppttttttttttyyxxsswwwmddcc", 8), Model, limit=10)


STEP = 100_000                  # mlfq_machine_test.c: nanoseconds between two resched points
SOON = 2 * STEP                 # the next of them
REAL = pytest.mark.needs("3.1", "3.2", "3.3")


def story(ktest):
    """Who began to run when, as (name, nanoseconds, level): real threads, with this policy."""
    said = ktest("mlfq_machine", append="sched=mlfq", limit=10)
    name, *notes = said.replies
    assert name == "mlfq", "the kernel has taken another policy"
    return [(who, int(at), int(level)) for who, at, level in map(str.split, notes)]


@REAL
@pytest.mark.exercise("3.8")
def test_interactive_thread(ktest):
    """A thread that mostly sleeps runs at once when it wakes, while others of its priority compute."""
    told = story(ktest)
    woken = [(at, after) for (who, at, level), after in zip(told, told[1:]) if who == "w" and level < 20]
    assert len(woken) > 8, "the threads that compute stay on the level where they began"
    for at, (who, then, _) in woken:
        assert who == "s" and then - at < SOON, f"woken at {at} ns; {who} ran from {then} ns on"


@REAL
@pytest.mark.exercise("3.8")
def test_low_priority_thread(ktest):
    """A thread of low priority runs after each boost, though others compute all the time."""
    told = story(ktest)
    runs = [at for who, at, _ in told if who == "l"]
    gaps = [b - a for a, b in zip([0, *runs], [*runs, told[-1][1]])]
    assert max(gaps) < BOOST + 8 * (SLICE + STEP), gaps
    assert runs


@REAL
@pytest.mark.exercise("3.8")
def test_computing_threads(ktest):
    """Two threads that compute with the same priority share the processor, by longer and longer slices."""
    told = story(ktest)
    turns = [(who, then - at) for (who, at, _), (_, then, _) in zip(told, told[1:])]
    had = {name: sum(ns for who, ns in turns if who == name) for name in "abls"}
    assert abs(had["a"] + sum(ns for who, ns in turns if who == "w") - had["b"]) < 2 * slice_of(0), had
    assert had["l"] < had["b"] / 5, had


@REAL
@pytest.mark.exercise("3.8")
def test_many_schedules(ktest):
    """Threads sleep, wake, change priorities and processors with this policy, in many schedules."""
    said = ktest("sched_race_policy", append="sched=mlfq", limit=20)
    assert said.replies == ["mlfq"]
