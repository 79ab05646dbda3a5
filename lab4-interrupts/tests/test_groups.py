"""Groups, sessions, limits and names, seen from programs."""

from __future__ import annotations

from importlib import import_module

import pytest

processes = import_module("lab4-interrupts.tests.processes")


@pytest.mark.needs("4.6", "4.7", "4.8")
@pytest.mark.parametrize("part", ["sessions", "limits", "names"])
def test_groups(user, part):
    """Each part of user/groups.c says what it said on Linux."""
    processes.agree(user, "groups", part)
