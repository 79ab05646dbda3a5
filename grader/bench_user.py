"""`make bench LAB=4`, the programs' part: what a program's operations cost on Cub, and on Linux.

lab4-interrupts/user/bench.c measures itself with the time-stamp counter and prints what the kernel's
own benchmarks print.  One static binary in one initrd is booted on both kernels, in the same QEMU,
on one processor: under -icount for instructions, without it for the host's cycles (see bench.py),
and there in turn, so that a slow minute of the host hits each alike.  Without a Linux (linux.py)
its columns are missing, and it is said why.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from grader import emulator as emu, initrd, linux, user

PREFIX = "user_"        # of the programs' benchmarks
PROGRAM = "bench"
FAILED = re.compile(r"^# failed (.*)", re.MULTILINE)
STATUS = re.compile(r"^init: status (\d+)$", re.MULTILINE)
AIM = 0.5               # of Linux's instructions
TITLE = "one operation of a program"

Said = dict[str, tuple[int, int, str]]      # by name: operations, ticks, title


@dataclass
class UserRow:
    """What one operation of a program costs, on Cub and, if there is one, on Linux."""

    name: str
    title: str
    instructions: float
    cycles: float
    linux_instructions: float | None = None
    linux_cycles: float | None = None

    @property
    def ratio(self) -> float | None:
        """Cub's part of Linux's instructions."""
        theirs = self.linux_instructions
        return None if theirs is None else self.instructions / max(theirs, 0.1)


def wanted(lab: int, asked: str) -> bool:
    """Whether a stage has programs, and that name may be one of theirs."""
    return lab >= user.FIRST_LAB and (asked == "all" or asked.startswith(PREFIX))


def image(lab: int, where: Path) -> Path:
    """An initrd with the program and what starts it."""
    try:
        made = user.programs(emu.ROOT, lab)
    except user.UserError as error:
        raise emu.EmulatorError(f"the programs do not build: {error}") from None
    path = where / "initrd.cpio"
    path.write_bytes(initrd.archive(initrd.programs({"init": made["init"], f"bin/{PROGRAM}": made[PROGRAM]})))
    return path


def read(name: str, console: str, line: re.Pattern) -> Said:
    """What the program has told; raises EmulatorError unless it ended well, and all that it tried did."""
    if failed := FAILED.search(console):
        raise emu.EmulatorError(f"on {name}: {failed[1]}")
    status = STATUS.search(console)
    if not status or status[1] != "0":
        (last,) = console.strip().splitlines()[-1:] or ["nothing"]
        raise emu.EmulatorError(f"on {name} {PROGRAM} did not end well; the console said last: {last}")
    found = (line.fullmatch(text) for text in console.splitlines())
    return {match[1]: (int(match[2]), int(match[3]), match[4]) for match in found if match}


@dataclass
class Machine:
    """A kernel that the programs are booted with."""

    name: str
    kernel: Path
    initrd: Path
    line: re.Pattern

    def boot(self, asked: str, icount: bool) -> Said:
        """One boot."""
        return read(self.name, linux.run(self.name, self.kernel, self.initrd, f"-- /bin/{PROGRAM} {asked}",
                                         icount=icount), self.line)


def measure(elf: Path, lab: int, asked: str, runs: int, line: re.Pattern, exact) -> tuple[list[UserRow], str]:
    """The rows that are asked for, and why Linux's figures are missing ("" if they are not).  line is
    the form of a figure, exact raises EmulatorError for a clock that counts something else."""
    with tempfile.TemporaryDirectory(prefix="cub-bench-") as scratch:
        machines, why = [Machine("Cub", elf, image(lab, Path(scratch)), line)], ""
        try:
            machines.append(Machine("Linux", linux.image(), machines[0].initrd, line))
        except linux.NoLinux as error:
            why = str(error)
        counted = [machine.boot(asked, True) for machine in machines]
        for said in counted:
            exact(said)
        names = [name for name in counted[0] if name.startswith(PREFIX)]
        turns = [[machine.boot(asked, False) for machine in machines] for _ in range(runs if names else 0)]
    return [row(name, counted, turns) for name in names], why


def row(name: str, counted: list[Said], turns: list[list[Said]]) -> UserRow:
    """One operation's figures: Cub's, then Linux's."""
    figures = []
    for machine, said in enumerate(counted):
        operations, ticks, title = said[name]
        least = min(turn[machine][name][1] for turn in turns)
        figures += [ticks / operations, least / operations]
    return UserRow(name, counted[0][name][2], *figures)


def table(rows: list[UserRow], why: str, aside=lambda row: "") -> str:
    """The figures, a line an operation; aside(row) is put behind it."""
    width = max(len(text) for text in (TITLE, *(row.title for row in rows)))
    with_linux = rows[0].ratio is not None
    beside = f"  {'on Linux':>13}  ratio" if with_linux else ""
    head = f"{TITLE:{width}}" + "".join(f"  {counted:>13}{beside}" for counted in ("instructions", "cycles"))
    return "\n".join([head, *(one(row, width) + aside(row) for row in rows), *notes(rows, why)])


def one(row: UserRow, width: int) -> str:
    """A line of the table."""
    if row.ratio is None:
        return f"{row.title:{width}}  {row.instructions:13,.1f}  {row.cycles:13,.1f}"
    pairs = ((row.instructions, row.linux_instructions), (row.cycles, row.linux_cycles))
    return f"{row.title:{width}}" + "".join(f"  {ours:13,.1f}  {theirs:13,.1f}  {ours / max(theirs, 0.1):5.2f}"
                                            for ours, theirs in pairs)


def notes(rows: list[UserRow], why: str) -> list[str]:
    """What stands below the table."""
    if why:
        return [f"Linux's figures are missing: {why}"]
    behind = [f"{row.title} ({row.ratio:.2f})" for row in rows if row.ratio is not None and row.ratio > AIM]
    return [f"More than {AIM:g} of Linux's instructions: {', '.join(behind)}"] if behind else []
