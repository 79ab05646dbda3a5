"""`make grade`: builds, judges, shows points, and writes the reports.

    python3 -m grader grade --lab 1 [--submission PATH [--isolate] [--carry]]
                            [--exercise 1.3] [--seed 0x2a] [--jobs 2] [--floor]

Exit status: 0 only at full points, 1 below, 2 when asked wrongly.  The reports
(report.py) lie in build/labN/grade/ and are written from the first moment on, so
that a build that fails or a run that is cut leaves them behind as well.  Of two gradings
at the same time the second one's lie in grade-2/: a lock on the directory says that it is taken.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import secrets
import shutil
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Iterator

from grader import build, engine, ktests, report, stage, submission, table, trace
from grader import lab as labs
from grader.engine import Cut, EngineError, Job
from grader.intake import SubmissionError, shown
from grader.lab import LabError
from grader.progress import Progress
from grader.score import FLOOR, Grade
from grader.verdicts import Result

ROOT = Path(__file__).resolve().parent.parent


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Grade a lab: build it, run its tests, show points, write reports."
    parser.add_argument("--lab", type=int, required=True)
    parser.add_argument("--submission", help="another tree, .zip, .tar.gz or git repository to grade")
    parser.add_argument("--isolate", action="store_true", help="judge each exercise on the reference's others")
    parser.add_argument("--carry", action="store_true", help="use the submission's own earlier labs, too")
    parser.add_argument("--exercise", action="append", default=[], help="only this exercise (may be repeated)")
    parser.add_argument("--seed", type=seed_number, help="repeat the run with this seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="tests at the same time")
    parser.add_argument("--floor", action="store_true", help="run the tests of what is no exercise, too")
    parser.add_argument("--out", type=Path, help="where the reports go (default: build/labN/grade)")


def seed_number(text: str) -> int:
    """A seed as it is printed, or in decimal."""
    value = int(text, 0)
    if not 0 <= value < 1 << 64:
        raise argparse.ArgumentTypeError("a seed has at most 64 bits")
    return value


def run(args: argparse.Namespace) -> int:
    """The verb; returns the exit status."""
    sys.stdout.reconfigure(errors="backslashreplace")      # a path that is not UTF-8 does not end it
    try:
        lab = labs.load(ROOT, args.lab)
        only = [name.strip() for text in args.exercise for name in text.split(",") if name.strip()]
        for name in only:
            lab.exercise(name)
        if args.jobs < 1:
            raise LabError("--jobs must be at least 1")
    except LabError as error:
        print(f"grade: {error}", file=sys.stderr)
        return 2
    seed = args.seed if args.seed is not None else secrets.randbits(32)
    grade = Grade.of(lab, seed, only, shown(args.submission or ""))
    with ExitStack() as held:
        try:
            directory = held.enter_context(own_directory(lab.number, args.out))
        except OSError as error:
            print(f"grade: reports cannot be written to {shown(str(error.filename))}: {error.strerror}",
                  file=sys.stderr)
            return 2
        grader = Grader(grade, args, directory)
        with interruptible():
            grader.run()
        grader.show()
    return 0 if grade.full else 1


@contextmanager
def own_directory(number: int, asked: Path | None) -> Iterator[Path]:
    """Where the reports go, held until the end of the with block.

    Raises OSError where the directory that was asked for cannot be had.
    """
    for turn in count(1):
        name = "grade" if turn == 1 else f"grade-{turn}"
        directory = asked.absolute() if asked else ROOT / "build" / f"lab{number}" / name
        directory.mkdir(parents=True, exist_ok=True)
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield directory
            return
        except BlockingIOError as error:
            if asked:
                raise BlockingIOError(error.errno, "another grading writes there", str(asked)) from None
        finally:
            os.close(handle)


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGINT and SIGTERM raise Cut inside, so that the reports are still written."""
    def cut(number: int, _) -> None:
        raise Cut(f"ended by {signal.Signals(number).name}")

    before = {number: signal.signal(number, cut) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Grader:
    """One grading from beginning to end."""

    def __init__(self, grade: Grade, args: argparse.Namespace, directory: Path) -> None:
        self.grade, self.args, self.directory = grade, args, directory
        self.progress = Progress(sys.stdout)
        self._began = time.monotonic()
        self._staged: list[Path] = []

    def run(self) -> None:
        """Fills the grade.  Whatever goes wrong is in it afterwards, and in the reports."""
        self._clean()
        self._write()
        try:
            self._judge()
            self.grade.finished = True
        except Cut as cut:
            self.grade.notes.append(f"the run was cut ({cut})")
        except EngineError as error:
            self.grade.problem = str(error)
        finally:
            for tree in self._staged:
                stage.remove(tree)
            self.progress.done()
            self._write()

    def _clean(self) -> None:
        """No report of an earlier run may be taken for this one's.  What else is there stays:
        somebody may say OUT=. and mean it."""
        for name in ("inputs", "pictures"):
            shutil.rmtree(self.directory / name, ignore_errors=True)
        for name in (*report.FILES, "pytest.log"):
            (self.directory / name).unlink(missing_ok=True)

    def _judge(self) -> None:
        self.progress.say(f"building lab {self.grade.lab.number}, seed {self.grade.seed:#x}")
        try:
            tree, trees = self._trees()
        except build.BuildError as error:
            self.grade.problem = f"It does not build:\n{error.reason}"
            return
        except SubmissionError as error:
            self.grade.problem = f"This submission cannot be graded: {error}"
            return
        rows = [row.id for row in self.grade.rows if not row.problem]
        if rows:
            engine.run(Job(self.grade.lab, ROOT, tree, self.grade.seed, self.args.jobs, self.directory,
                           rows + [FLOOR] * self.args.floor, trees), self._heard)
            self._pictures(tree, trees)

    def _trees(self) -> tuple[Path, dict[str, Path]]:
        """The tree to judge, built; with ISOLATE one for each exercise."""
        if not self.args.submission:
            if self.args.isolate:
                self.grade.notes.append("ISOLATE changes nothing without SUBMISSION")
            build.kernel(ROOT, self.grade.lab.number, tests=True)
            return ROOT, {}
        taken = submission.take(self.args.submission, self.grade.lab, ROOT, carry=self.args.carry)
        self._staged.append(taken.tree)
        self.grade.ignored, self.grade.notes = list(taken.ignored), list(taken.notes)
        if self.args.isolate:
            return ROOT, self._isolated(taken)
        build.kernel(taken.tree, self.grade.lab.number, tests=True)
        return taken.tree, {}

    def _isolated(self, taken: submission.Taken) -> dict[str, Path]:
        """A tree for each exercise; one that does not build fails alone.  The floor's tests
        run on the reference, which the rest of each kernel is."""
        def prepare(row) -> Path | None:
            try:
                alone = submission.isolated(taken, self.grade.lab, row.id, ROOT)
                self._staged.append(alone.tree)
                self.grade.notes += [f"{row.id}: {note}" for note in alone.notes if note not in taken.notes]
                build.kernel(alone.tree, self.grade.lab.number, tests=True)
                return alone.tree
            except (build.BuildError, SubmissionError) as error:
                row.problem = f"does not build\n{getattr(error, 'reason', error)}"
                return None

        build.kernel(ROOT, self.grade.lab.number, tests=True)
        with ThreadPoolExecutor(self.args.jobs) as pool:
            found = list(pool.map(prepare, self.grade.rows))
        return {row.id: tree for row, tree in zip(self.grade.rows, found) if tree}

    def _heard(self, collected: list[Result], results: list[Result]) -> None:
        """Results have come."""
        self.grade.put(collected, results)
        if collected:
            self.progress.update(results, len(collected))
        self._write()

    def _pictures(self, tree: Path, trees: dict[str, Path]) -> None:
        """Boots the first tests that failed once more, for a picture of each (trace.py)."""
        lab = self.grade.lab
        wanted = trace.wanted(lab.number, [test for row in self.grade.all_rows for test in row.tests])
        known = ktests.of_lab(ROOT / lab.directory) if wanted else {}
        for test in wanted:
            self.progress.say(f"a picture of {test.name}")
            options = {} if test.booted else {"limit": known[test.name].limit} | {
                name: lab.machine[name] for name in ("memory", "cpus") if name in lab.machine}
            self.grade.replace(test, trace.pictured(
                test, build.found(trees.get(test.exercise, tree), lab.number), self.directory / "pictures",
                self.shown / "pictures", self.grade.seed, **options))

    def _write(self) -> None:
        self.grade.seconds = time.monotonic() - self._began
        report.write(self.directory, self.grade)

    def show(self) -> None:
        """The table and the failures."""
        if blocks := table.failures(self.grade):
            print("\n" + blocks)
        print("\n" + table.summary(self.grade))
        print(f"reports: {shown(str(self.shown))}/report.html, report.json, junit.xml")

    @property
    def shown(self) -> Path:
        """What a person calls the directory of the reports."""
        return self.directory.relative_to(ROOT) if self.directory.is_relative_to(ROOT) else self.directory
