"""A grade as text: the table by exercise, then a block for each failure."""

from __future__ import annotations

from grader.score import Grade, Row, shown
from grader.verdicts import Result


def summary(grade: Grade) -> str:
    """The table, with what a person must know before it."""
    lines = [f"Lab {grade.lab.number}: {grade.lab.title}" + (f" - {grade.subject}" if grade.subject else "")]
    if grade.problem:
        lines += ["", *grade.problem.split("\n")]
    lines += [""] + _table(grade)
    lines += ["", f"seed {grade.seed:#x}   {grade.seconds:.1f} s"]
    if not grade.finished and not grade.problem:
        lines.append("The run was cut: what was not known by then counts as not passed.")
    lines += [f"note: {note}" for note in grade.notes]
    if grade.ignored:
        lines += ["", "Ignored, since no exercise names these files:"] + [f"  {name}" for name in grade.ignored]
    return "\n".join(lines)


def _table(grade: Grade) -> list[str]:
    width = max(len(row.title) for row in grade.all_rows) + 2
    lines = [f"  {'':6}{'exercise':{width}}{'tests':>7}{'points':>10}"]
    for row in grade.all_rows:
        tests = f"{row.passed}/{len(row.counted)}" if row.tests else "-"
        points = shown(row.share if not grade.problem else row.share * 0, row.points) if row.points else ""
        state = "" if row.full and not grade.problem else f"   {_state(grade, row)}"
        lines.append(f"  {row.id:6}{row.title:{width}}{tests:>7}{points:>10}{state}".rstrip())
    lines.append(f"  {'':6}{'total':{width}}{'':7}{shown(grade.total, grade.maximum):>10}")
    return lines


def _state(grade: Grade, row: Row) -> str:
    return "not run" if grade.problem else row.state


def failures(grade: Grade) -> str:
    """A block for each failed test; a block that was shown already is only named."""
    blocks, known = [], {}
    for row in grade.all_rows:
        if row.problem and not grade.problem:
            blocks.append(f"FAIL {row.id} {row.title}\n" + _indent(row.problem))
        for test in row.tests:
            if test.outcome == "failed":
                blocks.append(failure(test, known))
    return "\n\n".join(blocks)


def failure(test: Result, known: dict[str, str]) -> str:
    """One failed test; `known` collects what was shown before."""
    head = f"FAIL {test.name} ({test.exercise or 'floor'}: {test.title})"
    body = [line for line in test.block.split("\n") if not line.startswith(("again:", "picture:"))]
    same = "\n".join(line for line in body if not line.startswith("expected:"))
    if same in known and same.strip():
        return f"{head}\n  the same is seen as in {known[same]}; again: {test.command}"
    known[same] = test.name
    return f"{head}\n{_indent(test.block)}"


def _indent(text: str) -> str:
    return "\n".join("  " + line for line in text.split("\n"))
