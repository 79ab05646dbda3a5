"""Model checking: what a boot's replies mean, and how a failing sequence is made shorter.

The kernel is a fake: things with numbers that can be taken, freed and looked at.
"""

from __future__ import annotations

import random
import time

import pytest

from grader import modelcheck
from grader.fixtures import Ktap
from grader.machine import End
from grader.modelcheck import Wrong, check


class Model:
    """A thing that was taken is there until it is freed."""

    def __init__(self) -> None:
        self.there: set[str] = set()

    def step(self, operation: str, reply: str) -> None:
        kind, name = operation.split()
        if kind == "look" and (reply == "yes") != (name in self.there):
            raise Wrong(f"{name} is{'' if name in self.there else ' not'} there")
        if kind == "take":
            assert int(reply) == len(self.there | {name}), "the count is wrong"
        self.there = self.there | {name} if kind == "take" else self.there - {name} if kind == "free" else self.there


class Kernel:
    """A fake `ktest`; `bug` is a function of the operations so far and the reply, and may
    return another reply, or None for a panic."""

    def __init__(self, bug=lambda before, reply: reply, end: End = End("passed")) -> None:
        self.bug, self.end, self.boots, self.last = bug, end, 0, []

    def __call__(self, probe: str, input: list[str], *, check: bool, **options) -> Ktap:
        assert probe == "things" and check is False and options == {"limit": 7}
        self.boots, self.last = self.boots + 1, input
        there, replies = set(), []
        for place, operation in enumerate(input):
            kind, name = operation.split()
            there = there | {name} if kind == "take" else there - {name} if kind == "free" else there
            right = {"take": str(len(there)), "look": "yes" if name in there else "no"}.get(kind, "-")
            reply = self.bug(input[:place + 1], right)
            if reply is None:
                return Ktap(End("panicked", "things.c:7"), replies, ["panic: things.c:7"])
            replies.append(reply)
        return Ktap(self.end, replies)


def operations(count: int) -> list[str]:
    rng = random.Random(3)
    return [f"{rng.choice(['take', 'free', 'look'])} {rng.randrange(20)}" for _ in range(count)]


def failure(kernel: Kernel, lines: list[str], **options) -> str:
    with pytest.raises(Wrong) as caught:
        check(kernel, "things", lines, Model, limit=7, **options)
    return str(caught.value)


def test_what_is_right_passes_in_one_boot():
    kernel = Kernel()
    check(kernel, "things", operations(500), Model, limit=7)
    assert kernel.boots == 1


def test_a_planted_bug_is_shown_in_the_operations_that_it_takes():
    kernel = Kernel(lambda before, reply: "no" if before[-1] == "look 5" and "free 11" in before else reply)
    said = failure(kernel, operations(600))
    assert said.startswith("5 is there\nin the last of these 3 operations (of 600):\n")
    assert said.endswith("  look 5   -> no") and "  free 11  -> -\n" in said and said.count("->") == 3
    assert sorted(kernel.last) == ["free 11", "look 5", "take 5"], "the last boot is that of the shortest sequence"


def test_a_crash_is_made_shorter_too():
    kernel = Kernel(lambda before, reply: None if before[-1] == "free 9" and "take 9" in before else reply)
    said = failure(kernel, operations(600))
    assert said == ("the kernel panicked: things.c:7\npanic: things.c:7\nin the last of these 2 operations (of 600):\n"
                    "  take 9  -> 1\n  free 9  -> (no reply)")


def test_what_is_only_seen_at_the_end_is_made_shorter_too():
    kernel = Kernel()

    def leaking(probe, input, **options):
        told = kernel(probe, input, **options)
        return Ktap(End("failed", "pages leaked"), told.replies, ["pages: 1 more"]) if "take 4" in input else told

    said = failure(leaking, operations(300))
    assert said == ("a check failed: pages leaked\npages: 1 more\nbehind these 1 operations (of 300):\n  take 4  -> 1")


def test_too_few_and_too_many_replies_are_wrong():
    def silent(probe, input, **options):
        told = Kernel()(probe, input, **options)
        return Ktap(told.end, told.replies[:3])

    def talking(probe, input, **options):
        told = Kernel()(probe, input, **options)
        return Ktap(told.end, told.replies + ["-"])

    assert failure(silent, operations(4)).startswith("3 replies to 4 operations\n")
    assert failure(talking, operations(4)).startswith("1 replies to 0 operations\n")


def test_a_reply_that_cannot_be_read_is_wrong_and_not_an_error_of_the_model():
    said = failure(Kernel(lambda before, reply: "moo" if before[-1].startswith("take") else reply), operations(50))
    assert said.startswith("a reply that makes no sense (ValueError: ")
    assert said.endswith("-> moo") and said.count("->") == 1


def test_boots_and_time_are_bounded(monkeypatch):
    bug = lambda before, reply: "moo" if sum(line.startswith("take") for line in before) == 60 else reply   # noqa: E731
    kernel = Kernel(bug)
    said = failure(kernel, operations(600), boots=12)
    assert kernel.boots <= 1 + 12 + 1
    assert "..." in said and said.count("->") == modelcheck.SHOWN

    monkeypatch.setenv("CUB_SHRINK", "0")
    kernel = Kernel(bug)
    failure(kernel, operations(600))
    assert kernel.boots == 1

    def slow(*args, **options):
        time.sleep(0.02)
        return kernel(*args, **options)

    monkeypatch.setenv("CUB_SHRINK", "0.1")
    kernel = Kernel(bug)
    failure(slow, operations(600))
    assert kernel.boots <= 8


def test_a_sequence_that_fails_only_once_is_shown_as_it_was():
    kernel = Kernel(lambda before, reply: None if kernel.boots == 1 and len(before) == 40 else reply)
    assert "in the last of these 40 operations (of 90)" in failure(kernel, operations(90))
