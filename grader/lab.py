"""Reads labN-*/lab.toml, the one place that says what a lab's exercises are.

Everything that gives points, hands out starters or takes a submission starts
from the `Lab` that `load` returns, so mistakes in the file are found here, at
once, and said in one line each ("lab1-boot/lab.toml: ...").  DESIGN.md section
6 describes exercises; the file's form is that of https://toml.io.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

EXERCISE_KEYS = {"id", "title", "points", "hours", "files", "functions", "needs", "hints"}
LAB_KEYS = {"title", "draft", "replaces", "machine", "exercise"}
MACHINE_KEYS = {"memory": str, "cpus": int}
POINTS = 100


class LabError(Exception):
    """A lab that is missing or whose lab.toml is wrong; one line for a person."""


@dataclass(frozen=True)
class Exercise:
    """One exercise: its id ("1.3"), its points and the files it is written in."""

    id: str
    title: str
    points: int
    hours: float
    files: tuple[str, ...]
    functions: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lab:
    """One lab: its number, its directory's name ("lab1-boot") and its exercises.

    draft: it is still being written.  Its stage is built and its tests are run, but it is not
    handed out, and neither its mutants nor its grades are CI's business yet.
    """

    number: int
    directory: str
    title: str
    exercises: tuple[Exercise, ...]
    machine: dict = field(default_factory=dict)
    replaces: tuple[str, ...] = ()
    draft: bool = False

    def exercise(self, name: str) -> Exercise:
        """Returns the exercise with that id or raises LabError naming those there are."""
        for exercise in self.exercises:
            if exercise.id == name:
                return exercise
        known = ", ".join(e.id for e in self.exercises)
        raise LabError(f"lab {self.number} has no exercise {name} (it has {known})")

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that some exercise names, in order, each once."""
        return tuple(dict.fromkeys(name for e in self.exercises for name in e.files))


def directories(tree: Path) -> dict[int, Path]:
    """The lab directories of a tree by number, with or without a lab.toml."""
    found: dict[int, Path] = {}
    for path in sorted(Path(tree).glob("lab[0-9]*-*")):
        match = re.fullmatch(r"lab(\d+)-[\w-]+", path.name)
        if not match or not path.is_dir():
            continue
        number = int(match[1])
        if number in found:
            raise LabError(f"lab {number} is there twice: {found[number].name} and {path.name}")
        found[number] = path
    return dict(sorted(found.items()))


def labs(tree: Path) -> list[Lab]:
    """All labs of a tree that have a lab.toml, lowest first."""
    return [load(tree, number) for number, path in directories(tree).items()
            if (path / "lab.toml").is_file()]


def finished(tree: Path) -> list[Lab]:
    """Those of them that are no drafts."""
    return [lab for lab in labs(tree) if not lab.draft]


