"""Exercise 4.10 seen from programs: futexes do what they do on Linux."""

from __future__ import annotations

from importlib import import_module

import pytest

transcripts = import_module("lab4-interrupts.tests.transcripts")

PARTS = transcripts.expected("futexes")


@pytest.mark.exercise("4.10")
@pytest.mark.needs("4.5", "4.6", "4.7", "4.8")
@pytest.mark.parametrize("part", PARTS)
def test_futexes(user, part):
    """Each part of user/futexes.c says what it said on Linux."""
    transcripts.agree(user, "futexes", part)
