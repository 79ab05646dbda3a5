"""What programs say does not depend on how many processors there are: on two it is what it is on Linux, too."""

from __future__ import annotations

import os
from importlib import import_module

import pytest

transcripts = import_module("lab4-interrupts.tests.transcripts")
processes = import_module("lab4-interrupts.tests.processes")

PROGRAMS = sorted(path.stem for path in transcripts.HERE.glob("*.expected"))
SOME = 5        # of them, drawn anew each time; in the long form all


@pytest.mark.needs("4.1", "4.2", "4.3", "4.4", "4.5", "4.6", "4.7", "4.8", "4.9", "4.10")
def test_on_two_processors(user, rng):
    """All parts of some programs, one after the other."""
    for program in PROGRAMS if os.environ.get("CUB_LONG") else rng.sample(PROGRAMS, SOME):
        said = transcripts.run(user, f"/bin/{program}", cpus=2, files=processes.FILES, limit=200)
        told = transcripts.parts_of(said)
        for part, right in transcripts.expected(program).items():
            transcripts.same(right, told.get(part, ""))


@pytest.mark.needs("4.1", "4.2", "4.4", "4.5", "4.6", "4.7", "4.8", "4.9", "4.10")
@pytest.mark.parametrize("part", transcripts.expected("forgets"))
@pytest.mark.parametrize("icount", [True, False], ids=["in turn", "together"])
def test_forgets(user, part, icount):
    """Memory that a thread takes away is out of reach for the one on the other processor, at once."""
    transcripts.agree(user, "forgets", part, cpus=2, icount=icount, limit=60)
