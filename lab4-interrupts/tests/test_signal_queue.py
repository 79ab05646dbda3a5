"""What is pending, from outside: against a model that is a list."""

from __future__ import annotations

import pytest

from grader.modelcheck import Wrong, check

SYNCHRONOUS = [4, 5, 7, 8, 11, 31]      # SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS
REAL_TIME = 32
ALL = (1 << 63) - 1
NOTHING_SAID = (1 << 64) - 1


class Model:
    """(number, value or None) in the order they came."""

    def __init__(self) -> None:
        self.pending: list[tuple[int, str | None]] = []

    def step(self, operation: str, reply: str) -> None:
        kind, *rest = operation.split()
        right = getattr(self, kind)(*map(int, (word for word in rest if word != "-")))
        right = " ".join(f"{number:x}" for number in right) or "-"
        if reply != right:
            raise Wrong(f"the reply is {reply}, and should be {right}")

    def add(self, number: int, value: int | None = None) -> list[int]:
        if number < REAL_TIME and number in (known for known, _ in self.pending):
            return [0]
        self.pending.append((number, value))
        return [1]

    def next(self, mask: int) -> list[int]:
        wanted = {number for number, _ in self.pending if mask >> number - 1 & 1}
        return [min(wanted & set(SYNCHRONOUS) or wanted or {0})]

    def take(self, number: int) -> list[int]:
        of_it = [entry for entry in self.pending if entry[0] == number]
        if not of_it:
            return []
        # what says something comes before what does not: that is the kernel's, and is one at most
        first = next((entry for entry in of_it if entry[1] is not None), of_it[0])
        if first[1] is None:
            self.pending = [entry for entry in self.pending if entry[0] != number]
            return [NOTHING_SAID]
        self.pending.remove(first)
        if not any(entry[0] == number and entry[1] is not None for entry in self.pending):
            self.pending = [entry for entry in self.pending if entry[0] != number]
        return [first[1]]

    def drop(self, mask: int) -> list[int]:
        gone = [entry for entry in self.pending if mask >> entry[0] - 1 & 1]
        self.pending = [entry for entry in self.pending if entry not in gone]
        return [value for _, value in gone if value is not None]


def some_operations(rng) -> list[str]:
    numbers = rng.sample(range(1, 32), 6) + rng.sample(range(32, 64), 5) + rng.sample(SYNCHRONOUS, 2)
    value = 0
    made = []
    for _ in range(1200):
        number = rng.choice(numbers)
        kind = rng.choices(["add", "next", "take", "drop"], [10, 4, 9, 0.5])[0]
        if kind == "add":
            value += 1
            made.append(f"add {number} {value if rng.random() < 0.8 else '-'}")
        elif kind == "take":
            made.append(f"take {number}")
        else:
            made.append(f"{kind} {rng.choice([ALL, rng.getrandbits(63), 1 << number - 1])}")
    return made


@pytest.mark.exercise("")
def test_pending_at_random(ktest, rng):
    """1200 random signals become pending, are looked for, taken and dropped."""
    check(ktest, "signal_queue_lines", some_operations(rng), Model, limit=10)
