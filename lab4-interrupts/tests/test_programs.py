"""User programs from the initrd: what they write, and how they end."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import user as programs


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
