"""User programs from the initrd: what they write, and how they end."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import initrd
from grader import user as programs
from grader.dialogue import clean


def test_hello(user):
    ran = user("/bin/hello", "one", "two")
    assert ran.output == "hello, world\nargument 0: /bin/hello\nargument 1: one\nargument 2: two\n"


def test_missing_program(user):
    ran = user("/bin/nothing", status=127)
    assert ran.output == "init: /bin/nothing: No such file or directory\n"


@pytest.mark.parametrize("path, error", [("/etc", 13), ("/dev/tty", 6), ("/dev/zero", 13)])
def test_no_first_program(machine, request, path, error):
    """What cannot be the first program is named with the reason, and the machine goes on without programs."""
    image = programs.image(Path(request.config.rootpath), 4)
    cub = machine(initrd=image, append=f"quiet init={path}")
    cub.console.expect(f"{path} cannot be run: error {error}\n", limit=20)
    cub.console.expect("cub> ")


def test_missing_calls(machine, request):
    """A call that is not there is told once by its name, however often it is made, and never if it has none."""
    twice = initrd.file("twice", b"#!/bin/sh\n/bin/calls; /bin/calls\n")
    entries = [*programs.entries(Path(request.config.rootpath), 4), twice]
    cub = machine(initrd=initrd.archive(entries), append="-- /twice")
    cub.console.expect("init: status 7\n", limit=30)
    told = [line for line in clean(cub.console.text).splitlines() if line.startswith("calls: there is no system call")]
    assert told == ["calls: there is no system call create_module (174)"]
