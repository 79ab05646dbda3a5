"""`make mutants`: every test earns its place by a wrong solution that it catches.

labN-*/mutants/1.3-int-min.patch is a small mistake of the kind that students make,
in exercise 1.3: first a sentence that tells the mistake, then a patch against the
reference.  It is applied to a staged copy, built, and judged by its exercise's
tests alone, stopping at the first failure.  It must be a test that fails: a mutant
that does not apply or build, or touches another exercise's files, is in error.
With --runs each is judged so many times, with another seed each time, and counts as caught
only if it is caught each time: a race must not be found once in fifty runs.  The test that
caught it the last time is run alone, and the others have their turn only if it passes.
The idea is mutation testing (Jia and Harman, "An analysis and survey of the
development of mutation testing", 2011), with mistakes picked by hand.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import functools
import os
import random
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from grader import build, stage, trial
from grader import lab as labs
from grader.lab import Lab

NAME = re.compile(r"(?P<exercise>\d+\.\d+)-(?P<slug>[a-z0-9-]+)\.patch")


class MutantError(Exception):
    """A mutant that is wrong itself; one line "labN-*/mutants/x.patch: why"."""


@dataclass(frozen=True)
class Mutant:
    """One patch: the exercise in which it must be caught and the mistake in words."""

    path: Path
    exercise: str
    mistake: str
    files: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.path.stem


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant; `error` is the mutant's own fault, or the harness's."""

    mutant: Mutant
    caught: str = ""        # the test that failed
    manner: str = ""        # how it failed, one line
    error: str = ""
    seconds: float = 0.0

    def line(self, width: int) -> str:
        told = f"ERROR {self.error}" if self.error else \
            f"caught by {self.caught}: {self.manner}" if self.caught else \
            f"NOT CAUGHT: {self.mutant.mistake}"
        return f"{self.mutant.name:{width}}  {self.seconds:4.1f} s  {told}"


def find(reference: Path, lab: Lab, exercise: str | None = None) -> list[Mutant]:
    """The lab's mutants in order; raises MutantError for one that is written wrongly."""
    paths = sorted((reference / lab.directory / "mutants").glob("*.patch"))
    mutants = [read(path, lab) for path in paths]
    return [m for m in mutants if exercise in (None, m.exercise)]


def read(path: Path, lab: Lab) -> Mutant:
    """Reads one patch and checks what can be seen without applying it."""
    where = f"{lab.directory}/mutants/{path.name}"
    match = NAME.fullmatch(path.name)
    if not match:
        raise MutantError(f"{where}: the name must look like 1.3-what-is-wrong.patch")
    try:
        exercise = lab.exercise(match["exercise"])
    except labs.LabError as error:
        raise MutantError(f"{where}: {error}") from None
    text = path.read_text(encoding="utf-8", errors="replace")
    head = re.split(r"^(?:diff --git|--- )", text, maxsplit=1, flags=re.MULTILINE)[0]
    mistake = " ".join(head.split())
    if not mistake:
        raise MutantError(f"{where}: a sentence on the mistake must stand before the patch")
    files = tuple(dict.fromkeys(re.findall(r"^(?:---|\+\+\+) [ab]/(\S+)", text, re.MULTILINE)))
    if not files:
        raise MutantError(f"{where}: there is no patch in it")
    for name in files:
        if name not in exercise.files:
            raise MutantError(f"{where}: changes {name}, which exercise {exercise.id} does not name")
    return Mutant(path, exercise.id, mistake, files)


def apply(mutant: Mutant, tree: Path) -> None:
    """Applies a patch to a staged tree, exactly; raises MutantError."""
    done = subprocess.run(["git", "apply", "--whitespace=nowarn", str(mutant.path)], cwd=tree,
                          env=os.environ | {"GIT_CEILING_DIRECTORIES": str(tree.parent)},
                          capture_output=True, text=True)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["git apply fails"])[0]
        raise MutantError(f"does not apply: {why.removeprefix('error: ')}")


