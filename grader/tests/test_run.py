"""make qemu: with a terminal and without one, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from grader import emulator as emu
from grader import user
from grader.tests.terminal import Terminal, children

COMMAND = [sys.executable, "-m", "grader", "run", "--lab", "1"]


def boot(typed: str, *more: str) -> subprocess.CompletedProcess:
    return subprocess.run([*COMMAND, *more], input=typed, capture_output=True, text=True, cwd=emu.ROOT,
                          timeout=600)


def test_without_a_terminal_what_comes_in_is_typed():
    done = boot("info\rpoweroff\r", "--append", "x=1 y", "--memory", "48M")
    assert "booted by  PVH" in done.stdout and "arguments  x=1 y" in done.stdout
    assert "memory     47 MiB" in done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize("more, says", [([], "only a debug build"), (["DEBUG=1"], "are not damaged")])
def test_a_debug_build_is_booted_where_one_is_asked_for(more, says):
    done = subprocess.run(["make", "--no-print-directory", "qemu", "LAB=2", *more], text=True, capture_output=True,
                          input="slabs check\rpoweroff\r", cwd=emu.ROOT, timeout=600)
    assert says in done.stdout and done.returncode == 0


def test_without_any_input_it_ends_after_the_prompt():
    began = time.monotonic()
    done = boot("")
    assert done.stdout.endswith("cub> ") and done.returncode == 0
    assert time.monotonic() - began < 60


def test_on_a_terminal_control_keys_reach_cub_and_ctrl_right_bracket_x_leaves():
    with Terminal(COMMAND) as terminal:
        terminal.expect("ctrl-] x")
        terminal.expect("cub> ")
        terminal.send("elp\x01h\r")            # ctrl-a, then the missing letter
        terminal.expect("list the commands")
        terminal.expect("cub> ")
        terminal.send("bogus\x03\x15help\r")    # ctrl-c must not end QEMU; ctrl-u empties the line
        terminal.expect("list the commands")
        terminal.send("\x1dx")
        assert terminal.wait() == 0


@pytest.mark.parametrize("lab, word, prompt", [("1", "poweroff", "cub> "), ("4", "poweroff -f", "$ ")])
def test_what_is_told_to_type_ends_it(lab, word, prompt):
    """In the monitor and in a shell."""
    emu.kernel(int(lab))        # building may take longer than a terminal waits
    if int(lab) >= user.FIRST_LAB:
        user.image(emu.ROOT, int(lab))
    with Terminal([*COMMAND[:-1], lab]) as terminal:
        terminal.expect(f'type "{word}"')
        terminal.expect(prompt)
        terminal.send(f"{word}\r")
        assert terminal.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_behind(number):
    process = subprocess.Popen(COMMAND, cwd=emu.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    seen = b""
    while b"cub> " not in seen:
        seen += os.read(process.stdout.fileno(), 4096)
    machines = children(process.pid)
    assert machines
    process.send_signal(number)
    process.wait(20)
    end = time.monotonic() + 20
    while any(os.path.exists(f"/proc/{pid}/exe") and _alive(pid) for pid in machines):
        assert time.monotonic() < end, "QEMU outlived us"
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_missing_program_is_named_with_its_package(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(emu.EmulatorError, match="qemu-system-x86_64 is missing: install the Debian "
                                                "package qemu-system-x86"):
        emu.need(emu.QEMU)


def test_an_unknown_lab_is_one_line():
    done = subprocess.run([*COMMAND[:-1], "9"], capture_output=True, text=True, cwd=emu.ROOT, timeout=60,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1 and "lab 9" in done.stderr
