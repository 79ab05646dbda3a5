"""`make watch`: at each save, builds and grades the exercises whose files changed.

The idea is the tight loop of a test runner in watch mode: files are looked at five
times a second (a stat of a hundred files costs nothing and works on every file
system, where inotify does not), a save builds one file and links, and only the
tests of the exercise that was touched are run, each failure told as it comes: where all
tests hang, the first one says it.  A save during a run abandons it.
A file that no exercise names, such as a helper in extra/, grades what was graded last.
"""

from __future__ import annotations

import argparse
import secrets
import signal
import sys
import time
from pathlib import Path
from typing import Callable

from grader import build, stage, table, trial
from grader import lab as labs
from grader.lab import Lab
from grader.score import Grade, shown
from grader.verdicts import Result

EVERY = 0.2         # seconds between two looks
SOURCES = {".c", ".h", ".S", ".ld", ".toml", ".py"}

Snapshot = dict[str, tuple[int, int, int]]


def snapshot(tree: Path, lab: Lab) -> Snapshot:
    """What every source of the labs up to that one looks like: time, size, inode."""
    seen: Snapshot = {}
    for number, where in labs.directories(tree).items():
        for path in where.rglob("*") if number <= lab.number else ():
            if path.suffix in SOURCES:
                try:
                    info = path.stat()
                except FileNotFoundError:       # an editor is about to put it back
                    continue
                seen[str(path.relative_to(tree))] = (info.st_mtime_ns, info.st_size, info.st_ino)
    return seen


def changed(before: Snapshot, after: Snapshot) -> list[str]:
    """The files that differ, new and removed ones included."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def touched(lab: Lab, names: list[str], last: list[str]) -> list[str]:
    """The exercises to grade after those files changed."""
    named = [e.id for e in lab.exercises if set(e.files) & set(names)]
    other = [name for name in names if name not in lab.files]
    return list(dict.fromkeys([*named, *(last if other else [])]))


class Watch:
    """One `make watch`: looks, builds, grades and tells, until it is ended."""

    def __init__(self, tree: Path, lab: Lab, only: str | None, say: Callable[[str], None]) -> None:
        self.tree, self.lab, self.only, self.say = tree, lab, only, say
        self.last = [only] if only else [e.id for e in lab.exercises]
        self.over = False       # Ctrl-C: an exception alone is lost where it meets a destructor
        self.seen = snapshot(tree, lab)

    def run(self) -> None:
        """Looks for ever."""
        what = f"exercise {self.only}" if self.only else self.lab.directory
        self.say(f"watching {what}: save a file to have it graded, Ctrl-C ends")
        if self.only:
            self.grade(self.last)
        while not self.over:
            time.sleep(EVERY)
            self.look()

    def look(self) -> None:
        """One look; grades when something changed and has been still since the look before."""
        names, self.seen = self._settled()
        if not names:
            return
        wanted = touched(self.lab, names, self.last)
        if self.only:
            wanted = [self.only]
        shown_names = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        self.say(f"\n{time.strftime('%H:%M:%S')} {shown_names}")
        self.grade(wanted)

    def _settled(self) -> tuple[list[str], Snapshot]:
        """What changed since the last time, once an editor has finished writing."""
        now = snapshot(self.tree, self.lab)
        names = changed(self.seen, now)
        while names:
            time.sleep(EVERY / 4)
            again = snapshot(self.tree, self.lab)
            if again == now:
                break
            now, names = again, changed(self.seen, again)
        return names, now

    def _stale(self) -> bool:
        """Whether something was saved since this run began."""
        return snapshot(self.tree, self.lab) != self.seen

    def grade(self, exercises: list[str]) -> None:
        """Builds, runs the tests of those exercises, tells."""
        began = time.monotonic()
        self.last = exercises
        try:
            lab = labs.load(self.tree, self.lab.number)
            build.kernel(self.tree, lab.number)
        except labs.LabError as error:
            self.say(str(error))
            return
        except build.BuildError as error:
            self.say(f"It does not build:\n{error.reason}")
            return
        tell = self._teller()
        result = trial.run(self.tree, lab.directory, ",".join(exercises), root=self.tree,
                           jobs=2 if len(exercises) > 2 else 1, seed=secrets.randbits(32),
                           abandon=self._stale, heard=tell,
                           keep=self.tree / "build" / f"lab{lab.number}" / "watch")
        if result.trouble:
            if result.trouble != "abandoned":
                self.say(result.trouble)
            return
        tell(list(result.results))
        self.sum_up(lab, exercises, result, time.monotonic() - began)

    def _teller(self) -> Callable[[list[Result]], None]:
        """A function that takes the results so far and tells those failures that are new."""
        told: set[str] = set()
        known: dict[str, str] = {}

        def tell(results: list[Result]) -> None:
            for test in results:
                if test.outcome == "failed" and test.id not in told:
                    told.add(test.id)
                    self.say(table.failure(test, known) + "\n")
        return tell

    def sum_up(self, lab: Lab, exercises: list[str], result: trial.Trial, seconds: float) -> None:
        """A line for each exercise, last so that it is what one sees."""
        grade = Grade.of(lab, 0, exercises)
        grade.put([], list(result.results))
        for row in grade.rows:
            tests = f"{row.passed}/{len(row.counted)} tests"
            self.say(f"{row.id} {row.title}: {tests}, {shown(row.share, row.points)} points, "
                     f"{'ok' if row.full else row.state} ({seconds:.1f} s)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "grade the exercises whose files changed, at each save"
    parser.add_argument("--lab", type=int, default=1)
    parser.add_argument("--exercise", help="only this one, at every save")
    parser.add_argument("--tree", type=Path, default=stage.ROOT, help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    try:
        lab = labs.load(args.tree, args.lab)
        if args.exercise:
            lab.exercise(args.exercise)
        watch = Watch(args.tree.resolve(), lab, args.exercise, lambda text: print(text, flush=True))

        def end(*_) -> None:
            watch.over = True
            raise KeyboardInterrupt

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        watch.run()
    except labs.LabError as error:
        print(f"watch: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print()
    return 0
