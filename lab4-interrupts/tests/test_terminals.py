"""The terminal seen from programs: what it does is what it does on Linux, and a shell is at home."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from grader import user as programs

transcripts = import_module("lab4-interrupts.tests.transcripts")

ROOT = Path(__file__).resolve().parents[2]
MARKS = pytest.mark.needs("4.3", "4.6", "4.7", "4.8", "4.9")


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
    made = machine(initrd=programs.image(ROOT, 4), memory="128M", limit=100,
                   append="-- /bin/busybox env -i PS1=$ /bin/busybox ash")
    made.console.expect("$")
    return made


def keys(shell, text: str) -> None:
    """Types, a key at a time."""
    for key in text:
        shell.console.send(key)


def start(shell, command: str) -> None:
    """Starts a job, and waits until the terminal is the job's: what is typed before is the shell's."""
    keys(shell, f"sh -c 'echo be\"\"gun; {command}'\r")
    shell.console.expect("\nbegun\n")


def ask(shell, command: str, *answers: str) -> None:
    """Types a command, and sees its echo, the answers, and the next prompt."""
    keys(shell, command + "\r")
    for answer in (command + "\n", *answers):
        shell.console.expect(answer)
    shell.console.expect("$")


@MARKS
def test_editing_keys(shell):
    """A program's line can be mended before it is read; ^D ends the input."""
    start(shell, "cat; echo status $?")
    keys(shell, "wrong\x15one \x7f\x7f\x7f\x7ftwo x\x17three\r")
    shell.console.expect("\ntwo three\n")
    keys(shell, "\x04")
    shell.console.expect("status 0\n")


@MARKS
def test_signals_from_keys(shell):
    """^C and ^\\ end what is in the foreground, and not the shell."""
    for key, number in (("\x03", 2), ("\x1c", 3)):
        start(shell, "exec cat")
        keys(shell, "x\r")
        shell.console.expect("x\nx\n")  # cat's: before, ^\ would be for a shell, which ignores it
        keys(shell, key)
        shell.console.expect("$")
        ask(shell, "echo status $?", f"status {128 + number}\n")


@MARKS
def test_job_control(shell):
    """^Z stops, jobs tells, bg and fg go on; who reads in the background is stopped."""
    start(shell, "exec sleep 1000")
    keys(shell, "\x1a")
    shell.console.expect("Stopped")
    shell.console.expect("$")
    ask(shell, "jobs", "Stopped", "sleep 1000")
    ask(shell, "bg", "sleep 1000")
    ask(shell, "jobs", "Running", "sleep 1000")
    ask(shell, "kill %1; sleep 1; jobs", "Terminated")
    ask(shell, "cat &")
    ask(shell, "sleep 1; jobs", "Stopped", "cat")
    keys(shell, "fg\r")
    shell.console.expect("\ncat\n")
    keys(shell, "back\r")
    shell.console.expect("\nback\n")
    keys(shell, "\x04")
    shell.console.expect("$")


@MARKS
def test_resizing(shell):
    """Programs in the foreground are told that the window has another size."""
    ask(shell, "stty rows 30 cols 100; stty size", "30 100\n")
    ask(shell, "(trap 'echo got it' WINCH; stty rows 31; stty size)", "got it\n", "31 100\n")


@MARKS
def test_long_input(shell, rng):
    """Some thousand bytes that come at once while nobody reads: none is lost."""
    lines = ["".join(rng.choice("abcdefghij") for _ in range(rng.randint(1, 300))) for _ in range(60)]
    text = "\n".join(lines) + "\n"
    start(shell, "stty -echo; echo deaf; sleep 2; wc -c; stty echo")
    shell.console.expect("deaf\n")
    shell.console.send(text + "\x04")
    shell.console.expect(f"{len(text)}\n")
    shell.console.expect("$")


@MARKS
def test_keyboard(shell):
    """Keys of the PS/2 keyboard reach the shell, too."""
    for key in ["e", "c", "h", "o", "spc", "shift-k", "b", "d", "ret"]:
        shell.qmp.human(f"sendkey {key}")
        shell.console.expect({"spc": " ", "shift-k": "K", "ret": "\n"}.get(key, key))
    shell.console.expect("Kbd\n")
