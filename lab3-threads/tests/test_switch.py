"""Exercise 3.1: switches between stacks in random order, each judged by what the host remembers.

The probe `switch_lines` (switch_lines_test.c says what its lines and replies mean) has nine
coroutines.  The host says who goes on with whom, and what is in the registers then; whoever runs
next tells what it found in them, which has to be what the host once put there.
"""

from __future__ import annotations

import random

import pytest

from grader.modelcheck import Wrong, check

REGISTERS = ("rbx", "rbp", "r12", "r13", "r14", "r15")
COROUTINES = 9
DEPTH = 12
FRAME = 128         # bytes at the top of a new stack that may be used before thread_begin


class Model:
    """Who runs, and what each one left in its registers and on its stack."""

    def __init__(self) -> None:
        self.running = 0
        self.left: dict[int, list[int]] = {}            # registers of those that wait
        self.kept = [[] for _ in range(COROUTINES)]     # values on their stacks

    def step(self, operation: str, reply: str) -> None:
        kind, *words = operation.split()
        told = [] if reply == "-" else [int(word, 16) for word in reply.split()]
        {"s": self.switch, "d": self.down, "u": self.up}[kind](told, *words)

    def switch(self, told: list[int], to: str, registers: str) -> None:
        number = int(to)
        if number == self.running:
            return expect("a switch to oneself", told, [])
        if not told or told[0] != number:
            raise Wrong(f"coroutine {number} was to run; it was {told[:1]}")
        self.left[self.running] = [int(registers[i:i + 16], 16) for i in range(0, 96, 16)]
        self.running = number
        if number not in self.left:
            return self.fresh(*told[1:])
        for name, found, put in zip(REGISTERS, told[1:], self.left[number], strict=True):
            if found != put:
                raise Wrong(f"coroutine {number} had {put:#x} in {name}, and finds {found:#x}")

    def fresh(self, low_bits: int, from_top: int, frame: int, returns: int) -> None:
        expect("the stack pointer of a new stack, modulo 16", low_bits, 8)
        expect("the frame pointer of a new stack", frame, 0)
        expect("the return address of a new stack", returns, 0)
        if not 8 <= from_top <= FRAME:
            raise Wrong(f"a new stack begins {from_top} bytes below its top")

    def down(self, told: list[int], value: str) -> None:
        kept = self.kept[self.running]
        if len(kept) == DEPTH:
            return expect("deeper than the deepest", told, [])
        kept.append(int(value))
        expect("the depth", told, [len(kept)])

    def up(self, told: list[int]) -> None:
        kept = self.kept[self.running]
        expect("what was kept on the stack", told, [kept.pop()] if kept else [])


def expect(what: str, found, right) -> None:
    if found != right:
        raise Wrong(f"{what} is {found}; it should be {right}")


def value(rng: random.Random) -> int:
    """Of a register: also such as look like little numbers, and like none."""
    return rng.choice([rng.getrandbits(64), rng.getrandbits(64), rng.getrandbits(8), 0, 2 ** 64 - 1])


def switch(rng: random.Random, to: int) -> str:
    return f"s {to} " + "".join(f"{value(rng):016x}" for _ in REGISTERS)


@pytest.mark.exercise("3.1")
def test_first_switches(ktest, rng):
    """Each new stack is as the psABI has it at a function's entry, and each comes back."""
    order = rng.sample(range(1, COROUTINES), COROUTINES - 1)
    lines = [switch(rng, to) for number in order for to in (number, 0)]
    check(ktest, "switch_lines", lines + [switch(rng, to) for to in order], Model)


@pytest.mark.exercise("3.1")
def test_random_switches(ktest, rng):
    """1200 switches among nine stacks: all registers are, for each, what it had left in them."""
    lines = [switch(rng, rng.randrange(COROUTINES)) for _ in range(1200)]
    check(ktest, "switch_lines", lines, Model, limit=10)


@pytest.mark.exercise("3.1")
def test_random_depths(ktest, rng):
    """Stacks that grow and shrink between the switches keep what lies on them."""
    lines = []
    for _ in range(1500):
        kind = rng.choice("sddu" if rng.random() < 0.7 else "suu")
        lines.append({"s": switch(rng, rng.randrange(COROUTINES)),
                      "d": f"d {rng.getrandbits(63)}", "u": "u"}[kind])
    check(ktest, "switch_lines", lines, Model, limit=10)
