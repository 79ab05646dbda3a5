"""Finds the kernel tests in labN-*/tests/*_test.c by reading the source.

    KTEST(name, "1.3", "what it shows", .limit = 10, .needs = "1.2", .panics = "text")

The kernel is not asked which tests it has: what is to be judged must not decide
by what.  A test that is written wrongly is an error that names its file and line.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path

from grader import lab as labs

START = re.compile(r"^[ \t]*(KTEST|KPROBE)\b[ \t]*(\(?)", re.MULTILINE)
FORM = 'KTEST(name, "exercise", "title", .option = value...)'
LIMIT = 2       # guest seconds


class KtestError(Exception):
    """A test that is written wrongly: one line "file:line: what"."""


@dataclass(frozen=True)
class Ktest:
    """One KTEST as its source states it.  A probe is run by Python tests only."""

    name: str
    exercise: str = ""
    title: str = ""
    limit: float = LIMIT
    needs: tuple[str, ...] = ()
    panics: str = ""
    probe: bool = False
    place: str = ""         # file:line


def read(path: Path, name: str | None = None) -> list[Ktest]:
    """The tests in one source file; `name` is what errors call it.  Raises KtestError."""
    return parse(path.read_text(encoding="utf-8", errors="replace"), name or path.name)


def parse(text: str, file: str) -> list[Ktest]:
    """The tests in a source text."""
    code = without_comments(text)
    found: dict[str, Ktest] = {}
    for match in START.finditer(code):
        place = f"{file}:{code.count(chr(10), 0, match.start()) + 1}"
        if not match[2]:
            raise KtestError(f"{place}: {match[1]} without its arguments; it is written {FORM}")
        test = _one(match[1], _arguments(code, match.end(), place), place)
        if test.name in found:
            raise KtestError(f"{place}: there is another test named {test.name}, {found[test.name].place}")
        found[test.name] = test
    return list(found.values())


def of_lab(directory: Path) -> dict[str, Ktest]:
    """Every test and probe of a lab directory by name, checked against its lab.toml."""
    files = tuple((path, path.stat().st_mtime_ns) for kind in ("tests", "hidden")
                  for path in sorted((directory / kind).glob("*_test.c")))
    return _of_files(directory, files)


@functools.lru_cache(maxsize=8)
def _of_files(directory: Path, files: tuple[tuple[Path, int], ...]) -> dict[str, Ktest]:
    known = _exercises(directory)
    found: dict[str, Ktest] = {}
    for path, _ in files:
        for test in read(path, str(path.relative_to(directory.parent))):
            if test.name in found:
                raise KtestError(f"{test.place}: there is another test named {test.name}, {found[test.name].place}")
            for exercise in (test.exercise, *test.needs):
                if exercise and known is not None and exercise not in known:
                    raise KtestError(f"{test.place}: {test.name} names exercise {exercise}, which is not in lab.toml")
            found[test.name] = test
    return found


def _exercises(directory: Path) -> set[str] | None:
    """The exercises of this lab and of those below; None where there is no lab.toml."""
    number = re.match(r"lab(\d+)-", directory.name)
    if not number or not (directory / "lab.toml").is_file():
        return None
    return {e.id for lab in labs.labs(directory.parent) if lab.number <= int(number[1]) for e in lab.exercises}


def without_comments(text: str) -> str:
    """The text with comments blanked; strings and line numbers stay."""
    token = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/', re.DOTALL)
    return token.sub(lambda m: m[0] if m[0][0] in "\"'" else re.sub(r"[^\n]", " ", m[0]), text)


def _arguments(code: str, at: int, place: str) -> list[str]:
    """The arguments behind an opening parenthesis, split at its own commas."""
    parts, depth = [""], 1
    for match in re.compile(r'"(?:\\.|[^"\\\n])*"|.', re.DOTALL).finditer(code, at):
        piece = match[0]
        depth += (piece in "([{") - (piece in ")]}") if len(piece) == 1 else 0
        if depth == 0:
            return [" ".join(part.split()) if '"' not in part else part.strip() for part in parts]
        if piece == "," and depth == 1:
            parts.append("")
        else:
            parts[-1] += piece
    raise KtestError(f"{place}: the parenthesis of this test is never closed")


def _one(kind: str, arguments: list[str], place: str) -> Ktest:
    name = arguments[0]
    if not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise KtestError(f"{place}: {name!r} is no name for a test; it is written {FORM}")
    if kind == "KPROBE":
        return Ktest(name, probe=True, place=place)
    if len(arguments) < 3:
        raise KtestError(f"{place}: {name} has no {'exercise' if len(arguments) < 2 else 'title'}; it is written {FORM}")
    exercise, title = (_string(text, name, place) for text in arguments[1:3])
    if not re.fullmatch(r"(\d+\.\d+)?", exercise):
        raise KtestError(f'{place}: {name}: the exercise is "{exercise}" and should be like "1.3", or "" for none')
    if not title:
        raise KtestError(f"{place}: {name} has an empty title")
    return Ktest(name, exercise, title, place=place, **_options(arguments[3:], name, place))


def _options(arguments: list[str], name: str, place: str) -> dict:
    """What stands behind the title."""
    found: dict = {}
    for text in filter(None, arguments):
        match = re.fullmatch(r"\.\s*(\w+)\s*=\s*(.+)", text, re.DOTALL)
        option = match[1] if match else text
        if not match or option not in ("limit", "needs", "panics"):
            raise KtestError(f"{place}: {name} has an unknown option {option!r} (known: .limit .needs .panics)")
        if option == "limit":
            if not re.fullmatch(r"[1-9]\d*", match[2]):
                raise KtestError(f"{place}: {name}: .limit is in whole seconds, not {match[2]!r}")
            found["limit"] = int(match[2])
        else:
            value = _string(match[2], name, place)
            found[option] = tuple(value.split()) if option == "needs" else value
    return found


def _string(text: str, name: str, place: str) -> str:
    """The value of C string literals that stand side by side."""
    if not re.fullmatch(r'\s*("(?:\\.|[^"\\\n])*"\s*)+', text):
        raise KtestError(f"{place}: {name}: {text!r} should be a string; a test is written {FORM}")
    escapes = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
    inside = "".join(re.findall(r'"((?:\\.|[^"\\\n])*)"', text))
    return re.sub(r"\\(.)", lambda m: escapes.get(m[1], m[0]), inside)
