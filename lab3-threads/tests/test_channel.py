"""Exercise 3.7 from outside: channels against a model, histories of threads, and the sieve."""

from __future__ import annotations

import os
import re
from collections import deque
from dataclasses import dataclass

import pytest

from grader.modelcheck import Wrong, check

EAGAIN, EPIPE = 11, 32      # Linux's numbers
BYTES = 24                  # of the probe's buffer; what lies behind an element stays 0


# --- one step after the other -------------------------------------------------------------


class Model:
    """Channels as queues."""

    def __init__(self) -> None:
        self.channels: dict[str, dict] = {}

    def step(self, operation: str, reply: str) -> None:
        kind, name, *rest = operation.split()
        if kind == "n":
            self.channels[name] = {"bytes": int(rest[0]), "room": int(rest[1]), "queue": deque(), "closed": False}
        right = "-" if kind == "n" else "none" if name not in self.channels else \
            getattr(self, kind)(self.channels[name], *rest)
        if reply != right:
            raise Wrong(f"the reply is {reply}, and should be {right}")

    def s(self, channel: dict, byte: str) -> str:
        if channel["closed"]:
            return f"{EPIPE:x}"
        if len(channel["queue"]) == channel["room"]:
            return f"{EAGAIN:x}"
        channel["queue"].append(int(byte))
        return "-"

    def r(self, channel: dict) -> str:
        if not channel["queue"]:
            return f"{EPIPE:x}" if channel["closed"] else f"{EAGAIN:x}"
        size = channel["bytes"]
        return f"{channel['queue'].popleft():02x}" * size + "00" * (BYTES - size)

    def c(self, channel: dict) -> str:
        channel["closed"] = True
        return "-"


def some_operations(rng) -> list[str]:
    """Times of sending and times of receiving take turns, so that channels get full and empty."""
    made = [f"n {name} {rng.randrange(1, BYTES + 1)} {rng.choice([0, 1, 2, 3, 5, 17])}" for name in range(8)]
    for step in range(800):
        name = rng.randrange(8)
        sending = 0.7 if step % 200 < 100 else 0.3
        if rng.random() < 0.01:
            made.append(f"n {name} {rng.randrange(BYTES + 1)} {rng.randrange(8)}")
        elif rng.random() < 0.01:
            made.append(f"c {name}")
        else:
            made.append(f"s {name} {rng.randrange(256)}" if rng.random() < sending else f"r {name}")
    return made


@pytest.mark.exercise("3.7")
def test_channels_at_random(ktest, rng):
    """800 random steps at eight channels: each does what a queue with so much room would do."""
    check(ktest, "channel_lines", some_operations(rng), Model, limit=20)


# --- histories ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """What a thread did: between two moments, with a result."""

    thread: int
    letter: str
    began: int
    ended: int
    error: int
    element: int

    @property
    def sends(self) -> bool:
        return self.letter in "st"

    def __str__(self) -> str:
        name = {"s": "send", "t": "try to send", "r": "receive", "u": "try to receive", "c": "close"}[self.letter]
        shown = f" {self.element:#04x}" if self.sends or (self.letter != "c" and not self.error) else ""
        result = {0: "done", EAGAIN: "EAGAIN", EPIPE: "EPIPE"}.get(self.error, f"error {self.error}")
        return f"  {self.began:2} to {self.ended:2}  thread {self.thread}: {name}{shown}: {result}"


def steps_of(reply: str) -> list[Step]:
    data = bytes.fromhex(reply)
    return [Step(t, chr(l), *rest) for t, l, *rest in zip(*(data[i::6] for i in range(6)))]


def outcome(step: Step, queue: tuple, closed: bool, room: int):
    """The state after a step that happens at one moment, or None where its result would be
    another.  Without room in the channel only errors happen to a single thread."""
    if step.letter == "c":
        return queue, True
    if step.error == EPIPE:
        return (queue, closed) if closed and (step.sends or not queue) else None
    if step.error == EAGAIN:
        useless = not closed and len(queue) == (room if step.sends else 0)
        return (queue, closed) if useless and step.letter in "tu" else None
    if step.error or not room:
        return None
    if step.sends:
        return (queue + (step.element,), closed) if not closed and len(queue) < room else None
    return (queue[1:], closed) if queue and queue[0] == step.element else None


