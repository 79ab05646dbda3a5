"""The directory of one run, through which its processes tell each other results.

pytest's workers each append a line to results.jsonl when a test has ended, so that
whoever grades sees results as they come, keeps them when the run is cut, and a test
that needs an exercise can see how that one did.  collected.json lists all tests
that there are, so that those which never ran are known as well.

A test that needs an exercise of which nothing works is "not run".  Workers do not wait
for each other to find that out: who reads the results settles it, once the exercise
that is needed has ended.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path


@dataclass(frozen=True)
class Result:
    """One test and how it ended.

    outcome: passed, failed, skipped (the machine lacks something), not-run, or "" while unknown.
    reason: one line.  block: what a failure shows.  counts: whether it counts for points.
    needs: the exercises without which it cannot run.  picture: of what ran when, a path from
    where the reports lie (trace.py).  booted: what a Python test booted last, for that picture.
    """

    id: str
    name: str
    lab: int
    exercise: str
    title: str
    outcome: str = ""
    reason: str = ""
    block: str = ""
    command: str = ""
    seconds: float = 0.0
    hidden: bool = False
    counts: bool = True
    needs: tuple[str, ...] = ()
    picture: str = ""
    booted: dict = field(default_factory=dict)

    @property
    def outside(self) -> bool:
        """Whether the host judges, in a Python test, and not the kernel under test itself."""
        return ".py::" in self.id


class Run:
    """A run's directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)

    @property
    def results_file(self) -> Path:
        return self.directory / "results.jsonl"

    def collected(self, tests: list[Result]) -> None:
        """Writes down which tests there are (every worker writes the same)."""
        path = self.directory / "collected.json"
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps([asdict(test) for test in tests]))
        temporary.replace(path)

    def record(self, result: Result) -> None:
        """Appends a result; one write, so that lines of several processes do not mix."""
        line = json.dumps(asdict(result)) + "\n"
        handle = os.open(self.results_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)

    def tests(self) -> list[Result]:
        """All tests that were collected, without outcomes."""
        try:
            return [Result(**test) for test in json.loads((self.directory / "collected.json").read_text())]
        except FileNotFoundError:
            return []

    def results(self) -> list[Result]:
        """All results so far; of a test that was run twice the last."""
        try:
            lines = self.results_file.read_text().split("\n")[:-1]
        except FileNotFoundError:
            return []
        found = [Result(**json.loads(line)) for line in lines]
        return settled(list({result.id: result for result in found}.values()), self.expected())

    def expected(self) -> Counter[str]:
        """How many tests each exercise has in this run."""
        return Counter(test.exercise for test in self.tests())

    def fault(self, text: str) -> None:
        """Notes a test file that could not be read."""
        path = self.directory / "errors"
        if text not in self.errors():
            with open(path, "a") as errors:
                errors.write(json.dumps(text) + "\n")

    def errors(self) -> list[str]:
        """The test files that could not be read."""
        try:
            return list(dict.fromkeys(map(json.loads, (self.directory / "errors").read_text().splitlines())))
        except FileNotFoundError:
            return []


def unfit(exercise: str, results: list[Result], expected: Counter[str]) -> str:
    """Whether an exercise is of no use to others: "all" of its tests failed, "some" did, or ""
    (which it is, too, while they have not all ended)."""
    mine = [result.outcome for result in results if result.exercise == exercise]
    if "failed" not in mine and "not-run" not in mine:
        return ""
    return "all" if "passed" not in mine and len(mine) >= expected[exercise] else "some"


def settled(results: list[Result], expected: Counter[str]) -> list[Result]:
    """The same, with what needs an exercise that is of no use, directly or not, as not run."""
    while True:
        fitness = {name: unfit(name, results, expected) for name in expected}
        after = [_without(result, fitness) for result in results]
        if after == results:
            return [_told(result, fitness) for result in results]
        results = after


def _without(result: Result, fitness: dict[str, str]) -> Result:
    need = next((need for need in result.needs if fitness.get(need) == "all"), None)
    if need is None or result.outcome not in ("passed", "failed"):
        return result
    return replace(result, outcome="not-run", reason=f"not run: needs {need}")


def _told(result: Result, fitness: dict[str, str]) -> Result:
    """A failure says what else may be its cause."""
    need = next((need for need in result.needs if fitness.get(need) == "some"), None)
    if need is None or result.outcome != "failed":
        return result
    note = f"note:     exercise {need}, which this one needs, fails in some of its tests too"
    return replace(result, block=f"{result.block}\n{note}".strip())
