"""A kernel made with RACE=1, in which every access of every lab is watched."""

from __future__ import annotations

import os
import re

import pytest

from grader import build
from grader.fixtures import tree_of

LONG = os.environ.get("CUB_LONG")
PARALLEL = {"icount": False, "limit": 30, "cpus": 4 if LONG else 2}


@pytest.fixture(scope="module")
def kernels() -> dict:
    return {}


@pytest.fixture
def watched(request, kernels) -> build.Kernel:
    """The TESTS kernel of this stage with RACE=1."""
    tree = tree_of(request.node)
    if tree not in kernels:
        kernels[tree] = build.kernel(tree, 3, race=True)
    return kernels[tree]


@pytest.mark.slow
def test_allocators_explored(ktest, watched):
    """Lab 2's allocators have no data race on four virtual processors, whatever the schedule."""
    seeds = range(20) if LONG else [None]
    for seed in seeds:
        ktest("allocator_explored", kernel=watched, limit=30, **({} if seed is None else {"seed": seed}))


@pytest.mark.slow
def test_allocators_parallel(ktest, watched):
    """Lab 2's allocators have no data race on processors that really run together."""
    ktest("allocator_parallel", kernel=watched, **PARALLEL)


def test_race_is_caught(ktest, watched):
    """Two processors that access the same memory are caught, and both backtraces are told. Now and then a
    write falls between the other's hook and its access: then only one can be told, and it is tried again."""
    for seed in range(5):
        told = ktest("allocator_race", kernel=watched, check=False, seed=seed + 1, **PARALLEL)
        assert "data race at" in told.end.detail, told.end
        said = re.search(r"processor [01] (?:writes|reads) it in:(.*)processor [01] (?:writes|reads) it in:(.*)panic:",
                         told.console, re.DOTALL)
        if said:
            break
        assert "whose code is not watched" in told.console, told.console
    assert said, told.console
    assert "count_plainly" in said[1] and "count_plainly" in said[2], said[0]
