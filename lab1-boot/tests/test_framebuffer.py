"""Text on a real frame buffer: GRUB sets a graphics mode, and we read the picture.

QEMU tells what its screen shows (QMP's screendump); every cell of 8 x 16 pixels is
looked up in the font that was built into the kernel.
"""

import re

import pytest

from grader import iso

KERNEL_BASE = 0xFFFFFFFF80000000
GREY = 0xC0             # light grey's red


def picture(machine) -> tuple[int, int, bytes]:
    """Width, height and pixels (three bytes each) of what the screen shows."""
    path = machine.directory / "screen.ppm"
    machine.qmp.command("screendump", filename=str(path))
    width, height, _, pixels = re.fullmatch(rb"P6\n(\d+) (\d+)\n(\d+)\n(.*)", path.read_bytes(), re.DOTALL).groups()
    return int(width), int(height), pixels


def read_text(width: int, height: int, pixels: bytes, glyphs: dict[bytes, str]) -> list[str]:
    """The text that the picture shows, in rows; a glyph of no character is a ~."""
    rows = []
    for top in range(0, height // 16 * 16, 16):
        row = ""
        for left in range(0, width // 8 * 8, 8):
            places = [3 * ((top + y) * width + left) for y in range(16)]
            lines = [pixels[place:place + 24] for place in places]
            bits = bytes(sum(0x80 >> x for x in range(8) if line[3 * x] == GREY) for line in lines)
            row += glyphs.get(bits, "~")
        rows.append(row.rstrip())
    return rows


@pytest.mark.needs("1.2", "1.3", "1.6", "1.7")
def test_console_on_a_frame_buffer(machine, kernel, symbols):
    """Through GRUB the console is a frame buffer, and it shows what the serial line says."""
    cub = machine(iso=iso.image(kernel.elf), vga=True)
    cub.console.expect("cub> ")
    cub.console.send("info\r")
    said = cub.console.expect(re.compile(r"(?s)info\r\n(.*)cub> "))[1].replace("\r", "")
    assert "console    serial, frame buffer\n" in said
    assert "booted by  multiboot2, GRUB" in said
    cub.console.settle()                    # characters go to the serial line first

    font = cub.memory(symbols.address("font_glyphs") - KERNEL_BASE, 256 * 16)
    glyphs = {font[16 * code:16 * code + 16]: chr(code) for code in range(0x20, 0x7F)}
    glyphs[b"\xff" * 16] = "_"               # the cursor: a space, inverted
    wanted = ["cub> info", *(line.rstrip() for line in said.splitlines()), "cub> _"]
    width, height, pixels = picture(cub)
    shown = [row for row in read_text(width, height, pixels, glyphs) if row]
    assert (width, height) == (1024, 768)
    assert shown[1:] == wanted
