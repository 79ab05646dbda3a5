"""The terminal seen from programs: what it does is what it does on Linux, and a shell is at home."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from grader import user as programs

transcripts = import_module("lab4-interrupts.tests.transcripts")

ROOT = Path(__file__).resolve().parents[2]
MARKS = pytest.mark.needs("4.3", "4.6", "4.7", "4.8", "4.9")
PROMPT = "\n$ "


@MARKS
@pytest.mark.parametrize("part", transcripts.expected("terminals"))
def test_terminals(user, part):
    """Each part of user/terminals.c says what it said on Linux."""
    transcripts.agree(user, "terminals", part)


@pytest.fixture
def shell(machine):
    """BusyBox's shell at the console, with a short prompt."""
    if not programs.BUSYBOX.exists():
        pytest.skip("busybox-static is not installed")
    made = machine(initrd=programs.image(ROOT, 4), append="-- /bin/busybox env -i PS1=$_ /bin/busybox ash".replace("$_", "$"),
                   memory="128M", limit=100)
    made.console.expect("$")
    return made


def keys(console, text: str) -> None:
    """Types, a key at a time."""
    for key in text:
        console.send(key)


def says(shell, command: str, answer: str) -> None:
    """Types a command, and sees its echo, and the answer."""
    keys(shell.console, command + "\r")
    shell.console.expect(command + "\r\n" if "\r" in answer else command)
    shell.console.expect(answer)
    shell.console.expect("$")


@MARKS
def test_editing_keys(shell):
    """A program's line can be mended before it is read; ^D ends the input."""
    shell.console.send("cat\r")
    shell.console.expect("cat\n")
    keys(shell.console, "wrong\x15one \x7f\x7f\x7f\x7ftwo x\x17three\r")
    shell.console.expect("\ntwo three\n")
    keys(shell.console, "\x04")
    shell.console.expect("$")
    says(shell, "echo $?", "\n0\n")


@MARKS
def test_signals_from_keys(shell):
    """^C ends what is in the foreground, and not the shell."""
    shell.console.send("sleep 1000\r")
    shell.console.expect("sleep 1000\n")
    shell.console.send("\x03")
    shell.console.expect("^C")
    shell.console.expect("$")
    says(shell, "echo $?", "\n130\n")
    shell.console.send("cat\r")
    shell.console.expect("cat\n")
    shell.console.send("\x1c")
    shell.console.expect("$")
    says(shell, "echo $?", "\n131\n")


@MARKS
def test_job_control(shell):
    """^Z stops, jobs tells, bg and fg go on; who reads in the background is stopped."""
    shell.console.send("sleep 1000\r")
    shell.console.expect("sleep 1000\n")
    shell.console.send("\x1a")
    shell.console.expect("Stopped")
    shell.console.expect("$")
    says(shell, "jobs", "Stopped")
    says(shell, "bg", "sleep 1000")
    says(shell, "jobs", "Running")
    shell.console.send("fg\r")
    shell.console.expect("sleep 1000\n")
    shell.console.send("\x03")
    shell.console.expect("$")
    shell.console.send("cat &\r")
    shell.console.expect("$")
    says(shell, "sleep 1; jobs", "Stopped")
    shell.console.send("fg\r")
    shell.console.expect("cat\n")
    keys(shell.console, "back\r")
    shell.console.expect("\nback\n")
    keys(shell.console, "\x04")
    shell.console.expect("$")


@MARKS
def test_resizing(shell):
    """Programs are told that the window has another size."""
    says(shell, "stty rows 30 cols 100; stty size", "\n30 100\n")
    says(shell, "trap 'echo got it' WINCH; stty rows 31", "\ngot it\n")


@MARKS
def test_long_input(shell, rng):
    """Ten thousand bytes that come at once while nobody reads: none is lost."""
    lines = ["".join(rng.choice("abcdefghij") for _ in range(rng.randint(1, 300))) for _ in range(60)]
    text = "\n".join(lines) + "\n"
    shell.console.send("stty -echo; sleep 2; wc -c; stty echo\r")
    shell.console.expect("\n")
    shell.console.send(text + "\x04")
    shell.console.expect(f"\n{len(text)}\n")
    shell.console.expect("$")


@MARKS
def test_keyboard(shell):
    """Keys of the PS/2 keyboard reach the shell, too."""
    for key in ["e", "c", "h", "o", "spc", "shift-k", "b", "d", "ret"]:
        shell.qmp.human(f"sendkey {key}")
    shell.console.expect("\nKbd\n")
