"""`cub info` and `cub memmap`: how the kernel was booted, from its struct bootinfo."""

from __future__ import annotations

import re

import gdb

from grader.gdbcub import command, register, text

CR0_PG, EFER_LMA = 1 << 31, 1 << 10
MIB = 1 << 20


def code_bits() -> int:
    """16, 32 or 64: how the processor reads code now.  Only QEMU sees that, in the hidden part of CS."""
    found = re.search(r"^CS\b.*\bCS(16|32|64)\b", gdb.execute("monitor info registers", to_string=True), re.MULTILINE)
    return int(found[1]) if found else 64


def mode() -> str:
    """What mode the processor is in."""
    if not register("cr0") & 1:
        return "16-bit real mode"
    if register("efer") & EFER_LMA:
        return "long mode" if code_bits() == 64 else "long mode, still in 32-bit code"
    return "32-bit protected mode, paging " + ("on" if register("cr0") & CR0_PG else "off")


def bootinfo() -> gdb.Value:
    """The guest's bootinfo; raises GdbError while the kernel has not filled it."""
    try:
        value = gdb.parse_and_eval("bootinfo")
        if text(value["protocol"]):
            return value
    except gdb.MemoryError:
        pass
    raise gdb.GdbError("bootinfo is not filled yet: bootinfo_init does it, at the beginning of kmain")


def ranges(info: gdb.Value) -> list[tuple[int, int, str]]:
    """The cleaned memory map: start, end and kind of each range."""
    memmap = info["memmap"]
    rows = [memmap["range"][i] for i in range(int(memmap["count"]))]
    return [(int(row["start"]), int(row["end"]), kind(row["kind"])) for row in rows]


def kind(value: gdb.Value) -> str:
    """"usable" for MEMORY_USABLE."""
    return str(value).removeprefix("MEMORY_").lower()


@command("info", "show the processor's state and how the kernel was booted")
def info(words: list[str]) -> None:
    state = " ".join(f"{name} {register(name):#x}" for name in ("cr0", "cr3", "cr4", "efer"))
    print(f"processor  {mode()}: {state}")
    boot = bootinfo()
    loader = text(boot["loader"])
    print(f"booted by  {text(boot['protocol'])}{', ' if loader else ''}{loader}")
    print(f"arguments  {text(boot['command_line'])}")
    for i in range(int(boot["modules"])):
        module = boot["module"][i]
        print(f"module     {int(module['start']):016x} - {int(module['end']):016x}  {text(module['name'])}")
    frame = boot["framebuffer"]
    if int(frame["width"]):
        print(f"screen     {int(frame['width'])} x {int(frame['height'])}, {int(frame['bits'])} bits, "
              f"at {int(frame['physical']):#x}")
    usable = sum(end - start for start, end, what in ranges(boot) if what == "usable")
    print(f"memory     {usable // MIB} MiB usable")


@command("memmap", "show the map of physical memory")
def memmap(words: list[str]) -> None:
    for start, end, what in ranges(bootinfo()):
        print(f"{start:016x} - {end:016x}  {what:9} {(end - start) // 1024:>10} KiB")