def judge(mutant: Mutant, reference: Path, lab: Lab, seed: int | None = None, runs: int = 1) -> Outcome:
    """Applies, builds and tests one mutant, so many times."""
    start = time.monotonic()

    def outcome(**found) -> Outcome:
        return Outcome(mutant, seconds=time.monotonic() - start, **found)

    with stage.staged(reference, lab, {}, f"mutant-{mutant.name}") as tree:
        try:
            apply(mutant, tree)
            build.kernel(tree, lab.number)
        except MutantError as error:
            return outcome(error=str(error))
        except build.BuildError as error:
            return outcome(error=f"does not build: {error.reason.splitlines()[0]}")
        tested = functools.partial(trial.run, tree, lab.directory, mutant.exercise, stop=True, seed=seed,
                                   root=reference)
        result = tested()
        for number in range(1, runs):
            failed = result.first("failed")
            if result.trouble or not failed:
                break
            result = tested(only=failed.id)
            if not result.trouble and not result.first("failed"):
                result = tested(without=failed.id)
                if not result.first("failed"):
                    return outcome(error=f"caught {number} times, and then not")
        failed = result.first("failed")
        if result.trouble or not failed:
            return outcome(error=result.trouble)
    return outcome(caught=failed.name, manner=failed.reason)


def baseline(reference: Path, lab: Lab, jobs: int) -> str:
    """Why the reference itself does not pass, or nothing: else every mutant seems caught."""
    result = trial.run(stage.warm(reference, lab), lab.directory, None, jobs=jobs, root=reference)
    bad = result.first("failed") or result.first("not-run")
    return result.trouble or (f"{bad.name}: {bad.reason}" if bad else "")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "apply each wrong solution and see that its exercise's tests catch it"
    parser.add_argument("--lab", type=int, default=1)
    parser.add_argument("--exercise", help="only this exercise's, like 1.3")
    parser.add_argument("--sample", type=int, metavar="N", help="only N of them, drawn by --seed")
    parser.add_argument("--seed", type=lambda text: int(text, 0), default=0)
    parser.add_argument("--runs", type=int, default=1, help="judge each so many times, with new seeds")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--no-baseline", action="store_true", help="do not test the reference first")
    parser.add_argument("--reference", type=Path, default=stage.ROOT, help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    try:
        lab = labs.load(args.reference, args.lab)
        if not (args.reference / lab.directory / "mutants").is_dir():
            raise MutantError("this tree has none; they are the instructor's")
        mutants = find(args.reference, lab, args.exercise and lab.exercise(args.exercise).id)
        if args.sample is not None and args.sample < len(mutants):
            mutants = sorted(random.Random(args.seed).sample(mutants, max(args.sample, 0)),
                             key=lambda m: m.name)
        if not args.no_baseline and (why := baseline(args.reference, lab, args.jobs)):
            print(f"mutants: the reference itself fails: {why}", file=sys.stderr)
            return 1
    except (labs.LabError, MutantError) as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 2
    except build.BuildError as error:
        print(f"mutants: the reference does not build: {error.reason}", file=sys.stderr)
        return 2
    return _judge_all(mutants, args.reference, lab, args.jobs, max(args.runs, 1))


def _judge_all(mutants: list[Mutant], reference: Path, lab: Lab, jobs: int, times: int) -> int:
    """Judges side by side, prints a line each as they come, and the sum."""
    width = max((len(m.name) for m in mutants), default=0)
    left = []
    with concurrent.futures.ThreadPoolExecutor(max(jobs, 1)) as pool:
        runs = [pool.submit(judge, m, reference, lab, runs=times) for m in mutants]
        try:
            for done in concurrent.futures.as_completed(runs):
                outcome = done.result()
                print(outcome.line(width), flush=True)
                if outcome.error or not outcome.caught:
                    left.append(outcome.mutant.name)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    print(f"{len(mutants) - len(left)} of {len(mutants)} mutants caught"
          + (f"; not: {', '.join(sorted(left))}" if left else ""))
    return 1 if left else 0
