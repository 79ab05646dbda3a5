"""Programs that tell what processes do: what they say here and what they said on Linux.

What Linux has said stands in NAME.expected, in parts that begin with "== PART". To record it again:
make a directory that holds bin/NAME (from build/lab4/user) and FILES, and run the program in it
by chroot.
"""

from __future__ import annotations

from importlib import import_module

from grader import initrd

transcripts = import_module("lab4-interrupts.tests.transcripts")

# What the programs find in /etc.
FILES = {
    "etc/plain": initrd.file("etc/plain", b"plain\n", 0o644),
    "etc/empty": b"",
    "etc/noise": b"z" * 600,
    "etc/script": b"#!/bin/execs show\n",
    "etc/nested": b"#!/etc/script  with blanks \nrest",
    "etc/endless": b"#!/etc/endless\n",
    "etc/orphan": b"#!/bin/missing\n",
}


def agree(user, program: str, *parts: str, **options) -> None:
    """Runs parts of a program, and compares."""
    right = transcripts.expected(program)
    told = transcripts.parts_of(user(f"/bin/{program}", *parts, files=FILES, **options).output)
    assert {part: told.get(part) for part in parts} == {part: right[part] for part in parts}
