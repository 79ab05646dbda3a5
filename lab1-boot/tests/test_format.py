"""Exercise 1.3 against C's own printf: random conversions, flags, widths and values.

The probe `format_lines` (format_test.c) formats what is sent to it; the C library's
snprintf, called through ctypes, says what is right.
"""

import ctypes
import struct

import pytest

pytestmark = pytest.mark.exercise("1.3")

LIBC = ctypes.CDLL(None)
LENGTHS = {"hh": "i", "h": "i", "": "i", "l": "l", "ll": "l", "z": "l", "j": "l", "t": "l"}
EDGES = [0, 1, 9, 10, 15, 16, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2**31 - 1, 2**31,
         2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1]
WORDS = ["", "x", "cub", "teaching operating system", "%d is not expanded here", "0123456789" * 5]


def libc_format(kind, form, value):
    """What C's printf makes of it."""
    text = ctypes.create_string_buffer(4096)
    if kind in "il":
        value = (ctypes.c_int if kind == "i" else ctypes.c_uint64)(int(value))
    else:
        value = value.encode()
    count = LIBC.snprintf(text, ctypes.c_size_t(4096), form.encode(), value)
    return count, text.raw[:count]


def random_text(rng):
    """(kind, format, value) of one %s or %c between two marks."""
    width = rng.choice(["", "-", ""]) + rng.choice(["", str(rng.randrange(1, 60))])
    if rng.random() < 0.3:
        return "i", f"<%{width}c>", str(rng.randrange(1, 256))
    precision = rng.choice(["", f".{rng.randrange(1, 12)}"])
    return "s", f"<%{width}{precision}s>", rng.choice(WORDS)


def random_number(rng, padded):
    """The same of one number; with flags, widths and precisions only if padded."""
    what = rng.choice("dddiuuxxXXop")
    flags = rng.choice(["", "", "-", "0", "-0"]) if padded else ""
    width = rng.choice(["", str(rng.randrange(1, 12)), str(rng.randrange(12, 400))]) if padded else ""
    if what == "p":
        return "l", f"<%{flags.replace('0', '')}{width}p>", str(rng.choice(EDGES[1:] + [rng.getrandbits(64) | 1]))
    precision = f".{rng.randrange(1, 12)}" if padded and rng.random() < 0.15 else ""
    length = rng.choice(list(LENGTHS))
    value = rng.choice(EDGES + [rng.getrandbits(rng.randrange(1, 65)) for _ in range(10)])
    value = -value if what == "d" and rng.random() < 0.5 else value
    kind = LENGTHS[length]
    return kind, f"<%{flags}{width}{precision}{length}{what}>", str(value % 2**(32 if kind == "i" else 64))


def compare(ktest, lines):
    """The kernel's text and count for each line are those of the C library."""
    replies = ktest("format_lines", input="".join("\t".join(line) + "\n" for line in lines), limit=5).replies
    assert len(replies) == 2 * len(lines)
    for (kind, form, value), count, text in zip(lines, replies[::2], replies[1::2]):
        right_count, right = libc_format(kind, form, value)
        seen = bytes.fromhex(text)
        assert seen == right, f"{form!r} of {value}: {seen.decode('latin-1')!r} instead of {right.decode('latin-1')!r}"
        seen_count = struct.unpack("<i", bytes.fromhex(count))[0]
        assert seen_count == right_count, f"{form!r} of {value}: returned {seen_count} instead of {right_count}"


def test_numbers(ktest, rng):
    """Numbers of every length and base come out as C's printf makes them."""
    compare(ktest, [random_number(rng, False) for _ in range(150)])


def test_padded_numbers(ktest, rng):
    """So do numbers with widths, precisions and flags."""
    compare(ktest, [random_number(rng, True) for _ in range(200)])


def test_texts(ktest, rng):
    """So do strings and characters, cut and padded."""
    compare(ktest, [random_text(rng) for _ in range(150)])
