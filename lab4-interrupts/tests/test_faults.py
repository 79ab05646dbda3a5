"""Exercises 4.4 and 4.5 seen from programs: faults and bad pointers are what they are on Linux."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

transcripts = import_module("lab4-interrupts.tests.transcripts")

OF_CALLS = ("pointers", "border", "partly", "lazily")
OF_FAULTS = ("touching", "behind", "copies", "ends", "stacks")


@pytest.mark.exercise("4.4")
@pytest.mark.needs("4.1", "4.5", "4.6", "4.7", "4.8", "4.9")
@pytest.mark.parametrize("part", OF_CALLS)
def test_pointers(user, part):
    """System calls with pointers to nowhere, to the kernel, and over the end of memory."""
    transcripts.agree(user, "faults", part)


@pytest.mark.needs("4.1", "4.4", "4.5", "4.6", "4.7", "4.8", "4.9", "4.10")
def test_bad_calls(user):
    """Each call with bad pointers, descriptors, numbers and lengths: refused, as on Linux, and in the same words."""
    transcripts.same(transcripts.HERE.joinpath("badcalls.expected").read_text(), transcripts.run(user, "/bin/badcalls"))


@pytest.mark.exercise("4.5")
@pytest.mark.needs("4.1", "4.4", "4.6", "4.7", "4.8", "4.9")
@pytest.mark.parametrize("part", OF_FAULTS)
def test_faults(user, part):
    """Which signal, with which code and which address, a program's fault becomes."""
    transcripts.agree(user, "faults", part)


@pytest.mark.exercise("4.5")
@pytest.mark.needs("4.1", "4.4", "4.6", "4.7", "4.8", "4.9")
@pytest.mark.parametrize("cpus", [1, 2])
def test_out_of_memory(user, cpus):
    """Programs that take all memory are ended, one after the other; nobody else is."""
    ran = user("/bin/hog", cpus=cpus, memory="32M", limit=120)
    lines = re.sub(r"out of memory: .*\n", "", ran.output).splitlines()    # the kernel says it in between
    assert lines == ["ended by signal 9"] * 7 + ["and the machine can be used"]
    assert ran.output.count("out of memory: ") >= 7
