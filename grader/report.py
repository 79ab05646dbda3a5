"""The three files of a grade: report.json, junit.xml and report.html.

They are written again whenever results have come, each replaced in one step, so
that whatever cuts a run leaves whole files which say what was known.  Forms: Gradescope's
results.json (https://gradescope-autograders.readthedocs.io/en/latest/specs/), JUnit's XML as
CI servers read it.  The page (page.py) needs nothing from outside itself.
"""

from __future__ import annotations

import json
import math
import os
import re
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

from grader import page, table
from grader.score import Grade, Row
from grader.verdicts import Result

FILES = ("report.json", "junit.xml", "report.html")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
NOT_FINISHED = "did not run: the grading was cut"


def write(directory: Path, grade: Grade) -> None:
    """Writes all three."""
    directory.mkdir(parents=True, exist_ok=True)
    _replace(directory / "report.json", json.dumps(gradescope(grade), indent=1) + "\n")
    _replace(directory / "junit.xml", junit(grade))
    _replace(directory / "report.html", page.render(grade))


def _replace(path: Path, text: str) -> None:
    """Writes a file in one step: a reader sees the old one or the new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8", errors="replace")
    os.replace(temporary, path)


def outcome(test: Result) -> str:
    """Why a test did not pass, in one line; "" if it passed."""
    return "" if test.outcome == "passed" else test.reason or (NOT_FINISHED if not test.outcome else test.outcome)


def down(value: Fraction) -> float:
    """A number of points with four digits, rounded down."""
    return math.floor(value * 10000) / 10000


def gradescope(grade: Grade) -> dict:
    """results.json."""
    tests = [_gradescope_test(grade, row, test) for row in grade.all_rows for test in row.tests]
    tests += [_gradescope_row(grade, row) for row in grade.rows if not row.tests]
    return {
        "score": down(grade.total),
        "execution_time": math.ceil(grade.seconds),
        "output": CONTROL.sub("·", table.summary(grade)),
        "output_format": "text",
        "visibility": "visible",
        "extra_data": {"seed": f"{grade.seed:#x}", "lab": grade.lab.number, "finished": grade.finished,
                       "max_score": grade.maximum},
        "tests": tests,
    }


def _gradescope_test(grade: Grade, row: Row, test: Result) -> dict:
    each = Fraction(row.points, len(row.counted)) if test.counts and row.counted else Fraction(0)
    passed = test.outcome == "passed" and not grade.problem and not row.problem
    return {
        "number": test.exercise or "floor", "name": f"{test.name}: {test.title}",
        "score": down(row.share / row.passed) if passed else 0, "max_score": down(each),
        "status": "passed" if passed else "failed",
        "output": CONTROL.sub("·", "\n".join(filter(None, (outcome(test), test.block)))),
        "output_format": "text",
        "visibility": "after_published" if test.hidden else "visible",
    }


def _gradescope_row(grade: Grade, row: Row) -> dict:
    """An exercise of which no test is known (it did not build, or nothing ran)."""
    why = row.problem or grade.problem or NOT_FINISHED
    return {"number": row.id, "name": row.title, "score": 0, "max_score": row.points, "status": "failed",
            "output": CONTROL.sub("·", why), "output_format": "text", "visibility": "visible"}


def junit(grade: Grade) -> str:
    """junit.xml: a suite for each exercise, a case for each test."""
    top = ElementTree.Element("testsuites", name=f"lab {grade.lab.number}", time=f"{grade.seconds:.3f}")
    for row in grade.all_rows:
        cases = [_case(row, test) for test in row.tests] or [_unknown(grade, row)]
        suite = ElementTree.SubElement(
            top, "testsuite", name=f"{row.id} {row.title}", tests=str(len(cases)),
            failures=str(sum(case.find("failure") is not None for case in cases)),
            skipped=str(sum(case.find("skipped") is not None for case in cases)),
            errors=str(sum(case.find("error") is not None for case in cases)),
            time=f"{sum(test.seconds for test in row.tests):.3f}")
        properties = ElementTree.SubElement(suite, "properties")
        ElementTree.SubElement(properties, "property", name="seed", value=f"{grade.seed:#x}")
        suite.extend(cases)
    ElementTree.indent(top)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(top, encoding="unicode") + "\n"


def _case(row: Row, test: Result) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=f"lab{test.lab}.{row.id}", name=test.name,
                               time=f"{test.seconds:.3f}")
    if test.outcome == "failed":
        _inside(case, "failure", outcome(test), test.block)
    elif test.outcome != "passed":
        _inside(case, "skipped", outcome(test), "")
    return case


def _unknown(grade: Grade, row: Row) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=f"lab{grade.lab.number}.{row.id}", name=row.title, time="0")
    why = row.problem or grade.problem
    _inside(case, "error" if why else "skipped", (why or NOT_FINISHED).split("\n")[0], why)
    return case


def _inside(case: ElementTree.Element, kind: str, message: str, text: str) -> None:
    ElementTree.SubElement(case, kind, message=CONTROL.sub("·", message)).text = CONTROL.sub("·", text)
