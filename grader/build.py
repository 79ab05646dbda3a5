"""Builds a tree's kernel, behind the sandbox, and says in one block why it cannot.

The rules are always those of the grader's own kernel.mk, run in the tree's root;
make(1) decides what is stale, and a file lock lets one build run at a time for
each (tree, lab, flags), so that many test workers may ask for the same kernel.

A kernel with tests is built in three steps.  First the tests alone are compiled.
Then everything else, while each directory of tests is covered by one with the same
C files, but empty and older than their objects: a student's file that includes a test
or takes it in with .incbin finds nothing, and make sees no reason to compile it again.
The tests' objects are covered as well, until in the last step all is linked.
(Covering each file took bubblewrap 3 s: a thousand mounts.)
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from grader import lab as labs
from grader import sandbox as fence

GRADER = Path(__file__).resolve().parent
RULES = GRADER / "kernel.mk"
SECRET = ("tests", "hidden", "mutants")
ERROR_LINES = 12        # of the compiler's block that is shown
LONG = 1000             # characters of a line of make's that are kept
JOBS = os.cpu_count() or 1
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Kernel:
    """A kernel that was built: its ELF file, the tree it came from, its lab's number."""

    elf: Path
    tree: Path
    lab: int

    @property
    def sym(self) -> Path:
        """The symbol table beside it, lines "address type name"."""
        return self.elf.with_suffix(".sym")


class BuildError(Exception):
    """`reason`: the first error, one block for a person; `log`: all that make said."""

    def __init__(self, reason: str, log: Path) -> None:
        reason = CONTROL.sub("·", reason)       # a source's own bytes may be in it
        super().__init__(reason)
        self.reason, self.log = reason, log


def directory(tree: Path, lab: int, *, debug: bool = True, tests: bool = True, race: bool = False) -> Path:
    """Where a kernel with those flags is built."""
    flavour = ("race-test" if tests else "race") if race else "test" if tests else "debug" if debug else "."
    return Path(tree).resolve() / "build" / f"lab{lab}" / flavour


def kernel(tree: Path, lab: int, *, debug: bool = True, tests: bool = True, race: bool = False,
           build: Path | None = None, sandbox: fence.Limits | None = None,
           wall: float = 300) -> Kernel:
    """Builds (or finds up to date) one kernel; raises BuildError.

    `sandbox` bounds each process of the build and `wall` the whole, in seconds.
    """
    tree = Path(tree).resolve()
    where = tree / build if build else directory(tree, lab, debug=debug, tests=tests, race=race)
    where.mkdir(parents=True, exist_ok=True)
    flags = [f"LAB={lab}", f"BUILD={os.path.relpath(where, tree)}"]
    flags += ["DEBUG=1"] if debug or tests else []
    flags += ["TESTS=1"] if tests else []
    flags += ["RACE=1"] if race else []
    make = _Make(tree, where, flags, sandbox or fence.Limits(), wall)
    with locked(where / ".lock"):
        make.run()
    return Kernel(where / "cub.elf", tree, lab)


def found(tree: Path, lab: int) -> Kernel:
    """A TESTS kernel that has just been built."""
    return Kernel(directory(tree, lab) / "cub.elf", Path(tree).resolve(), lab)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds a lock file (flock(2)); a holder that dies lets go of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def secrets(tree: Path) -> list[Path]:
    """The directories of a tree that a student's code must not read while it is compiled."""
    return [path for where in labs.directories(tree).values() for name in SECRET
            if (path := where / name).is_dir()]


def blanked(directory: Path, at: Path) -> Path:
    """Makes `at` a directory with that one's C files, all empty and as old as can be; returns it."""
    shutil.rmtree(at, ignore_errors=True)
    at.mkdir(parents=True)
    for path in directory.rglob("*.[ch]"):
        empty = at / path.relative_to(directory)
        empty.parent.mkdir(parents=True, exist_ok=True)
        empty.touch()
        os.utime(empty, (1, 1))
    return at


