"""Mapping files and memory, seen from a program: as on Linux."""

from __future__ import annotations

from importlib import import_module

import pytest

transcripts = import_module("lab4-interrupts.tests.transcripts")


@pytest.mark.parametrize("part", transcripts.expected("maps"))
def test_maps(user, part):
    """Each part of user/maps.c says what it said on Linux."""
    transcripts.agree(user, "maps", part)
