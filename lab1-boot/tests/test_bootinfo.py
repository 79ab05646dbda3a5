"""What QEMU hands over by the PVH protocol arrives: command line, initrd, memory map, ACPI.

Floor: this is given code, and no exercise's; the memory map alone needs 1.4.
"""

import struct

import pytest


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
    replies = ktest("bootinfo_tell", memory=f"{mebibytes}M").replies[3:]
    ranges = [struct.unpack("<QQI4x", bytes.fromhex(line)) for line in replies]
    usable = sum(end - start for start, end, kind in ranges if kind == 0)
    assert (mebibytes - 2) << 20 < usable < mebibytes << 20
