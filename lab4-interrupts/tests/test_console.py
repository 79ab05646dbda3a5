"""A person at the console: the shell, job control by keys, and vi."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pyte
import pytest

from grader import user as programs
from grader.machine import Machine

CTRL_C, CTRL_D, CTRL_Z = b"\x03", b"\x04", b"\x1a"
ANYTHING = re.compile(r"[\s\S]")


@pytest.fixture
def console(request, machine):
    """The console of a machine whose shell waits for a line."""
    image = programs.image(Path(request.config.rootpath), 4)
    console = machine(initrd=image, append="quiet").console
    console.expect("$ ", limit=60)
    return console


def screen(raw: bytes) -> list[str]:
    """What a terminal shows that has got these bytes."""
    terminal = pyte.Screen(80, 24)
    pyte.ByteStream(terminal).feed(bytes(raw))
    return [line.rstrip() for line in terminal.display]


def cat(console) -> None:
    """Start cat in the foreground, and see that it runs."""
    console.send("cat\r")
    console.expect("cat\n")
    console.send("meow\r")
    console.expect("meow\nmeow\n")


def test_a_late_reader(user, monkeypatch):
    """What a program writes while nobody reads is kept, and nothing waits: a wait in which the machine
    idles would be skipped, and its limit over at once."""
    step = Machine._step

    def late(machine: Machine, *how):
        if not machine.console.raw:
            time.sleep(1)
        return step(machine, *how)

    monkeypatch.setattr(Machine, "_step", late)
    ran = user("/bin/busybox", "seq", "2000", limit=4)
    assert ran.output == "".join(f"{number}\n" for number in range(1, 2001))


def test_lines(console):
    console.send("echo hello | tr a-z A-Z\r")
    console.expect("\nHELLO\n$ ")
    console.send("ash -c 'for i in 1 2 3; do echo n$i; done'\r")
    console.expect("\nn1\nn2\nn3\n$ ")


def test_interrupt(console):
    cat(console)
    console.send(CTRL_C)
    console.expect("$ ")
    console.send("echo $?\r")
    console.expect("\n130\n$ ")


def test_end_of_file(console):
    cat(console)
    console.send(CTRL_D)
    console.expect("$ ")
    console.send("echo $?\r")
    console.expect("\n0\n$ ")


def test_stop_and_go_on(console):
    cat(console)
    console.send(CTRL_Z)
    console.expect("[1] Stopped cat\n$ ")
    console.send("jobs\r")
    console.expect("\n[1] Stopped cat\n$ ")
    console.send("fg\r")
    console.expect("fg\n")
    console.send("purr\r")
    console.expect("purr\npurr\n")
    console.send(CTRL_C)
    console.expect("$ ")


def test_background(console):
    """One in the background may not read the terminal."""
    console.send("cat &\r")
    console.expect("$ ")
    console.send("jobs\r")
    console.expect("[1] ")
    console.expect("$ ")
    console.send("fg\r")
    console.expect("fg\n")
    console.send("purr\r")
    console.expect("purr\npurr\n")
    console.send(CTRL_D)
    console.expect("$ ")


def until(console, shown) -> None:
    """Read on until the screen looks so. How vi draws it depends on how fast keys come."""
    while not shown(screen(console.raw)):
        console.expect(ANYTHING)


def test_vi(console):
    """BusyBox's vi, driven by keys: what the screen shows. (It waits a little after an escape, whether
    that begins a function key: so do we, for its last line to begin with "-".)"""
    console.send("vi /tmp/new\r")
    until(console, lambda rows: rows[1] == "~")
    console.send("ione two\rthree")
    until(console, lambda rows: rows[:3] == ["one two", "three", "~"])
    console.send("\x1b")
    until(console, lambda rows: rows[-1].startswith("- /tmp/new [Modified]"))
    console.send("k0dwGoend")
    until(console, lambda rows: rows[:4] == ["two", "three", "end", "~"] and rows[-1].startswith("I "))
    console.send("\x1b")
    until(console, lambda rows: rows[-1].startswith("- ") and "3/3" in rows[-1])
    console.send(":q!\r")
    console.expect("$ ")
