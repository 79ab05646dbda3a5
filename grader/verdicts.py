"""The directory of one run, through which its processes tell each other results.

pytest's workers each append a line to results.jsonl when a test has ended, so that
whoever grades sees results as they come, keeps them when the run is cut, and a test
that needs an exercise can see how that one did.  collected.json lists all tests
that there are, so that those which never ran are known as well.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

WAIT = 60.0     # wall seconds for other workers to finish an exercise that is needed


@dataclass(frozen=True)
class Result:
    """One test and how it ended.

    outcome: passed, failed, skipped (the machine lacks something), not-run, or "" while unknown.
    reason: one line.  block: what a failure shows.  counts: whether it counts for points.
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
        return list({result.id: result for result in found}.values())

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

    def unfit(self, exercise: str, expected: int, wait: bool) -> str:
        """Whether an exercise is of no use to others: "all" of its tests failed, "some" did, or "".

        `expected`: how many tests it has in this run.  With `wait` other workers are given
        time to finish them: without it the verdicts of two runs might differ.
        """
        end = time.monotonic() + WAIT
        while True:
            mine = [result for result in self.results() if result.exercise == exercise]
            if len(mine) >= expected or not wait or time.monotonic() > end:
                break
            time.sleep(0.02)
        failed = [result for result in mine if result.outcome in ("failed", "not-run")]
        if not failed:
            return ""
        return "some" if any(result.outcome == "passed" for result in mine) else "all"
