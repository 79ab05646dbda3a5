"""Make the kernel's font: a C array of 256 glyphs, 8 by 16 pixels, on standard output.

The glyphs come from Debian's package console-setup-linux, which has the font
Lat15-VGA16 (PSF version 1 or 2; read more: `man 5 psfaddtable`, and
kbd's doc/font-formats). Where it is not installed, a small built-in font of
capital letters and digits serves: each glyph is 3 by 5 pixels, drawn twice as
large.
"""

import gzip
import pathlib
import struct
import sys

PACKAGED = pathlib.Path("/usr/share/consolefonts/Lat15-VGA16.psf.gz")
GLYPHS, HEIGHT = 256, 16

# Five rows of three pixels each, for the characters from "!" to "_": '#' is lit.
BUILT_IN = {
    "!": ".#. .#. .#. ... .#.", '"': "#.# #.# ... ... ...", "#": "#.# ### #.# ### #.#",
    "$": ".## ##. .## ##. .#.", "%": "#.# ..# .#. #.. #.#", "&": ".#. #.# .#. #.# .##",
    "'": ".#. .#. ... ... ...", "(": "..# .#. .#. .#. ..#", ")": "#.. .#. .#. .#. #..",
    "*": "... #.# .#. #.# ...", "+": "... .#. ### .#. ...", ",": "... ... ... .#. #..",
    "-": "... ... ### ... ...", ".": "... ... ... ... .#.", "/": "..# ..# .#. #.. #..",
    "0": "### #.# #.# #.# ###", "1": ".#. ##. .#. .#. ###", "2": "##. ..# .#. #.. ###",
    "3": "##. ..# .#. ..# ##.", "4": "#.# #.# ### ..# ..#", "5": "### #.. ##. ..# ##.",
    "6": ".## #.. ### #.# ###", "7": "### ..# .#. .#. .#.", "8": "### #.# ### #.# ###",
    "9": "### #.# ### ..# ##.", ":": "... .#. ... .#. ...", ";": "... .#. ... .#. #..",
    "<": "..# .#. #.. .#. ..#", "=": "... ### ... ### ...", ">": "#.. .#. ..# .#. #..",
    "?": "##. ..# .#. ... .#.", "@": "### #.# #.# #.. ###", "A": ".#. #.# ### #.# #.#",
    "B": "##. #.# ##. #.# ##.", "C": ".## #.. #.. #.. .##", "D": "##. #.# #.# #.# ##.",
    "E": "### #.. ##. #.. ###", "F": "### #.. ##. #.. #..", "G": ".## #.. #.# #.# .##",
    "H": "#.# #.# ### #.# #.#", "I": "### .#. .#. .#. ###", "J": "..# ..# ..# #.# .#.",
    "K": "#.# #.# ##. #.# #.#", "L": "#.. #.. #.. #.. ###", "M": "#.# ### ### #.# #.#",
    "N": "##. #.# #.# #.# #.#", "O": ".#. #.# #.# #.# .#.", "P": "##. #.# ##. #.. #..",
    "Q": ".#. #.# #.# ##. .##", "R": "##. #.# ##. #.# #.#", "S": ".## #.. .#. ..# ##.",
    "T": "### .#. .#. .#. .#.", "U": "#.# #.# #.# #.# ###", "V": "#.# #.# #.# #.# .#.",
    "W": "#.# #.# ### ### #.#", "X": "#.# #.# .#. #.# #.#", "Y": "#.# #.# .#. .#. .#.",
    "Z": "### ..# .#. #.. ###", "[": ".## .#. .#. .#. .##", "\\": "#.. #.. .#. ..# ..#",
    "]": "##. .#. .#. .#. ##.", "^": ".#. #.# ... ... ...", "_": "... ... ... ... ###",
    "|": ".#. .#. .#. .#. .#.", "~": "... ..# ### #.. ...",
}


def packaged(data):
    """The glyphs of a PSF font as HEIGHT bytes each; None if it is not 8 by HEIGHT."""
    if data[:2] == b"\x36\x04":  # PSF 1: mode, glyph height
        start, height, width = 4, data[3], 8
    elif data[:4] == b"\x72\xb5\x4a\x86":  # PSF 2
        _, start, _, _, _, height, width = struct.unpack_from("<7I", data, 4)
    else:
        return None
    if (height, width) != (HEIGHT, 8):
        return None
    return [data[start + i * HEIGHT:start + (i + 1) * HEIGHT] for i in range(GLYPHS)]


def drawn(rows):
    """A built-in glyph: each pixel becomes two by two, with blank lines around."""
    lines = []
    for row in rows.split():
        bits = 0
        for column, pixel in enumerate(row):
            if pixel == "#":
                bits |= 0b11 << (6 - 2 * column)
        lines += [bits, bits]
    return bytes([0, 0, 0] + lines + [0, 0, 0])


def built_in():
    blank = bytes(HEIGHT)
    return [drawn(BUILT_IN[chr(code).upper()]) if chr(code).upper() in BUILT_IN else blank
            for code in range(GLYPHS)]


def main():
    glyphs = packaged(gzip.decompress(PACKAGED.read_bytes())) if PACKAGED.exists() else None
    print("#include <stdint.h>\nextern const uint8_t font_glyphs[256][16];")
    print("const uint8_t font_glyphs[256][16] = {")
    for glyph in glyphs or built_in():
        print("\t{ " + ", ".join(f"0x{byte:02x}" for byte in glyph) + " },")
    print("};")


if __name__ == "__main__":
    sys.exit(main())
