"""Exercise 4.3 seen from outside: the line discipline against the host's.

What is typed, written and read here goes through a pseudo-terminal of the Linux on which the
tests run, too (host_pty.py). All that is shown, read and signalled has to be the same, byte by byte.
"""

from __future__ import annotations

import random
import termios as t
from importlib import import_module

import pytest

from grader.modelcheck import Wrong, check

host_pty = import_module("lab4-interrupts.tests.host_pty")      # a name that "import" cannot take
HostPty, Seen = host_pty.HostPty, host_pty.Seen

IUTF8, IUCLC, OLCUC = 0o40000, 0o1000, 0o2      # Python does not know these
XTABS = 0o14000
INPUT = {"ICRNL": t.ICRNL, "INLCR": t.INLCR, "IGNCR": t.IGNCR, "ISTRIP": t.ISTRIP, "IXON": t.IXON, "IXANY": t.IXANY,
         "IUTF8": IUTF8, "IUCLC": IUCLC}
OUTPUT = {"OPOST": t.OPOST, "ONLCR": t.ONLCR, "OCRNL": t.OCRNL, "ONOCR": t.ONOCR, "ONLRET": t.ONLRET, "XTABS": XTABS,
          "OLCUC": OLCUC}
LOCAL = {"ISIG": t.ISIG, "ICANON": t.ICANON, "ECHO": t.ECHO, "ECHOE": t.ECHOE, "ECHOK": t.ECHOK, "ECHONL": t.ECHONL,
         "ECHOCTL": t.ECHOCTL, "ECHOKE": t.ECHOKE, "ECHOPRT": t.ECHOPRT, "NOFLSH": t.NOFLSH, "IEXTEN": t.IEXTEN}
NAMES = INPUT | OUTPUT | LOCAL

USUAL_INPUT, USUAL_OUTPUT = t.ICRNL | t.IXON, t.OPOST | t.ONLCR
USUAL_LOCAL = t.ISIG | t.ICANON | t.ECHO | t.ECHOE | t.ECHOK | t.ECHOCTL | t.ECHOKE | t.IEXTEN
CHARACTERS = {t.VINTR: 3, t.VQUIT: 28, t.VERASE: 127, t.VKILL: 21, t.VEOF: 4, t.VMIN: 1, t.VSTART: 17, t.VSTOP: 19,
              t.VSUSP: 26, t.VREPRINT: 18, t.VDISCARD: 15, t.VWERASE: 23, t.VLNEXT: 22}
OTHERS = {t.VINTR: [0, 24], t.VERASE: [0, 8, ord("#")], t.VKILL: [0, ord("@")], t.VEOF: [0, ord("!")],
          t.VEOL: [ord(";"), 27], t.VEOL2: [ord(","), ord(";")], t.VWERASE: [0], t.VLNEXT: [0, ord("\\")],
          t.VREPRINT: [0], t.VSTART: [0], t.VSTOP: [0], t.VSUSP: [0]}
SIGNALS = (3, 24, 26, 28)       # what may be a signal's key
ALONE = (*SIGNALS, 17, 19)      # typed by itself: the host echoes after several bytes, and some of it never if this comes


def characters(changed: dict[int, int] = {}) -> str:
    table = CHARACTERS | changed
    return bytes(table.get(which, 0) for which in range(19)).hex()


def settings(iflag: int = USUAL_INPUT, oflag: int = USUAL_OUTPUT, lflag: int = USUAL_LOCAL, changed: dict = {}) -> str:
    return f"set {iflag} {oflag} {lflag} {characters(changed)}"


def typed(data: bytes) -> list[str]:
    """Operations that type this."""
    parts: list[bytes] = [b""]
    for byte in data:
        if byte in ALONE:
            parts += [bytes([byte]), b""]
        else:
            parts[-1] += bytes([byte])
    return [f"type {part.hex()}" for part in parts if part]


def spelled(operation: str) -> str:
    """The same for a reader."""
    name, *arguments = operation.split(" ")
    if name in ("type", "write"):
        return f"{name} {bytes.fromhex(arguments[0])!r}"
    if name == "set":
        flags = zip((INPUT, OUTPUT, LOCAL), map(int, arguments))
        return "set " + " ".join(word for table, value in flags for word, bit in table.items() if value & bit == bit)
    return operation


class AsTheHost:
    """Does on the host what the kernel has done."""

    def __init__(self) -> None:
        self.host = HostPty()
        self.past: list[tuple[str, object]] = []

    def step(self, operation: str, reply: str) -> None:
        seen = Seen.of(reply)
        self.past.append((operation, seen))
        host = self.host.run(operation, seen)
        if host != seen:
            host = self._patiently()
        if host != seen:
            raise Wrong(f"{spelled(operation)}:\n  Cub:   {told(seen)}\n  Linux: {told(host)}")

    def _patiently(self):
        """A busy host may have been late: the same again, with time. The last operation's."""
        self.host.close()
        self.host = HostPty(patience=0.05)
        for operation, seen in self.past:
            host = self.host.run(operation, seen)
        return host


def told(seen) -> str:
    result = seen.result if seen.result in ("", "-") or len(seen.result) % 2 else repr(bytes.fromhex(seen.result))
    return f"shows {seen.shown!r}, result {result or 'none'}, {seen.count} bytes to read, signals {seen.signals or 'none'}"


