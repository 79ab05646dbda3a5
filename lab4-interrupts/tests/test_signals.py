"""Exercise 4.9 seen from programs: what signals do is what they do on Linux."""

from __future__ import annotations

from importlib import import_module

import pytest

from grader import user as programs

transcripts = import_module("lab4-interrupts.tests.transcripts")

PARTS = [(program, part) for program in ("signals", "exceptions", "jobs", "frames", "hostile")
         for part in transcripts.expected(program)]


@pytest.mark.exercise("4.9")
@pytest.mark.needs("4.5", "4.6", "4.7", "4.8")
@pytest.mark.parametrize("program, part", PARTS)
def test_signals(user, program, part):
    """Each part of these programs says what it said on Linux."""
    transcripts.agree(user, program, part)


@pytest.mark.needs("4.5", "4.6", "4.7", "4.8")
def test_process_1_stays(user):
    """What ends others by default does nothing to process 1, SIGKILL neither."""
    if not programs.BUSYBOX.exists():
        pytest.skip("busybox-static is not installed")
    script = "for i in 9 15 11 19 64; do kill -$i 1; done\necho it is there\n"
    said = transcripts.run(user, "/bin/busybox", "sh", "/kill.sh", files={"kill.sh": script})
    assert said == "it is there\n"


@pytest.mark.needs("4.5", "4.6", "4.7", "4.8", "4.9", "4.10")
@pytest.mark.parametrize("cpus", [1, 2])
def test_storm(user, rng, cpus):
    """Nine tasks of three processes that do all of it to each other, at random."""
    said = transcripts.run(user, "/bin/storm", str(rng.randrange(1, 1 << 30)), "200", cpus=cpus, icount=cpus == 1)
    assert said == "the storm is over\n"
