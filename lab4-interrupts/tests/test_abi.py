"""System calls seen from programs: what they do is what they do on Linux, also where they refuse.

Each part of user/children.c, descriptors.c, ... says what it said on Linux (NAME.expected, recorded by
grader/transcripts.py).
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

import pytest

from grader import linux
from grader import transcripts as record

transcripts = import_module("lab4-interrupts.tests.transcripts")

# Whose exercise a program is about, and what it cannot do without.
PROGRAMS = {"children": "4.8", "arguments": "4.7", "regions": "4.5", "descriptors": "", "polls": "", "epolls": "",
            "processes": "", "threads": "", "forgets": ""}
# What Linux says in QEMU is something else, whose XRSTOR takes any MXCSR: see test_transcripts.py.
RECORDED_ELSEWHERE = ("hostile",)
NEEDS = ("4.1", "4.4", "4.5", "4.6", "4.7", "4.8")
# Parts that are about another exercise, and those that need signals.
FORKS = {("children", part) for part in ("odd_signals", "stuck_parent", "cleared_for_nobody")}
SIGNALS = {("children", part) for part in ("by_signal", "stops", "told_of_death", "interrupted", "stuck_parent")}
SIGNALS |= {("forgets", part) for part in transcripts.expected("forgets")}
SIGNALS |= {("processes", part) for part in ("no_zombies", "groups")}
SIGNALS |= {("regions", part) for part in ("rights", "too_deep", "too_much_stack", "no_execute", "populates")}
SIGNALS |= {("threads", part) for part in ("one_crashes", "to_a_thread", "by_a_thread", "killed_does_not_stop",
                                           "killed_at_once")}
SIGNALS |= {("polls", "signals"), ("epolls", "interrupted"), ("descriptors", "broken")}


def cases():
    for program, exercise in PROGRAMS.items():
        for part in transcripts.expected(program):
            its = "4.6" if (program, part) in FORKS else exercise
            needs = (*NEEDS, "4.9") if (program, part) in SIGNALS else NEEDS
            marks = [pytest.mark.needs(*(need for need in needs if need != its))]
            if its:
                marks.append(pytest.mark.exercise(its))
            yield pytest.param(program, part, id=f"{program}-{part}", marks=marks)


@pytest.mark.parametrize("program, part", cases())
def test_as_on_linux(user, program, part):
    """A part of a program says the same as on Linux."""
    transcripts.agree(user, program, part)


@pytest.mark.skipif(not os.environ.get("CUB_LONG"), reason="CUB_LONG=1: Linux is fetched and booted")
def test_linux_still_says_so(request):
    """The transcripts are what Linux says, and says again."""
    root = Path(request.config.rootpath)
    try:
        said = record.recorded(root, 4, [path.stem for path in sorted(transcripts.HERE.glob("*.expected"))
                                         if path.stem not in RECORDED_ELSEWHERE])
    except linux.NoLinux as error:
        pytest.skip(f"no Linux here: {error}")
    assert said == {name: record.place(root, 4, name).read_text() for name in said}
