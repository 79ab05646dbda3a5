"""Finds out, without waiting for a time limit, that a machine will never move again.

The machine is stopped for a moment every now and then and looked at.  If its
registers and all of its memory are what they were at an earlier look, and
interrupts are off, it goes round in a circle for ever, unless a device changes its
mind; for that it is given DEVICE_TIME of guest time between the two looks.  This
is proof, not patience: a kernel that computes changes a register or a word of
memory and is never caught, on a host however slow.  A processor that stands at the
address of its last page fault while no guest time passes cannot even execute its fault
handler: it takes one fault after another, and no instruction ever counts.  When to look is decided by the
wall clock, what is seen is not.

Guest time is read from the ACPI power-management timer (ICH9 datasheet, PMBASE;
3.579545 MHz, 24 bits), which is part of q35 and costs the guest nothing.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

from grader import cpustate
from grader.dialogue import DEVICE_TIME
from grader.qmp import Qmp

PM_TIMER = 0x608
PM_HERTZ = 3579545
PM_MASK = (1 << 24) - 1
FIRST_LOOK = 0.25       # wall seconds without a sign before the first look
NEXT_LOOK = 0.05        # and between looks
SEEN_MAX = 2000
HALTED = "the processor is halted with interrupts off"
FAULTS = "page faults without end: the code that handles them cannot be executed itself"


@dataclass(frozen=True)
class Standstill:
    """`reason`: one line."""

    reason: str


class Watcher:
    """Looks at one machine.  Needs icount: elsewhere only a dead processor is seen."""

    def __init__(self, qmp: Qmp, memory_bytes: int, directory: Path, exact: bool) -> None:
        self._qmp, self._size, self._file, self._exact = qmp, memory_bytes, directory / "ram", exact
        self._timer = 0
        self.now = 0.0              # guest seconds seen so far
        self.reset()

    def prepare(self) -> None:
        """Places the timer where firmware would (PCI 00:1f.0, registers 0x40 and 0x44)."""
        for line in ("o /w 0xcf8 0x8000f840", "o /w 0xcfc 0x601", "o /w 0xcf8 0x8000f844", "o /b 0xcfc 0x80"):
            self._qmp.human(line)

    def reset(self) -> None:
        """Forgets what was seen: something came in or went out."""
        self._seen: set[str] = set()
        self._mark: tuple[str, float, bytes] | None = None
        self._next = time.monotonic() + FIRST_LOOK

    def hurry(self) -> None:
        """Asks for the next look soon."""
        self._next = min(self._next, time.monotonic() + NEXT_LOOK)

    def poll(self, device_time: float = DEVICE_TIME) -> Standstill | None:
        """Looks if it is time to; returns a Standstill once there is one."""
        if time.monotonic() < self._next:
            return None
        self._qmp.command("stop")
        if self._qmp.pending("WATCHDOG", "SHUTDOWN"):
            return None         # it has just ended in another way: leave it stopped
        found = self._look(device_time)
        self._qmp.command("cont")
        self._next = time.monotonic() + NEXT_LOOK
        return found

    def _look(self, device_time: float) -> Standstill | None:
        state = self._qmp.human("info registers -a")
        before = self.now
        self._advance()
        cpus = cpustate.registers(state)
        if cpustate.dead(cpus):
            return Standstill(HALTED)
        if self._exact and self.now == before and any(cpu["rip"] == cpu["cr2"] != 0 for cpu in cpus):
            return Standstill(FAULTS)
        if not self._exact or any(cpustate.interrupts_on(cpu) for cpu in cpus):
            self._mark = None
            return None
        return self._compare(state, device_time)

    def _compare(self, state: str, device_time: float) -> Standstill | None:
        """Registers first, which is cheap; memory only once they repeat."""
        if self._mark is None:
            if state in self._seen:
                self._mark = (state, self.now, self._memory())
            elif len(self._seen) < SEEN_MAX:
                self._seen.add(state)
            return None
        known, since, memory = self._mark
        if state != known or self.now - since < device_time:
            return None
        again = self._memory()
        if again == memory:
            return Standstill("it goes round in a loop that changes no register and no memory")
        self._mark = (state, self.now, again)
        return None

    def _advance(self) -> None:
        answer = self._qmp.human(f"i /w {PM_TIMER:#x}")
        value = int(answer.split("=")[1], 16) & PM_MASK
        self.now += ((value - self._timer) & PM_MASK) / PM_HERTZ
        self._timer = value

    def _memory(self) -> bytes:
        """A digest of all memory."""
        self._qmp.command("pmemsave", val=0, size=self._size, filename=str(self._file))
        with open(self._file, "rb") as memory:
            digest = hashlib.file_digest(memory, "sha1").digest()
        self._file.unlink()
        return digest