def explained(steps: list[Step], room: int) -> bool:
    """Whether the steps could have happened one after the other, each at a moment between its
    begin and its end (linearizability: Herlihy and Wing, ACM TOPLAS 12(3), 1990).  Where there is
    no buffer, a sender and its receiver happen together."""
    seen = set()

    def search(left: frozenset, queue: tuple, closed: bool) -> bool:
        if not left:
            return True
        if (left, queue, closed) in seen:
            return False
        seen.add((left, queue, closed))
        deadline = min(steps[i].ended for i in left)
        ready = [i for i in left if steps[i].began < deadline]
        for i in ready:
            after = outcome(steps[i], queue, closed, room)
            if after and search(left - {i}, *after):
                return True
        if room or closed:
            return False
        pairs = [(i, j) for i in ready if steps[i].sends and not steps[i].error
                 for j in ready if steps[j].letter in "ru" and not steps[j].error]
        return any(steps[i].element == steps[j].element and search(left - {i, j}, queue, closed)
                   for i, j in pairs if "s" == steps[i].letter or "r" == steps[j].letter)

    return search(frozenset(range(len(steps))), (), False)


def check_histories(ktest, programs: list[tuple[int, list[str]]], schedules: int) -> None:
    lines = [f"{room} {schedules} {' '.join(threads)}" for room, threads in programs]
    told = ktest("channel_history", input=lines, limit=60)
    assert len(told.replies) == schedules * len(programs)
    for number, reply in enumerate(told.replies):
        room, threads = programs[number // schedules]
        steps = steps_of(reply)
        done = sorted((step.thread, step.began, step.letter) for step in steps if step.letter != "c")
        assert [letter for _, _, letter in done] == list("".join(threads)), "not what the program says"
        if not explained(steps, room):
            raise Wrong("\n".join([f"this cannot happen at a channel with room for {room}:",
                                   *map(str, sorted(steps, key=lambda step: step.began))]))


def some_program(rng, rooms: list[int]) -> tuple[int, list[str]]:
    """Up to 4 threads with up to 4 steps each, mostly such that wait."""
    return rng.choice(rooms), ["".join(rng.choices("srtu", [4, 4, 1, 1], k=rng.randrange(1, 5)))
                               for _ in range(rng.randrange(2, 5))]


@pytest.mark.exercise("3.7")
@pytest.mark.parametrize("rooms", [[0], [1, 2, 3]], ids=["rendezvous", "buffer"])
def test_histories(ktest, rng, rooms):
    """What threads saw of a channel can be explained by one order of all that they did."""
    check_histories(ktest, [some_program(rng, rooms) for _ in range(8)], 12)


# --- in parallel, and the sieve ---------------------------------------------------------------


@pytest.mark.exercise("3.7")
def test_storm_in_parallel(ktest, several):
    """More than a thousand elements through channels of all sizes, on real processors."""
    ktest("channel_storm", cpus=several, icount=False, limit=60, backstop=240)


@pytest.mark.needs("3.7")
def test_selects_in_parallel(ktest, several):
    """Selects that send and selects that receive at the same channels, on real processors."""
    ktest("select_storm", cpus=several, icount=False, limit=60, backstop=240)


def primes(count: int) -> list[int]:
    found: list[int] = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found


def ask(console, command: str) -> str:
    console.send(command + "\r")
    console.expect(command + "\n")
    return console.expect(re.compile(r"(?s)(.*?)cub> "), limit=60)[1].replace("\r", "")


@pytest.mark.exercise("3.7")
@pytest.mark.needs("1.2", "1.3", "1.7")
@pytest.mark.parametrize("cpus", [1, 2, 4, 8] if os.environ.get("CUB_LONG") else [1, 2])
def test_sieve(machine, rng, cpus):
    """The monitor's sieve prints the first N primes, and so it does again."""
    console = machine(cpus=cpus, icount=cpus == 1).console
    console.expect("cub> ")
    for count in (rng.randrange(60, 100), 1, rng.randrange(2, 60)):
        assert [int(word) for word in ask(console, f"sieve {count}").split()] == primes(count)


@pytest.mark.needs("1.2", "1.3", "1.7", "3.7")
def test_sieve_without_memory(machine):
    """More primes than there is memory for: the sieve says so, and all of it can be used again."""
    console = machine(memory="10M").console
    console.expect("cub> ")
    *rows, last = ask(console, "sieve 1000000").splitlines()
    found = [int(word) for row in rows for word in row.split()]
    assert len(found) > 50 and found == primes(len(found))
    assert last == f"sieve: no memory for another thread after {len(found)} primes"
    assert [int(word) for word in ask(console, "sieve 50").split()] == primes(50)
    assert ask(console, "sieve").startswith("usage: sieve N")
    assert ask(console, "sieve 0").startswith("usage: sieve N")
