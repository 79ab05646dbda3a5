"""`cub code`: disassembles at %rip in the mode that the processor is in.

GDB takes the machine for a 64-bit one from the first instruction on, because QEMU says
so, and cannot be told otherwise; its x/i and layout asm misread the 32-bit beginning.
objdump(1) reads the same bytes rightly.
"""

from __future__ import annotations

import re
import subprocess
import tempfile

import gdb

from grader.gdbcub import command, register
from grader.gdbcub.bootinfo import code_bits

LONGEST = 15        # bytes of an instruction


MACHINES = {16: "i8086", 32: "i386", 64: "i386:x86-64"}     # objdump's names


@command("code", "disassemble at %rip, in 16-, 32- or 64-bit form as the processor runs it", "[COUNT]")
def code(words: list[str]) -> None:
    count = int(words[0]) if words and words[0].isdigit() else 6
    bits = code_bits()
    at = register("rip") + (register("cs") * 16 if bits == 16 else 0)
    data = bytes(gdb.selected_inferior().read_memory(at, count * LONGEST))
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        said = subprocess.run(["objdump", "-D", "-b", "binary", "-m", MACHINES[bits], f"--adjust-vma={at:#x}",
                               file.name], capture_output=True, text=True).stdout
    lines = [line for line in said.splitlines() if re.match(r"\s*[0-9a-f]+:\t.*\t", line)]
    print("\n".join(lines[:count]))
