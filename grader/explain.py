"""Words for a failed test: what was expected, what was seen, the last console lines,
the symbolised backtrace, and the one command that runs it again under GDB.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field

from grader.dialogue import LAST_LINES, clean
from grader.machine import End

CHECK = re.compile(r"(?P<place>[^\s:]+:\d+): (?P<check>KT_\w+\(.*\)): (?P<got>.*) != (?P<want>.*)")
HOLDS = re.compile(r"(?P<place>[^\s:]+:\d+): (?P<check>KT_\w+\(.*\)): does not hold")
FRAME = re.compile(r"^\s+(0x[0-9a-f]+)\s+(\S.*)$")
LONG = 320     # characters of a line
READ = 4000    # characters of a line that are read: a kernel's may be as long as it likes
LINES = 200    # of a test's checks that are read, and of a failure's report
SCHEDULE = re.compile(r"schedule (\d+): (.*)")      # lab3-threads/explore/explore.c
MORE = "- "    # how a line begins that goes on with the check before it
CHECKS = 6     # failed checks of a test that are shown
SAID = {"panicked": "the kernel panicked", "hung": "the kernel hangs", "rebooted": "the machine was reset",
        "powered-off": "the kernel switched the machine off", "output-limit": "output without end",
        "ended-early": "the boot ended early", "timeout": "the host's time limit", "failed": "a check failed",
        "tampered": "not accepted as a verdict", "exited": "the kernel ended the boot",
        "skipped": "skipped", "passed": "passed"}


@dataclass
class Failure:
    """The parts of a failure's report."""

    expected: str = ""
    seen: list[str] = field(default_factory=list)
    todos: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    console: str = ""
    trace: list[str] = field(default_factory=list)
    again: str = ""

    @property
    def reason(self) -> str:
        """One line: an unwritten exercise explains more than what came of it."""
        if self.todos:
            return f"todo {self.todos[0]}"
        return self.seen[0] if self.seen else self.expected

    def text(self) -> str:
        """The whole block, of which nobody reads more than so much; the command that runs it again is whole."""
        parts = [_field("expected", self.expected)] if self.expected else []
        parts += [_field("seen", "\n".join(self.seen))] if self.seen else []
        parts += [_field("todo", "\n".join(self.todos))] if self.todos else []
        parts += [_field("note", "\n".join(self.notes))] if self.notes else []
        if self.console.strip():
            parts.append("last console lines:\n" + _indented(self.console, "  | "))
        if self.trace:
            parts.append("backtrace:\n" + _indented("\n".join(self.trace), "    "))
        lines = [shortened(line) for line in clean("\n".join(parts)).split("\n")]
        if len(lines) > LINES:
            lines[LINES // 2:-LINES // 2] = [f"... {len(lines) - LINES} lines left out ..."]
        return "\n".join(lines + ([_field("again", self.again)] if self.again else []))


def _field(name: str, text: str) -> str:
    return f"{name + ':':<10}" + text.replace("\n", "\n" + " " * 10)


def _indented(text: str, by: str) -> str:
    return "\n".join(by + line for line in text.split("\n"))


def end_in_words(end: End) -> str:
    """One line for how a boot ended."""
    said = SAID.get(end.kind, end.kind)
    return f"{said}: {end.detail}" if end.detail else said


def exception_in_words(error: BaseException, shown: str) -> list[str]:
    """What a Python test raised, as lines.  An assertion that has words of its own needs none of
    pytest's, which follow them from "assert" on."""
    lines = [line for line in shown.split("\n") if line.strip()]
    if isinstance(error, AssertionError):
        own = list(itertools.takewhile(lambda line: not line.startswith("assert "), str(error).split("\n")))
        lines = [line for line in own if line.strip()] or lines
    return [shortened(line) for line in lines]


def shortened(line: str) -> str:
    """A line with its middle left out if nobody would read it."""
    return line if len(line) <= LONG else f"{line[:LONG // 2]} ... {line[-LONG // 2:]}"


def ktest(title: str, panics: str, end: End, diagnostics: list[str], todos: list[str],
          console: str) -> Failure:
    """A kernel test's boot that did not pass."""
    failure = Failure(expected=title, todos=todos)
    checks = [line[:READ] for line in diagnostics if not line.startswith("panic: ")]
    if first := next((m for line in checks[:LINES] if (m := CHECK.fullmatch(line))), None):
        failure.expected = f"{first['want']} from {first['check']} at {first['place']}"
    elif first := next((m for line in checks[:LINES] if (m := HOLDS.fullmatch(line))), None):
        failure.expected = f"{first['check']} to hold at {first['place']}"
    if panics and not checks:
        failure.expected = f"a panic that says {panics!r}"
    failure.seen, left = _shown(checks)
    if left:
        failure.seen.append(f"and {left} more")
    if end.kind != "failed" or not checks:
        failure.seen.insert(0, end_in_words(end))
    if not todos:
        failure.todos = todos_on(console)
    failure.console, kernels = split_trace(console)
    failure.trace = list(end.where) or kernels
    return failure


def _shown(checks: list[str]) -> tuple[list[str], int]:
    """The first checks with the lines that belong to them, the explored schedule, and how many were left out."""
    seen, count = [], 0
    for line in checks:
        count += not line.startswith(MORE) and not SCHEDULE.fullmatch(line)
        if count <= CHECKS or SCHEDULE.fullmatch(line):
            seen.append(_seen(line))
    return seen, max(0, count - CHECKS)


def schedule(diagnostics: list[str]) -> int | None:
    """The number of the schedule in which a test that explores failed."""
    return next((int(match[1]) for line in diagnostics if (match := SCHEDULE.fullmatch(line))), None)


def _seen(line: str) -> str:
    if match := SCHEDULE.fullmatch(line):
        return f"in schedule {match[1]} ({match[2]})"
    if match := CHECK.fullmatch(line):
        return f"{match['got']}, wanted {match['want']}: {match['check']} at {match['place']}"
    return line


def todos_on(console: str) -> list[str]:
    """The unwritten exercises that a console tells of."""
    return [line[len("todo "):] for line in clean(console).split("\n") if line.startswith("todo ")]


def split_trace(console: str) -> tuple[str, list[str]]:
    """A console's last lines, and the frames of the backtrace that it printed apart from them."""
    lines = clean(console).rstrip("\n").split("\n")
    trace: list[str] = []
    if "backtrace:" in lines:
        at = len(lines) - 1 - lines[::-1].index("backtrace:")
        end = at + 1
        while end < len(lines) and (match := FRAME.match(lines[end])):
            trace.append(match[2])
            end += 1
        if trace:
            lines = lines[:at] + lines[end:]
    return "\n".join(lines[-LAST_LINES:]).strip("\n"), trace
