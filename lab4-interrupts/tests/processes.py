"""Programs that tell what processes do: what they say here and what they said on Linux.

What Linux has said stands in NAME.expected, in parts that begin with "== PART", and was recorded by
grader/transcripts.py. What the programs find in /etc lies in files/.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from grader import initrd

transcripts = import_module("lab4-interrupts.tests.transcripts")

FILES = {entry.name: entry for entry in initrd.tree(Path(__file__).resolve().parent / "files")}


def agree(user, program: str, *parts: str, **options) -> None:
    """Runs parts of a program, and compares."""
    right = transcripts.expected(program)
    told = transcripts.parts_of(user(f"/bin/{program}", *parts, files=FILES, **options).output)
    assert {part: told.get(part) for part in parts} == {part: right[part] for part in parts}
