"""Archives as initrds have them, right ones and broken ones (cpio.h).

What the kernel reads in each is compared with what this file reads in it. A broken archive is
refused, and no byte outside of it is looked at: the probe (cpio_probe_test.c) has an unmapped page
behind each.
"""

from __future__ import annotations

import random
import struct
import subprocess

import pytest

from grader import initrd

HEADER, NAME_MAX = 110, 4096
REFUSED = -22
DIGITS = set(b"0123456789abcdefABCDEF")
ARCHIVES = 150      # in one boot


def fnv(data: bytes, value: int = 0xCBF29CE484222325) -> int:
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def entry_at(data: bytes, at: int) -> tuple[bytes, list[int], bytes, int] | None:
    """Name, fields, content, and where the next entry begins; None if there is no right one."""
    header = data[at:at + HEADER]
    if len(header) < HEADER or header[:6] not in (b"070701", b"070702") or not set(header[6:]) <= DIGITS:
        return None
    fields = [int(header[6 + 8 * i:14 + 8 * i], 16) for i in range(13)]
    name = data[at + HEADER:at + HEADER + fields[11]]
    if not 0 < fields[11] <= NAME_MAX or len(name) < fields[11] or name[-1]:
        return None
    at = min(at + HEADER + fields[11] + 3 & ~3, len(data))
    content = data[at:at + fields[6]]
    if len(content) < fields[6]:
        return None
    return name.split(b"\0")[0], fields, content, min(at + fields[6] + 3 & ~3, len(data))


def expected(data: bytes) -> str:
    """What the probe replies: the result, how many entries, and a hash of all."""
    at, count, hashed, result = 0, 0, fnv(b""), 0
    while at < len(data):
        entry = entry_at(data, at)
        if entry is None:
            result = REFUSED
            break
        name, fields, content, at = entry
        if name == b"TRAILER!!!":
            at += len(data[at:]) - len(data[at:].lstrip(b"\0"))
            continue
        hashed = fnv(struct.pack("<11I", *fields[:11]), fnv(content, fnv(name + b"\0", hashed)))
        count += 1
    return f"{result} {count} {hashed:x}"


def read(ktest, archives: list[bytes]) -> list[str]:
    sent = b"".join(struct.pack("<I", len(data)) + data for data in archives)
    return ktest("cpio_archives", input=sent, limit=20).replies


def some_archive(rng: random.Random) -> bytes:
    """A right one: a few files with names and contents of all lengths."""
    entries = [initrd.file("/".join("x" * rng.randint(1, 9) for _ in range(rng.randint(1, 4))),
                           rng.randbytes(rng.choice([0, 1, 2, 3, 4, 5, rng.randint(6, 300)])))
               for _ in range(rng.randint(0, 5))]
    return initrd.archive(entries)


def broken(data: bytes, rng: random.Random) -> bytes:
    """The same with some damage."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        how, at = rng.randrange(7), rng.randrange(len(data))
        if how == 0:
            data[at] = rng.randrange(256)
        elif how == 1:
            del data[at:]
        elif how == 2:
            del data[at:at + rng.randint(1, 8)]
        elif how == 3:
            data[at:at] = rng.randbytes(rng.randint(1, 8))
        else:       # a number that says too much, or too little
            header, field = rng.choice(headers(data) or [0]), rng.choice([6, 11, 11, rng.randrange(13)])
            value = rng.choice([0, 1, 3, len(data), len(data) + 1, 4096, 4097, 2**31, 2**32 - 1, 2**32 - 4,
                                rng.getrandbits(8)])
            data[header + 6 + 8 * field:header + 14 + 8 * field] = b"%08x" % value
        if not data:
            break
    return bytes(data)


def headers(data: bytes) -> list[int]:
    return [at for at in range(0, len(data), 4) if data[at:at + 6] == b"070701"]


def test_right_archives(ktest, rng):
    archives = [b"", initrd.archive([]), *(some_archive(rng) for _ in range(20))]
    archives += [one + bytes(512 - len(one) % 512) + two for one, two in zip(archives[2:6], archives[6:])]
    assert read(ktest, archives) == [expected(data) for data in archives]
    assert all(expected(data).startswith("0 ") for data in archives)


def test_archive_of_cpio(ktest, tmp_path):
    """One that cpio(1) itself has made."""
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir/file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("dir/file")
    made = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], input=b"dir\ndir/file\nlink\n", cwd=tmp_path,
                          capture_output=True, check=True).stdout
    assert read(ktest, [made]) == [expected(made)]
    assert expected(made).startswith("0 3 ")


@pytest.mark.parametrize("part", range(2))
def test_broken_archives(ktest, rng, part):
    archives = [broken(some_archive(rng), rng) for _ in range(ARCHIVES)]
    wrong = [(data, reply, right) for data, reply, right in
             zip(archives, read(ktest, archives), map(expected, archives)) if reply != right]
    assert not wrong


def test_every_length(ktest):
    """An archive that is cut off anywhere, and a long name."""
    whole = initrd.archive([initrd.file("a/b", b"12345"), initrd.file("c", b"")])
    archives = [whole[:length] for length in range(len(whole))]
    archives += [initrd.archive([initrd.file("n" * length, b"x")]) for length in (4094, 4095, 4096, 5000)]
    assert read(ktest, archives) == [expected(data) for data in archives]
