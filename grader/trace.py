"""`make trace`: what the scheduler did in a test, as a picture.

    python3 -m grader trace --lab 3 --test NAME [--seed 0x2a] [--cpus 2]

boots the test with "trace" on the command line and writes build/labN/trace/NAME.svg, for a
browser, and NAME.json, for https://ui.perfetto.dev.  The kernel tells its trace on COM2 at its
end (timeline.py); of one that hangs, the rings are read out of its memory.

`make grade` does the same with the first tests that fail, and their reports name the pictures.
"""

from __future__ import annotations

import argparse
import os
import re
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterable

from grader import build, emulator as emu, explain, gdb, ktap, ktests, lab as labs, timeline, timeline_json, timeline_svg
from grader.machine import Backstop, End, Machine, MachineError
from grader.qmp import QmpError
from grader.timeline import Event, Timeline
from grader.verdicts import Result

FIRST = 3               # the lab from which on there is something to trace
PICTURES = 3            # failures of a grade that get one, at most
TELLING = 2             # guest seconds that the dump may take
RINGS, RING = "trace_rings", struct.Struct("<QQ")           # lab3-threads/trace/trace.c
EVENT = struct.Struct("<QQII24s")
KINDS = ("", "switch", "wake", "start", "exit", "wait", "waited", "mark")
RING_EVENTS = (4096 << 5) // EVENT.size
DIRECT_MAP, KERNEL_BASE = 0xffff800000000000, 0xffffffff80000000
CPUS = 8
DUMP = CPUS * (RING_EVENTS + 1) + 1         # lines of the longest dump; a forged one may be longer


@dataclass(frozen=True)
class Traced:
    """A boot with the trace on: how it ended, and what ran when."""

    end: End
    timeline: Timeline


def boot(kernel: build.Kernel, test: str, *, limit: float = ktests.LIMIT, append: str = "", **options) -> Traced:
    """Boots that test with the trace on; `options` are launch.Options'.  Raises MachineError."""
    with Machine(kernel, ktest=test, append=f"{append} trace".strip(), limit=limit + TELLING, **options) as machine:
        end = machine.wait()
        told = timeline.read(ktap.read(machine.com2.text).events[:DUMP])
        return Traced(end, told if told.events else from_memory(machine))


def write(traced: Traced, where: Path, name: str, seed: int) -> Path:
    """Both files of a traced boot; returns the picture's path."""
    where.mkdir(parents=True, exist_ok=True)
    ended = explain.end_in_words(traced.end)
    about = {"test": name, "seed": f"{seed:#x}", "end": ended}
    (where / f"{name}.json").write_text(timeline_json.render(traced.timeline, about))
    picture = where / f"{name}.svg"
    picture.write_text(timeline_svg.render(traced.timeline, name, f"seed {seed:#x} · {explain.shortened(ended)}"))
    return picture


# --- a machine that hangs ----------------------------------------------------------------


def from_memory(machine: Machine) -> Timeline:
    """What stands in the rings of a machine that is stopped; empty if it cannot be looked at."""
    if machine.end is None or machine.end.status is not None or RINGS not in machine.symbols:
        return Timeline()
    try:
        return _rings(machine)
    except (QmpError, Backstop, OSError, struct.error):
        return Timeline()


def _physical(address: int) -> int:
    return address - (KERNEL_BASE if address >= KERNEL_BASE else DIRECT_MAP)


def _rings(machine: Machine) -> Timeline:
    events, lost, cpus = [], 0, []
    start = machine.memory(_physical(machine.symbols.address(RINGS)), RING.size * CPUS)
    for cpu, (at, written) in enumerate(RING.iter_unpack(start)):
        if not at or not written:
            continue
        cpus.append(cpu)
        kept = min(written, RING_EVENTS)
        lost += written - kept
        ring = list(EVENT.iter_unpack(machine.memory(_physical(at), EVENT.size * RING_EVENTS)))
        for place in range(written - kept, written):
            time, other, thread, kind, text = ring[place % RING_EVENTS]
            if 0 < kind < len(KINDS):
                if KINDS[kind] == "mark":
                    text = machine.memory(_physical(other), len(text))
                events.append(Event(time, cpu, KINDS[kind], thread, other, _text(text)))
    return timeline.build(events, cpus, lost=lost, whole=False)


