"""The trace, from real boots: what was told is exactly what happened."""

from __future__ import annotations

import pytest

from grader import ktap, timeline, trace
from grader.timeline import BEGINS

pytestmark = pytest.mark.needs("3.1", "3.2", "3.4", "3.5")


@pytest.fixture
def traced(kernel):
    """traced(test, **options) boots that test of lab 3 with the trace on."""
    return lambda test, **options: trace.boot(kernel, test, **options)


def told(run: trace.Traced, *names: str) -> list[tuple]:
    """(what, who, whom) of each wake and mark that those threads had to do with, in order."""
    line = run.timeline
    whole = [(wake.time, "starts" if wake.first else "wakes", line.name(wake.waker), line.name(wake.thread))
             for wake in line.wakes]
    whole += [(mark.time, "marks", line.name(mark.thread), mark.text) for mark in line.marks]
    whole += [(mark.time, "ends", line.name(mark.thread), "") for mark in line.exits]
    return [told[1:] for told in sorted(whole) if {told[2], told[3]} & set(names)]


ROUND = [("wakes", "pong", "ping"), ("marks", "ping", "ping"), ("wakes", "ping", "pong"), ("marks", "pong", "pong")]
ROUNDS = [("starts", "main", "ping"), ("starts", "ping", "pong"), *ROUND * 3]


def test_threads_that_wake_each_other(traced):
    run = traced("trace_ping_pong")
    assert run.end.kind == "passed" and run.timeline.whole and run.timeline.cpus == [0]
    assert told(run, "ping", "pong")[:-4] == ROUNDS
    assert sorted(told(run, "ping", "pong")[-4:]) == sorted([
        ("wakes", "pong", "ping"), ("wakes", "pong", "main"), ("ends", "pong", ""), ("ends", "ping", "")])
    ran = [run.timeline.name(piece.thread) for piece in run.timeline.running]
    assert [name for name in ran if name != "main"] == ["ping", "pong"] * 4 + ["ping"]


def test_every_wake_leads_to_where_the_thread_goes_on(traced):
    line = traced("trace_ping_pong").timeline
    for wake in line.wakes:
        assert wake.runs and wake.runs.thread == wake.thread and wake.runs.start >= wake.time
    assert all(piece.start < piece.end for piece in line.ready)


def test_a_lock_is_waited_for_until_it_is_handed_over(traced):
    line = traced("trace_waits").timeline
    [wait] = [wait for wait in line.waits if wait.lock == "table"]
    assert line.name(wait.thread) == "waiter" and wait.ended
    [woken] = [wake for wake in line.wakes if line.name(wake.thread) == "waiter" and not wake.first]
    assert line.name(woken.waker) == "main" and wait.start < woken.time < wait.end


def test_a_ring_keeps_the_last_events(traced):
    line = traced("trace_wraps").timeline
    kept = [mark.text for mark in line.marks]
    assert len(kept) == trace.RING_EVENTS - sum(event.kind != "mark" for event in line.events)
    assert line.whole and line.lost >= 4000 - len(kept)
    assert kept[-1] == "last" and set(kept[:-1]) == {'"quoted"·'}
    assert [event.time for event in line.events] == sorted(event.time for event in line.events)


def test_a_panic_has_its_trace(traced):
    run = traced("trace_panics")
    assert run.end.kind == "passed" and run.timeline.whole
    assert told(run, "ping", "pong") == [*ROUNDS, ("marks", "pong", "panic")]


def test_a_failed_check_is_marked(traced):
    run = traced("trace_fails")
    assert run.end.kind == "failed" and [mark.text for mark in run.timeline.marks][-1] == "KT_EQ(ROUNDS, 2)"
    assert run.timeline.marks[-1].time > run.timeline.exits[-1].time


def test_so_has_one_outside_of_tests(machine):
    booted = machine(append="trace")
    booted.console.expect("cub> ")
    booted.qmp.command("inject-nmi")
    assert booted.wait().kind == "panicked"
    line = timeline.read(ktap.read(booted.com2.text).events)
    assert line.whole and line.cpus == [0] and [mark.text for mark in line.marks] == ["panic"]


def test_of_a_machine_that_hangs_the_rings_are_read_from_outside(traced):
    run = traced("trace_hangs")
    assert run.end.kind == "hung" and not run.timeline.whole
    assert told(run, "ping", "pong") == [*ROUNDS, ("marks", "pong", "it hangs")]


def test_without_the_word_nothing_is_traced(machine):
    booted = machine(ktest="trace_ping_pong")
    assert booted.wait().kind == "passed" and not ktap.read(booted.com2.text).events


def test_schedules_are_the_same_with_the_trace_on(ktest):
    """A failure that is found without the trace is there with it."""
    plain, *others = [ktest("trace_schedules", append=append, limit=20, seed=seed).replies
                      for append, seed in (("", 5), ("trace", 5), ("", 6))]
    assert plain == others[0] != others[1]


def test_a_picture_begins_with_the_last_schedule(traced):
    line = traced("trace_schedules", limit=20).timeline
    begun = [place for place, event in enumerate(line.events) if event.text == BEGINS]
    assert len(begun) > 2 and line.last(10 ** 6).events == line.events[begun[-1]:]


def test_two_processors(traced):
    run = traced("trace_ping_pong", cpus=2, icount=False)
    assert run.end.kind == "passed" and run.timeline.cpus == [0, 1]
    assert [told for told in told(run, "ping", "pong") if told[0] == "marks"] == [ROUND[1], ROUND[3]] * 3
    both = [piece for piece in run.timeline.slices if run.timeline.name(piece.thread) in ("ping", "pong")]
    assert {piece.cpu for piece in both} == {0}
