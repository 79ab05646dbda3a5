"""`cub pt`: the page tables that the processor uses now, or its way to one address.

They are read from physical memory (QEMU's gdbstub has a mode for that), so this also works
while the kernel cannot reach its own tables.  The same map inside the kernel: the monitor's
`pt` and `map`.  The walk itself: grader/pagewalk.py.
"""

from __future__ import annotations

import contextlib
from typing import Iterator

import gdb

from grader import pagewalk
from grader.gdbcub import command, register

CR0_PG, CR4_PAE, EFER_LME = 1 << 31, 1 << 5, 1 << 8
MOST = 400      # lines


def evaluate(words: list[str]) -> int:
    """The value of an expression in GDB's language, as an unsigned number; an array's or a
    function's is its address."""
    value = gdb.parse_and_eval(" ".join(words))
    if value.type.strip_typedefs().code in (gdb.TYPE_CODE_ARRAY, gdb.TYPE_CODE_FUNC, gdb.TYPE_CODE_STRUCT):
        value = value.address
    return int(value) & (1 << 64) - 1


@contextlib.contextmanager
def physical_addresses() -> Iterator[None]:
    """Within, GDB's addresses are those of physical memory."""
    gdb.execute("maintenance packet Qqemu.PhyMemMode:1", to_string=True)
    try:
        yield
    finally:
        gdb.execute("maintenance packet Qqemu.PhyMemMode:0", to_string=True)


def read(physical: int, length: int) -> bytes:
    """Guest memory by its physical address."""
    with physical_addresses():
        return bytes(gdb.selected_inferior().read_memory(physical, length))


def root() -> int:
    """CR3; raises GdbError while these are no tables with four levels."""
    if not (register("cr0") & CR0_PG and register("cr4") & CR4_PAE and register("efer") & EFER_LME):
        raise gdb.GdbError("paging is not on yet: break at kmain first")
    return register("cr3")


@command("pt", "show what the page tables map, with its rights, or the walk to an address", "[ADDRESS]")
def pt(words: list[str]) -> None:
    if words:
        show_walk(evaluate(words))
        return
    for number, run in enumerate(pagewalk.joined(pagewalk.pages(read, root()))):
        if number == MOST:
            raise gdb.GdbError(f"and more: only {MOST} lines are shown")
        print(run)


def show_walk(address: int) -> None:
    """Level by level, down to a page or to what is not present."""
    if pagewalk.canonical(address) != address:
        raise gdb.GdbError(f"{address:#x} is not canonical: bits 48 to 63 must equal bit 47")
    for step in pagewalk.walk(read, root(), address):
        print(f"level {step.level}  {pagewalk.LEVELS[step.level]:13} [{step.index:3}]  {step.entry:016x}  "
              + ending(step, address))
    if step.page:
        print(f"{step.page.rights}: what all levels allow together")


def ending(step: pagewalk.Step, address: int) -> str:
    """What an entry of the way says."""
    if not step.present:
        return "not present"
    own = pagewalk.page_of(step.entry, step.level, 0, pagewalk.WRITE | pagewalk.USER).rights
    if step.page:
        there = step.page.physical + address - step.page.virtual
        return f"{own}  page of {pagewalk.SIZES[step.page.size]}: physical {there:016x}"
    return f"{own}  table at {step.entry & pagewalk.ADDRESS:016x}"
