"""Vector registers on processors that lack something: no AVX, or no XSAVE at all."""

from __future__ import annotations

import pytest

TESTS = ("allowed", "initial", "switch", "copied", "areas", "without_memory")


@pytest.mark.parametrize("cpu", ["max,-avx", "max,-xsave", "qemu64"])
def test_lesser_processor(ktest, cpu):
    """What XSAVE does for the newest processors, it or FXSAVE does for others."""
    for test in TESTS:
        assert ktest(f"fpu_{test}", cpu=cpu).ok


@pytest.mark.needs("3.1", "3.2")
def test_threads_without_xsave(ktest):
    """The scheduler changes registers with the threads there, too."""
    assert ktest("fpu_threads", cpu="max,-xsave").ok
