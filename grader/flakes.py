"""`make flakes LAB=1 TIMES=200`: grade the reference again and again while the host is busy.

The reference must always score full points. Several grades run at once, each with
a fresh seed, and busy processes compete with them, so a verdict that depends on
the host's time shows here. A grade below full points prints its seed, which
`make grade SEED=...` takes, and its reports are kept under build/labN/flakes/.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import multiprocessing
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORES = os.cpu_count() or 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "grade the reference repeatedly under load: it must always score full points"
    parser.add_argument("--lab", type=int, default=1)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--together", type=int, default=CORES, help="grades at once (default: one a core)")
    parser.add_argument("--load", type=int, default=CORES, help="busy processes beside them (the same)")


def busy() -> None:
    """Keep one processor busy until we are ended."""
    while True:
        sum(range(1 << 20))


def grade(lab: int) -> str:
    """Grades the reference once; what it printed and where its reports are, or "" at full points."""
    seed = secrets.randbits(32)
    out = ROOT / "build" / f"lab{lab}" / "flakes" / f"{seed:#x}"
    done = subprocess.run([sys.executable, "-m", "grader", "grade", "--lab", str(lab),
                           "--seed", hex(seed), "--out", str(out)], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode == 0:
        shutil.rmtree(out)
        return ""
    return f"{done.stdout}\nnot full points with seed {seed:#x}; its reports: {out}"


def repeat(args: argparse.Namespace) -> int:
    """Grades so many times; how often it was below full points."""
    failed, began = 0, time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(args.together) as pool:
        grades = [pool.submit(grade, args.lab) for _ in range(args.times)]
        for number, done in enumerate(concurrent.futures.as_completed(grades), 1):
            if said := done.result():
                failed += 1
                print(said, flush=True)
            if number % 10 == 0:
                print(f"{number} of {args.times} grades, {failed} below full points, "
                      f"{time.monotonic() - began:.0f} s", flush=True)
    return failed


def run(args: argparse.Namespace) -> int:
    if args.times < 1 or args.together < 1 or args.load < 0:
        print("flakes: --times and --together must be at least 1, --load at least 0", file=sys.stderr)
        return 2
    load = [multiprocessing.Process(target=busy, daemon=True) for _ in range(args.load)]
    for process in load:
        process.start()
    try:
        failed = repeat(args)
    finally:
        for process in load:
            process.terminate()
    print(f"{args.times} grades of the reference, {args.together} at once beside {args.load} busy "
          f"processes: {failed} below full points")
    return 1 if failed else 0
