"""Exercises 3.3 and 3.5 on processors that really run together: each thread takes the lock as often
as it was told, and finds under it what the one before has left.  lock_parallel_test.c has the probe.
"""

from __future__ import annotations

from collections import Counter

import pytest

EACH = {"s": 50, "m": 300}
PER_WORD = 15

def judge(ktest, kind: str, cpus: int) -> None:
    each = EACH[kind]
    said = ktest("lock_parallel", input=[f"{kind} {each}"], cpus=cpus, icount=False, limit=40, backstop=240)
    value, *words = [int(word, 16) for word in said.replies[0].split()]
    digits = "".join(f"{word:0{PER_WORD}x}" for word in words[:-1])
    digits += f"{words[-1]:0{cpus * each - len(digits)}x}"
    order = [int(digit) for digit in digits]
    assert Counter(order) == {thread: each for thread in range(cpus)}
    right = 0
    for thread in order:
        right = (5 * right + 1 + thread) % (1 << 32)
    assert value == right, f"the value under the lock is {value:#x}; it should be {right:#x}"


@pytest.mark.exercise("3.3")
@pytest.mark.needs("3.1", "3.2")
def test_spin_lock_in_parallel(ktest, several):
    """Processors that really run together are under a spin lock one after the other."""
    judge(ktest, "s", several)


@pytest.mark.exercise("3.5")
@pytest.mark.needs("3.3")
def test_mutex_in_parallel(ktest, several):
    """So are threads under a mutex, some of which let others run meanwhile."""
    judge(ktest, "m", several)
