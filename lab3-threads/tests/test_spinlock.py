"""Exercise 3.3: random programmes of several processors, in many schedules, each judged by its log.

The probe `spinlock_lines` (spinlock_lines_test.c says what its lines and replies mean) lets up to
four virtual processors take, try and leave three locks.  The log of each schedule must be one that
fair spin locks could have written.
"""

from __future__ import annotations

import random

import pytest

LOCKS = 3
SCHEDULES = 60
ALL = 1 << 32


def programme(rng: random.Random, sections: int, tries: float, nests: bool) -> str:
    """Sections behind one another and within one another; the locks always in the same order."""
    def section(lowest: int) -> str:
        lock = rng.randrange(lowest, LOCKS)
        letter = ("xyz" if rng.random() < tries else "abc")[lock]
        inner = section(lock + 1) if nests and lock + 1 < LOCKS and rng.random() < 0.6 else ""
        return f"{letter}{rng.choice(['', 'w'])}{inner}{rng.choice(['w', 'ww', ''])}."
    return "".join(section(0) for _ in range(sections))


class Lock:
    """One lock, as the log tells of it."""

    def __init__(self, first: int) -> None:
        self.holder: int | None = None
        self.called = first     # the number that comes next
        self.value = 0
        self.busy = set()       # processors that ask for it, hold it or let go of it


class Judge:
    """Follows the log of a schedule."""

    def __init__(self, programmes: list[str], first: int) -> None:
        self.lines = [actions(text) for text in programmes]
        self.locks = [Lock(first) for _ in range(LOCKS)]
        self.asked = [0] * len(programmes)          # what `next` was when it asked
        self.others = [False] * len(programmes)     # whether the tried lock may not have been free

    def judge(self, log: list[tuple[int, str, int, int]]) -> None:
        for cpu, what, number, told in log[:-LOCKS]:
            lock = self.locks[number]
            done = self.lines[cpu].send((what, number))
            assert done, f"processor {cpu} did {what!r} at lock {number}, which is not what its programme says"
            getattr(self, {"w": "asks", "t": "asks", "g": "gets", "n": "fails", "v": "works", "r": "leaves",
                           "d": "has_left"}[what])(cpu, lock, told)
        for cpu, line in enumerate(self.lines):
            assert line.send(None), f"processor {cpu} did not come to the end of its programme"
        for number, (drawn, _, _, called) in enumerate(log[-LOCKS:]):
            right = self.locks[number].called
            assert (drawn, called) == (right, right), \
                f"lock {number} ended with next {drawn:#x}, owner {called:#x}; both should be {right:#x}"

    def asks(self, cpu: int, lock: Lock, drawn: int) -> None:
        self.asked[cpu], self.others[cpu] = drawn, bool(lock.busy)
        for other in lock.busy:
            self.others[other] = True
        lock.busy.add(cpu)

    def gets(self, cpu: int, lock: Lock, called: int) -> None:
        assert lock.holder is None, f"processors {lock.holder} and {cpu} have the same lock"
        assert called == lock.called, f"the number {lock.called:#x} was to be called, and not {called:#x}"
        assert (called - self.asked[cpu]) % ALL < ALL // 2, \
            f"processor {cpu} got the number {called:#x}, which was drawn before it asked"
        lock.holder, lock.called = cpu, (called + 1) % ALL

    def fails(self, cpu: int, lock: Lock, _) -> None:
        assert self.others[cpu], f"processor {cpu} did not get a lock that was free all the time"
        lock.busy.discard(cpu)

    def works(self, cpu: int, lock: Lock, told: int) -> None:
        lock.value = (5 * lock.value + 1 + cpu) % ALL
        assert told == lock.value, f"the value under a lock is {told:#x}; it should be {lock.value:#x}"

    def leaves(self, cpu: int, lock: Lock, _) -> None:
        assert lock.holder == cpu
        lock.holder = None

    def has_left(self, cpu: int, lock: Lock, _) -> None:
        lock.busy.discard(cpu)


def actions(text: str):
    """A generator that is sent each event of a processor, and says whether its programme allows it."""
    line = follow(text)
    next(line)
    return line


def follow(text: str):
    at, held = 0, []
    seen = yield
    while at < len(text):
        letter = text[at]
        expected = [("v", lock) for lock in held] if letter == "w" else \
            [("r", held[-1]), ("d", held.pop())] if letter == "." else \
            [("w" if letter in "abc" else "t", "abcxyz".index(letter) % 3)]
        for event in expected:
            seen = yield seen == event
        at += 1
        if letter in "abcxyz":
            lock = "abcxyz".index(letter) % 3
            got = seen == ("g", lock)
            failed = letter in "xyz" and seen == ("n", lock)
            if got:
                held.append(lock)
            else:
                at = behind(text, at - 1)
            seen = yield got or failed
    yield seen is None


def behind(text: str, at: int) -> int:
    """Behind the dot that belongs to the letter there."""
    depth = 0
    while True:
        depth += {"w": 0, ".": -1}.get(text[at], 1)
        at += 1
        if not depth:
            return at


def events(reply: str) -> list[tuple[int, str, int, int]]:
    numbers = [int(word, 16) for word in reply.split()]
    return [(cpu, chr(what), lock, told) for cpu, what, lock, told in zip(*[iter(numbers)] * 4, strict=True)]


def run(ktest, programmes: list[str], first: int) -> None:
    lines = [f"p {cpu} {text}" for cpu, text in enumerate(programmes)]
    said = ktest("spinlock_lines", input=[*lines, f"g {len(programmes)} {SCHEDULES} {first}"], limit=10)
    logs = said.replies[len(programmes):-1]
    assert len(logs) == SCHEDULES
    for number, log in enumerate(logs):
        try:
            Judge(programmes, first).judge(events(log))
        except AssertionError as error:
            said.blame(number)
            told = "\n".join(f"  {cpu} {what} {lock} {value:x}" for cpu, what, lock, value in events(log))
            raise AssertionError(f"schedule {number} of the programmes {programmes}: {error}\n{told}") from None


@pytest.mark.exercise("3.3")
def test_random_sections(ktest, rng):
    """Three processors at three locks: who has one is alone, in the order of asking, and sees all."""
    run(ktest, [programme(rng, 8, 0, False) for _ in range(3)], 0)


@pytest.mark.exercise("3.3")
def test_random_nesting(ktest, rng):
    """Locks within locks, on four processors, while the numbers wrap around."""
    run(ktest, [programme(rng, 4, 0, True) for _ in range(4)], ALL - rng.randrange(1, 8))


@pytest.mark.exercise("3.3")
def test_random_tries(ktest, rng):
    """Some take the locks and some only try them: a lock that is free is to be had, another is not."""
    run(ktest, [programme(rng, 4, tries, True) for tries in (1, 1, 0.5, 0)], ALL - rng.randrange(1, 9))
