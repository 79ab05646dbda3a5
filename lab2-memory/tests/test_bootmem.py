"""The boot allocator from outside: whatever the page allocator hands out, nothing in use suffers.

The kernel takes every free page, scribbles over it and stands still. Then guest memory is
read: none of the kernel's image is scribbled over, modules are whole, and the ACPI tables,
found here by the firmware's own pointers, still have their checksums.

Floor: this is given code, on top of exercise 2.1.
"""

import struct

import pytest

from grader import iso

KERNEL_BASE = 0xFFFF_FFFF_8000_0000
PAGE, MIB = 4096, 1 << 20
SCRIBBLE = b"\xa7" * PAGE

pytestmark = pytest.mark.needs("2.1")


def scribbled(machine, **options):
    """A machine's memory after every free page was scribbled over, and how many those were."""
    guest = machine(ktest="bootmem_scribble", limit=30, **options)
    guest.com2.expect("# reply looking\n")
    line = next(line for line in guest.com2.lines if line.startswith("# reply "))
    megabytes = int(guest.options.memory.removesuffix("M"))
    return guest.memory(0, megabytes * MIB), struct.unpack("<Q", bytes.fromhex(line.split()[2]))[0]


def root_pointer(memory):
    """ACPI's root pointer, which lies on a multiple of 16 in the BIOS's segments."""
    for at in range(0xE0000, MIB, 16):
        if memory[at:at + 8] == b"RSD PTR " and not sum(memory[at:at + 20]) & 255:
            return at
    return None


def tables(memory):
    """The ACPI tables that lie in RAM: (name, bytes)."""
    def table(at):
        return memory[at:at + struct.unpack_from("<I", memory, at + 4)[0]] if 0 < at < len(memory) - 36 else b""

    at = root_pointer(memory)
    assert at, "this machine has no ACPI, so this test shows nothing"
    root = table(struct.unpack_from("<I", memory, at + 16)[0])
    found = [root] + [table(pointer) for pointer, in struct.iter_unpack("<I", root[36:])]
    for fadt in [found_table for found_table in found if found_table[:4] == b"FACP"]:
        found += [table(pointer) for pointer in struct.unpack_from("<II", fadt, 36)]
    return [(found_table[:4].decode("ascii", "replace"), found_table) for found_table in found if found_table]


def check(memory, pages, symbols):
    """Nothing that is in use was scribbled over, and nearly all else was."""
    names = [name for name, _ in tables(memory)]
    assert {"RSDT", "FACP", "APIC", "DSDT", "FACS"} <= set(names)
    for name, table in tables(memory):
        assert name == "FACS" or not sum(table) & 255, f"the ACPI table {name} was handed out"
    at = [i for i in range(0, len(memory), PAGE) if memory[i:i + PAGE] == SCRIBBLE]
    assert len(at) == pages, f"{pages} pages were handed out, and {len(at)} are scribbled over"
    assert 0 not in at
    start, end = (symbols.address(name) - KERNEL_BASE for name in ("kernel_start", "kernel_end"))
    assert not [i for i in at if start - PAGE < i < end], "the kernel's image was handed out"
    assert not [i for i in at if 0xA0000 <= i < MIB], "something between 640 KiB and 1 MiB was handed out"
    assert pages * PAGE > len(memory) - 6 * MIB, "much memory is not used at all"


@pytest.mark.parametrize("firmware", ["quick", "bios"])
def test_nothing_in_use_is_handed_out(machine, symbols, firmware):
    """The kernel's image and the ACPI tables are whole when all free memory was scribbled over."""
    check(*scribbled(machine, firmware=firmware, memory="32M"), symbols)


def test_module_by_pvh(machine, symbols, rng, tmp_path):
    """So is a module that QEMU loaded, up to its last byte."""
    data = rng.randbytes(rng.randrange(3 * PAGE, 90000) | 1)
    (tmp_path / "initrd").write_bytes(data)
    memory, pages = scribbled(machine, memory="32M", extra=["-initrd", str(tmp_path / "initrd")],
                              readable=[tmp_path / "initrd"], firmware="quick")
    check(memory, pages, symbols)
    assert data in memory


@pytest.mark.slow
def test_modules_by_grub(machine, kernel, symbols, rng, tmp_path):
    """And so are modules that GRUB loaded."""
    modules = [tmp_path / "one", tmp_path / "two"]
    for path in modules:
        path.write_bytes(rng.randbytes(rng.randrange(1, 50000) | 1))
    disc = iso.image(kernel.elf, append="ktest=bootmem_scribble", out=tmp_path / "cub.iso",
                     modules=[iso.Module(path) for path in modules])
    memory, pages = scribbled(machine, iso=disc)
    check(memory, pages, symbols)
    assert all(path.read_bytes() in memory for path in modules)
