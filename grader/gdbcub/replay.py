"""`cub when`, `cub seek` and `cub back`: moving in a recorded run, by instructions and by stops.

GDB's reverse-stepi works in a replay: QEMU loads the snapshot of the beginning and runs
to the instruction before.  QEMU 7.2 now and then deadlocks while it loads one, though: the
thread that loads it holds the replay lock and waits for the processor's thread, which, if
it has not yet come to rest, waits for that lock.  GDB's reverse-continue (and reverse-finish,
and reverse-next over a call, which use it) sets breakpoints just before and meets that most.

So the commands here let the processor come to rest, load the snapshot, and run forwards:
`cub seek` once, to a stop set by the monitor; `cub back` twice, first to see where the
breakpoints stop and then to the last of those places.
"""

from __future__ import annotations

import re
import time

import gdb

from grader.gdbcub import command, quietly, session

REST = 0.2      # seconds for QEMU's threads to come to rest


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


def rewind() -> None:
    """To the beginning of the recording."""
    time.sleep(REST)
    monitor("loadvm init")
    gdb.execute("maintenance flush register-cache", to_string=True)


def go(here: int, target: int) -> None:
    """Back by the snapshot, then forward to a stop that the monitor sets."""
    if target < here:
        rewind()
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


@command("back", "go back to the last place before here where a breakpoint or watchpoint stops")
def back(words: list[str]) -> None:
    need_replay()
    here = now()
    place = last_stop(here)
    go(now(), here if place is None else place)
    gdb.execute("maintenance flush register-cache", to_string=True)
    if place is None:
        raise gdb.GdbError("nothing stops before here")
    gdb.execute("frame")


def last_stop(here: int) -> int | None:
    """Runs from the beginning to `here` and returns the last stop before it."""
    rewind()
    monitor(f"replay_break {here}")
    place = None
    while True:
        quietly("continue")
        if (at := now()) >= here:
            monitor("replay_delete_break")
            return place
        place = at
