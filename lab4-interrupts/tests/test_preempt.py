"""Exercise 4.2 where it takes more than the lab's usual machine: see preempt_test.c."""

from __future__ import annotations

import pytest


@pytest.mark.exercise("4.2")
@pytest.mark.needs("4.1")
def test_preempt_elsewhere(ktest):
    """A thread that runs alone on another processor shares it as soon as a second one comes there."""
    ktest("preempt_elsewhere", cpus=2, limit=10)


@pytest.mark.exercise("4.2")
@pytest.mark.needs("3.8", "4.1")
@pytest.mark.parametrize("probe", ["preempt_the_starter", "tickless_again", "preempt_urgent"])
def test_preempt_mlfq(ktest, probe):
    """The multi-level feedback policy's turns end, too, and nobody is interrupted who runs alone."""
    ktest(probe, append="sched=mlfq", limit=10)
