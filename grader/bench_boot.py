"""`make bench-boot`: how long from starting QEMU to the prompt on COM1, in wall time.

What is measured is what `make qemu` starts, from fork and exec to the bytes "cub> ",
under TCG: the PVH boot (-kernel), and the GRUB image if there is one.  Wall time on a
busy host means little, so the smallest value is the one to compare; the target for PVH
is under 0.35 s.
"""

from __future__ import annotations

import argparse
import os
import select
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from grader import emulator as emu

PROMPT = b"cub> "
TARGET = 0.35           # seconds, for PVH
PATIENCE = 60.0         # seconds of silence
ENOUGH = 1 << 20        # bytes without a prompt


@dataclass(frozen=True)
class Row:
    """The times of one way to boot, in seconds."""

    name: str
    times: list[float]

    def __str__(self) -> str:
        values = (min(self.times), statistics.median(self.times), max(self.times))
        return f"{self.name:10}" + "".join(f"{value:9.3f}" for value in values)


def once(argv: list[str]) -> float:
    """Starts QEMU, waits for the prompt, ends it; returns the seconds between."""
    began = time.monotonic()
    process = emu.start(argv, stdout=subprocess.PIPE)
    try:
        seen = b""
        while PROMPT not in seen:
            ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
            data = os.read(process.stdout.fileno(), 4096) if ready else b""
            seen += data
            if not data or len(seen) > ENOUGH:
                last = seen.decode(errors="replace").strip().splitlines()[-1:] or ["nothing"]
                raise emu.EmulatorError(f"no prompt; the console said last: {last[0]}")
        return time.monotonic() - began
    finally:
        emu.end(process)
        process.stdout.close()


def ways(elf: Path, image: Path, memory: str, cpus: int) -> dict[str, list[str]]:
    """The command line of each way to boot that is there."""
    common = emu.qemu(memory, cpus, "-vga", "none", "-nic", "none", "-serial", "stdio", "-monitor", "none")
    found = {"PVH": [*common, "-kernel", str(elf)]}
    if image.exists():
        found["GRUB ISO"] = [*common, "-cdrom", str(image)]
    return found


def measure(lines: dict[str, list[str]], runs: int) -> list[Row]:
    """All ways in turn, so that a slow minute of the host hits each alike."""
    times: dict[str, list[float]] = {name: [] for name in lines}
    for _ in range(runs):
        for name, argv in lines.items():
            times[name].append(once(argv))
    return [Row(name, values) for name, values in times.items()]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    emu.machine_arguments(parser)
    parser.add_argument("--runs", type=int, default=20, help="boots of each kind")


def run(args: argparse.Namespace) -> int:
    """Measures and prints the table; 1 if PVH's best is over the target."""
    return emu.finish(lambda: bench(args))


def bench(args: argparse.Namespace) -> int:
    if args.runs < 1:
        raise emu.EmulatorError("RUNS must be at least 1")
    emu.need(emu.QEMU)
    elf = emu.kernel(args.lab).elf
    memory, cpus = emu.machine(args.lab, args.memory, args.cpus)
    rows = measure(ways(elf, elf.with_suffix(".iso"), memory, cpus), args.runs)
    print(f"seconds from starting QEMU to \"cub>\", {args.runs} runs (load {os.getloadavg()[0]:.1f})")
    print(f"{'':10}{'min':>9}{'median':>9}{'max':>9}")
    print("\n".join(map(str, rows)))
    slow = min(rows[0].times) >= TARGET
    print(f"target for PVH: under {TARGET} s: {'missed' if slow else 'met'}")
    return int(slow)
