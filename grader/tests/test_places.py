"""Frames get the places in the source that they stand for."""

from __future__ import annotations

import subprocess
import time

import pytest

from grader import emulator as emu, sandbox
from grader.places import located
from grader.symbols import Symbols


def test_frames_are_located():
    kernel = emu.kernel(1, tests=True)
    symbols = Symbols.load(kernel.elf)
    lines = ["kmain+0x20", "- processor 0 wrote it in kmain+0x20 < boot_high+0x5f", "no frame", "nobody+0x12", "cpu 0 at kmain"]
    first, chain, *rest = located(lines, kernel.elf, symbols)
    place = first.removeprefix("kmain+0x20  (lab1-boot/boot/kmain.c:").removesuffix(")")
    assert place.isdigit(), first
    assert chain == f"- processor 0 wrote it in kmain (lab1-boot/boot/kmain.c:{place}) < boot_high"
    assert rest == lines[2:]


def test_what_is_not_known_stays(tmp_path):
    assert located(["kmain+0x20"], tmp_path / "none", Symbols([(0x1000, "kmain")])) == ["kmain+0x20"]


def test_a_name_that_several_share_is_not_guessed():
    kernel = emu.kernel(1, tests=True)
    kmain = Symbols.load(kernel.elf).address("kmain")
    assert located(["kmain+0x20"], kernel.elf, Symbols([(kmain, "kmain")])) != ["kmain+0x20"]
    assert located(["kmain+0x20"], kernel.elf, Symbols([(kmain, "kmain"), (kmain + 4, "kmain")])) == ["kmain+0x20"]


@pytest.mark.parametrize("path, place", [
    (b"lab1-boot/\xff.c", "lab1-boot/\ufffd.c:7"), (b"/x/lab1-boot/y.c", "lab1-boot/y.c:7"),
    (b"lab1-boot/y.c\\nlab1-boot/z.c", "lab1-boot/y.c"), (b"/lab1-a" * 20_000, "")],
    ids=["no UTF-8", "a path", "two lines", "long"])
def test_a_source_may_call_itself_anything(tmp_path, path, place):
    source, elf = tmp_path / "a.c", tmp_path / "a.elf"
    source.write_bytes(b'int g;\n#line 7 "' + path + b'"\nint f(void) { return 1; }\n')
    subprocess.run(["gcc", "-gdwarf-4", "-nostdlib", "-static", "-Wl,-e,f", source, "-o", elf], check=True)
    began = time.process_time()
    [line] = located(["f+0x1"], elf, Symbols.load(elf))
    assert line == (f"f+0x1  ({place})" if ":" in place else "f+0x1")
    assert time.process_time() - began < 2


def test_addr2line_runs_behind_the_sandbox(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "run", lambda argv, **limits: sandbox.Result(0, f"lab1-x/a.c:{len(argv)}\n", "", 0))
    assert located(["f+0x1"], tmp_path / "a.elf", Symbols([(0x1000, "f")])) == ["f+0x1  (lab1-x/a.c:8)"]


def test_a_message_that_looks_like_names_takes_a_moment(tmp_path):
    began = time.process_time()
    line = "panic: " + "a." * 20_000
    assert located([line], tmp_path / "none", Symbols([])) == [line]
    assert time.process_time() - began < 2
