"""Groups, sessions, limits and names, seen from programs."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from grader import user as programs

processes = import_module("lab4-interrupts.tests.processes")


@pytest.mark.needs("4.6", "4.7", "4.8")
@pytest.mark.parametrize("part", ["sessions", "limits", "names", "zombie_group"])
def test_groups(user, part):
    """Each part of user/groups.c says what it said on Linux."""
    processes.agree(user, "groups", part)


@pytest.mark.needs("4.6", "4.7", "4.8", "4.9")
def test_group_zero(machine, request):
    """kill(0, ...) of a process whose group has the number 0 reaches that group, and nobody else."""
    image = programs.image(Path(request.config.rootpath), 4)
    cub = machine(initrd=image, append="quiet init=/bin/groups -- group_zero")
    cub.console.expect("== group_zero\nto my group: 0\nthe other one lives: 1\nthe other one: signal 15\n", limit=20)


@pytest.mark.needs("4.6", "4.7", "4.8", "4.9")
def test_process_1_minds_nobody(machine, request):
    """A group whose members are process 1's children is orphaned, though it is of its session."""
    image = programs.image(Path(request.config.rootpath), 4)
    cub = machine(initrd=image, append="quiet init=/bin/groups -- minded_by_init")
    cub.console.expect("== minded_by_init\na group of its own: exited 7\n", limit=20)
