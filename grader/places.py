"""From "ticket_unlock+0x46" to the line of the source, for whoever reads a failure.

addr2line(1) knows it from the kernel's debug information.  A return address may lie just
behind the call, so the byte before it is asked for.  What it does not know, or
what has a name that several functions share, stays as it is.
"""

from __future__ import annotations

import re
from pathlib import Path

from grader import sandbox
from grader.symbols import Symbols

FRAME = re.compile(r"(?<![\w.])([A-Za-z_][\w.]*)\+0x([0-9a-f]{1,16})\b")
CALLERS = re.compile(r"^(- processor .*? in )(.*)$")       # lab3-threads/explore/clocks.c
TIMEOUT = 20
LONG = 1000     # characters of a path that are read


def located(lines: list[str], elf: Path, symbols: Symbols) -> list[str]:
    """The same lines with the first frame of each followed by its place in the source."""
    asked = {match[0]: symbols.address(match[1]) + int(match[2], 16) for line in lines
             if (match := FRAME.search(line)) and symbols.unique(match[1])}
    found = _ask(asked, elf) if asked else {}
    return [_with_place(line, found) for line in lines]


def _with_place(line: str, found: dict[str, str]) -> str:
    match = FRAME.search(line)
    place = found.get(match[0], "") if match else ""
    if not place:
        return line
    if chain := CALLERS.match(line):        # all callers in a line: the first one with its place
        first, *rest = [FRAME.sub(r"\1", frame) for frame in chain[2].split(" < ")]
        return chain[1] + " < ".join([f"{first} ({place})", *rest])
    return f"{line}  ({place})"


def _ask(asked: dict[str, int], elf: Path) -> dict[str, str]:
    """The places of those addresses, by their names; without addr2line or debug information none."""
    try:
        # Behind the sandbox: debug information is a student's, and its reader is no stronger than others.
        # The shell drops what it complains of.
        said = sandbox.run(["sh", "-c", 'exec "$@" 2>/dev/null', "sh", "addr2line", "-e", str(elf),
                            *(f"{address - 1:#x}" for address in asked.values())],
                           cwd=elf.parent, cpu=TIMEOUT, wall=TIMEOUT).output.splitlines()
    except OSError:
        return {}
    places = [re.search(r"(?:^|/)(lab\d-[\w-]+/\S+:\d+)", line[:LONG]) for line in said]
    return {name: place[1] for name, place in zip(asked, places) if place}
