"""A person at the console: the shell, job control by keys, and vi."""

from __future__ import annotations

from pathlib import Path

import pyte
import pytest

from grader import user as programs

CTRL_C, CTRL_D, CTRL_Z = b"\x03", b"\x04", b"\x1a"


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


def test_vi(console):
    """BusyBox's vi, driven by keys: what the screen shows in the end. (It waits a little after an
    escape, whether that begins a function key.)"""
    console.send("vi /tmp/new\r")
    console.expect("~")
    console.send("ione two\rthree")
    console.expect("three")
    console.send("\x1b")
    console.expect("Modified")
    console.send("k0dwGoend")
    console.expect("end")
    console.send("\x1b")
    console.expect("3/3")
    shown = screen(console.raw)
    console.send(":q!\r")
    console.expect("$ ")
    assert shown[:4] == ["two", "three", "end", "~"]
