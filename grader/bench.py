"""`make bench LAB=2`: what the kernel's operations cost, in instructions and in cycles.

The kernel measures itself with the time-stamp counter (lab1-boot/ktest/bench.h), on two
kinds of boot.  Under -icount with shift=0 that counter advances by one with each guest
instruction, exactly and repeatably: these figures are the ones to compare from day to day.
Without -icount it counts the host's cycles, which TCG's translation, the host's caches and
whoever else runs there are in; of several boots the least counts.

Benchmarks whose names begin with all_ are run by all processors at once (lab 3's
tests/scaling_bench.c).  They are booted on 1, 2 and 4 processors: how do their instructions
grow, and how much more is done in the same time?  For the second one processors have to run
in parallel, so it is asked only for as many as the host has cores.

From lab 4 on a program is measured, too, on Cub and on Linux (bench_user.py).

OUT=file keeps the figures as JSON, AGAINST=file shows how they have changed since.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from grader import bench_user, emulator as emu, ktap

MEMORY = "512M"         # two spaces of 64 MiB, and room
PATIENCE = 300.0        # seconds for a boot
LINE = re.compile(r"# bench (\w+) (\d+) (\d+) (.*)")
KINDS = {"instructions": ["-icount", "shift=0,sleep=off"], "cycles": ["-accel", "tcg,thread=multi"]}
TOGETHER, PROCESSORS = "all_", (1, 2, 4)
CORES = os.cpu_count() or 1
KNOWN = "a_known_loop"  # tests/boot_bench.c: two instructions an operation, and a few around them
AROUND = 4


@dataclass
class Row:
    """What one operation costs."""

    name: str
    title: str
    instructions: float
    cycles: float


@dataclass
class Growth:
    """What one operation costs when all processors do it: by their number, in the order of PROCESSORS."""

    name: str
    title: str
    instructions: list[float]
    cycles: list[float]


def build(lab: int) -> Path:
    """The stage's kernel with its benchmarks."""
    done = subprocess.run(["make", "--no-print-directory", "-f", "grader/kernel.mk", f"LAB={lab}", "BENCH=1", "kernel"],
                          cwd=emu.ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["make said nothing"]
        raise emu.EmulatorError(f"the kernel does not build: {said[0]}")
    return emu.ROOT / f"build/lab{lab}/bench/cub.elf"


def boot(elf: Path, kind: str, asked: str, cpus: int = 1) -> dict[str, tuple[int, int, str]]:
    """Boots once; returns each benchmark's operations, ticks and title."""
    with tempfile.TemporaryDirectory(prefix="cub-bench-") as scratch:
        at = Path(scratch)
        argv = [emu.QEMU, "-machine", "q35", "-cpu", "max", "-smp", str(cpus), "-m", MEMORY, "-nodefaults", "-no-user-config",
                "-display", "none", "-no-reboot", *KINDS[kind], "-serial", f"file:{at}/console", "-serial",
                f"file:{at}/com2", "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", str(elf),
                "-append", f"bench={asked}"]
        process = emu.start(argv, stderr=subprocess.DEVNULL)
        try:
            status = wait(process, at / "console")
        finally:
            emu.end(process)
        lines = (at / "com2").read_text(errors="replace").splitlines()
    return read(lines, status)


def wait(process: subprocess.Popen, console: Path) -> int:
    """QEMU's exit status; raises EmulatorError when the kernel gets nowhere."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            return process.wait(0.2)
        except subprocess.TimeoutExpired:
            panic = re.search(r"^panic: .*", console.read_text(errors="replace"), re.MULTILINE)
            if panic:
                raise emu.EmulatorError(f"the kernel panicked: {panic[0].strip()}") from None
    raise emu.EmulatorError(f"the benchmarks did not end within {PATIENCE:g} s")


def read(lines: list[str], status: int) -> dict[str, tuple[int, int, str]]:
    """What the kernel told on COM2."""
    if status != ktap.EXIT_OK:
        raise emu.EmulatorError(lines[-1].removeprefix("# ") if lines else f"QEMU ended with status {status}")
    found = [LINE.fullmatch(line) for line in lines]
    return {match[1]: (int(match[2]), int(match[3]), match[4]) for match in found if match}


def exact(said: dict[str, tuple[int, int, str]]) -> None:
    """Raises EmulatorError unless the clock has counted instructions."""
    operations, ticks, _ = said.get(KNOWN, (0, 0, ""))
    if operations and not 0 <= ticks - 2 * operations <= AROUND:
        raise emu.EmulatorError(f"a loop of {2 * operations} instructions took {ticks} ticks: "
                                "this QEMU's clock does not count instructions")


def measure(elf: Path, asked: str, runs: int) -> list[Row]:
    """Both kinds of boot; the second one so many times."""
    if asked.startswith(bench_user.PREFIX):
        return []
    counted = boot(elf, "instructions", asked)
    exact(counted)
    if not counted:
        raise nothing(asked)
    timed = [boot(elf, "cycles", asked) for _ in range(runs)]
    return [Row(name, title, ticks / operations, min(run[name][1] for run in timed) / operations)
            for name, (operations, ticks, title) in counted.items() if not name.startswith(TOGETHER)]


def growth(elf: Path, asked: str, runs: int) -> list[Growth]:
    """The benchmarks that all processors run at once, on each number of processors."""
    if asked == "all":
        asked = f"{TOGETHER}*"
    if not asked.startswith(TOGETHER):
        return []
    counted = [boot(elf, "instructions", asked, cpus) for cpus in PROCESSORS]
    timed = [[boot(elf, "cycles", asked, cpus) for _ in range(runs)] for cpus in PROCESSORS if cpus <= CORES]
    return [Growth(name, title, [said[name][1] / said[name][0] for said in counted],
                   [min(said[name][1] for said in boots) / boots[0][name][0] for boots in timed])
            for name, (_, _, title) in counted[0].items()]


def table(rows: list[Row], before: dict[str, dict]) -> str:
    """The figures, a line a benchmark; with earlier ones, how much of those they are."""
    width = max(len(row.title) for row in rows)
    head = f"{'one operation':{width}}  {'instructions':>13}  {'cycles':>13}"
    lines = [head + ("  instructions, cycles against before" if before else "")]
    for row in rows:
        lines.append(f"{row.title:{width}}  {row.instructions:13,.1f}  {row.cycles:13,.1f}"
                     + (compared(row, before.get(row.name)) if before else ""))
    return "\n".join(lines)


def growth_table(rows: list[Growth]) -> str:
    """How the figures grow with the processors, a line a benchmark."""
    width = max(len(row.title) for row in rows)
    counts = "".join(f"{f'on {cpus}':>11}" for cpus in PROCESSORS)
    lines = [f"{'done by all processors':{width}}  {'instructions':^{11 * len(PROCESSORS)}}  in the same time",
             f"{'':{width}}  {counts}  {counts[11:]}"]
    for row in rows:
        more = [row.cycles[0] / max(cycles, 0.1) for cycles in row.cycles[1:]]
        lines.append(f"{row.title:{width}}  " + "".join(f"{figure:11,.1f}" for figure in row.instructions)
                     + "  " + "".join(f"{ratio:10.2f}x" for ratio in more))
    left = [str(cpus) for cpus in PROCESSORS[len(rows[0].cycles):]] if rows else []
    if left:
        lines.append(f"in the same time, on {' and '.join(left)}: not tried, since this host has fewer cores")
    return "\n".join(lines)


def compared(row: Row | bench_user.UserRow, old: dict | None) -> str:
    """A row's two ratios."""
    if not old:
        return "  new"
    return "".join(f"  {new / max(was, 0.1):6.2f}x" for new, was in
                   ((row.instructions, old["instructions"]), (row.cycles, old["cycles"])))


def load(path: Path | None) -> dict[str, dict]:
    """The rows of a file that OUT= wrote, by name."""
    try:
        kept = json.loads(path.read_text()) if path else {"rows": []}
        return {row["name"]: row for row in kept["rows"] + kept.get("programs", [])}
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise emu.EmulatorError(f"{path} holds no figures of an earlier bench: {error}") from None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("--lab", type=int, required=True, help="the stage")
    parser.add_argument("--only", default="all", metavar="NAME", help="one benchmark, by its name in the source")
    parser.add_argument("--runs", type=int, default=5, help="boots in which cycles are counted")
    parser.add_argument("--out", type=Path, help="write the figures there, as JSON")
    parser.add_argument("--against", type=Path, help="compare with the figures of that file")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    return emu.finish(lambda: bench(args))


def bench(args: argparse.Namespace) -> int:
    if args.runs < 1:
        raise emu.EmulatorError("RUNS must be at least 1")
    emu.need(emu.QEMU)
    before = load(args.against)
    elf = build(args.lab)
    rows, grown = measure(elf, args.only, args.runs), growth(elf, args.only, args.runs)
    used, why = programs(elf, args)
    if rows:
        print(table(rows, before))
    if grown:
        print(growth_table(grown))
    if used:
        print(bench_user.table(used, why, lambda row: compared(row, before.get(row.name)) if before else ""))
    print(f"Instructions are exact (QEMU, -icount shift=0); cycles are the host's under TCG, the least of {args.runs}.")
    if args.out:
        keep(args, rows, grown, used)
    return 0


def programs(elf: Path, args: argparse.Namespace) -> tuple[list[bench_user.UserRow], str]:
    """The programs' part, if the stage has one, and why there is no Linux beside it."""
    if bench_user.wanted(args.lab, args.only):
        used, why = bench_user.measure(elf, args.lab, args.only, args.runs, LINE, exact)
    else:
        used, why = [], ""
    if not used and args.only.startswith(bench_user.PREFIX):
        raise nothing(args.only)
    return used, why


def nothing(asked: str) -> emu.EmulatorError:
    """What is said of a name that no benchmark has."""
    return emu.EmulatorError(f"this stage has no benchmark {asked!r}")


def keep(args: argparse.Namespace, rows: list[Row], grown: list[Growth], used: list[bench_user.UserRow]) -> None:
    """Writes the figures that `load` reads."""
    args.out.write_text(json.dumps({"lab": args.lab} | {name: [asdict(row) for row in part] for name, part in
                                    (("rows", rows), ("growth", grown), ("programs", used))}, indent=1) + "\n")
