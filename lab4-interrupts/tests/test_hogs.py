"""Programs that take all they can get leave the machine usable (user/hogs.c)."""

from __future__ import annotations

from importlib import import_module

import pytest

transcripts = import_module("lab4-interrupts.tests.transcripts")

USABLE = "a child: exited 3\n"
FULL = "more than a hundred: 1\none more: Resource temporarily unavailable\nall have ended: 1\n" + USABLE


@pytest.mark.needs("4.6", "4.7", "4.8", "4.9")
@pytest.mark.parametrize("part, said", [("processes_limited", FULL), ("processes_all", FULL),
                                        ("zombies", FULL), ("bomb", "bomb: signal 9\n" + USABLE),
                                        ("reserve", USABLE)],
                         ids=["limited", "all", "zombies", "bomb", "reserve"])
def test_fork_bombs(user, part, said):
    """Who makes as many processes as can be gets an error, and can be ended."""
    assert transcripts.parts_of(user("/bin/hogs", part).output)[part] == said


@pytest.mark.needs("4.5", "4.6", "4.7", "4.8", "4.9")
def test_memory_hog(user):
    """Who takes all memory is ended, and told of on the console; others go on."""
    output = user("/bin/hogs", "memory").output
    assert "out of memory: process" in output
    assert output.endswith("hog: signal 9\n" + USABLE)


@pytest.mark.needs("4.5", "4.6", "4.7", "4.8", "4.9")
@pytest.mark.parametrize("part, said", [
    ("locked", "writer: signal 9\nreader: exited 0\nother: signal 15\n"),
    ("tables", "hog: signal 9\nother: signal 15\n"),
    ("crowd", "good: 30\nhog: signal 9\nother: signal 15\n"),
    ("robust", "hog: signal 9\nwaiter: exited 0\n")],
    ids=["locked", "tables", "crowd", "robust"])
@pytest.mark.parametrize("cpus", [1, 2])
def test_only_the_hog(user, part, said, cpus):
    """Who has most is ended, alone (user/victims.c), though it cannot end by itself, or has only tables.

    A robust mutex that it held says so to who waits for it."""
    output = user("/bin/victims", part, cpus=cpus).output
    told = [line for line in output.splitlines(keepends=True) if "out of memory" in line]
    assert len(told) == 1
    assert output.replace(told[0], "").endswith(said)


@pytest.mark.needs("4.2", "4.5", "4.6", "4.7", "4.8", "4.9")
def test_long_calls(user):
    """A call that moves gigabytes ends soon when its process is killed."""
    said = transcripts.parts_of(user("/bin/hogs", "long_calls", limit=10).output)["long_calls"]
    assert said == "sendfile: signal 9\nsoon: 1\ngetrandom: signal 9\nsoon: 1\n"


@pytest.mark.needs("4.1", "4.4", "4.5", "4.6", "4.7", "4.8", "4.9")
def test_starved_calls(user):
    """Whichever allocation of a call fails, it says so or does without, and nothing is lost (user/starved.c)."""
    lines = dict(line.split(": ") for line in user("/bin/starved", limit=60).output.splitlines())
    assert lines.pop("lost") == "nothing"
    assert len(lines) == 16 and "WRONG" not in lines.values()
    assert list(lines.values()).count("refused") > 12