@pytest.fixture(scope="module", autouse=True)
def real_terminal() -> None:
    """Whether this host's pseudo-terminals are Linux's: some containers have something else."""
    try:
        host = HostPty()
        seen = [host.run(line).shown for line in typed(b"a\t\x7f\x16\x01\x15")]
        host.close()
    except (OSError, ValueError) as error:
        pytest.skip(f"no pseudo-terminal on this host: {error}")
    if b"".join(seen) != b"a\t" + b"\b" * 7 + b"^\b^A" + b"\b \b" * 3:
        pytest.skip("this host's pseudo-terminals are not Linux's")


def agree(ktest, operations: list[str]) -> None:
    check(ktest, "ldisc_probe", operations, AsTheHost, limit=30)


# --- what is drawn -----------------------------------------------------------------------

WORDS = ["ls", "cd", "make", "x_1", "a-b", "(c)", "..", "\xe4\xf6", "\u20ac", "Zeile", "\xd7"]


def keys(rng: random.Random) -> bytes:
    """A few keys of somebody who types, errs and mends."""
    return rng.choice([
        rng.choice(WORDS).encode() + b" " * rng.randint(0, 2),
        rng.choice(WORDS).encode(),
        b"\t" * rng.randint(1, 2), b" \tq",
        bytes([rng.choice([127, 127, 8, 35])]) * rng.randint(1, 4),
        bytes([rng.choice([23, 23, 21, 64, 18])]),
        b"\x16" + bytes([rng.choice([1, 3, 4, 10, 13, 9, 22, 127, 0, 0x1b, ord("x")])]),
        bytes([rng.choice([1, 2, 5, 27, 0, 92, 0x80, 0xa4, 0xc3])]),
        b"\n", b"\r", b"\n", b"\r\n",
        bytes([rng.choice([4, 4, 33, 59, 44, 27])]),
        bytes([rng.choice([17, 17, 17, 19])]),
        bytes([rng.choice(SIGNALS)]),
    ])


def some(rng: random.Random, table: dict[str, int], usual: int) -> int:
    """Flags: the usual ones, a few of them changed."""
    for bit in rng.sample(list(table.values()), rng.choice([0, 1, 1, 2, 3])):
        usual ^= bit
    return usual


def drawn_settings(rng: random.Random, oflag: int | None = None) -> str:
    changed = {which: rng.choice(others) for which, others in OTHERS.items() if rng.random() < 0.15}
    return settings(some(rng, INPUT, USUAL_INPUT), some(rng, OUTPUT, USUAL_OUTPUT) if oflag is None else oflag,
                    some(rng, LOCAL, USUAL_LOCAL), changed)


def written(rng: random.Random) -> str:
    data = b"".join(rng.choice([b"abc", b"\n", b"\r", b"\t", b"\b", b"\r\n", "\xe4\u20ac".encode(), b"\x1b[1m", b" "])
                    for _ in range(rng.randint(1, 6)))
    return f"write {data.hex()}"


def session(rng: random.Random, count: int) -> list[str]:
    """Operations of all kinds."""
    operations: list[str] = []
    while len(operations) < count:
        operations += rng.choices([
            [drawn_settings(rng)], typed(b"".join(keys(rng) for _ in range(rng.randint(1, 4)))),
            [f"read {rng.choice([1, 2, 3, 5, 80, 4096])}"], [written(rng)], [rng.choice(["hold", "go", "go"])]],
            weights=[3, 20, 6, 3, 1])[0]
    return operations


# --- tests -------------------------------------------------------------------------------

@pytest.mark.exercise("4.3")
def test_anything(ktest, rng):
    """Any settings, keys, reads and writes in any order: everything is as on Linux."""
    agree(ktest, session(rng, 1500))


@pytest.mark.exercise("4.3")
def test_editing(ktest, rng):
    """Lines are typed and mended with all echo flags in turn: the terminal shows what Linux's would."""
    operations: list[str] = []
    for _ in range(60):
        operations += [settings(USUAL_INPUT | rng.choice([0, IUTF8]), lflag=some(rng, LOCAL, USUAL_LOCAL)),
                       written(rng), *typed(b"".join(keys(rng) for _ in range(12)) + b"\n"), "read 4096", "read 3", "read 200"]
    agree(ktest, operations)


@pytest.mark.exercise("4.3")
def test_output(ktest, rng):
    """What a program writes is shown as on Linux, with every combination of output flags."""
    operations: list[str] = []
    for number in range(2 ** 6):
        bits = [t.ONLCR, t.OCRNL, t.ONOCR, t.ONLRET, XTABS, OLCUC]
        oflag = t.OPOST | sum(bit for place, bit in enumerate(bits) if number >> place & 1)
        operations += [settings(USUAL_INPUT | rng.choice([0, IUTF8]), oflag), *(written(rng) for _ in range(6)), "write 09"]
    agree(ktest, operations + [settings(oflag=0), *(written(rng) for _ in range(6))])


@pytest.mark.exercise("4.3")
def test_long_line(ktest, rng):
    """A line that is too long keeps its beginning and its end; the program gets it in pieces."""
    length = rng.randint(4090, 4300)
    line = bytes(rng.choice(b"abcdefgh ") for _ in range(length))
    pieces = [line[at:at + 500] for at in range(0, length, 500)]
    operations = [settings(lflag=USUAL_LOCAL & ~t.ECHO)]
    operations += [f"type {piece.hex()}" for piece in pieces] + ["type 0a", "read 100", "read 4000", "read 4096", "read 1"]
    operations += [*typed(b"short\n"), "read 4096"]
    agree(ktest, operations)
