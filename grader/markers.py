"""Reads the marks around exercises and makes starters, solutions and splices.

In the reference a solution stands between marks; what the student gets instead
follows `=>`, or stands in a STARTER block inside the region, one comment a line:

    // BEGIN SOLUTION 2.1
    return first(list);
    // END SOLUTION 2.1 => todo("2.1"); return NULL;

    // BEGIN SOLUTION 2.2
    // STARTER 2.2
    // todo("2.2");
    // if (early)
    // 	return -ENOMEM;
    return second(list);
    // END SOLUTION 2.2

Where clang-format breaks a long END line, the comment lines right after it go on
with it.  Students see the same places as BEGIN/END YOUR CODE.  In assembly the comment
sign is `#`.  An exercise may have several regions; the n-th of a student's file
answers the n-th of the reference.  The idea is nbgrader's (nbgrader.readthedocs.io).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Collection, Iterable

MARK = re.compile(r"^(?P<indent>[ \t]*)(?P<sign>//|#)[ \t]*(?P<edge>BEGIN|END) "
                  r"(?P<kind>SOLUTION|YOUR CODE)[ \t]+(?P<id>\d+\.\d+)[ \t]*(?P<rest>(?:.*[^ \t])?)[ \t]*$")
STARTER = re.compile(r"^[ \t]*(?://|#)[ \t]*STARTER[ \t]+(?P<id>\S+)[ \t]*$")
LOOKS_LIKE = re.compile(r"^[ \t]*(?://|#)[ \t]*(?:BEGIN|END) (?:SOLUTION|YOUR CODE)\b")
COMMENT = re.compile(r"^[ \t]*(?://|#) ?(?P<code>.*)$")


class MarkerError(Exception):
    """Marks that do not fit together; one line, "file:line: what"."""


@dataclass(frozen=True)
class Region:
    """The lines [first, last] of one marked region, both marks included (and what
    continues the END mark).

    body is what stands between the marks without the STARTER block; starter is
    what a student gets in its place, as lines without the region's indentation.
    """

    id: str
    kind: str
    first: int
    last: int
    indent: str
    sign: str
    body: tuple[str, ...]
    starter: tuple[str, ...]

    def marked(self, lines: Iterable[str]) -> list[str]:
        """Those lines between this region's YOUR CODE marks."""
        mark = f"{self.indent}{self.sign} {{}} YOUR CODE {self.id}"
        return [mark.format("BEGIN"), *lines, mark.format("END")]


def parse(text: str, name: str, known: Collection[str] | None = None) -> list[Region]:
    """The regions of a file in order; `known` are the exercise ids that may appear."""
    regions: list[Region] = []
    lines = text.split("\n")
    begin, opened = 0, None

    def fail(number: int, what: str) -> None:
        raise MarkerError(f"{name}:{number + 1}: {what}")

    for number, line in enumerate(lines):
        mark = MARK.match(line)
        if not mark:
            if LOOKS_LIKE.match(line):
                fail(number, f"this mark is not understood: {line.strip()}")
            continue
        kind, exercise = mark["kind"], mark["id"]
        if known is not None and exercise not in known:
            fail(number, f"{kind} {exercise}: there is no such exercise")
        if mark["edge"] == "BEGIN":
            if opened:
                fail(number, f"BEGIN {kind} {exercise} inside {opened['kind']} {opened['id']}"
                             f" of line {begin + 1}")
            if mark["rest"]:
                fail(number, f"text after BEGIN {kind} {exercise}: {mark['rest']}")
            begin, opened = number, mark
            continue
        if not opened:
            fail(number, f"END {kind} {exercise} without its BEGIN")
        if (opened["kind"], opened["id"]) != (kind, exercise):
            fail(number, f"END {kind} {exercise} ends {opened['kind']} {opened['id']}"
                         f" of line {begin + 1}")
        regions.append(_region(lines, begin, number, opened, mark, fail))
        opened = None
    if opened:
        fail(begin, f"BEGIN {opened['kind']} {opened['id']} without its END")
    return regions


