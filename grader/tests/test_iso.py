"""GRUB images: what is in them, when they are made again, and that they boot."""

from __future__ import annotations

import os
import re
import struct
import time
from pathlib import Path

import pytest

from grader import emulator as emu, iso
from grader.machine import Machine

GLYPH_WIDTH, GLYPH_HEIGHT = 8, 16


@pytest.fixture(scope="module")
def elf() -> Path:
    return emu.kernel(1).elf


# --- the kernel's headers --------------------------------------------------------------


def program_headers(data: bytes) -> list[tuple]:
    """(type, flags, offset, virtual, physical, file size, memory size) of each."""
    start, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    return [struct.unpack_from("<IIQQQQQ", data, start + i * size) for i in range(count)]


def test_multiboot2_header(elf):
    data = elf.read_bytes()[:32768]
    starts = [at for at in range(0, len(data) - 16, 8) if data[at:at + 4] == b"\xd6\x50\x52\xe8"]
    assert len(starts) == 1, "one header, 8-aligned, in the first 32 KiB"
    magic, architecture, length, checksum = struct.unpack_from("<IIII", data, starts[0])
    assert architecture == 0 and (magic + architecture + length + checksum) % 2**32 == 0
    tags, at = {}, starts[0] + 16
    while at < starts[0] + length:
        kind, flags, size = struct.unpack_from("<HHI", data, at)
        tags[kind] = (flags, data[at + 8:at + size])
        at += (size + 7) & ~7
    assert at == starts[0] + length
    assert tags[5] == (1, struct.pack("<III", 1024, 768, 32)), "an optional frame buffer"
    assert 0 in tags


def test_pvh_note(elf):
    data = elf.read_bytes()
    notes = [header for header in program_headers(data) if header[0] == 4]
    assert len(notes) == 1, "the note has a program header of its own"
    name_size, size, kind = struct.unpack_from("<III", data, notes[0][2])
    assert (name_size, size, kind) == (4, 4, 18)
    assert data[notes[0][2] + 12:][:4] == b"Xen\0"
    entry, = struct.unpack_from("<I", data, notes[0][2] + 16)
    loads = [header for header in program_headers(data) if header[0] == 1 and header[1] & 1]
    assert any(header[4] <= entry < header[4] + header[5] for header in loads), "a physical address in the text"


# --- making images -----------------------------------------------------------------------


def test_configuration_quotes_words():
    module = iso.Module(Path("/x/initrd.img"))
    text = iso.configuration("a=1 it's ; reboot", [module])
    assert "multiboot2 /boot/cub.elf 'a=1' 'it'\\''s' ';' 'reboot'\n" in text
    assert "module2 /boot/module0 'initrd.img'\n" in text
    assert "timeout=0" in text


def test_image_is_made_again_only_when_its_contents_differ(elf, tmp_path):
    out, extra = tmp_path / "x.iso", tmp_path / "initrd"
    extra.write_text("one")

    def made(**options) -> int:
        return iso.image(elf, out=out, **options).stat().st_mtime_ns

    first = made()
    assert made() == first
    second = made(append="x=1")
    assert second != first
    third = made(append="x=1", modules=[iso.Module(extra)])
    assert third != second and made(append="x=1", modules=[iso.Module(extra)]) == third
    extra.write_text("two")
    assert made(append="x=1", modules=[iso.Module(extra)]) != third
    assert out.stat().st_size < 8 << 20


def test_a_missing_module_is_one_line(elf, tmp_path):
    with pytest.raises(emu.EmulatorError, match="no file .*gone"):
        iso.image(elf, out=tmp_path / "x.iso", modules=[iso.Module(tmp_path / "gone")])


# --- booting them ------------------------------------------------------------------------


