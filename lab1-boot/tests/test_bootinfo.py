"""What QEMU hands over by the PVH protocol arrives: command line, initrd, memory map, ACPI.

Floor: this is given code, and no exercise's; the memory map alone needs 1.4.
"""

import struct

import pytest


def ranges_of(replies):
    """The cleaned map that the kernel tells of."""
    return [struct.unpack("<QQI4x", bytes.fromhex(line)) for line in replies[3:]]


def test_pvh_boot(ktest, rng, tmp_path):
    """The command line, a module and the ACPI pointer are those that QEMU was given."""
    data = rng.randbytes(rng.randrange(1, 9000))
    initrd = tmp_path / "initrd"
    initrd.write_bytes(data)
    words = f"quiet word={rng.getrandbits(64):#x} {'x' * rng.randrange(1500)}"
    protocol, line, rsdp, _, size, first, *_ = ktest(
        "bootinfo_tell", append=words, extra=["-initrd", str(initrd)], readable=[initrd]).replies
    assert protocol == "PVH"
    assert line.startswith(words + " ktest=bootinfo_tell")
    assert bytes.fromhex(rsdp) == b"RSD PTR "
    assert struct.unpack("<Q", bytes.fromhex(size))[0] == len(data)
    assert bytes.fromhex(first) == data[:64]


@pytest.mark.needs("1.4")
@pytest.mark.parametrize("mebibytes", [32, 64, 1000])
def test_memory_sizes(ktest, mebibytes):
    """The map has the memory that the machine has, but for what firmware keeps."""
    ranges = ranges_of(ktest("bootinfo_tell", memory=f"{mebibytes}M").replies)
    usable = sum(end - start for start, end, kind in ranges if kind == 0)
    assert (mebibytes - 2) << 20 < usable < mebibytes << 20


@pytest.mark.needs("1.4")
def test_memory_is_reserved_by_the_command_line(ktest):
    """memmap=SIZE$START takes memory out of use, and what makes no sense is passed over."""
    plain = ranges_of(ktest("bootinfo_tell", memory="32M").replies)
    words = "memmap=64K$0x4000,1M$20M,,8$,$9,x$1M,4K,4095$0x1800001,1M$0x2000000"
    asked = ranges_of(ktest("bootinfo_tell", memory="32M", append=words).replies)
    holes = [(0x4000, 0x14000), (20 << 20, 21 << 20), (0x1800001, 0x1801000), (0x2000000, 0x2100000)]
    assert [(start, end) for start, end, kind in asked if kind == 3 and (start, end) in holes] == holes
    assert sum(end - start for start, end, kind in plain if kind == 0) - \
        sum(end - start for start, end, kind in asked if kind == 0) == (64 << 10) + (1 << 20) + 4096
