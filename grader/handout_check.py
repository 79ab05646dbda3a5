"""What is verified of a handout, every time that one is made.

  secrets   no line of a solution, mutant or hidden test is in any object that a
            student gets with the lab branches
  branches  each branch only adds files to the one before
  merges    merging the branches in order into a repository where a student has
            worked on the earlier labs never conflicts
  builds    every starter compiles in every form without a warning
  boots     it says a todo on the console and stops cleanly
  zero      an exercise that is empty on an otherwise finished tree fails every one
            of its tests, says its todo (unless it is a program to be mended), and the
            whole starter earns nothing

A test that an unwritten exercise passes is a defect of that test.  Each check yields
one line a defect.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import Callable, Collection, Iterator

from grader import build, markers, stage, trial
from grader.dialogue import Expected
from grader.handout import LEFT_OUT, MARKED, HandoutError, git
from grader.lab import Exercise, Lab
from grader.machine import Machine

TELLING = 40        # characters of several lines, blanks not counted, that are no coincidence
TELLING_LINE = 60   # and those of a single one
HABIT = 2           # given files in which a line stands that is no secret: a declaration, a lock taken
TELLING_TEST = 160  # the same in a hidden test, since tests resemble each other


def all_defects(reference: Path, repository: Path, labs: list[Lab], jobs: int,
                say: Callable[[str], None]) -> Iterator[str]:
    """Runs every check, saying which; yields defects."""
    names = [lab.directory for lab in labs]
    with _students_clone(repository, names) as clone:
        say("handout: no solution text")
        yield from leaks(reference, clone, labs)
        say("handout: branches only add, and merge")
        yield from changes(clone, names)
        yield from conflicts(clone, labs)
        for lab in labs:
            say(f"handout: {lab.directory}: the starter builds")
            git(clone, "checkout", "-q", "-f", "--detach", f"origin/{lab.directory}")
            yield from build_failures(clone, lab) or boot_failures(clone, lab)
    for lab in labs:
        say(f"handout: {lab.directory}: unwritten exercises score 0")
        yield from points_for_nothing(reference, lab, jobs)


@contextlib.contextmanager
def _students_clone(repository: Path, names: list[str]) -> Iterator[Path]:
    """A clone with the lab branches alone, as a student gets them."""
    with tempfile.TemporaryDirectory(prefix="cub-handout-", dir=repository.parent) as scratch:
        clone = Path(scratch) / "clone"
        clone.mkdir()
        git(clone, "init", "-q", "-b", "work")
        git(clone, "fetch", "-q", "--no-tags", repository.absolute().as_uri(),
            *(f"refs/heads/{name}:refs/remotes/origin/{name}" for name in names))
        yield clone


# --- secrets ---------------------------------------------------------------------


def squeezed(text: str) -> str:
    """Text without blanks, so that new indentation hides nothing."""
    return re.sub(r"\s+", "", text)


def telling(lines: list[str], enough: int = TELLING, habits: Collection[str] = ()) -> Iterator[str]:
    """Runs of neighbouring lines that are long enough, without the habits in them, to be no coincidence."""
    lines = [squeezed(line) for line in lines if squeezed(line) and "#include" not in line]
    for start in range(len(lines)):
        run, counted = "", []
        for line in lines[start:]:
            run += line
            counted += [] if line in habits else [len(line)]
            if sum(counted) >= (max(enough, TELLING_LINE) if len(counted) == 1 else enough):
                yield run
                break


def habits_of(reference: Path, labs: list[Lab]) -> set[str]:
    """The lines, squeezed, that stand in several files as students get them."""
    files = Counter()
    for lab in labs:
        for path in (reference / lab.directory).rglob("*"):
            name = str(path.relative_to(reference))
            if path.suffix in MARKED and path.is_file() and not LEFT_OUT.match(name):
                files.update({squeezed(line) for line in markers.starter(path.read_text(), name).split("\n")})
    return {line for line, count in files.items() if count >= HABIT}


def secret_texts(reference: Path, labs: list[Lab]) -> Iterator[tuple[str, str]]:
    """(text, where it comes from) of everything that students must not get."""
    habits = habits_of(reference, labs)
    for lab in labs:
        for path in sorted((reference / lab.directory).rglob("*")):
            name = str(path.relative_to(reference))
            if not path.is_file() or path.suffix not in (*MARKED, ".py", ".patch"):
                continue
            text = path.read_text(errors="replace")
            if "/hidden/" in name:
                yield from ((run, name) for run in telling(text.split("\n"), TELLING_TEST, habits))
            elif "/mutants/" in name:
                added = [line[1:] for line in text.split("\n") if line.startswith("+")]
                yield from ((run, name) for run in telling(added, habits=habits))
            elif path.suffix in MARKED:
                for region in markers.parse(text, name):
                    given = squeezed("".join(region.starter))   # what is to be mended is no secret
                    yield from ((run, f"{name}:{region.first + 1}") for run in telling(list(region.body), habits=habits)
                                if run not in given)


def leaks(reference: Path, clone: Path, labs: list[Lab]) -> Iterator[str]:
    """Looks for every secret in every object of the clone."""
    secrets = dict(secret_texts(reference, labs))
    listing = git(clone, "rev-list", "--objects", "--all")
    paths = dict(line.partition(" ")[::2] for line in listing.splitlines())
    kinds = git(clone, "cat-file", "--batch-check", "--batch-all-objects")
    for line in kinds.splitlines():
        name, kind, _ = line.split()
        if kind != "blob":
            continue
        text = squeezed(git(clone, "cat-file", "blob", name))
        where = paths.get(name) or name
        if re.match(r"lab\d+-", where) and re.search(r"(//|#)(BEGIN|END)SOLUTION", text):
            yield f"{where} still has SOLUTION marks"
        found = {origin: run for run, origin in secrets.items() if run in text}
        for origin, run in found.items():
            yield f"{where} holds what {origin} should keep to itself: {run[:TELLING]}"


# --- branches --------------------------------------------------------------------


def changes(clone: Path, names: list[str]) -> Iterator[str]:
    """Whatever a branch does to the one before but adding files of its own directory."""
    for before, after in zip(names, names[1:]):
        diff = git(clone, "diff", "--name-status", "--no-renames", f"origin/{before}", f"origin/{after}")
        for line in diff.splitlines():
            how, name = line.split("\t", 1)
            if how != "A" or not name.startswith(f"{after}/"):
                yield f"branch {after} changes {name}, which is not its own"


def conflicts(clone: Path, labs: list[Lab]) -> Iterator[str]:
    """Plays a student who works on every lab and merges the next one."""
    git(clone, "checkout", "-q", "-f", "-B", "work", f"origin/{labs[0].directory}")
    for lab in labs:
        if lab is not labs[0]:
            try:
                git(clone, "merge", "-q", "--no-edit", f"origin/{lab.directory}")
            except HandoutError as error:
                yield f"merging {lab.directory} into a student's work fails: {error}"
                return
        _work(clone, lab)
        git(clone, "add", "-A")
        git(clone, "commit", "-q", "-m", f"my {lab.directory}")


def _work(clone: Path, lab: Lab) -> None:
    """Writes something into each exercise, a file of its own, and edits what is common."""
    for name in [*lab.files, "Makefile", "README.md", f"{lab.directory}/README.md"]:
        path = clone / name
        if path.is_file():
            path.write_text("/* mine */\n" + path.read_text() + "/* mine, too */\n")
    own = clone / lab.directory / "extra" / "own.c"
    own.parent.mkdir(exist_ok=True)
    own.write_text("int own;\n")


# --- starters --------------------------------------------------------------------


def build_failures(tree: Path, lab: Lab) -> list[str]:
    """The starter in its three forms; warnings are errors in the rules."""
    for debug, tests in ((False, False), (True, False), (True, True)):
        try:
            build.kernel(tree, lab.number, debug=debug, tests=tests)
        except build.BuildError as error:
            return [f"the starter of {lab.directory} does not build: {error.reason}"]
    return []


def boot_failures(tree: Path, lab: Lab) -> list[str]:
    """The starter booted: it says a todo, and then stops or waits, and does not crash."""
    with Machine(build.kernel(tree, lab.number, debug=False, tests=False)) as machine:
        try:
            machine.console.expect(re.compile(r"todo \d+\.\d+: \w+ \(\S+\)"))
        except Expected as error:
            return [f"the starter of {lab.directory} says no todo: {error.seen!r}"]
        end = machine.wait()
    return [] if end.kind == "hung" else \
        [f"the starter of {lab.directory} does not stop cleanly: {end.kind} {end.detail}"]


def points_for_nothing(reference: Path, lab: Lab, jobs: int) -> Iterator[str]:
    """Judges each exercise emptied, and all of them; BuildError: the reference is broken."""
    stage.warm(reference, lab)
    with concurrent.futures.ThreadPoolExecutor(max(jobs, 1)) as pool:
        tasks = [pool.submit(_emptied, reference, lab, exercise) for exercise in lab.exercises]
        tasks.append(pool.submit(_starter, reference, lab, jobs))
        for task in tasks:
            yield from task.result()


def _emptied(reference: Path, lab: Lab, exercise: Exercise) -> list[str]:
    """One exercise unwritten on the reference: all of its tests must fail."""
    try:
        with stage.staged(reference, lab, stage.starter(reference, lab, exercise.id),
                          f"empty-{exercise.id}") as tree:
            build.kernel(tree, lab.number)
            result = trial.run(tree, lab.directory, exercise.id, root=reference)
    except build.BuildError as error:
        return [f"with {exercise.id} unwritten nothing builds: {error.reason}"]
    if result.trouble:
        return [f"with {exercise.id} unwritten: {result.trouble}"]
    defects = [f"{test.name} does not fail while exercise {exercise.id} is unwritten ({test.outcome})"
               for test in result.results if test.outcome != "failed"]
    said = re.compile(rf"todo:?\s+{re.escape(exercise.id)}: ")
    if not _to_be_mended(reference, exercise) and not any(said.search(test.block) for test in result.results):
        defects.append(f"no test shows that exercise {exercise.id} says todo")
    return defects


def _to_be_mended(reference: Path, exercise: Exercise) -> bool:
    """Whether the starter is no hole but a program that is wrong, much like the solution: it has no todo."""
    regions = [region for name in exercise.files if Path(name).suffix in MARKED
               for region in markers.parse((reference / name).read_text(), name) if region.id == exercise.id]
    return any(run in squeezed("".join(region.starter)) for region in regions for run in telling(list(region.body)))


def _starter(reference: Path, lab: Lab, jobs: int = 1) -> list[str]:
    """Everything unwritten: no test of any exercise passes."""
    try:
        with stage.staged(reference, lab, stage.starter(reference, lab), "starter") as tree:
            build.kernel(tree, lab.number)
            result = trial.run(tree, lab.directory, jobs=jobs, root=reference)
    except build.BuildError as error:
        return [f"the starter with tests does not build: {error.reason}"]
    if result.trouble:
        return [f"the starter: {result.trouble}"]
    return [f"{test.name} earns points for the starter ({test.outcome})" for test in result.results
            if test.exercise and test.outcome not in ("failed", "not-run")]
