"""The console's font: Debian's where it is installed, a small one of our own elsewhere."""

import struct

from grader import font

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def shapes(glyphs):
    return [bytes(glyphs[ord(c)]) for c in LETTERS]


def test_the_built_in_font_can_be_read():
    glyphs = font.built_in()
    assert len(glyphs) == 256 and all(len(glyph) == 16 for glyph in glyphs)
    # An O and a zero look alike in three by five pixels only if someone was careless.
    assert len(set(shapes(glyphs))) == len(LETTERS)
    assert glyphs[ord("a")] == glyphs[ord("A")]
    assert not any(glyphs[ord(" ")])


def test_nearly_every_printable_character_has_a_shape():
    blank = {chr(c) for c in range(33, 127) if not any(font.built_in()[c])}
    assert blank <= set("`{}")


def test_debians_font_is_taken_apart():
    data = b"\x36\x04\x00\x10" + bytes(range(256)) * 16
    assert font.packaged(data)[1] == bytes(range(16, 32))
    head = struct.pack("<8I", 0x864AB572, 0, 32, 0, 256, 16, 16, 8)
    assert font.packaged(head + bytes(256 * 16)) == [bytes(16)] * 256


def test_a_font_of_another_size_is_refused():
    assert font.packaged(b"\x36\x04\x00\x08" + bytes(2048)) is None
    assert font.packaged(b"no font at all") is None
