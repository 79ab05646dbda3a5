"""The explorer, as whoever reads its reports meets it."""

from __future__ import annotations

import re

import pytest


def failed(ktest, name: str, **options) -> str:
    """All that a probe told, which has to fail."""
    told = ktest(name, check=False, limit=20, **options)
    assert not told.ok, f"{name} passed"
    return "\n".join([told.end.kind, told.end.detail, *told.diagnostics, told.console])


def test_data_race(ktest):
    """A plain access that nothing orders is told with both places, in the first schedule."""
    said = failed(ktest, "explore_race")
    assert re.search(r"data race at shared: no lock and no memory order", said), said
    assert re.search(r"- processor [01] (wrote|read) it in count_plainly\+0x\w+ <", said), said
    assert re.search(r"- processor [01] (writes|reads) it in count_plainly\+0x\w+ <", said), said
    assert "schedule 0: " in said


@pytest.mark.parametrize("seed", range(3))
def test_spin_deadlock(ktest, seed):
    """Processors that wait for each other are told, and where each of them is."""
    said = failed(ktest, "explore_spin_deadlock", seed=seed)
    assert "every processor waits for another one, for ever" in said, said
    assert re.search(r"processor 0 is in .*two_locks", said) and re.search(r"processor 1 is in .*two_locks", said), said


def test_endless(ktest):
    """A schedule without an end is given up, and where it is."""
    said = failed(ktest, "explore_endless")
    assert "no end after a million points" in said, said
    assert re.search(r"processor 1 is in .*wait_for_ever", said), said


@pytest.mark.parametrize("seed", range(3))
def test_lost_wake_up(ktest, seed):
    """A lost wake-up is a deadlock, which is told with the sleepers' places."""
    said = failed(ktest, "explore_lost_wake_up", seed=seed)
    assert "deadlock: every thread sleeps" in said, said
    assert re.search(r"sleeps:\s+backtrace:(\s+0x\w+\s+\S+)*\s+0x\w+\s+sleep_if_unset", said), said
    assert re.search(r"^schedule \d+: ", said, re.MULTILINE), said


def test_same_seed_same_run(ktest):
    """The same seed gives the same interleavings, another one others (half of them: those are fixed)."""
    first, again, other = (ktest("explore_order", seed=seed).replies for seed in (1, 1, 2))
    assert first == again
    assert len(first) == len(other) == 40 and len(set(first)) > 20, first
    assert first[:20] == other[:20] and first[20:] != other[20:]


def test_again_names_the_schedule():
    """What a failed test says has the one command that shows the same interleaving."""
    from grader import explain
    told = ["data race at shared: no lock and no memory order lies between", "- processor 0 wrote it in a",
            "- processor 1 reads it in b", "schedule 37: PCT with depth 2"]
    failure = explain.ktest("title", "", explain.End("failed", told[0]), told, [], "")
    assert failure.seen == [*told[:3], "in schedule 37 (PCT with depth 2)"]
    assert explain.schedule(told) == 37
