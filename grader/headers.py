"""Keeps an exercise's header from bending the tests that include it.

Tests are the grader's, but a header that an exercise names is the student's, and
a test that includes it is compiled with it.  So such a header may not define a
macro whose name stands anywhere in the test floor's headers (KT_EQ, kt_equal,
static, if, ...): the compiler itself is asked which macros are in force after it
(gcc -E -dM), whatever tricks they were made with.  Nor may it take in files with
.incbin, which would read them while a test is compiled.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from grader import build, sandbox
from grader.intake import SubmissionError
from grader.lab import Lab

FLOOR = ("lab1-boot/ktest/ktest.h", "lab1-boot/lib/rows.h")
FLAGS = ("-std=gnu11", "-ffreestanding", "-I.", "-mgeneral-regs-only", "-DDEBUG", "-x", "c")


def check(tree: Path, lab: Lab, files: dict[str, bytes]) -> None:
    """Checks the headers among a submission's files in its staged tree."""
    names = [name for name in lab.files if name.endswith(".h") and name in files]
    if not names:
        return
    floor = [name for name in FLOOR if (tree / name).is_file()]
    words = set(re.findall(r"\w+", re.sub(r"(?s)/\*.*?\*/|//[^\n]*", "", "".join(
        (tree / name).read_text() for name in floor))))
    before = _macros(tree, floor)
    for name in names:
        after = _macros(tree, [*floor, name])
        for macro in sorted(words & (before.keys() | after.keys())):
            if before.get(macro) != after.get(macro):
                raise SubmissionError(f"{name} redefines {macro}, which the tests use")
        _check_incbin(tree, name)


def _macros(tree: Path, names: list[str]) -> dict[str, str]:
    """Every macro in force after those headers."""
    text = _preprocess(tree, names, "-dM")
    return dict(re.findall(r"^#define (\w+)(.*)$", text, re.MULTILINE))


def _check_incbin(tree: Path, name: str) -> None:
    """Adjacent strings are joined first, as the compiler would."""
    if "incbin" in re.sub(r'"\s*"', "", _preprocess(tree, [name], "-P")):
        raise SubmissionError(f"{name} uses .incbin")


def _preprocess(tree: Path, names: list[str], option: str) -> str:
    """gcc -E over headers, with every test covered up; an error in one ends up here."""
    includes = [part for name in names for part in ("-include", name)]
    with tempfile.TemporaryDirectory(prefix="cub-headers-") as blank:
        covered = {path: build.blanked(path, Path(blank) / path.relative_to(tree)) for path in build.secrets(tree)}
        result = sandbox.run(["gcc", *FLAGS, "-E", option, *includes, "/dev/null"], cwd=tree, covered=covered)
    if result.cut or result.returncode:
        reason = result.cut or build.first_error(result.output, tree).splitlines()[0]
        raise SubmissionError(f"{names[-1]} cannot be read by the compiler: {reason}")
    return result.output
