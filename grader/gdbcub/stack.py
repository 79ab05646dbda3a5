"""`cub backtrace`: the chain of frame pointers, as the kernel's own backtrace walks it.

GDB's `backtrace` reads the debug information instead; where the two disagree, the
stack is damaged or the code at %rip has no debug information.
"""

from __future__ import annotations

import re
from typing import Iterator

import gdb

from grader.gdbcub import command, register

FRAMES = 64


def word(address: int) -> int:
    """Eight bytes of guest memory."""
    return int.from_bytes(bytes(gdb.selected_inferior().read_memory(address, 8)), "little")


def symbol(address: int, calling: int) -> str:
    """"function+0x12 at file:line" for a code address; calling: the same, or the byte before a return
    address, which may lie just behind its function."""
    said = gdb.execute(f"info symbol {calling:#x}", to_string=True)
    found = re.match(r"(\S+)(?: \+ (\d+))? in section ", said)
    distance = int(found[2] or 0) + address - calling if found else 0
    name = f"{found[1]}+{distance:#x}" if distance else found[1] if found else "?"
    line = gdb.find_pc_line(calling)
    return f"{name} at {line.symtab.filename}:{line.line}" if line.symtab else name


class Broken(Exception):
    """Why a chain of frames does not go on, in one line."""


def callers(frame: int) -> Iterator[int]:
    """The return addresses to which a chain of frames leads; raises Broken where it is not whole."""
    for _ in range(FRAMES):
        if frame == 0:
            return
        try:
            following, at = word(frame), word(frame + 8)
        except gdb.MemoryError:
            raise Broken(f"the next frame, {frame:#x}, is not in memory") from None
        if following and following <= frame:
            raise Broken(f"the chain leads back, to {following:#x}")
        if at == 0:
            return
        yield at
        frame = following


def show(at: int, addresses: Iterator[int], called: bool = False) -> None:
    """A line for a code address, and one for each of its callers; called: it is a return address
    itself, which may be the next line's: the call lies before it."""
    print(f"#0  {at:#018x}  {symbol(at, at - called)}")
    try:
        for number, address in enumerate(addresses, 1):
            print(f"#{number:<2} {address:#018x}  {symbol(address, address - 1)}")
    except Broken as broken:
        print(f"    {broken}")


@command("backtrace", "show the callers by following the frame pointers")
def backtrace(words: list[str]) -> None:
    show(register("rip"), callers(register("rbp")))
