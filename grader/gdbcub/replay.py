"""`cub when` and `cub seek`: the place in a recorded run, counted in instructions.

GDB's own reverse-stepi, reverse-next, reverse-continue... work in a replay, too: QEMU
loads the snapshot of the beginning and runs to the place before.  `cub seek N` goes to
any place, earlier or later, and stops at no breakpoint on the way.
"""

from __future__ import annotations

import re

import gdb

from grader.gdbcub import command, quietly, session


def monitor(line: str) -> str:
    """What QEMU's monitor answers; GDB passes it through."""
    return gdb.execute(f"monitor {line}", to_string=True).strip()


def need_replay() -> None:
    if not session.get("replay"):
        raise gdb.GdbError("this is no recorded run: make record TEST=name, then make replay TEST=name")


def now() -> int:
    """How many instructions have run."""
    found = re.search(r"instruction count = (\d+)", monitor("info replay"))
    if not found:
        raise gdb.GdbError("QEMU does not say where the replay is")
    return int(found[1])


@command("when", "show how many instructions of the recorded run have passed")
def when(words: list[str]) -> None:
    need_replay()
    print(now())


@command("seek", "go to a place in the recorded run", "INSTRUCTIONS   (as cub when shows; -100 and +100 count from here)")
def seek(words: list[str]) -> None:
    need_replay()
    if len(words) != 1 or not re.fullmatch(r"[+-]?\d+", words[0]):
        raise gdb.GdbError("usage: cub seek INSTRUCTIONS")
    here = now()
    target = max(0, here + int(words[0]) if words[0][0] in "+-" else int(words[0]))
    go(here, target)
    gdb.execute("maintenance flush register-cache", to_string=True)
    gdb.execute("frame")


def go(here: int, target: int) -> None:
    """Back by the snapshot, then forward to a stop that the monitor sets."""
    if target < here:
        monitor("loadvm init")
        gdb.execute("maintenance flush register-cache", to_string=True)
    if target in (0, here):
        return
    held = [point for point in gdb.breakpoints() if point.enabled]
    for point in held:
        point.enabled = False
    try:
        if said := monitor(f"replay_break {target}"):
            raise gdb.GdbError(said)
        quietly("continue")
    finally:
        for point in held:
            if point.is_valid():
                point.enabled = True