def _text(data: bytes) -> str:
    return timeline.printable(data.split(b"\0")[0].decode(errors="replace"))


# --- beside a grade's report -------------------------------------------------------------


def wanted(lab: int, results: Iterable[Result]) -> list[Result]:
    """The failed tests of which a picture is made: the first ones that booted a kernel test or a
    probe.  An exercise that is not written needs none."""
    failed = [result for result in results if result.outcome == "failed" and (result.booted or not result.outside)
              and not result.reason.startswith("todo ")]
    return failed[:PICTURES] if lab >= FIRST else []


def pictured(result: Result, kernel: build.Kernel, where: Path, shown: Path, seed: int, **options) -> Result:
    """The same failure with a picture of it, which is made from another run with the same seed and
    lies in `where`, which a person calls `shown`.  Without one if nothing was traced.  What a Python
    test booted is booted as it did; it has judged it, so that the boot itself passes tells nothing."""
    test, name = result.name, re.sub(r"[^\w.-]+", "-", result.name).strip("-")
    if result.booted:
        options = {**result.booted, "input": bytes.fromhex(result.booted["input"])}
        test = options.pop("test")
    try:
        traced = boot(kernel, test, seed=seed, **options)
    except MachineError:
        return result
    if not traced.timeline.tells:
        return result
    write(traced, where, name, seed)
    passed = traced.end.kind == "passed" and not result.booted
    line = f"picture:  {shown / name}.svg" + (
        " (run again with the trace on, the test passed; that run is shown)" if passed else "")
    return replace(result, picture=f"{where.name}/{name}.svg", block=f"{result.block}\n{line}".strip())


# --- the verb ----------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    emu.machine_arguments(parser)
    gdb.test_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Traces one boot and says where the files are."""
    return emu.finish(lambda: trace(args))


def trace(args: argparse.Namespace) -> int:
    emu.need(emu.QEMU)
    if args.lab < FIRST:
        raise emu.EmulatorError(f"lab {args.lab} has one thread only: there is nothing to trace before lab {FIRST}")
    if not args.test:
        raise emu.EmulatorError("which test? make trace TEST=name")
    memory, cpus = emu.machine(args.lab, args.memory, args.cpus)
    traced = boot(emu.kernel(args.lab, tests=True), args.test, limit=limit(args.lab, args.test), seed=args.seed,
                  input=gdb.read_input(args.input), append=args.append, memory=memory, cpus=cpus, icount=cpus == 1)
    if not traced.timeline.events:
        raise emu.EmulatorError(f"no trace came of {args.test}: {explain.end_in_words(traced.end)}")
    where = emu.ROOT / f"build/lab{args.lab}/trace"
    picture = write(traced, where, args.test, args.seed)
    count = len(traced.timeline.events)
    print(f"{args.test}: {explain.end_in_words(traced.end)}; {count} events")
    print(f"{os.path.relpath(picture)}: open it in a browser")
    print(f"{os.path.relpath(picture.with_suffix('.json'))}: open it in https://ui.perfetto.dev")
    return 0


def limit(lab: int, test: str) -> float:
    """The guest seconds that a test or probe of that stage, or one below, has."""
    try:
        for number, directory in labs.directories(emu.ROOT).items():
            known = ktests.of_lab(emu.ROOT / directory) if number <= lab else {}
            if test in known:
                return known[test].limit
    except ktests.KtestError as error:
        raise emu.EmulatorError(str(error)) from None
    raise emu.EmulatorError(f"lab {lab} has no kernel test {test}")
