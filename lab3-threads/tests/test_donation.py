"""Exercise 3.9: random programmes of threads and mutexes; after each step all priorities.

The probe `donation_lines` (donation_lines_test.c says what its lines and replies mean) does one step
after the other.  The model knows who owns what and who waits for it, and works out every priority
anew each time: one's own, or the highest of those that wait for what one owns.
"""

from __future__ import annotations

import random

import pytest

from grader.modelcheck import Wrong, check

WORKERS = 8
MUTEXES = 8
DEFAULT = 16
PRIORITIES = 32


class Model:
    """Who owns and wants which mutexes."""

    def __init__(self) -> None:
        self.base = [DEFAULT] * WORKERS
        self.owner: dict[int, int] = {}             # of a mutex
        self.queue: list[list[int]] = [[] for _ in range(MUTEXES)]

    def step(self, operation: str, reply: str) -> None:
        if not self.do(operation):
            if reply != "-":
                raise Wrong(f"the probe replied {reply!r}")
            return
        numbers = [int(word, 16) for word in reply.split()]
        expect_all("worker {} has the priority {}; it should have {}", numbers[:WORKERS],
                   [self.priority(worker) for worker in range(WORKERS)])
        expect_all("mutex {} is worker {}'s; it should be worker {}'s", numbers[WORKERS:],
                   [self.owner.get(mutex, WORKERS) for mutex in range(MUTEXES)])

    def do(self, operation: str) -> bool:
        """False if it cannot be done."""
        kind, *words = operation.split()
        worker, number = map(int, words)
        if kind == "p":
            self.base[worker] = number
            return True
        if kind == "l":
            return self.lock(worker, number)
        return self.unlock(worker, number)

    def lock(self, worker: int, mutex: int) -> bool:
        if self.waits(worker) or any(self.owner.get(other) == worker for other in range(mutex, MUTEXES)):
            return False
        if mutex in self.owner:
            self.queue[mutex].append(worker)
        else:
            self.owner[mutex] = worker
        return True

    def unlock(self, worker: int, mutex: int) -> bool:
        """The most urgent one gets it; of several the first."""
        if self.waits(worker) or self.owner.get(mutex) != worker:
            return False
        del self.owner[mutex]
        if queue := self.queue[mutex]:
            self.owner[mutex] = max(queue, key=self.priority)
            queue.remove(self.owner[mutex])
        return True

    def waits(self, worker: int) -> bool:
        return any(worker in queue for queue in self.queue)

    def priority(self, worker: int) -> int:
        lent = [self.priority(waiter) for mutex, owner in self.owner.items() if owner == worker
                for waiter in self.queue[mutex]]
        return max([self.base[worker], *lent])


def expect_all(text: str, found: list[int], right: list[int]) -> None:
    for number, (one, other) in enumerate(zip(found, right, strict=True)):
        if one != other:
            raise Wrong(text.format(number, one, other))


def programme(rng: random.Random, steps: int, mutexes: int, reach: int, locking: float, changing: float) -> list[str]:
    """Random steps that can be done.  reach: how far above what it has a worker looks for the next mutex."""
    plan, lines = Model(), [f"p {worker} {rng.randrange(PRIORITIES)}" for worker in range(WORKERS)]
    for line in lines:
        plan.do(line)
    while len(lines) < steps:
        kind = "p" if rng.random() < changing else "l" if rng.random() < locking else "u"
        worker = rng.randrange(WORKERS)
        has = [mutex for mutex, owner in plan.owner.items() if owner == worker]
        number = rng.randrange(PRIORITIES) if kind == "p" else rng.choice(has or [0]) if kind == "u" \
            else max(has) + rng.randrange(1, reach + 1) if has else rng.randrange(mutexes)
        line = f"{kind} {worker} {number}"
        if (kind == "p" or number < mutexes) and plan.do(line):
            lines.append(line)
    return lines


@pytest.mark.exercise("3.9")
@pytest.mark.parametrize("mutexes, reach, locking", [(1, 1, 0.7), (3, 2, 0.6), (8, 2, 0.6), (8, 1, 0.8)],
                         ids=["one mutex", "few mutexes", "many mutexes", "long chains"])
def test_random_loans(ktest, rng, mutexes, reach, locking):
    """800 random steps: after each, every priority is one's own or the highest that is lent."""
    lines = programme(rng, 800, mutexes, reach, locking, 0.15)
    check(ktest, "donation_lines", lines, Model, limit=10)


@pytest.mark.exercise("3.9")
def test_random_changes(ktest, rng):
    """500 times some thread's own priority changes, between 500 other steps."""
    check(ktest, "donation_lines", programme(rng, 1000, 6, 2, 0.7, 0.5), Model, limit=10)


@pytest.mark.needs("3.9")
def test_storm_in_parallel(ktest, several):
    """Loans on real processors: who owns nothing has its own priority."""
    ktest("donation_storm", cpus=several, icount=False, limit=60, backstop=240)