class _Make:
    """One build: the calls of make and the reading of what they said."""

    def __init__(self, tree: Path, where: Path, flags: list[str], limits: fence.Limits,
                 wall: float) -> None:
        self.tree, self.where, self.flags = tree, where, flags
        self.limits, self.wall = limits, wall
        self.log = where / "build.log"

    def run(self) -> None:
        self.log.write_text("")
        hidden = secrets(self.tree)
        if "TESTS=1" in self.flags:
            self.make(["prepared"], {})
        covers = {path: blanked(path, self.where / ".covers" / path.relative_to(self.tree)) for path in hidden}
        if "TESTS=1" in self.flags:
            objects = [self.where / "obj" / path.relative_to(self.tree) for path in hidden]
            empty = self.where / ".covers" / "nothing"
            empty.mkdir(exist_ok=True)
            self.make(["compiled"], covers | {path: empty for path in objects if path.is_dir()})
        self.make([], covers)

    def make(self, targets: list[str], covered: dict[Path, Path]) -> None:
        """Runs make; raises BuildError.

        Compilers run side by side, and make keeps apart what they say.  One that
        says so much that a limit ends it leaves nothing to keep: then it is run
        again alone, and its first words count.
        """
        result = self.start(["-Otarget", f"-j{JOBS}", *targets], covered)
        if result.failed and not result.late and not telling(result.output):
            result = self.start(["-j1", *targets], covered)
        if result.failed:
            raise BuildError(self.cut(result) or first_error(result.output, self.tree), self.log)

    def start(self, options: list[str], covered: dict[Path, Path]) -> fence.Result:
        """One run of make behind the sandbox; what it says goes to the log."""
        result = fence.run(["make", "--no-print-directory", "-f", str(RULES), *self.flags, *options],
                           cwd=self.tree, readable=[GRADER], writable=[self.where],
                           covered=covered, wall=self.wall, **vars(self.limits))
        result = dataclasses.replace(result, output="\n".join(line[:LONG] for line in result.output.split("\n")))
        with open(self.log, "a") as log:
            log.write(result.output)
        return result

    def cut(self, result: fence.Result) -> str:
        """Says which limit ended the build, if one did.  make reports its children's
        ends in words only, so those words are looked for too."""
        if result.cut:
            first = next((line for line in result.output.splitlines() if DIAGNOSTIC.search(line)), "")
            return f"the build was stopped: it {result.cut}" + (f", after\n{first}" if first else "")
        said = [(r"CPU time limit exceeded", f"used more than {self.limits.cpu} s of processor time"),
                (r"File size limit exceeded|File too large",
                 f"wrote a file larger than {(self.limits.file_size or 0) // fence.MEBIBYTE} MiB"),
                (r"out of memory|virtual memory exhausted|memory exhausted|Cannot allocate memory",
                 f"needed more than {(self.limits.memory or 0) // fence.MEBIBYTE} MiB of memory")]
        for pattern, text in said:
            if found := re.search(pattern, result.output):
                return f"the build was stopped: it {text}{_blame(result.output, found.start())}"
        return ""


def _blame(log: str, at: int) -> str:
    """The file whose target failed at or after that place of the log, if make named it."""
    named = re.search(r"\*\*\* \[[^\]]*?([\w./-]+)\.o\]", log[max(0, at - 200):at + 2000])
    return f" ({re.sub(r'^build/lab[0-9]+/(test/|debug/)?', '', named[1])})" if named else ""


def telling(log: str) -> bool:
    """Whether a log says why a build failed."""
    return bool(re.search(DIAGNOSTIC.pattern, log, re.MULTILINE) or LINKER.search(log)
                or re.search(r"\*\*\*.*(Error|No rule)|CPU time", log))


DIAGNOSTIC = re.compile(r"^[^\s:][^:\n]*:\d+:(?:\d+:)? (?:fatal )?error:|^[^\s:][^:\n]*:\d+: Error:")
LINKER = re.compile(r"undefined reference to|multiple definition of|^(?:\S*[/-])?ld: ")
NOISE = re.compile(r"^make(\[\d+\])?: |: Assembler messages:$|^collect2: |^cc1: (all|some) warnings")


def first_error(log: str, tree: Path) -> str:
    """The first error in what make said: a compiler's block, or a linker's line."""
    lines = [line.removeprefix("./") for line in log.replace(f"{tree}/", "").splitlines()]
    for number, line in enumerate(lines):
        if DIAGNOSTIC.search(line):
            return "\n".join(_context(lines, number) + _block(lines, number))
        if LINKER.search(line) and not re.search(r"in function|warning:", line):
            return re.sub(r"^(\S*[/-])?ld: ", "", line).replace("; ", ";\n    ", 1)
    for line in lines:
        if "***" in line or re.search(r"\berror\b", line, re.IGNORECASE):
            return line
    return lines[-1] if lines else "make said nothing"


def _context(lines: list[str], number: int) -> list[str]:
    """The lines before an error that say how the compiler came there."""
    start = number
    while start > 0 and re.match(r"^(In file included from|\s+from) |.*: In function ", lines[start - 1]):
        start -= 1
    found = lines[start:number]
    return found if len(found) <= 6 else [*found[:2], "                 ...", *found[-3:]]


def _block(lines: list[str], number: int) -> list[str]:
    """An error's line and the source lines quoted under it."""
    end = number + 1
    while end < len(lines) and re.match(r"^\s+(\d+ )?\|", lines[end]):
        end += 1
    return lines[number:min(end, number + ERROR_LINES)]
