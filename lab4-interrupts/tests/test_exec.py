"""Exercise 4.7 seen from programs: exec does what it does on Linux, and refuses what is broken."""

from __future__ import annotations

import random
import struct
from importlib import import_module
from pathlib import Path

import pytest

from grader import emulator
from grader import user as programs

processes = import_module("lab4-interrupts.tests.processes")

HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SEGMENT = struct.Struct("<IIQQQQQQ")
CODE = bytes.fromhex("bf0b000000" "b8e7000000" "0f05")      # exit_group(11)
ENDS_BY_BSS = bytes.fromhex("0fb63d0a000000 83c70b b8e7000000 0f05")    # exit_group(11 + the byte behind it)
BASE = 0x400000
LOAD, INTERP, GNU_STACK = 1, 3, 0x6474e551
REFUSED, ENDED = "Exec format error", "exited 11"


@pytest.mark.exercise("4.7")
@pytest.mark.needs("4.6", "4.8")
@pytest.mark.parametrize("parts", [
    ("exec_arguments", "exec_closes"), ("exec_auxiliary",), ("exec_errors", "exec_failed_goes_on"), ("exec_large",),
    ("exec_in_thread",), ("exec_script",), ("exec_places", "exec_keeps")], ids="-".join)
def test_execs(user, parts):
    """Each part of user/execs.c says what it said on Linux."""
    processes.agree(user, "execs", *parts)


def header(**changes: int | bytes) -> bytes:
    """An ELF header, right but for the changes."""
    fields = {"ident": b"\x7fELF\x02\x01\x01".ljust(16, b"\0"), "type": 2, "machine": 62, "version": 1,
              "entry": BASE + 0x1000, "phoff": 64, "shoff": 0, "flags": 0, "ehsize": 64, "phentsize": 56,
              "phnum": 1, "shentsize": 64, "shnum": 0, "shstrndx": 0} | changes
    return HEADER.pack(*fields.values())


def segment(**changes: int) -> bytes:
    """A program header for the code, right but for the changes."""
    fields = {"type": LOAD, "flags": 5, "offset": 0x1000, "vaddr": BASE + 0x1000, "paddr": 0,
              "filesz": len(CODE), "memsz": len(CODE), "align": 0x1000} | changes
    return SEGMENT.pack(*fields.values())


def image(head: bytes, *segments: bytes, code: bytes = CODE) -> bytes:
    """A file: header, program headers, and at 0x1000 the code."""
    return (head + b"".join(segments)).ljust(0x1000, b"\0") + code


def broken() -> dict[str, tuple[bytes, str]]:
    """Files, and what becomes of each: a word on it."""
    top = 2 ** 64
    one = {
        "right": (image(header(), segment()), ENDED),
        "right_pie": (image(header(type=3, entry=0x1000), segment(vaddr=0x1000)), ENDED),
        "right_bss": (image(header(), segment(memsz=0x5000, flags=7)), ENDED),
        "right_bss_behind_data": (image(header(), segment(filesz=len(ENDS_BY_BSS), memsz=0x5000, flags=7),
                                        code=ENDS_BY_BSS + b"\x22" * 64), ENDED),
        "right_no_load_first": (image(header(phnum=2), segment(type=GNU_STACK, flags=6), segment()), ENDED),
        "short": (b"\x7fELF", REFUSED),
        "class_32": (image(header(ident=b"\x7fELF\x01\x01\x01".ljust(16, b"\0")), segment()), REFUSED),
        "big_endian": (image(header(ident=b"\x7fELF\x02\x02\x01".ljust(16, b"\0")), segment()), REFUSED),
        "other_machine": (image(header(machine=183), segment()), REFUSED),
        "relocatable": (image(header(type=1), segment()), REFUSED),
        "no_segments": (image(header(phnum=0)), REFUSED),
        "many_segments": (image(header(phnum=0xffff), segment()), REFUSED),
        "other_size": (image(header(phentsize=32), segment()), REFUSED),
        "headers_outside": (image(header(phoff=0x100000), segment()), REFUSED),
        "headers_wrap": (image(header(phoff=top - 8), segment()), REFUSED),
        "nothing_to_load": (image(header(), segment(type=GNU_STACK)), REFUSED),
        "file_larger": (image(header(), segment(filesz=0x2000, memsz=0x1000)), REFUSED),
        "odd_alignment": (image(header(), segment(align=0x1001)), REFUSED),
        "not_congruent": (image(header(), segment(offset=0x1008)), REFUSED),
        "right_same_page": (image(header(phnum=2), segment(), segment(offset=0x1010, vaddr=BASE + 0x1010, filesz=1,
                                                                      memsz=1)), ENDED),
        "falling": (image(header(phnum=2), segment(), segment(offset=0, vaddr=BASE, filesz=64, memsz=64)), REFUSED),
        "overlapping": (image(header(phnum=2), segment(memsz=0x3000),
                              segment(vaddr=BASE + 0x2000, filesz=0, memsz=0x1000)), REFUSED),
        "in_the_kernel": (image(header(), segment(vaddr=top - 0x2000)), REFUSED),
        "over_the_end": (image(header(), segment(vaddr=0x7ffffffff000, memsz=0x10000)), REFUSED),
        "address_wraps": (image(header(), segment(vaddr=BASE + 0x1000, memsz=top - 0x1000)), REFUSED),
        "offset_wraps": (image(header(), segment(offset=top - 0x1000)), REFUSED),
        "at_zero": (image(header(entry=0), segment(vaddr=0)), REFUSED),
        "empty_interpreter": (image(header(phnum=2), segment(), segment(type=INTERP, filesz=0)), REFUSED),
        "endless_interpreter": (image(header(phnum=2), segment(),
                                      segment(type=INTERP, offset=0x1000, filesz=2 ** 40)), REFUSED),
        "unended_interpreter": (image(header(phnum=2), segment(),
                                      segment(type=INTERP, offset=0x1000, filesz=2)), REFUSED),
        "entry_nowhere": (image(header(entry=0x123456789), segment()), "signal 11"),
        "not_executable": (image(header(), segment(flags=6)), "signal 11"),
    }
    return one


@pytest.mark.exercise("4.7")
@pytest.mark.needs("4.6", "4.8", "4.9")
def test_hostile(user):
    """Files that are no programs are refused, and do no harm; and what is right is not refused."""
    files = broken()
    said = user("/bin/execs", "try", *(f"/elf/{name}" for name in files),
                files={f"elf/{name}": data for name, (data, _) in files.items()}).output
    told = dict(line.split(": ", 1) for line in said.splitlines() if line.startswith("/elf/"))
    assert told == {f"/elf/{name}": word for name, (_, word) in files.items()}


@pytest.mark.exercise("4.7")
@pytest.mark.needs("4.6", "4.8", "4.9")
def test_spoiled(user, rng: random.Random):
    """A program of which some bytes of the headers are others harms nobody but itself."""
    hello = Path(programs.programs(emulator.ROOT, 4)["hello"]).read_bytes()
    files = {}
    for number in range(16):
        data = bytearray(hello)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(16, 64 + 56 * 6)] = rng.choice((0, 1, 0x7f, 0x80, 0xff, rng.randrange(256)))
        files[f"elf/{number}"] = bytes(data)
    said = user("/bin/execs", "try", *(f"/{name}" for name in files), "/bin/hello", files=files).output
    assert "/bin/hello: exited 0" in said
