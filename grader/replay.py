"""`make record` and `make replay`: one test boot that can be run again, bit by bit, and backwards.

QEMU's record and replay (-icount ...,rr=): the recording run writes down everything that
comes from outside the guest and at which instruction it came; the replaying run takes it
from there.  A snapshot of the beginning goes into an (empty) qcow2 image, which makes
GDB's reverse commands possible: QEMU loads it and runs to the place before.

A recording is a directory build/labN/replay/TEST that holds all that a replay needs, the
kernel's ELF file included.  Each replay works on a copy of the image, because QEMU writes
to it.  Without GDB=1, `make replay` runs to the end and says the verdict again.

A test that explores schedules (lab3-threads/explore/) says which schedule failed.  `make
replay TEST=name SEED=0x2a SCHEDULE=37` makes that recording if there is none yet, and
stops under GDB where this schedule begins.
Read more: QEMU's docs/system/replay.rst and docs/devel/replay.rst.
"""

from __future__ import annotations

import argparse
import filecmp
import json
import os
import secrets
import shutil
import struct
from pathlib import Path

from grader import emulator as emu, gdb, launch
from grader.build import Kernel

CLUSTER = 1 << 16
PORTS = launch.SERIAL     # they go to files: a pipe that is full would be an event that no replay repeats
PATIENCE = 10       # seconds of wall time after which a boot that is recorded counts as hung
EXPLORED = 120      # ... and one that explores schedules
REPLAYED = 300      # ... and its replay, which takes about six times as long while the guest polls
UNKNOWN = "this kernel has no test of this name"     # ktest/ktest.c
FILES = ("rr.bin", "snapshots.qcow2", "recording.json", "cub.elf", "cub.sym", "input")


