"""Staged trees: the reference with a few files changed, ready to build in a moment.

Mutants, starters and submissions are all "the grader's own tree, but these files
are others".  Building each from nothing would cost seconds, so the reference is
built once into a warm tree, named by a hash of its content, and a staged tree is
a copy of that with its objects (cp -a keeps the times that make compares): only
what was changed is compiled again.  The objects of what was changed, and kernels that
hold them, do not come along: they are the solution, for whoever takes them in.  Nothing is hard-linked, since a compiler may
write into a file in place.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Iterable, Iterator, Mapping

from grader import build
from grader import lab as labs
from grader import markers
from grader.lab import Lab

ROOT = Path(__file__).resolve().parent.parent
RULES = ("kernel.mk", "font.py", "symtab.py")       # what a build needs of grader/
JUNK = ("__pycache__", ".pytest_cache", "*.pyc", "*.orig", "*.rej", "*~")
KEPT = 3600         # seconds for which an unused warm tree is kept
LEFT = 24 * KEPT    # seconds after which nobody uses a staged tree any more: gradings may take hours

Changes = Mapping[str, "str | bytes"]


def warm(reference: Path, lab: Lab) -> Path:
    """The warm tree for that lab of the reference, built on first use.

    Raises BuildError when the reference itself does not build.
    """
    reference = Path(reference).resolve()
    home = reference / "build" / "warm"
    tree = home / f"lab{lab.number}-{_fingerprint(reference, lab)}"
    with build.locked(home / ".lock"):
        _sweep((home.parent / "stage").glob("*"), LEFT)     # a killed run left them behind
        if not (tree / ".ready").exists():
            _sweep(home.glob("lab*"), KEPT)                 # of earlier states of the reference
            shutil.rmtree(tree, ignore_errors=True)
            _copy_sources(reference, lab, tree)
            build.kernel(tree, lab.number)
            (tree / ".ready").touch()
        os.utime(tree)
    return tree


def fresh(reference: Path, lab: Lab, changes: Changes, name: str = "tree") -> Path:
    """A new staged tree with those files changed (path from the root -> content).

    A file whose content is the reference's keeps its time and is not compiled
    again.  The caller gives the tree back with `remove`.
    """
    source = warm(reference, lab)
    home = Path(reference).resolve() / "build" / "stage"
    home.mkdir(parents=True, exist_ok=True)
    tree = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=home))
    subprocess.run(["cp", "-a", "--reflink=auto", f"{source}/.", str(tree)], check=True)
    write(tree, changes)
    return tree


def write(tree: Path, changes: Changes) -> None:
    """Writes files into a staged tree, those that differ from what is there."""
    for name, content in changes.items():
        data = content.encode() if isinstance(content, str) else content
        path = tree / name
        if not path.is_file() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            _forget(tree, name)


def _forget(tree: Path, name: str) -> None:
    """Removes what was built of the file that was there before."""
    for where in {path.parent for path in tree.glob("build/**/build.log")}:
        for made in (where / "obj" / f"{name}.o", *where.glob("cub.*")):
            made.unlink(missing_ok=True)


def remove(tree: Path) -> None:
    """Gives a staged tree back."""
    shutil.rmtree(tree, ignore_errors=True)


@contextlib.contextmanager
def staged(reference: Path, lab: Lab, changes: Changes, name: str = "tree") -> Iterator[Path]:
    """`fresh`, given back at the end of the with block."""
    tree = fresh(reference, lab, changes, name)
    try:
        yield tree
    finally:
        remove(tree)


def starter(reference: Path, lab: Lab, only: str | None = None) -> dict[str, str]:
    """What to change so that the lab's exercises (or only that one) are unwritten."""
    names = lab.exercise(only).files if only else lab.files
    return {name: markers.starter((reference / name).read_text(), name, only) for name in names}


def isolated(reference: Path, lab: Lab, files: Changes, exercise: str) -> tuple[dict, list[str]]:
    """What to change so that a student's exercise stands alone on the reference.

    The exercise's files are the student's (from `files`), but in them the regions
    of other exercises are the reference's.  Returns (changes, notes).
    """
    changes, notes = {}, []
    own = lab.exercise(exercise).files
    for name, content in files.items():
        if name not in lab.files:           # extra/: helpers of any exercise
            changes[name] = content
        elif name in own:
            text = content.decode("utf-8", "surrogateescape") if isinstance(content, bytes) else content
            text, note = markers.spliced(text, (reference / name).read_text(), name, exercise)
            changes[name] = text.encode("utf-8", "surrogateescape")
            notes += [note] if note else []
    return changes, notes


def sources(tree: Path, lab: Lab) -> list[str]:
    """The files, from the root, of labs 1 to that one and of the build's rules."""
    found = [f"grader/{name}" for name in RULES if (tree / "grader" / name).is_file()]
    for number, where in labs.directories(tree).items():
        if number <= lab.number:
            found += [str(path.relative_to(tree)) for path in sorted(where.rglob("*"))
                      if path.is_file() and not any(path.match(junk) for junk in JUNK)
                      and "__pycache__" not in path.parts]
    return found


def _copy_sources(reference: Path, lab: Lab, tree: Path) -> None:
    for name in sources(reference, lab):
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(reference / name, target)


def _fingerprint(reference: Path, lab: Lab) -> str:
    """A hash of every file that goes into the warm tree, and of its rules."""
    digest = hashlib.sha256(build.RULES.read_bytes())
    for name in sources(reference, lab):
        data = (reference / name).read_bytes()
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()[:16]


def _sweep(trees: Iterable[Path], kept: float) -> None:
    """Removes those trees that nobody used for so many seconds."""
    for path in trees:
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > kept:
                shutil.rmtree(path)
