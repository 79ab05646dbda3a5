"""Exercise 4.2 where it takes more than the lab's usual machine: see preempt_test.c."""

from __future__ import annotations

import re

import pytest


@pytest.mark.exercise("4.2")
@pytest.mark.needs("4.1")
def test_preempt_elsewhere(ktest):
    """A thread that runs alone on another processor shares it as soon as a second one comes there."""
    ktest("preempt_elsewhere", cpus=2, limit=10)


def test_preempt_offers(ktest):
    """A thread that waits for a processor moves to one that idles."""
    ktest("preempt_offers", cpus=2, limit=10)


@pytest.mark.exercise("4.2")
@pytest.mark.needs("3.8", "4.1")
@pytest.mark.parametrize("probe", ["preempt_the_starter", "tickless_again", "preempt_urgent"])
def test_preempt_mlfq(ktest, probe):
    """The multi-level feedback policy's turns end, too, and nobody is interrupted who runs alone."""
    ktest(probe, append="sched=mlfq", limit=10)


@pytest.mark.needs("1.2", "1.3", "1.7")
def test_timers_command(machine):
    """The monitor's timers tells of each processor; while the monitor alone runs, none is interrupted."""
    console = machine(cpus=2).console
    console.expect(re.compile(r"(?s)(.*?)cub> "))
    seen = []
    for _ in range(2):
        console.send("timers\r")
        console.expect("timers\n")
        told = console.expect(re.compile(r"(?s)(.*?)cub> "))[1].replace("\r", "")
        rows = re.findall(r"^ *(\d+) +(\d+)  (-|in \d+ us)$", told, re.MULTILINE)
        assert [int(row[0]) for row in rows] == [0, 1], told
        assert re.match(r"timer APIC, .*, \d+\.\d{3} s since the boot\n", told), told
        seen.append([int(row[1]) for row in rows])
    assert seen[0] == seen[1]
