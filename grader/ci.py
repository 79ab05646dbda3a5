"""`make test`: everything that CI runs, in one word; `make test-long`: its long form.

Three kinds of parts, each a command that anybody can type, and all are run even when one
fails: mutants (a sample drawn anew each time; all of them, 20 times each, in the long form), every
test of the labs on the reference and of the grader itself (pytest), and grades of the
reference under load (a few; 200 in the long form).  In the short form the grades are a lane of
their own, for which all the rest is the load, the highest lab's first; in the long one `flakes` makes its own.  Where the
grader's own tests are not there, as in a student's repository, the labs' tests are all.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from grader import lab as labs

ROOT = Path(__file__).resolve().parent.parent
MUTANTS, GRADES = 32, 4             # of each lab, in the short form
RUNS_LONG, GRADES_LONG = 20, 200    # of each mutant, and of each lab's reference

Lane = dict[str, list[str]]         # commands, run one after the other: a name for people, and the words


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "everything that CI runs"
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--long", action="store_true", help="every mutant, and 200 grades under load")


def lanes(args: argparse.Namespace) -> list[Lane]:
    """What is run: the first lane's output is seen as it comes, the others' when a command has ended."""
    verb = [sys.executable, "-m", "grader"]
    mutants, grades = {}, {}
    for lab in labs.finished(ROOT):
        if not (ROOT / lab.directory / "mutants").is_dir():
            continue
        number = ["--lab", str(lab.number)]
        sample = ["--runs", str(RUNS_LONG)] if args.long else [
            "--sample", str(MUTANTS), "--seed", str(secrets.randbits(32))]
        mutants[f"lab {lab.number}: mutants"] = [
            *verb, "mutants", *number, "--jobs", str(args.jobs), "--no-baseline", *sample]
        times = ["--times", str(GRADES_LONG)] if args.long else [
            "--times", str(GRADES), "--together", "1", "--load", "0"]
        grades = {f"lab {lab.number}: grades under load": [*verb, "flakes", *number, *times]} | grades
    tests = {"tests": [sys.executable, "-m", "pytest", "-q", "-rs", "-n", str(args.jobs)]}
    return [mutants | grades | tests] if args.long else [mutants | tests, grades]


def say(text: str) -> None:
    """A line at once, whole: lanes speak at the same time."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def run_lane(lane: Lane, environment: dict[str, str], seen: bool, over: threading.Event) -> list[str]:
    """Runs the commands of a lane, as long as it is not over; the names of those that failed."""
    failed = []
    for name, command in lane.items():
        if over.is_set():
            break
        words = " ".join(command[1:])
        say(f"== {name}: {words}")
        began = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, env=environment, text=True, errors="replace",
                              **{} if seen else {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT})
        say(f"{done.stdout or ''}== {name}: {'ok' if done.returncode == 0 else f'FAILED ({done.returncode})'}, "
            f"{time.monotonic() - began:.0f} s")
        if done.returncode != 0:
            failed.append(name)
    return failed


def run(args: argparse.Namespace) -> int:
    environment = os.environ | ({"CUB_LONG": "1"} if args.long else {})
    together, over = lanes(args), threading.Event()
    with ThreadPoolExecutor(len(together)) as pool:
        running = [pool.submit(run_lane, lane, environment, lane is together[0], over) for lane in together]
        try:
            failed = [name for lane in running for name in lane.result()]
        except BaseException:       # Ctrl-C, of which the commands have heard as well
            over.set()
            raise
    print("all passed" if not failed else f"failed: {', '.join(failed)}")
    return 1 if failed else 0
