"""Exercise 4.6 seen from programs: fork, vfork, clone and exit do what they do on Linux."""

from __future__ import annotations

from importlib import import_module

import pytest

processes = import_module("lab4-interrupts.tests.processes")


@pytest.mark.exercise("4.6")
@pytest.mark.needs("4.7", "4.8")
@pytest.mark.parametrize("parts", [
    ("fork_copies", "fork_numbers"), ("fork_registers", "fork_vectors"), ("fork_many",),
    ("vfork_shares", "vfork_exec"), ("clone_vm", "clone_refuses", "clone3_works"), ("clone_cleared_by_exec",),
    ("clone_shares", "clone_kinds"), ("threads",), ("thread_ends_all", "first_ends")], ids="-".join)
def test_forks(user, parts):
    """Each part of user/forks.c says what it said on Linux."""
    processes.agree(user, "forks", *parts)


@pytest.mark.exercise("4.6")
@pytest.mark.needs("4.7", "4.8", "4.9")
def test_orphans(user):
    """Orphans become children of who reaps, and learn of their parent's death if they asked for it."""
    processes.agree(user, "waits", "orphans", "orphan_zombies", "death_signal")
