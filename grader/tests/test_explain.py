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


def test_a_report_is_never_long():
    failure = ktest("a.c:3: KT_TRUE(x): does not hold", *["- " + "y" * 100_000] * 1000)
    failure.again = "make gdb " + "z" * 400
    lines = failure.text().split("\n")
    assert len(lines) <= explain.LINES + 2 and "... 802 lines left out ..." in lines
    assert lines[0] == "expected: KT_TRUE(x) to hold at a.c:3" and lines[-1] == "again:    " + failure.again
    assert all(len(line) < 400 for line in lines[:-1])


def test_what_com2_holds_does_not_move_the_terminal():
    failure = ktest("a.c:3: KT_TRUE(\x1b]0;title\x07): does not hold", "note \x1b[2Jred \x9b2J")
    assert "\x1b" not in failure.text() and "\x9b" not in failure.text() and "note red" in failure.text()
