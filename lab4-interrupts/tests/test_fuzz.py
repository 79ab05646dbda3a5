"""Calls without sense (user/fuzz.c): the kernel, init and new processes go on as if nothing had been.

A seed that finds something is put into SEEDS, and stays there.
"""

from __future__ import annotations

import os

import pytest

SEEDS = (1, 3)
CALLS = 1500


def run(user, seed: int, **options) -> None:
    ran = user("/bin/fuzz", str(seed), str(CALLS), **options)
    assert ran.output.startswith(f"fuzz: {CALLS} calls, ")


@pytest.mark.parametrize("seed", SEEDS)
def test_known_seeds(user, seed):
    run(user, seed)


@pytest.mark.skipif(not os.environ.get("CUB_LONG"), reason="in the long form only: it may find something")
def test_new_seed(user, rng):
    run(user, rng.getrandbits(32))
