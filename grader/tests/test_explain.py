"""A failure's words, also of a kernel that says too much."""

from __future__ import annotations

import time

from grader import explain
from grader.machine import End


def ktest(*diagnostics: str) -> explain.Failure:
    return explain.ktest("shows it", "", End("failed"), list(diagnostics), [], "")


def test_a_failed_check():
    failure = ktest("a.c:3: KT_EQ(f(a, (b)), 3): 2 (0x2) != 3 (0x3)")
    assert failure.expected == "3 (0x3) from KT_EQ(f(a, (b)), 3) at a.c:3"
    assert failure.seen == ["2 (0x2), wanted 3 (0x3): KT_EQ(f(a, (b)), 3) at a.c:3"]
    assert ktest("a.c:3: KT_TRUE(a != b): does not hold").expected == "KT_TRUE(a != b) to hold at a.c:3"


def test_lines_that_are_nearly_checks_take_a_moment():
    began = time.process_time()
    assert ktest(*["a.c:1: KT_X(" + "): " * 10_000] * 5).expected == "shows it"
    assert time.process_time() - began < 2
