"""Exercise 1.1 from outside: the processor's registers and the guest's page tables.

The kernel stands still in its `longmode_look` probe while its tables are read from
guest memory and walked from CR3 by the rules of the Intel SDM, volume 3, section 4.5.
Nothing that the kernel says of itself is believed.
"""

import struct

import pytest

PRESENT, WRITE, USER, LARGE, NX = 1, 2, 4, 1 << 7, 1 << 63
ADDRESS = 0x000F_FFFF_FFFF_F000
DIRECT_MAP, KERNEL_BASE = 0xFFFF_8000_0000_0000, 0xFFFF_FFFF_8000_0000
MIB, GIB, PAGE = 1 << 20, 1 << 30, 4096

pytestmark = pytest.mark.exercise("1.1")


def looking(machine, addresses=()):
    """A machine whose kernel has read those addresses and stands still, and what it read."""
    guest = machine(ktest="longmode_look", input="".join(f"{a:#x}\n" for a in addresses).encode())
    guest.com2.expect("# reply looking\n")
    said = [line[len("# reply "):] for line in guest.com2.lines if line.startswith("# reply ")]
    return guest, [bytes.fromhex(line) for line in said[:-1]]


def pages(guest, parent, level=3, base=0, rights=WRITE | USER, never=0):
    """Every page below a table, rising: (virtual, physical, bytes, writable, user, executable)."""
    for index, entry in enumerate(struct.unpack("<512Q", guest.memory(parent & ADDRESS, PAGE))):
        virtual, size = base + (index << 12 + 9 * level), 1 << 12 + 9 * level
        if level == 3 and index >= 256:
            virtual |= 0xFFFF << 48
        if not entry & PRESENT:
            continue
        both, nx = rights & entry, never | entry & NX
        if level == 0 or level < 3 and entry & LARGE:
            yield virtual, entry & ADDRESS & -size, size, bool(both & WRITE), bool(both & USER), not nx
        else:
            yield from pages(guest, entry, level - 1, virtual, both, nx)


def joined(ranges):
    """Rising ranges, those that touch made one."""
    out = []
    for start, end in ranges:
        if out and out[-1][1] == start:
            out[-1] = (out[-1][0], end)
        else:
            out.append((start, end))
    return out


def shown(ranges):
    return ", ".join(f"{start:#x}-{end:#x}" for start, end in ranges)


def test_page_tables(machine, symbols):
    """The tables say what the drawing in longmode.S says, and no more."""
    guest, _ = looking(machine)
    direct, kernel = [], []
    for virtual, physical, size, writable, user, executable in pages(guest, guest.registers()[0]["cr3"]):
        in_kernel = virtual >= KERNEL_BASE
        at = virtual - (KERNEL_BASE if in_kernel else DIRECT_MAP)
        assert virtual >= DIRECT_MAP, f"{virtual:#x} is mapped, which is below the direct map"
        assert physical == at, f"{virtual:#x} leads to physical address {physical:#x} instead of {at:#x}"
        assert writable, f"{virtual:#x} is not writable"
        assert not user, f"{virtual:#x} can be reached by user programs"
        assert executable == in_kernel, f"execution at {virtual:#x} is {'allowed' if executable else 'forbidden'}"
        (kernel if in_kernel else direct).append((at, at + size))
    guard = symbols.address("boot_stack_guard") - KERNEL_BASE     # a hole, wherever it would appear
    for name, seen, end in (("direct map", direct, 4 * GIB), ("kernel's window", kernel, GIB)):
        right = [(0, guard), (guard + PAGE, end)]
        assert joined(seen) == right, f"the {name} reaches {shown(joined(seen))} instead of {shown(right)}"


def test_control_registers(machine, symbols, rng):
    """PAE, long mode, NX and write protection are on, and reads get what lies where they point."""
    start, end = (symbols.address(name) - KERNEL_BASE for name in ("text_start", "text_end"))
    chosen = [rng.randrange(start, end - 8) for _ in range(20)]                 # the kernel's code
    chosen += [4 * GIB - rng.randrange(1, 0x1000) * 8 for _ in range(20)]       # the firmware
    guest, read = looking(machine, chosen)
    state = guest.registers()[0]
    assert state["cr0"] >> 31 & 1, "CR0.PG is off"
    assert state["cr0"] >> 16 & 1, "CR0.WP is off: the kernel can write to read-only pages"
    assert state["cr4"] >> 5 & 1, "CR4.PAE is off"
    assert state["efer"] >> 8 & 1, "EFER.LME is off"
    assert state["efer"] >> 10 & 1, "EFER.LMA is off: this is not long mode"
    assert state["efer"] >> 11 & 1, "EFER.NXE is off: the NX bit of page tables means nothing"
    for address, seen in zip(chosen, read, strict=True):
        right = guest.memory(address, 8)
        assert seen == right, f"at physical address {address:#x} the kernel reads {seen.hex()} instead of {right.hex()}"
