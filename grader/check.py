"""`make check`: the rules of the house that no compiler knows.

Each check yields lines "file:line: what is wrong"; nothing at all is a pass.

  layers    a file of lab K includes, from the root, only files of labs 1..K
  upward    no weak symbols, and no #if that asks which lab is being built
  marks     exercises, their marks and lab.toml agree
  house     nothing stands at the top level that is not meant to
  format    clang-format would change nothing
  stages    each stage, labs 1..N, links by itself; an upward reference by a bare
            `extern` shows there, since nothing is garbage-collected
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import Callable, Iterator

from grader import build, lab as labs, markers

ROOT = Path(__file__).resolve().parent.parent
TOP_LEVEL = {"Makefile", "README.md", "LICENSE", "grader", "docs", "build", "compile_commands.json"}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
WEAK = re.compile(r"__weak\b|__attribute__\s*\(\(.*\bweak\b|^\s*\.weak\b|#\s*pragma\s+weak")
LAB_CONDITION = re.compile(r"^\s*#\s*(?:if|ifdef|ifndef|elif)\b.*\bLAB\d*\b")


def lab_number(path: str) -> int | None:
    """The number of the lab that a path from the root lies in."""
    match = re.match(r"lab(\d)-[a-z0-9]+/", path)
    return int(match[1]) if match else None


def sources(tree: Path) -> Iterator[tuple[str, list[str]]]:
    """Each C and assembly file of the labs, by its path from the root, and its lines."""
    for path in sorted(tree.glob("lab[0-9]-*/**/*")):
        if path.suffix in (".c", ".h", ".S") and path.is_file():
            yield str(path.relative_to(tree)), path.read_text(errors="replace").splitlines()


def layers(tree: Path) -> Iterator[str]:
    for name, lines in sources(tree):
        if "/user/" in name:
            continue
        for number, line in enumerate(lines, 1):
            included = INCLUDE.match(line)
            if not included:
                continue
            floor = lab_number(included[1])
            if floor is None:
                yield f'{name}:{number}: write the include from the root: "labN-.../{included[1]}"'
            elif floor > lab_number(name):
                yield f"{name}:{number}: includes {included[1]}, from a higher floor"


def upward(tree: Path) -> Iterator[str]:
    for name, lines in sources(tree):
        for number, line in enumerate(lines, 1):
            if WEAK.search(line):
                yield f"{name}:{number}: weak symbols hide what is missing: use rows or ops"
            if LAB_CONDITION.search(line):
                yield f"{name}:{number}: a stage is the set of linked directories, not an #if"


def marks(tree: Path) -> Iterator[str]:
    try:
        everything = labs.labs(tree)
    except labs.LabError as error:
        yield str(error)
        return
    for lab in everything:
        yield from marks_of(tree, lab)


def marks_of(tree: Path, lab: labs.Lab) -> Iterator[str]:
    """Every mark is one of an exercise that names the file, and every exercise has one."""
    owners = {(exercise.id, name) for exercise in lab.exercises for name in exercise.files}
    seen = set()
    for name, lines in sources(tree):
        if not name.startswith(lab.directory + "/"):
            continue
        try:
            regions = markers.parse("\n".join(lines) + "\n", name)
        except markers.MarkerError as error:
            yield str(error)
            continue
        for region in regions:
            seen.add(region.id)
            if (region.id, name) not in owners:
                yield f"{name}:{region.first}: exercise {region.id} does not name this file"
    for exercise in lab.exercises:
        if exercise.id not in seen and not lab.draft:
            yield f"{lab.directory}/lab.toml: exercise {exercise.id} has no marks in its files"


def house(tree: Path) -> Iterator[str]:
    for path in sorted(tree.iterdir()):
        name = path.name
        if not (name.startswith(".") or name in TOP_LEVEL or re.fullmatch(r"lab\d-[a-z]+", name)):
            yield f"{name}: does not belong at the top level"


def format_(tree: Path) -> Iterator[str]:
    files = [name for name, _ in sources(tree) if name.endswith((".c", ".h"))]
    try:
        done = subprocess.run(["clang-format", "--dry-run", "-Werror", *files], cwd=tree,
                              stderr=subprocess.PIPE, text=True)
    except FileNotFoundError:
        yield "clang-format is missing (Debian's package clang-format)"
        return
    yield from (line for line in done.stderr.splitlines() if "clang-format-violations" in line)


def stages(tree: Path) -> Iterator[str]:
    for lab in labs.labs(tree):
        try:
            build.kernel(tree, lab.number, debug=False, tests=False)
        except build.BuildError as error:
            yield f"stage {lab.number} does not build:\n{error.reason}"


CHECKS: dict[str, Callable[[Path], Iterator[str]]] = {
    "layers": layers, "upward": upward, "marks": marks, "house": house,
    "format": format_, "stages": stages,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "check the rules of the house"
    parser.add_argument("--tree", type=Path, default=ROOT)


def run(args: argparse.Namespace) -> int:
    bad = 0
    for name, check in CHECKS.items():
        findings = list(check(args.tree.resolve()))
        bad += len(findings)
        for finding in findings:
            print(finding, file=sys.stderr)
        print(f"check {name}: {'ok' if not findings else f'{len(findings)} wrong'}")
    return 1 if bad else 0
