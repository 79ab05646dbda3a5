"""make check finds what it says it finds, and nothing in a tree that is right."""

import shutil
from pathlib import Path

import pytest

from grader import check

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def tree(tmp_path):
    """A copy of the labs, to be spoilt, with a second lab above the first."""
    for lab in ROOT.glob("lab[0-9]-*"):
        shutil.copytree(lab, tmp_path / lab.name)
    shutil.copytree(ROOT / "grader", tmp_path / "grader",
                    ignore=shutil.ignore_patterns("tests", "__pycache__"))
    shutil.copy(ROOT / ".clang-format", tmp_path)
    return tmp_path


def test_the_reference_has_no_findings(tree):
    for name, function in check.CHECKS.items():
        assert list(function(tree)) == [], name


@pytest.mark.parametrize("line, found", [
    ('#include "lab2-memory/page.h"', "higher floor"),
    ('#include "screen.h"', "from the root"),
])
def test_an_include_that_points_up_or_nowhere(tree, line, found):
    path = tree / "lab1-boot/console/screen.c"
    path.write_text(line + "\n" + path.read_text())
    assert [f for f in check.layers(tree) if found in f and "screen.c:1:" in f]


@pytest.mark.parametrize("line, found", [
    ("__attribute__((weak)) void hook(void);", "weak"),
    ("#if LAB >= 3", "stage"),
])
def test_ways_up_that_are_not_allowed(tree, line, found):
    (tree / "lab1-boot/extra.c").write_text(line + "\n")
    assert [f for f in check.upward(tree) if found in f]


def test_marks_of_an_exercise_that_does_not_name_the_file(tree):
    path = tree / "lab1-boot/lib/string.c"
    path.write_text(path.read_text() + "// BEGIN SOLUTION 1.3\n// END SOLUTION 1.3 =>\n")
    assert [f for f in check.marks(tree) if "does not name this file" in f]


def test_an_exercise_without_marks(tree):
    path = tree / "lab1-boot/debug/backtrace.c"
    path.write_text("\n".join(l for l in path.read_text().splitlines() if "SOLUTION" not in l))
    assert [f for f in check.marks(tree) if "1.5 has no marks" in f]


def test_what_does_not_belong_at_the_top(tree):
    (tree / "notes.txt").write_text("")
    assert [f for f in check.house(tree) if "notes.txt" in f]


def test_a_file_that_clang_format_would_change(tree):
    path = tree / "lab1-boot/lib/string.c"
    path.write_text(path.read_text() + "int   x ;\n")
    assert [f for f in check.format_(tree) if "string.c" in f]


def test_a_symbol_that_only_a_higher_floor_has_fails_the_stage(tree):
    path = tree / "lab1-boot/cpu/pic.c"
    path.write_text(path.read_text() + "extern void page_free(void);\nvoid up(void);\n"
                    "void up(void)\n{\n\tpage_free();\n}\n")
    findings = list(check.stages(tree))
    assert len(findings) == 1 and "page_free" in findings[0]
