"""Calls without sense (user/fuzz.c): the kernel, init and new processes go on as if nothing had been.

A seed that finds something is put into SEEDS, and stays there.
"""

from __future__ import annotations

import os

import pytest

SEEDS = (1, 3)
CALLS, THREADS = 1500, 3


def run(user, seed: int, threads: int, **options) -> None:
    ran = user("/bin/fuzz", str(seed), str(CALLS), str(threads), **options)
    assert f"fuzz: {CALLS} calls, " in ran.output   # behind what was written to the console at random


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("threads, cpus", [(1, 1), (THREADS, 1), (THREADS, 2)])
def test_known_seeds(user, seed, threads, cpus):
    """By one thread, by several that share memory and descriptors, and by these on two processors."""
    run(user, seed, threads, cpus=cpus)


@pytest.mark.skipif(not os.environ.get("CUB_LONG"), reason="in the long form only: it may find something")
@pytest.mark.parametrize("threads, cpus", [(1, 1), (THREADS, 2)])
def test_new_seed(user, rng, threads, cpus):
    run(user, rng.getrandbits(32), threads, cpus=cpus)
