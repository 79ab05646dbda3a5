"""`make handout`: the students' repository, made from the reference.

A git repository with a branch a lab.  lab1-boot holds what every lab shares and lab
1's directory; each further branch adds one lab's directory to the one before, and
nothing else, so that merging it into a student's work adds files and changes none.
Solutions are replaced by starters (markers.py); mutants, hidden tests and the
grader's own tests are left out.  solution/labN holds that lab's directory solved,
without history in common, to be published after the deadline.

Dates and names in the commits are fixed: the same reference gives the same hashes.
The repository is written with git-fast-import(1), and only moved to its place when
it has been verified (handout_check.py).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from grader import build, markers, stage
from grader import lab as labs
from grader.lab import Lab

IDENTITY = "Cub <cub@localhost> 1700000000 +0000"
MARKED = (".c", ".h", ".S")
LEFT_OUT = re.compile(r"\.ci/|grader/tests/|lab\d+-[^/]+/(mutants|hidden)/")
GIT_ENV = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C",
           "GIT_AUTHOR_NAME": "Student", "GIT_AUTHOR_EMAIL": "student@localhost",
           "GIT_COMMITTER_NAME": "Student", "GIT_COMMITTER_EMAIL": "student@localhost"}


class HandoutError(Exception):
    """Why there is no handout: one line, or one line a defect."""


@dataclass(frozen=True)
class File:
    """A file of the handout: its content and whether it may be run."""

    data: bytes
    executable: bool = False


def git(cwd: Path, *args: str, given: bytes | None = None) -> str:
    """Runs git without the user's configuration; raises HandoutError with its telling line."""
    done = subprocess.run(["git", "-c", "core.hooksPath=/dev/null", *args], cwd=cwd, input=given,
                          capture_output=True, env=os.environ | GIT_ENV)
    if done.returncode:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
        telling = [line for line in said if line.startswith(("fatal:", "error:", "CONFLICT"))]
        raise HandoutError(f"git {args[0]}: {(telling or said or ['fails'])[0]}")
    return done.stdout.decode("utf-8", "surrogateescape")


def tracked(reference: Path) -> dict[str, File]:
    """The reference's files as they are now, those that git knows: nothing stray gets out."""
    found = {}
    for name in git(reference, "ls-files", "-z").split("\0")[:-1]:
        path = reference / name
        if path.is_file() and not path.is_symlink():
            found[name] = File(path.read_bytes(), os.access(path, os.X_OK))
    return found


def rewritten(files: dict[str, File], how) -> dict[str, File]:
    """The files with `how` (starter or solved) done to every marked source."""
    result = {}
    for name, file in files.items():
        if name.endswith(MARKED) and re.match(r"lab\d+-", name):
            file = File(how(file.data.decode(), name).encode(), file.executable)
        result[name] = file
    return result


def branches(reference: Path) -> dict[str, dict[str, File]]:
    """What each branch adds to the one before (solution branches: all that they hold)."""
    everything = labs.finished(reference)
    if not everything:
        raise HandoutError(f"no directory in {reference} has the lab.toml of a finished lab")
    files = {name: file for name, file in tracked(reference).items() if not LEFT_OUT.match(name)}
    starters = rewritten(files, markers.starter)
    solutions = rewritten(files, markers.solved)
    result = {}
    for lab in everything:
        prefix = f"{lab.directory}/"
        shared = lambda name: lab is everything[0] and not re.match(r"lab\d+-", name)
        result[lab.directory] = {name: file for name, file in starters.items()
                                 if name.startswith(prefix) or shared(name)}
        result[f"solution/lab{lab.number}"] = {name: file for name, file in solutions.items()
                                               if name.startswith(prefix)}
    return result


def write(reference: Path, out: Path) -> list[Lab]:
    """Writes the repository to `out`, unverified; returns its labs."""
    everything = labs.finished(reference)
    stream, before = [], ""
    for branch, files in branches(reference).items():
        number = int(re.search(r"lab(\d+)", branch)[1])
        lab = next(each for each in everything if each.number == number)
        solved = branch.startswith("solution/")
        message = f"Lab {number}: {lab.title}" + (", solved" if solved else "")
        stream.append(_commit(branch, message, "" if solved else before, files))
        before = before if solved else branch
    out.mkdir(parents=True, exist_ok=True)
    git(out, "init", "-q", "-b", everything[0].directory)
    git(out, "fast-import", "--quiet", "--date-format=raw", given=b"".join(stream))
    git(out, "reset", "-q", "--hard")
    return everything


def _commit(branch: str, message: str, before: str, files: dict[str, File]) -> bytes:
    """One commit for git-fast-import(1)."""
    text = message.encode() + b"\n"
    parts = [f"commit refs/heads/{branch}\nauthor {IDENTITY}\ncommitter {IDENTITY}\n"
             f"data {len(text)}\n".encode() + text]
    if before:
        parts.append(f"from refs/heads/{before}\n".encode())
    for name in sorted(files):
        mode = "100755" if files[name].executable else "100644"
        parts.append(f"M {mode} inline {name}\ndata {len(files[name].data)}\n".encode()
                     + files[name].data + b"\n")
    return b"".join(parts) + b"\n"


def make(reference: Path, out: Path, verify: bool = True, jobs: int = 1, say=print) -> list[Lab]:
    """Writes, verifies and moves the repository to `out`; raises HandoutError."""
    from grader import handout_check
    out = out.absolute()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise HandoutError(f"{out} is there already and not empty")
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        found = write(reference, scratch / "repository")
        defects = []
        for defect in handout_check.all_defects(reference, scratch / "repository", found, jobs, say) \
                if verify else ():
            say(f"  DEFECT {defect}")
            defects.append(defect)
        if defects:
            raise HandoutError(f"the handout has {len(defects)} defect"
                               f"{'s' if len(defects) > 1 else ''} and was not written")
        if out.exists():
            out.rmdir()
        (scratch / "repository").rename(out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "make the students' repository, a branch a lab, and verify it"
    parser.add_argument("--out", required=True, help="where to write it; must not exist or be empty")
    parser.add_argument("--no-verify", action="store_true", help="do not build and boot the starters")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--reference", type=Path, default=stage.ROOT, help=argparse.SUPPRESS)


def has_solutions(tree: Path) -> bool:
    """Whether this is the instructor's tree, and not a handout itself."""
    return any("SOLUTION" in (tree / name).read_text(errors="replace")
               for lab in labs.labs(tree) for name in lab.files)


def run(args: argparse.Namespace) -> int:
    if not args.out:
        print("handout: say where: make handout OUT=directory", file=sys.stderr)
        return 2
    out = Path(args.out)
    try:
        if not has_solutions(args.reference):
            raise markers.MarkerError("this tree has no solutions to take out; handouts are made from "
                                      "the instructor's")
        found = make(args.reference.resolve(), out, not args.no_verify, args.jobs)
    except (labs.LabError, markers.MarkerError) as error:
        print(f"handout: {error}", file=sys.stderr)
        return 2
    except build.BuildError as error:
        print(f"handout: the reference does not build: {error.reason}", file=sys.stderr)
        return 2
    except HandoutError as error:
        print(f"handout: {error}", file=sys.stderr)
        return 1 if "defect" in str(error) else 2
    names = " ".join(lab.directory for lab in found)
    print(f"{out}: branches {names}\n"
          f"publish them with: git -C {out} push URL {names}\n"
          f"and after a deadline: git -C {out} push URL solution/labN")
    return 0