def empty_qcow2(path: Path, size: int = 1 << 30) -> None:
    """Writes an image with nothing in it, for snapshots.  Format: QEMU, docs/interop/qcow2.txt.

    Four clusters: the header, the table of reference counts, its one block (these four
    clusters are used once each) and the first-level table, which maps nothing.
    """
    header = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, 16, size, 0,
                         -(-size // (CLUSTER * CLUSTER // 8)), 3 * CLUSTER, CLUSTER, 1, 0, 0)
    with open(path, "wb") as image:
        image.truncate(4 * CLUSTER)
        image.write(header)
        image.seek(CLUSTER)
        image.write(struct.pack(">Q", 2 * CLUSTER))
        image.seek(2 * CLUSTER)
        image.write(struct.pack(">4H", 1, 1, 1, 1))


def place(lab: int, test: str, tree: Path = emu.ROOT) -> Path:
    """Where the recording of a test is kept."""
    return tree / f"build/lab{lab}/replay" / (test or "monitor")


def extra(mode: str, where: Path, image: Path) -> list[str]:
    """The options that make QEMU record or replay."""
    return ["-icount", f"rr={mode},rrfile={where}/rr.bin,rrsnapshot=init",
            "-drive", f"file={image},if=none,id=snapshots"]


def record(kernel: Kernel, where: Path, *, test: str, seed: int, input: bytes = b"", memory: str = "64M",
           cpus: int = 1, schedule: int | None = None, show: bool = True, patience: float = PATIENCE) -> str:
    """Boots that test and keeps its recording in `where`; returns the verdict's line.

    A boot that hangs is ended after so many seconds, and its replay ends at the same place.
    """
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir(parents=True)
    for path in (kernel.elf, kernel.sym):
        shutil.copyfile(path, where / path.name)
    os.symlink(kernel.elf.parent / "obj", where / "obj")
    (where / "input").write_bytes(input)
    told = {"test": test, "seed": seed, "nonce": secrets.token_hex(16), "memory": memory, "cpus": cpus,
            "schedule": schedule}
    (where / "recording.json").write_text(json.dumps(told))
    empty_qcow2(where / "snapshots.qcow2")
    with gdb.Session(_options(where), extra("record", where, where / "snapshots.qcow2"),
                     show=show, files=PORTS) as run:
        status, hung = run.wait(patience)
        verdict = f"{test}: hung: it did not end within {patience:g} s" if hung else run.verdict()
        told |= {"status": status, "hung": hung, "verdict": verdict, "com2": run.com2.decode(errors="replace")}
    (where / "recording.json").write_text(json.dumps(told))
    return told["verdict"]


def load(where: Path) -> dict:
    """What a recording says about itself; EmulatorError if it is not whole."""
    try:
        told = json.loads((where / "recording.json").read_text())
    except (OSError, ValueError):
        told = {}
    if "status" not in told or not all((where / name).exists() for name in FILES):
        raise emu.EmulatorError(f"there is no whole recording in {os.path.relpath(where)}: make record first")
    return told


def is_of(where: Path, kernel: Kernel, seed: int, input: bytes, schedule: int | None) -> bool:
    """Whether there is a recording of that kernel, seed and input that stops, if asked, at that schedule."""
    try:
        told = load(where)
    except emu.EmulatorError:
        return False
    return (told["seed"] == seed and schedule in (None, told["schedule"]) and (where / "input").read_bytes() == input
            and filecmp.cmp(where / "cub.elf", kernel.elf, shallow=False))


def _options(where: Path) -> launch.Options:
    """The machine of a recording: the grader's own, with QEMU's usual firmware."""
    told = json.loads((where / "recording.json").read_text())
    append = "" if told["schedule"] is None else f"schedule={told['schedule']}"
    return launch.Options(where / "cub.elf", ktest=told["test"], seed=told["seed"], nonce=told["nonce"],
                          input=(where / "input").read_bytes(), memory=told["memory"], cpus=told["cpus"],
                          append=append, firmware="bios")


class Replay(gdb.Session):
    """A replaying QEMU; with a debugger it starts stopped and listens for GDB."""

    def __init__(self, where: Path, *, debugger: bool = False, more: tuple[str, ...] = (),
                 show: bool = True) -> None:
        self.recording, self.where = load(where), where
        super().__init__(_options(where), more, debugger=debugger, show=show, files=PORTS)

    def _start(self) -> None:
        image = self.at / "snapshots.qcow2"
        shutil.copyfile(self.where / "snapshots.qcow2", image)
        self.extra += extra("replay", self.where, image)
        super()._start()

    def same(self) -> bool:
        """Whether it ended as the recording did and said the same on COM2."""
        return (self.process.poll() == self.recording["status"]
                and self.com2.decode(errors="replace") == self.recording["com2"])


def replay(where: Path, *, more: tuple[str, ...] = (), show: bool = True) -> str:
    """Runs a recording to its end; returns the verdict's line.  Raises EmulatorError if it differs."""
    with Replay(where, more=more, show=show) as run:
        run.wait(REPLAYED)
        if not run.same():
            raise emu.EmulatorError(f"the replay took another way than the recording: {run.said() or run.verdict()}")
        return run.recording["verdict"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of both verbs."""
    emu.machine_arguments(parser)
    gdb.test_arguments(parser)
    gdb.debugger_arguments(parser)
    parser.set_defaults(seed=None)
    parser.add_argument("--gdb", action="store_true", help="replay under GDB")
    parser.add_argument("--schedule", type=int, help="stop where this schedule of an explored test begins")


def run(args: argparse.Namespace) -> int:
    """Records or replays, as the verb says."""
    return emu.finish(lambda: (recorded if args.verb == "record" else replayed)(args))


def recorded(args: argparse.Namespace) -> int:
    """The verb `record`."""
    emu.need(emu.QEMU)
    if not args.test:
        raise emu.EmulatorError("which test? make record TEST=name")
    memory, cpus = emu.machine(args.lab, args.memory, args.cpus)
    where = place(args.lab, args.test)
    verdict = record(emu.kernel(args.lab, tests=True), where, test=args.test, seed=args.seed or 1,
                     input=gdb.read_input(args.input), memory=memory, cpus=cpus, schedule=args.schedule,
                     patience=PATIENCE if args.schedule is None else EXPLORED)
    if UNKNOWN in load(where)["com2"]:
        shutil.rmtree(where)
        raise emu.EmulatorError(f"lab {args.lab} has no kernel test {args.test}")
    print(f"{verdict}\nrecorded in {os.path.relpath(where)}; make replay TEST={args.test} GDB=1 runs it under GDB")
    return 0


def replayed(args: argparse.Namespace) -> int:
    """The verb `replay`."""
    emu.need(emu.QEMU, "gdb")
    where = place(args.lab, args.test)
    if args.seed is not None and not is_of(where, emu.kernel(args.lab, tests=True), args.seed,
                                           gdb.read_input(args.input), args.schedule):
        recorded(args)
    load(where)
    if not (args.gdb or args.batch or args.command or args.schedule is not None):
        print(f"{replay(where)} (the same as when it was recorded)")
        return 0
    to_schedule = ["tbreak explore_reached", "continue", "up"] if args.schedule is not None else []
    with Replay(where, debugger=True) as session:
        status = session.debug([*to_schedule, *args.command], batch=args.batch, replay=True)
        ended = session.process.poll()
        if ended == session.recording["status"]:
            print(f"the end of the recording: {session.recording['verdict']}")
        elif ended is not None:
            print(f"QEMU ended before the recording did: {session.said() or f'status {ended}'}")
    return status if args.batch else 0
