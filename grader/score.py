"""Points: what each exercise earned, from the results of its tests.

An exercise earns points in proportion to its passed tests, hidden ones included, but no
larger part than that of its tests which judge from outside: what a kernel says of itself can
be forged (docs/integrity.md), and is to gain nothing.  It earns its full points only when
every test passed: a share is rounded down, never up.
Tests of the floor (no exercise), when they are run, earn nothing but must pass for a full grade.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from fractions import Fraction

from grader.lab import Lab
from grader.verdicts import Result

FLOOR = "floor"


@dataclass
class Row:
    """One exercise in the table."""

    id: str
    title: str
    points: int
    tests: list[Result] = field(default_factory=list)
    problem: str = ""       # why its tests could not be run at all

    @property
    def counted(self) -> list[Result]:
        """The tests that count: not those for which the host lacks something."""
        return [test for test in self.tests if test.counts]

    @property
    def passed(self) -> int:
        return sum(test.outcome == "passed" for test in self.counted)

    @property
    def share(self) -> Fraction:
        """The points, exactly."""
        if self.problem or not self.counted:
            return Fraction(0)
        return self.points * min(part(self.counted), part(self.outside))

    @property
    def outside(self) -> list[Result]:
        """The tests that look from outside; all of them where an exercise has none such."""
        return [test for test in self.counted if test.outside] or self.counted

    @property
    def capped(self) -> bool:
        """Whether the tests from outside earned less than all together would."""
        return bool(self.counted) and part(self.outside) < part(self.counted)

    @property
    def full(self) -> bool:
        return not self.problem and bool(self.counted) and self.passed == len(self.counted)

    @property
    def state(self) -> str:
        """In a word or two, for the table."""
        if self.problem:
            return self.problem.split("\n")[0]
        if self.full:
            return "ok"
        outcomes = {test.outcome for test in self.tests}
        if not outcomes - {""}:
            return "not run"
        if outcomes == {"not-run"}:
            return self.tests[0].reason
        if "" in outcomes:
            return "not finished"
        if outcomes <= {"passed", "not-run"}:
            return "in part " + next(test.reason for test in self.tests if test.outcome == "not-run")
        return "failed, most of all from outside" if self.capped else "failed"


def part(tests: list[Result]) -> Fraction:
    """The part of these tests (at least one) that passed."""
    return Fraction(sum(test.outcome == "passed" for test in tests), len(tests))


@dataclass
class Grade:
    """Everything that a report says."""

    lab: Lab
    seed: int
    rows: list[Row]
    floor: Row
    subject: str = ""                   # what is judged, if not the tree itself
    problem: str = ""                   # why nothing could be judged: a block of text
    ignored: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.time)
    seconds: float = 0.0
    finished: bool = False

    @classmethod
    def of(cls, lab: Lab, seed: int, only: list[str], subject: str = "") -> "Grade":
        """A grade before any test; `only` names exercises, or none for all."""
        rows = [Row(e.id, e.title, e.points) for e in lab.exercises if not only or e.id in only]
        return cls(lab, seed, rows, Row(FLOOR, "what is no exercise", 0), subject)

    @property
    def all_rows(self) -> list[Row]:
        return [*self.rows, *([self.floor] if self.floor.tests else [])]

    @property
    def maximum(self) -> int:
        return sum(row.points for row in self.rows)

    @property
    def total(self) -> Fraction:
        return Fraction(0) if self.problem else sum((row.share for row in self.rows), Fraction(0))

    @property
    def full(self) -> bool:
        """Full points, nothing cut, and the floor holds."""
        return (self.finished and not self.problem and all(row.full for row in self.rows)
                and (self.floor.full or not self.floor.counted))

    def put(self, collected: list[Result], results: list[Result]) -> None:
        """Takes the tests that there are and how those ended that have."""
        ended = {result.id: result for result in results}
        rows = {row.id: row for row in self.rows}
        for row in self.all_rows:
            row.tests = []
        for test in collected or results:
            row = rows.get(test.exercise) if test.exercise else self.floor
            if row is not None:
                row.tests.append(ended.get(test.id, test))

    def replace(self, test: Result, by: Result) -> None:
        """Puts one test's result in another one's place."""
        for row in self.all_rows:
            row.tests = [by if other is test else other for other in row.tests]


def shown(points: Fraction, maximum: int | None = None) -> str:
    """Points for a person: rounded down to hundredths, so that only full is full."""
    hundredths = math.floor(points * 100)
    text = f"{hundredths // 100}.{hundredths % 100:02}".rstrip("0").rstrip(".")
    return text if maximum is None else f"{text}/{maximum}"