def load(tree: Path, number: int) -> Lab:
    """Reads and checks one lab's lab.toml; raises LabError with one line."""
    tree = Path(tree)
    where = directories(tree).get(number)
    if where is None:
        raise LabError(f"there is no lab {number} in {tree}")
    name = f"{where.name}/lab.toml"
    try:
        data = tomllib.loads((where / "lab.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LabError(f"{name} is missing") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise LabError(f"{name}: {error}") from None
    return _Reader(tree, name, number, where.name).lab(data)


class _Reader:
    """Turns the parsed file into a Lab; every complaint names the file and the entry."""

    def __init__(self, tree: Path, name: str, number: int, directory: str) -> None:
        self.tree, self.name, self.number, self.directory = tree, name, number, directory

    def fail(self, text: str) -> None:
        raise LabError(f"{self.name}: {text}")

    def get(self, table: dict, key: str, kind: type | tuple, where: str, default=None):
        """table[key], checked to be of that type; a key without default must be there."""
        if key not in table:
            if default is None:
                self.fail(f"{where} has no {key}")
            return default
        value = table[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            self.fail(f"{where}: {key} = {value!r} has the wrong type")
        return value

    def names(self, table: dict, key: str, where: str, default=None) -> tuple[str, ...]:
        """table[key] as a list of strings without repeats."""
        value = self.get(table, key, list, where, default)
        if not all(isinstance(item, str) and item for item in value):
            self.fail(f"{where}: {key} must be a list of strings")
        if len(set(value)) != len(value):
            self.fail(f"{where}: {key} names something twice")
        return tuple(value)

    def known(self, table: dict, allowed, where: str) -> None:
        """Unknown keys are refused: a misspelt one would silently change nothing."""
        for key in table:
            if key not in allowed:
                self.fail(f"{where}: unknown key {key!r} (known: {', '.join(sorted(allowed))})")

    def lab(self, data: dict) -> Lab:
        self.known(data, LAB_KEYS, "the lab")
        machine = self.get(data, "machine", dict, "the lab", {})
        self.known(machine, MACHINE_KEYS, "[machine]")
        for key in machine:
            self.get(machine, key, MACHINE_KEYS[key], "[machine]")
        tables = self.get(data, "exercise", list, "the lab")
        exercises = [self.exercise(table) for table in tables]
        self.check_together(exercises)
        replaces = self.names(data, "replaces", "the lab", [])
        self.check_files(replaces, "replaces")
        draft = data.get("draft", False)
        if not isinstance(draft, bool):
            self.fail(f"the lab: draft = {draft!r} has the wrong type")
        return Lab(self.number, self.directory, self.get(data, "title", str, "the lab"),
                   tuple(exercises), dict(machine), replaces, draft)

    def exercise(self, table: dict) -> Exercise:
        if not isinstance(table, dict):
            self.fail("every exercise must be an [[exercise]] table")
        name = self.get(table, "id", str, "an exercise")
        where = f"exercise {name}"
        if not re.fullmatch(rf"{self.number}\.\d+", name):
            self.fail(f"{where}: the id must look like \"{self.number}.1\"")
        self.known(table, EXERCISE_KEYS, where)
        points = self.get(table, "points", int, where)
        hours = self.get(table, "hours", (int, float), where)
        if points <= 0 or hours <= 0:
            self.fail(f"{where}: points and hours must be above 0")
        files = self.names(table, "files", where)
        if not files:
            self.fail(f"{where}: files is empty")
        self.check_files(files, where)
        for path in files:
            if not path.startswith(self.directory + "/"):
                self.fail(f"{where}: {path} is outside {self.directory}")
        return Exercise(name, self.get(table, "title", str, where), points, hours, files,
                        self.names(table, "functions", where, []),
                        self.names(table, "needs", where, []),
                        self.names(table, "hints", where, []))

    def check_files(self, paths: tuple[str, ...], where: str) -> None:
        for path in paths:
            if Path(path).is_absolute() or ".." in Path(path).parts:
                self.fail(f"{where}: {path} must be written from the root of the tree")
            if not (self.tree / path).is_file():
                self.fail(f"{where}: there is no file {path}")

    def check_together(self, exercises: list[Exercise]) -> None:
        """What concerns all exercises at once: ids, needs and the sum of points."""
        ids = [e.id for e in exercises]
        for name in ids:
            if ids.count(name) > 1:
                self.fail(f"exercise {name} is there twice")
        for e in exercises:
            for need in e.needs:
                if need not in ids or need == e.id:
                    self.fail(f"exercise {e.id}: needs {need}, which is no other exercise here")
        self.check_circle(exercises)
        total = sum(e.points for e in exercises)
        if total != POINTS:
            self.fail(f"the points add up to {total}, not {POINTS}")

    def check_circle(self, exercises: list[Exercise]) -> None:
        """Exercises that need each other in a circle could never be run."""
        left = {e.id: set(e.needs) for e in exercises}
        while left:
            free = [name for name, needs in left.items() if not needs & left.keys()]
            if not free:
                self.fail(f"exercises need each other in a circle: {', '.join(sorted(left))}")
            for name in free:
                del left[name]
