"""Reads what a test boot said on COM2 and decides whether it counts.

The kernel speaks KTAP version 1 (Linux, Documentation/dev-tools/ktap.rst) and
nothing else on that port, so this reader is strict: a verdict counts only with
the nonce of this boot, one result line, the name that was asked for, the plan,
and an exit status that says the same.  Everything else is "tampered", "ended-early"
or the end that the machine itself came to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

EXIT_OK, EXIT_FAILED = 33, 35     # QEMU's status after 0x10 and 0x11 to port 0xf4
RESULT = re.compile(r"(?P<not>not )?ok 1 - (?P<name>\S+) # (?:SKIP (?P<skip>.*) )?nonce=(?P<nonce>\S*)")


@dataclass
class Transcript:
    """What was read, taken apart."""

    version: bool = False
    plan: bool = False
    seed: int | None = None
    todos: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    diagnostics: list[str] = field(default_factory=list)    # failed checks, panics, notes
    trace: list[str] = field(default_factory=list)          # "page_split+0x12"
    events: list[str] = field(default_factory=list)         # what the scheduler did (trace.py)
    results: list[re.Match] = field(default_factory=list)
    bail: str = ""                                          # "Bail out!" and why
    strange: list[str] = field(default_factory=list)        # lines the test floor never writes

    @property
    def panic(self) -> str:
        """The message of the panic that the kernel told, or an empty string."""
        told = [line for line in self.diagnostics if line.startswith("panic: ")]
        return told[0][len("panic: "):] if told else ""

    @property
    def started(self) -> bool:
        """Whether the kernel came as far as announcing its test."""
        return self.plan


@dataclass(frozen=True)
class Verdict:
    """`kind`: passed failed skipped panicked tampered ended-early; `detail`: one line."""

    kind: str
    detail: str = ""


def read(text: str) -> Transcript:
    """Takes a transcript apart, line by line; never fails."""
    said = Transcript()
    lines = text.split("\n")
    for number, line in enumerate(lines[:-1]):
        _line(said, number, line)
    if lines[-1]:
        said.strange.append(lines[-1] + " (without an end of line)")
    return said


def _line(said: Transcript, number: int, line: str) -> None:
    """Sorts one whole line."""
    if line == "KTAP version 1" and number == 0:
        said.version = True
    elif line == "1..1" and number == 1 and said.version:
        said.plan = True
    elif match := RESULT.fullmatch(line):
        said.results.append(match)
    elif match := re.fullmatch(r"# seed (0x[0-9a-f]+)", line):
        said.seed = int(match[1], 16)
    elif line.startswith("Bail out! ") and not said.bail:
        said.bail = line[len("Bail out! "):]
    elif line.startswith("# todo "):
        said.todos.append(line[len("# todo "):])
    elif line.startswith("# reply ") or line == "# reply":
        said.replies.append(line[len("# reply "):])
    elif line.startswith("# trace "):
        said.events.append(line[len("# trace "):])
    elif line.startswith("#   "):
        said.trace.append(line[1:].strip())
    elif line.startswith("# "):
        said.diagnostics.append(line[2:])
    else:
        said.strange.append(line)


def judge(said: Transcript, name: str, nonce: str, status: int | None) -> Verdict:
    """The verdict of a boot that ended through the exit port with that status of QEMU."""
    if said.strange:
        return Verdict("tampered", f"COM2 holds what the test floor never writes: {said.strange[0][:200]!r}")
    if not said.results:
        return _no_result(said, status)
    if not said.plan:
        return Verdict("tampered", "there is a result but no plan before it")
    if len(said.results) > 1:
        return Verdict("tampered", f"there are {len(said.results)} results instead of one")
    result = said.results[0]
    if result["nonce"] != nonce:
        return Verdict("tampered", "the result does not carry the nonce of this boot")
    if result["name"] != name:
        return Verdict("tampered", f"the result is that of {result['name'][:60]!r}, not of {name}")
    wanted = EXIT_FAILED if result["not"] else EXIT_OK
    if status != wanted:
        return Verdict("tampered", f"the result and the exit status disagree ({wanted} expected, {status} seen)")
    return _verdict(said, result)


def _no_result(said: Transcript, status: int | None) -> Verdict:
    if said.bail:
        return Verdict("ended-early", said.bail)
    where = "its test gave a verdict" if said.started else "its test began"
    if said.panic:
        return Verdict("panicked", said.panic)
    return Verdict("ended-early", f"the kernel left QEMU (exit status {status}) before {where}")


def _verdict(said: Transcript, result: re.Match) -> Verdict:
    if result["not"]:
        if said.panic:
            return Verdict("panicked", said.panic)
        return Verdict("failed", said.diagnostics[0] if said.diagnostics else "the test says that it failed")
    if result["skip"] is not None:
        return Verdict("skipped", result["skip"])
    return Verdict("passed")
