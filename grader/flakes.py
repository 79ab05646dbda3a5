"""`make flakes LAB=1 TIMES=200`: grade the reference again and again while the host is busy.

The reference must always score full points. Each grade has a fresh seed, and as
many busy processes as the host has processors compete with it, so a verdict that
depends on the host's time shows here. A grade below full points prints its seed,
which `make grade SEED=...` takes, and is kept under build/labN/flakes/.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "grade the reference repeatedly under load: it must always score full points"
    parser.add_argument("--lab", type=int, default=1)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--load", type=int, default=os.cpu_count() or 1,
                        help="busy processes beside it (default: one a processor)")


def busy() -> None:
    """Keep one processor busy until we are ended."""
    while True:
        sum(range(1 << 20))


def grade(lab: int, seed: int) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "grader", "grade", "--lab", str(lab),
                           "--seed", hex(seed)], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def keep(lab: int, seed: int) -> Path:
    """Keep a failed grade's files where the next one does not overwrite them."""
    kept = ROOT / "build" / f"lab{lab}" / "flakes" / hex(seed)
    shutil.copytree(ROOT / "build" / f"lab{lab}" / "grade", kept, dirs_exist_ok=True)
    return kept


def run(args: argparse.Namespace) -> int:
    if args.times < 1 or args.load < 0:
        print("flakes: --times must be at least 1, --load at least 0", file=sys.stderr)
        return 2
    load = [multiprocessing.Process(target=busy, daemon=True) for _ in range(args.load)]
    for process in load:
        process.start()
    failed = 0
    began = time.monotonic()
    try:
        for number in range(1, args.times + 1):
            seed = secrets.randbits(32)
            done = grade(args.lab, seed)
            if done.returncode != 0:
                failed += 1
                print(f"grade {number}, seed {seed:#x}: not full points; see {keep(args.lab, seed)}\n"
                      f"{done.stdout}", flush=True)
            elif number % 10 == 0:
                print(f"{number} of {args.times} grades, {failed} below full points, "
                      f"{time.monotonic() - began:.0f} s", flush=True)
    finally:
        for process in load:
            process.terminate()
    print(f"{args.times} grades of the reference under {args.load} busy processes: "
          f"{failed} below full points")
    return 1 if failed else 0
