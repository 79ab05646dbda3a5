"""Exercise 4.9 seen from programs: what signals do is what they do on Linux."""

from __future__ import annotations

from importlib import import_module

import pytest

transcripts = import_module("lab4-interrupts.tests.transcripts")

PARTS = transcripts.expected("signals")


@pytest.mark.exercise("4.9")
@pytest.mark.needs("4.6", "4.7", "4.8")
@pytest.mark.parametrize("part", PARTS)
def test_signals(user, part):
    """Each part of user/signals.c says what it said on Linux."""
    transcripts.agree(user, "signals", part)


@pytest.mark.exercise("4.9")
@pytest.mark.needs("4.6", "4.7", "4.8")
@pytest.mark.parametrize("part", transcripts.expected("frames"))
def test_frames(user, part):
    """Each part of user/frames.c: the frame, what programs edit in it, and what hostile ones do."""
    transcripts.agree(user, "frames", part)


@pytest.mark.exercise("4.9")
@pytest.mark.needs("4.6", "4.7", "4.8")
def test_process_1_stays(user):
    """What ends others by default does nothing to process 1, SIGKILL neither."""
    said = user("/bin/sh", "-c", "for i in 9 15 11 19 64; do kill -$i 1; done; echo it is there").output
    assert said == "it is there\n"
