"""Exercise 1.5 seen from outside: chains that only the host knows.

The recursion goes through functions in an order that is drawn anew for each run; the
smashed stacks are images that a model of ten lines walks here as well.
"""

import random
import re
import struct

import pytest

WORDS = 64              # backtrace_smashed[] in backtrace_test.c
UNTOUCHED = 0xEEEEEEEEEEEEEEEE


def words(reply: str) -> list[int]:
    """The 64-bit numbers of a reply in hexadecimal."""
    data = bytes.fromhex(reply)
    return list(struct.unpack(f"<{len(data) // 8}Q", data))


def function(symbols, address: int) -> str:
    """The function that made the call which returns there."""
    return symbols.name(address - 1).split("+")[0]


@pytest.mark.exercise("1.5")
def test_recursion_is_told_in_its_order(ktest, symbols, rng):
    """Functions that call each other in a random order come out in that order."""
    paths = ["".join(rng.choices("abcde", k=rng.randint(1, 20))) for _ in range(6)]
    said = ktest("backtrace_recursion_probe", input="".join(path + "\n" for path in paths))
    assert len(said.replies) == len(paths)
    for path, reply in zip(paths, said.replies):
        told = [function(symbols, address) for address in words(reply)]
        visited = [f"visit_{letter}" for letter in reversed(path)]
        calls = [name for name in told if name.startswith("visit_")]
        assert calls == visited, f"asked for the calls {path!r}, outermost first"
        assert told[:2 * len(path)] == [name for call in visited for name in (call, "step")], \
            "between two calls of visit_* lies one of step"
        assert told[-2:] == ["kmain", "boot_high"], "the chain goes on to the kernel's first function"


class Smashed:
    """A stack made of random words: where it lies, what is on it, and what a walk must find."""

    def __init__(self, rng: random.Random, base: int) -> None:
        first = rng.randrange(WORDS)
        self.base = base
        self.low = base + 8 * first
        self.high = base + 8 * rng.randint(first, WORDS)
        self.words = [0x1000 + 8 * i for i in range(WORDS)]
        self.max = rng.choice([rng.randint(0, 8), 60])
        frames = sorted(rng.sample(range(WORDS - 1), rng.randint(1, 16)))
        for frame, caller in zip(frames, frames[1:] + [0]):
            self.words[frame] = base + 8 * caller
        for frame in rng.sample(frames, min(len(frames), rng.randint(0, 2))):
            self.words[frame] = rng.choice([base + 8 * frame, self.hostile(rng), self.hostile(rng)])
        if rng.random() < 0.3:
            self.words[rng.choice(frames) + 1] = 0
        inside = [frame for frame in frames if self.low <= base + 8 * frame < self.high]
        self.rbp = base + 8 * rng.choice(inside or frames)
        if rng.random() < 0.2:
            self.rbp = self.hostile(rng)

    def hostile(self, rng: random.Random) -> int:
        """A frame pointer as it should not be."""
        return rng.choice([
            rng.getrandbits(64), 0, 8, 0xFFFFFFFFFFFFFFF0, 0xFFFFFFFFFFFFFFF8, 0x8000000000000000,
            self.low - 8, self.low, self.low + 4, self.high - 16, self.high - 12, self.high - 8,
            self.high, self.high + 16, self.base + rng.randrange(8 * WORDS)]) & (1 << 64) - 1

    def image(self) -> bytes:
        return struct.pack(f"<{4 + WORDS}Q", self.low, self.high, self.rbp, self.max, *self.words)

    def walk(self) -> list[int]:
        """The contract of backtrace.h."""
        found, rbp = [], self.rbp
        while len(found) < self.max and rbp % 8 == 0 and self.low <= rbp and rbp + 16 <= self.high:
            at = (rbp - self.base) // 8
            caller, address = self.words[at:at + 2]
            if address == 0:
                break
            found.append(address)
            if caller <= rbp:
                break
            rbp = caller
        return found


@pytest.mark.exercise("1.5")
def test_smashed_stacks_are_survived(ktest, symbols, rng):
    """Random stacks with hostile words on them: the walk finds what the contract says, and ends."""
    stacks = [Smashed(rng, symbols.address("backtrace_smashed")) for _ in range(60)]
    said = ktest("backtrace_smashed_probe",
                 input=struct.pack("<Q", len(stacks)) + b"".join(stack.image() for stack in stacks))
    assert len(said.replies) == 2 * len(stacks)
    for number, stack in enumerate(stacks):
        (count,), found = words(said.replies[2 * number]), words(said.replies[2 * number + 1])
        about = (f"round {number}: stack {stack.low:#x}..{stack.high:#x}, rbp {stack.rbp:#x}, "
                 f"at most {stack.max} addresses")
        assert count <= stack.max, about
        assert [hex(word) for word in found[:count]] == [hex(word) for word in stack.walk()], about
        assert found[stack.max] == UNTOUCHED, about + ": more was stored than there is room for"


@pytest.mark.exercise("1.5")
@pytest.mark.needs("1.2", "1.3")
def test_panic_names_its_callers(machine, symbols):
    """An invalid instruction two calls deep: the panic on the console lists those calls."""
    cub = machine(ktest="backtrace_panic_probe")
    assert cub.wait().kind == "panicked"
    text = cub.console.text.replace("\r", "")
    assert "\nbacktrace:\n" in text
    lines = text.split("\nbacktrace:\n")[1].split("\n")
    told = [match for line in lines if (match := re.fullmatch(r"  (0x[0-9a-f]+)  (\w+)\+(0x[0-9a-f]+)", line))]
    names = [match[2] for match in told]
    assert names[:4] == ["panic_here", "panic_outside", "ktest_backtrace_panic_probe", "ktest_run_if_asked"]
    assert names[-2:] == ["kmain", "boot_high"]
    for match in told:
        assert symbols.address(match[2]) + int(match[3], 16) == int(match[1], 16), match[0]
