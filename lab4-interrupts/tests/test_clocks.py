"""Clocks and sleeps seen from programs: what they do is what they do on Linux."""

from __future__ import annotations

from importlib import import_module

import pytest

transcripts = import_module("lab4-interrupts.tests.transcripts")


@pytest.mark.exercise("4.2")
@pytest.mark.needs("4.1", "4.4", "4.6", "4.7", "4.8", "4.9")
@pytest.mark.parametrize("part", transcripts.expected("clocks"))
def test_clocks(user, part):
    """Each part of user/clocks.c says what it said on Linux."""
    transcripts.agree(user, "clocks", part)
