"""Clocks and sleeps seen from programs: what they do is what they do on Linux."""

from __future__ import annotations

from importlib import import_module

import pytest

transcripts = import_module("lab4-interrupts.tests.transcripts")


READ = ("reading", "going", "days", "setting", "pinned")     # no timer is needed
PARTS = transcripts.expected("clocks")
OF_SEVERAL = ("together", "another", "profiled")
OF_TIME_USED = transcripts.expected("cputimers")


@pytest.mark.needs("4.1", "4.4", "4.6", "4.7", "4.8")
@pytest.mark.parametrize("part", READ)
def test_clocks(user, part):
    """Each part of user/clocks.c that waits for nothing says what it said on Linux."""
    transcripts.agree(user, "clocks", part, limit=10)


@pytest.mark.exercise("4.2")
@pytest.mark.needs("4.1", "4.4", "4.6", "4.7", "4.8", "4.9")
@pytest.mark.parametrize("part", [part for part in PARTS if part not in READ])
def test_sleeps(user, part):
    """Each part of user/clocks.c that sleeps or shares a processor says what it said on Linux."""
    transcripts.agree(user, "clocks", part, limit=10)


@pytest.mark.needs("4.1", "4.2", "4.4", "4.6", "4.7", "4.8", "4.9")
@pytest.mark.parametrize("part, cpus", [
    *((part, 1) for part in OF_TIME_USED if part != "ended"), *((part, 2) for part in OF_SEVERAL)])
def test_time_used(user, part, cpus):
    """Signals come when a process has used so much processor time (user/cputimers.c). Floor: given code."""
    transcripts.agree(user, "cputimers", part, cpus=cpus)


@pytest.mark.exercise("4.6")
@pytest.mark.needs("4.1", "4.4", "4.7", "4.8")
def test_time_of_the_ended(user):
    """The processor time of tasks and of children that have ended is not forgotten."""
    transcripts.agree(user, "cputimers", "ended")
