"""The GRUB image in Bochs."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from grader import bochs, emulator as emu, iso
from grader.tests.terminal import Terminal

COMMAND = [sys.executable, "-m", "grader", "bochs", "--lab", "1"]


def test_boots_answers_a_command_and_ends_cleanly():
    done = subprocess.run(COMMAND, input="info\rpoweroff\r", capture_output=True, text=True, cwd=emu.ROOT,
                          timeout=600)
    assert "booted by  multiboot2, GRUB" in done.stdout, done.stdout + done.stderr
    assert "i7-4770" in done.stdout, "Bochs' processor"
    assert "serial, VGA text" in done.stdout
    assert done.returncode == 0, done.stderr


def test_on_a_terminal():
    with Terminal(COMMAND) as terminal:
        terminal.expect("cub> ")
        terminal.send("elp\x01h\r")
        terminal.expect("list the commands")
        terminal.send("\x1dx")
        assert terminal.wait() == 0


def test_an_end_of_bochs_itself_is_said_in_its_words(tmp_path, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr(bochs, "CONFIGURATION", bochs.CONFIGURATION.replace("boot: cdrom", "boot: disk"))
    with bochs.Bochs(iso.image(emu.kernel(1).elf)) as machine:
        end = time.monotonic() + 120
        while machine.process.poll() is None and time.monotonic() < end:
            time.sleep(0.1)
        assert "device" in machine.message().lower()


def test_a_test_has_so_many_instructions(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr(bochs, "TICKS", 30_000_000)
    with bochs.TestBoot(iso.image(emu.kernel(1).elf)) as machine:
        assert not machine.until_verdict().results
        assert machine.process.wait(timeout=60) == 0


def test_missing_files_are_named(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(emu.EmulatorError, match="^bochs is missing: install the Debian package bochs$"):
        with bochs.Bochs(emu.ROOT / "x.iso"):
            pass
