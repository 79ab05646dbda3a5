"""`cub backtrace`: the chain of frame pointers, as the kernel's own backtrace walks it.

GDB's `backtrace` reads the debug information instead; where the two disagree, the
stack is damaged or the code at %rip has no debug information.
"""

from __future__ import annotations

import re

import gdb

from grader.gdbcub import command, register

FRAMES = 64


def word(address: int) -> int:
    """Eight bytes of guest memory."""
    return int.from_bytes(bytes(gdb.selected_inferior().read_memory(address, 8)), "little")


def symbol(address: int, calling: int) -> str:
    """"function+0x12 at file:line" for a code address."""
    said = gdb.execute(f"info symbol {address:#x}", to_string=True)
    name = said.split(" in section ")[0] if " in section " in said else "?"
    name = re.sub(r" \+ (\d+)$", lambda found: f"+{int(found[1]):#x}", name)
    line = gdb.find_pc_line(calling)
    return f"{name} at {line.symtab.filename}:{line.line}" if line.symtab else name


@command("backtrace", "show the callers by following the frame pointers")
def backtrace(words: list[str]) -> None:
    at, frame = register("rip"), register("rbp")
    for number in range(FRAMES):
        # A return address may be the next line's: the call lies before it.
        print(f"#{number:<2} {at:#018x}  {symbol(at, at - (number > 0))}")
        if frame == 0:
            return
        try:
            following, at = word(frame), word(frame + 8)
        except gdb.MemoryError:
            print(f"    the next frame, {frame:#x}, is not in memory")
            return
        if following and following <= frame:
            print(f"    the chain leads back, to {following:#x}")
            return
        frame = following
