"""`make test`: everything that CI runs, in one word; `make test-long`: its long form.

Four parts, each a command that anybody can type, and all are run even when one
fails: every test of the labs on the reference and of the grader itself (pytest),
mutants (a sample drawn anew each time; all of them, 20 times each, in the long form), and grades
of the reference under load (a few; 200 in the long form). Where the grader's own
tests are not there, as in a student's repository, the labs' tests are all.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

from grader import lab as labs

ROOT = Path(__file__).resolve().parent.parent
MUTANTS, GRADES = 32, 4             # of each lab, in the short form
RUNS_LONG, GRADES_LONG = 20, 200    # of each mutant, and of each lab's reference


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "everything that CI runs"
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--long", action="store_true", help="every mutant, and 200 grades under load")


def commands(args: argparse.Namespace) -> dict[str, list[str]]:
    """What is run: a name for people, and the command's words."""
    verb = [sys.executable, "-m", "grader"]
    parts = {}
    for lab in labs.finished(ROOT):
        if (ROOT / lab.directory / "mutants").is_dir():
            sample = ["--runs", str(RUNS_LONG)] if args.long else ["--sample", str(MUTANTS),
                                           "--seed", str(secrets.randbits(32))]
            parts[f"lab {lab.number}: mutants"] = [
                *verb, "mutants", "--lab", str(lab.number), "--jobs", str(args.jobs),
                "--no-baseline", *sample]
            parts[f"lab {lab.number}: grades under load"] = [
                *verb, "flakes", "--lab", str(lab.number),
                "--times", str(GRADES_LONG if args.long else GRADES)]
    parts["tests"] = [sys.executable, "-m", "pytest", "-q", "-rs", "-n", str(args.jobs)]
    return parts


def run(args: argparse.Namespace) -> int:
    failed = []
    environment = os.environ | ({"CUB_LONG": "1"} if args.long else {})
    for name, command in commands(args).items():
        print(f"== {name}: {' '.join(command[1:])}", flush=True)
        began = time.monotonic()
        status = subprocess.run(command, cwd=ROOT, env=environment).returncode
        print(f"== {name}: {'ok' if status == 0 else f'FAILED ({status})'}, "
              f"{time.monotonic() - began:.0f} s", flush=True)
        if status != 0:
            failed.append(name)
    print("all passed" if not failed else f"failed: {', '.join(failed)}")
    return 1 if failed else 0
