"""Exercise 3.6: random programmes of readers and writers, and who got in when.

`rwlock_lines` (rwlock_lines_test.c) does what each line says and tells where everybody is; the
model is a queue.  `rwlock_log` (rwlock_log_test.c) runs programmes under many schedules, and the
order of what happened in each is judged here.
"""

from __future__ import annotations

import random

import pytest

from grader.modelcheck import Wrong, check

WORKERS = 8


class Model:
    """Who is inside, and who waits, in the order they came."""

    def __init__(self) -> None:
        self.inside: dict[int, str] = {}            # worker: "r" or "w"
        self.queue: list[tuple[int, str]] = []

    def step(self, operation: str, reply: str) -> None:
        word, what = operation.split()
        number = int(word)
        waits = number in dict(self.queue)
        if waits or (number in self.inside) != (what == "d"):
            return expect(reply, "-")
        if what == "d":
            del self.inside[number]
        else:
            self.queue.append((number, what))
        self.let_in()
        expect(reply, self.letters())

    def let_in(self) -> None:
        """Whoever may come in does; nobody overtakes."""
        while self.queue:
            number, what = self.queue[0]
            if "w" in self.inside.values() or what == "w" and self.inside:
                return
            self.inside[number] = what
            self.queue.pop(0)

    def letters(self) -> str:
        waiting = {number: what.upper() for number, what in self.queue}
        return "".join((self.inside | waiting).get(number, ".") for number in range(WORKERS))


def expect(found: str, right: str) -> None:
    if found != right:
        raise Wrong(f"it is {found!r}; it should be {right!r}")


def programme(rng: random.Random, steps: int, writers: float, leaving: float) -> list[str]:
    """Random steps; some of them cannot be done."""
    return [f"{rng.randrange(WORKERS)} " + ("d" if rng.random() < leaving else "rw"[rng.random() < writers])
            for _ in range(steps)]


@pytest.mark.exercise("3.6")
@pytest.mark.parametrize("writers", [0.1, 0.3, 0.6])
def test_random_steps(ktest, rng, writers):
    """900 random steps of readers and writers: after each, all are where first come, first served puts them."""
    lines = [line for leaving in (0.3, 0.5, 0.6) for line in programme(rng, 300, writers, leaving)]
    check(ktest, "rwlock_lines", lines, Model, limit=10)


# --- what happened under a schedule ----------------------------------------------------------------

THREADS = 4


class Visits:
    """A schedule's log: each coming of a thread to the lock, and in which order."""

    def __init__(self, log: str, programmes: list[str]) -> None:
        self.kinds: list[str] = []                  # of each visit: "r" or "w"
        self.times: list[dict[str, int]] = []       # of each visit: when it (a)sked, came (i)n, went (o)ut
        self.queues: list[tuple[int, list[int]]] = []       # when, and the visits that waited
        self.last: dict[int, int] = {}              # of a thread: its present visit
        left = [iter(programme) for programme in programmes]
        for time, word in enumerate(log.split()):
            if word[0] == "q":
                self.queues.append((time, [self.last[int(who)] for who in word[1:]]))
                continue
            who, what = int(word[0]), word[1]
            if what == "a":
                self.last[who] = len(self.times)
                self.times.append({})
                self.kinds.append(next(left[who]))
            self.times[self.last[who]][what] = time
        if any(len(times) != 3 for times in self.times) or any(next(programme, None) for programme in left):
            raise Wrong("somebody has not come as often as it should")

    def judge(self) -> None:
        for one in range(len(self.times)):
            for other in range(one):
                self.apart(one, other)
        for time, queue in self.queues:
            late = [visit for visit, times in enumerate(self.times) if times["a"] > time]
            for place, one in enumerate(queue):
                for other in queue[place + 1:] + late:
                    self.before(one, other)

    def meets(self, one: int, other: int) -> bool:
        return "w" in self.kinds[one] + self.kinds[other]

    def apart(self, one: int, other: int) -> None:
        """Two of which one writes are not inside together."""
        a, b = self.times[one], self.times[other]
        if self.meets(one, other) and not (a["o"] < b["i"] or b["o"] < a["i"]):
            raise Wrong(f"visit {one} and visit {other} were inside together: {a}, {b}, {self.kinds}")

    def before(self, one: int, other: int) -> None:
        """Of two of which one writes, the one that came first is the first to get in."""
        if self.meets(one, other) and self.times[one]["i"] > self.times[other]["i"]:
            raise Wrong(f"visit {other} came later than visit {one} and overtook it: "
                        f"{self.times[one]}, {self.times[other]}, {self.kinds}")


@pytest.mark.exercise("3.6")
@pytest.mark.parametrize("writers", [0.2, 0.5])
def test_random_programmes(ktest, rng, writers):
    """In each of 60 schedules a writer is alone, nobody overtakes one that waits, and all get in."""
    programmes = ["".join("rw"[rng.random() < writers] for _ in range(6)) for _ in range(THREADS)]
    told = ktest("rwlock_log", input=programmes, limit=20)
    assert len(told.replies) == 60
    for number, log in enumerate(told.replies):
        try:
            Visits(log, programmes).judge()
        except (Wrong, LookupError, ValueError, StopIteration) as error:
            told.blame(number)
            pytest.fail(f"schedule {number} of programmes {programmes}: {error}\n{log}", pytrace=False)


@pytest.mark.needs("3.6")
def test_storm_in_parallel(ktest, several):
    """Readers and writers on real processors: what they share is never seen half written."""
    ktest("rwlock_storm", cpus=several, icount=False, limit=60, backstop=240)
