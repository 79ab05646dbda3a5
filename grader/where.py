"""Where the processors are, seen from outside: registers, symbols and the frame pointers' chain.

The kernel itself is not asked, so this also works for one that hangs, whose
stack is broken or whose console is unwritten.  Frames: System V ABI for x86-64,
section 3.2.2 (with -fno-omit-frame-pointer).
"""

from __future__ import annotations

import re

from grader import cpustate
from grader.qmp import Qmp
from grader.symbols import Symbols

FRAMES = 16
KERNEL = 1 << 63        # addresses above this are the kernel's


def lines(qmp: Qmp, symbols: Symbols) -> tuple[str, ...]:
    """One line for each processor and one for each of its callers."""
    found = []
    for number, cpu in enumerate(cpustate.registers(qmp.human("info registers -a"))):
        state = " (halted)" if cpu.get("hlt") else ""
        found.append(f"cpu {number} at {symbols.name(cpu['rip'])}{state}")
        qmp.human(f"cpu {number}")
        found += [f"  called from {symbols.caller(address)}" for address in callers(qmp, cpu)]
    return tuple(found)


def callers(qmp: Qmp, cpu: dict[str, int]) -> list[int]:
    """The return addresses that the frame pointers lead to, innermost first."""
    frame, found = cpu.get("rbp", 0), []
    while cpu["bits"] == 64 and len(found) < FRAMES and frame >= KERNEL and frame % 8 == 0:
        words = re.findall(r"0x([0-9a-f]{16})", qmp.human(f"x /2gx {frame:#x}").partition(":")[2])
        if len(words) != 2 or int(words[1], 16) < KERNEL:
            break
        found.append(int(words[1], 16))
        after = int(words[0], 16)
        if after <= frame:      # frames lie towards higher addresses
            break
        frame = after
    return found
