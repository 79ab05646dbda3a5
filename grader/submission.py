"""Makes a tree that can be graded out of what a student handed in.

Only the files that the lab's exercises name, and `labN-*/extra/*.{c,h,S}`, come
from the submission.  Tests, rules, the linker script, lab.toml, the test floor
and headers that no exercise names are the grader's own, so editing them gains
nothing; such edits are listed as ignored, so that nobody wonders.  How archives
and repositories are read without trusting them stands in intake.py.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from grader import headers, intake, markers, sandbox, stage
from grader import lab as labs
from grader.intake import Listing, SubmissionError, shown
from grader.lab import Lab

EXTRA = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.[chS]")
EXTRA_NAME = 100            # characters of such a name: the build makes longer ones of it
EXTRAS = 64                 # such files of one lab: each object that is made of one may be as large as any other
UNINTERESTING = re.compile(r"(^|/)(\.[^/]+(/.*)?|compile_commands\.json|[^/]*(~|\.pyc|\.o|\.orig|\.rej))$")

# What could read a file that it should not: .incbin, .include, and any include but of a lab's header.
# A comment or a null character behind the # is what only somebody writes who hides a directive.
READS = re.compile(rb'(?i)incbin|\.include\b|\.\./|/(tests|hidden)/|(#|%:)[\s\0]*(/\*|'
                   rb'(include(_next)?|import|embed)\b\s*+(?!["<](\./)?(lab\d|\w[\w-]*[/.])))')


@dataclass(frozen=True)
class Taken:
    """A submission made ready.

    tree: the staged tree, to be given back with stage.remove().
    files: what came from the submission (path from the root -> content).
    ignored: one line for each edit or new file that is not used.
    notes: what a person should know, one line each ("... the starter is used").
    """

    tree: Path
    files: dict[str, bytes]
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def take(source: str | Path, lab: Lab, reference: Path = stage.ROOT, *,
         carry: bool = False) -> Taken:
    """Reads a submission and stages it on the reference.

    carry: take the files of the labs below, too, instead of the reference's.
    Raises SubmissionError (one line) or build.BuildError (the reference is broken).
    """
    listing = _rooted(intake.read(source), lab)
    files: dict[str, bytes] = {}
    notes: list[str] = []
    for part in _graded(reference, lab, carry):
        _take_exercises(listing, part, reference, files, notes)
        _take_extra(listing, part, files, notes)
    _check_sources(files)
    ignored = tuple(_ignored(listing, files, reference))
    tree = stage.fresh(reference, lab, files, "submission")
    try:
        headers.check(tree, lab, files)
    except SubmissionError:
        stage.remove(tree)
        raise
    return Taken(tree, files, ignored, tuple(notes))


def isolated(taken: Taken, lab: Lab, exercise: str, reference: Path = stage.ROOT) -> Taken:
    """The same submission with one exercise on the reference's other ones."""
    changes, notes = stage.isolated(reference, lab, taken.files, exercise)
    tree = stage.fresh(reference, lab, changes, f"isolated-{exercise}")
    return Taken(tree, {k: bytes(v) for k, v in changes.items()}, taken.ignored, tuple(notes))


def _graded(reference: Path, lab: Lab, carry: bool) -> list[Lab]:
    """The labs whose files are taken."""
    lower = [other for other in labs.labs(reference) if other.number < lab.number]
    return [*lower, lab] if carry else [lab]


def _rooted(listing: Listing, lab: Lab) -> Listing:
    """The listing with paths from the tree's root, which may be one folder down."""
    names = [*listing.files, *listing.others]
    if not names:
        raise SubmissionError("it is empty")
    if any(name.startswith(f"{lab.directory}/") for name in names):
        return listing
    tops = {name.split("/")[0] for name in names}
    for top in sorted(tops):
        if any(name.startswith(f"{top}/{lab.directory}/") for name in names):
            def cut(table: dict) -> dict:
                return {k[len(top) + 1:]: v for k, v in table.items() if k.startswith(f"{top}/")}
            return Listing(cut(listing.files), cut(listing.others))
    raise SubmissionError(f"there is no {lab.directory}/ in it")


def _take_exercises(listing: Listing, lab: Lab, reference: Path, files: dict[str, bytes],
                    notes: list[str]) -> None:
    """The files that exercises name; a starter stands in for one that is not there."""
    found = 0
    for name in lab.files:
        if name in listing.files:
            files[name] = listing.files[name]
            found += 1
            continue
        why = listing.others.get(name, "missing")
        notes.append(f"{name} is {why}: the starter is used")
        files[name] = markers.starter((reference / name).read_text(), name).encode()
    if not found:
        raise SubmissionError(f"none of the files of lab {lab.number}'s exercises is in it")


def _take_extra(listing: Listing, lab: Lab, files: dict[str, bytes], notes: list[str]) -> None:
    """The student's own new files, flat in labN-*/extra/."""
    prefix = f"{lab.directory}/extra/"
    for name in sorted(listing.files):
        if name.startswith(prefix):
            if len(name) - len(prefix) > EXTRA_NAME:
                notes.append(f"{shown(name)} is not used: extra/ takes names of at most {EXTRA_NAME} characters")
            elif EXTRA.fullmatch(name[len(prefix):]):
                files[name] = listing.files[name]
            else:
                notes.append(f"{shown(name)} is not used: extra/ takes .c, .h and .S files only")
    if sum(name.startswith(prefix) for name in files) > EXTRAS:
        raise SubmissionError(f"{prefix} holds more than {EXTRAS} files")


def _check_sources(files: dict[str, bytes]) -> None:
    """Where no sandbox hides the tests from the compiler, refuses what could read them."""
    if sandbox.available():
        return
    for name, data in files.items():
        spliced = re.sub(rb"\\[ \t]*\r?\n", b"", data)
        joined = re.sub(rb'"\s*"', b"", re.sub(rb"/\*.*?(\*/|\Z)", b" ", spliced, flags=re.DOTALL))
        if any(READS.search(text) for text in (data, spliced, joined)):
            raise SubmissionError(f"{name} includes what it may not (.incbin, a test, or a macro)")


def _ignored(listing: Listing, files: dict[str, bytes], reference: Path) -> list[str]:
    """Edits and new files that are not used, one line each; untouched files are none."""
    lines = []
    for name in sorted(listing.files):
        if name in files or UNINTERESTING.search(name):
            continue
        original = reference / name
        if not os.path.isfile(original):        # Path.is_file() raises where a name is too long
            lines.append(f"{shown(name)} (new file)")
        elif not _untouched(listing.files[name], original, name):
            lines.append(f"{shown(name)} (edited)")
    lines += [f"{shown(name)} ({kind})" for name, kind in sorted(listing.others.items())
              if name not in files and not UNINTERESTING.search(name)]
    return lines


def _untouched(data: bytes, original: Path, name: str) -> bool:
    """Whether this is the reference's file, or what the handout makes of it."""
    ours = original.read_bytes()
    if data == ours:
        return True
    try:
        text = ours.decode()
        forms = (markers.starter(text, name), markers.solved(text, name))
    except (UnicodeDecodeError, markers.MarkerError):
        return False
    return data in [form.encode() for form in forms]