def _region(lines: list[str], first: int, last: int, begin: re.Match, end: re.Match,
            fail) -> Region:
    """Takes one region apart into its body and its starter."""
    exercise, indent = begin["id"], begin["indent"]
    body, block = _starter_block(lines[first + 1:last], first + 1, exercise, indent, fail)
    tail = re.match(r"=>[ \t]*(.*)$", end["rest"])
    rest = _continuation(lines, last) if tail else []
    starter: tuple[str, ...] = ()
    if begin["kind"] == "YOUR CODE":
        if end["rest"]:
            fail(last, f"text after END YOUR CODE {exercise}: {end['rest']}")
    elif tail and block is not None:
        fail(last, f"exercise {exercise} has both => and a STARTER block here")
    elif block is not None and not end["rest"]:
        starter = block
    elif tail:
        starter = tuple(split_statements(" ".join([tail[1], *rest])))
    else:
        fail(last, f"END SOLUTION {exercise} has no starter (=> code, or a STARTER block)")
    return Region(exercise, begin["kind"], first, last + len(rest), indent, begin["sign"], body,
                  starter)


def _continuation(lines: list[str], end: int) -> list[str]:
    """The code in the comment lines right after an END mark with `=>`."""
    found: list[str] = []
    for line in lines[end + 1:]:
        code = COMMENT.match(line)
        if not code or MARK.match(line) or not code["code"].strip():
            break
        found.append(code["code"].strip())
    return found


def _starter_block(lines: list[str], offset: int, exercise: str, indent: str, fail):
    """Splits a region's lines into (body, starter block or None)."""
    body: list[str] = []
    block: list[str] | None = None
    inside = False
    for number, line in enumerate(lines):
        if head := STARTER.match(line):
            if head["id"] != exercise:
                fail(offset + number, f"STARTER {head['id']} inside SOLUTION {exercise}")
            if block is not None:
                fail(offset + number, f"a second STARTER {exercise} in one region")
            block, inside = [], True
        elif inside and (code := COMMENT.match(line)):
            block.append(code["code"].rstrip())
        else:
            inside = False
            body.append(line)
    return tuple(body), None if block is None else tuple(block)


def split_statements(code: str) -> list[str]:
    """Splits "a(); return b;" into statements for layout.

    Only a "; " outside quotes and brackets ends a statement, so that for loops
    and strings stay whole.
    """
    parts, start, depth, quote, escaped = [], 0, 0, "", False
    for at, char in enumerate(code):
        if quote:
            quote = "" if char == quote and not escaped else quote
            escaped = char == "\\" and not escaped
        elif char in "\"'":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == ";" and depth == 0 and code[at + 1:at + 2] == " ":
            parts.append(code[start:at + 1])
            start = at + 1
    return [part.strip() for part in [*parts, code[start:]] if part.strip()]


def replaced(text: str, regions: Iterable[tuple[Region, list[str]]]) -> str:
    """The text with each of those regions, marks included, replaced by lines."""
    lines = text.split("\n")
    for region, new in sorted(regions, key=lambda pair: -pair[0].first):
        lines[region.first:region.last + 1] = new
    return "\n".join(lines)


def starter(text: str, name: str, only: str | None = None) -> str:
    """The file as students get it; `only` empties one exercise and leaves the rest."""
    return replaced(text, [
        (region, region.marked((region.indent + line).rstrip() for line in region.starter))
        for region in parse(text, name)
        if region.kind == "SOLUTION" and only in (None, region.id)])


def solved(text: str, name: str) -> str:
    """The reference as it is published: the solution between a student's marks."""
    return replaced(text, [(region, region.marked(region.body))
                           for region in parse(text, name) if region.kind == "SOLUTION"])


def exercises(text: str, name: str) -> list[str]:
    """The ids of the exercises that have a region in this text, in order of appearance."""
    return list(dict.fromkeys(region.id for region in parse(text, name)))


def spliced(student: str, reference: str, name: str, own: str) -> tuple[str, str]:
    """The student's file with the regions of every exercise but `own` from the reference.

    Returns (text, note); where the marks do not answer those of the reference
    the student's text stays whole and the note says so.
    """
    theirs = parse(reference, name)
    try:
        mine = parse(student, name)
    except MarkerError as error:
        return student, f"{error}; the whole file is used"
    if [region.id for region in mine] != [region.id for region in theirs]:
        return student, (f"{name}: the YOUR CODE marks are not those of the handout; "
                         "the whole file is used")
    return replaced(student, [(a, a.marked(b.body)) for a, b in zip(mine, theirs)
                              if a.id != own]), ""