def test_boots_through_grub_with_command_line_and_module(elf, tmp_path):
    initrd = tmp_path / "initrd.img"
    initrd.write_bytes(b"x" * 5000)
    image = iso.image(elf, out=tmp_path / "x.iso", append="greeting=hello two", modules=[iso.Module(initrd)])
    with Machine(elf, iso=image, icount=False) as machine:
        machine.console.expect("cub> ")
        machine.console.send("info\r")
        machine.console.expect("booted by  multiboot2, GRUB")
        machine.console.expect("arguments  greeting=hello two")
        found = machine.console.expect(re.compile(r"module     ([0-9a-f]+) - ([0-9a-f]+)  initrd.img"))
        machine.console.expect("cub> ")
        start, end = int(found[1], 16), int(found[2], 16)
        assert end - start == 5000
        assert machine.memory(start, 16) == b"x" * 16


def glyphs(elf: Path) -> list[bytes]:
    """The font that was built into the kernel."""
    numbers = re.findall(r"0x([0-9a-f]{2})\b", (elf.parent / "font.c").read_text())
    data = bytes(int(number, 16) for number in numbers)
    return [data[i:i + GLYPH_HEIGHT] for i in range(0, len(data), GLYPH_HEIGHT)]


def picture(path: Path) -> tuple[int, int, bytes]:
    """Width, height and pixels (3 bytes each) of a PPM file."""
    magic, width, height, depth, pixels = path.read_bytes().split(maxsplit=4)
    assert (magic, depth) == (b"P6", b"255")
    size = int(width) * int(height) * 3
    return int(width), int(height), path.read_bytes()[-size:]


def cell(width: int, pixels: bytes, row: int, column: int) -> bytes:
    """A character's place on the screen, in the form of a glyph."""
    lines = bytearray()
    for y in range(row * GLYPH_HEIGHT, (row + 1) * GLYPH_HEIGHT):
        at = (y * width + column * GLYPH_WIDTH) * 3
        lit = [any(pixels[at + 3 * x:at + 3 * x + 3]) for x in range(GLYPH_WIDTH)]
        lines.append(sum(bit << (7 - x) for x, bit in enumerate(lit)))
    return bytes(lines)


def wrong_cells(machine: Machine, font: list[bytes]) -> list[tuple[int, int, str]]:
    """Where the screen does not show what the console said."""
    machine.qmp.command("screendump", filename=str(machine.directory / "screen.ppm"))
    width, height, pixels = picture(machine.directory / "screen.ppm")
    assert (width, height) == (1024, 768)
    text = "Cub, " + machine.console.text.split("Cub, ", 1)[1].replace("\r", "")
    return [(row, column, character) for row, line in enumerate(text.split("\n"))
            for column, character in enumerate(line.rstrip())
            if cell(width, pixels, row, column) != font[ord(character)]]


def check_screen(machine: Machine, elf: Path) -> None:
    """The frame buffer shows it glyph by glyph, if not at once: the serial port comes first."""
    font, end = glyphs(elf), time.monotonic() + 30
    while wrong := wrong_cells(machine, font):
        assert time.monotonic() < end, wrong[:5]
        time.sleep(0.1)


def test_frame_buffer_shows_the_console(elf):
    with Machine(elf, iso=iso.image(elf), vga=True, icount=False) as machine:
        machine.console.expect("cub> ")
        machine.console.send("info\r")
        machine.console.expect("serial, frame buffer")
        machine.console.expect("cub> ")
        check_screen(machine, elf)


@pytest.mark.skipif(not os.environ.get("CUB_LONG"), reason="CUB_LONG=1: OVMF takes 3 s, and 30 s on a busy "
                    "host, where it sometimes stands still before it has come to GRUB")
def test_boots_through_uefi(elf):
    emu.need(iso.OVMF)
    assert "UEFI" in iso.platforms()
    with Machine(elf, iso=iso.image(elf), vga=True, icount=False, firmware=str(iso.OVMF),
                 readable=[iso.OVMF.parent]) as machine:
        machine.console.expect("cub> ", limit=60)
        machine.console.send("info\r")
        machine.console.expect("booted by  multiboot2, GRUB")
        machine.console.expect("serial, frame buffer")
        machine.console.expect("cub> ")
        check_screen(machine, elf)
