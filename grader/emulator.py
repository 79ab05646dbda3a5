"""What the verbs that start an emulator for a person share: run, iso, bochs, gdb, replay, bench-boot.

Programs are looked for before they are needed, and the Debian package of a missing
one is named (from packages.txt).  An emulator is started in a session of its own, so
that Ctrl-C on the terminal does not reach it, and dies with us whatever happens:
`end` kills its process group, and should we be killed ourselves, the kernel does
(prctl(2), PR_SET_PDEATHSIG, set by setpriv(1)).  `relay` joins a terminal or a pipe
to a serial line.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import termios
import time
import tty
from pathlib import Path
from typing import Iterator, Sequence

from grader import build, lab as labs

ROOT = Path(__file__).resolve().parents[1]
QEMU = "qemu-system-x86_64"
ESCAPE = 0x1d               # ctrl-]: free in the line editor, unlike QEMU's own ctrl-a
QUIET = 1.0                 # seconds of silence after which a dialogue without a terminal ends
SILENT = 60.0               # seconds without a first byte after which it is given up


class EmulatorError(Exception):
    """What keeps us from going on, in one line for a person."""


def packages() -> dict[str, str]:
    """What shows that a package is there (a program or a file) and the package's name."""
    rows = (line.split() for line in (ROOT / "grader/packages.txt").read_text().splitlines())
    return {row[2]: row[1] for row in rows if len(row) == 3 and not row[0].startswith("#")}


def need(*things: str | Path) -> None:
    """Raises EmulatorError naming the first program or file that is missing and its package."""
    for thing in map(str, things):
        if Path(thing).exists() if "/" in thing else shutil.which(thing):
            continue
        package = packages().get(thing)
        where = f": install the Debian package {package}" if package else ""
        raise EmulatorError(f"{thing} is missing{where}")


def kernel(lab: int, *, tests: bool = False, debug: bool = False, race: bool = False,
           tree: Path = ROOT) -> build.Kernel:
    """The stage's kernel, built if it is not up to date; a failed build is an EmulatorError."""
    labs.load(tree, lab)
    try:
        return build.kernel(tree, lab, debug=debug or tests, tests=tests, race=race)
    except build.BuildError as error:
        raise EmulatorError(f"the kernel does not build: {error.reason}") from None


def machine(lab: int, memory: str | None, cpus: int | None, tree: Path = ROOT) -> tuple[str, int]:
    """Memory and processors: what was asked for, else what the lab's lab.toml says."""
    wanted = labs.load(tree, lab).machine
    return memory or wanted.get("memory", "64M"), cpus or wanted.get("cpus", 1)


def qemu(memory: str, cpus: int, *extra: str) -> list[str]:
    """QEMU as a person runs it: real time, nothing but the machine and what is given.

    The grader's own machine (machine.py) differs: virtual time, a watchdog, a sandbox.
    """
    return [QEMU, "-machine", "q35", "-cpu", "max", "-accel", "tcg,thread=multi", "-m", memory,
            "-smp", str(cpus), "-nodefaults", "-no-user-config", "-display", "none", *extra]


def start(argv: Sequence[str], **options) -> subprocess.Popen:
    """Starts a program that gets no Ctrl-C of ours and does not outlive us."""
    need(argv[0])
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *map(str, argv)],
                            start_new_session=True, **options)


def end(process: subprocess.Popen | None) -> None:
    """Kills a process that `start` started, with its group.  May be called twice."""
    if process is None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def ending() -> Iterator[None]:
    """Makes a polite kill (SIGTERM, SIGHUP) an exception, so that `finally` is reached."""
    def leave(number: int, _frame) -> None:
        raise SystemExit(128 + number)
    old = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def raw_terminal(fd: int = 0) -> Iterator[bool]:
    """The terminal as it comes: every key is a byte.  False if there is none.  Restored after."""
    if not os.isatty(fd):
        yield False
        return
    before = termios.tcgetattr(fd)
    try:
        tty.setraw(fd)
        yield True
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


class Relay:
    """Carries bytes between the person (fds 0 and 1) and a machine's serial line.

    On a terminal, ctrl-] x leaves.  Without one, what stands on the input is typed
    once the machine has said something (a UART that is not yet set up loses it), and
    the relay ends when input and machine have been silent for QUIET seconds.
    """

    def __init__(self, process: subprocess.Popen, receive: int, send: int, *,
                 source: int = 0, sink: int = 1) -> None:
        self.process, self.receive, self.send = process, receive, send
        self.source, self.sink = source, sink
        self.heard = self.begun = time.monotonic()
        self.spoken = False         # the machine has said something
        self.escaped = False        # ctrl-] was the last key
        self.done = False           # the input has ended
        self.leave = False

    def run(self) -> None:
        """Returns when the machine has ended or the person has left."""
        with raw_terminal(self.source) as terminal:
            while not self.leave and self._step(terminal):
                pass

    def _step(self, terminal: bool) -> bool:
        """Waits for the next bytes from either side; False at the end."""
        listening = not self.done and (terminal or self.spoken)
        ready, _, _ = select.select([self.receive] + [self.source] * listening, [], [], 0.1)
        if self.receive in ready:
            return self._from_machine()
        if self.source in ready:
            self._from_person(terminal)
        elif self.process.poll() is not None:
            return False
        return terminal or not self._over()

    def _over(self) -> bool:
        now = time.monotonic()
        if not self.spoken and now - self.begun > SILENT:
            raise EmulatorError(f"the machine said nothing in {SILENT:g} s")
        return self.done and self.spoken and now - self.heard > QUIET

    def _from_machine(self) -> bool:
        try:
            data = os.read(self.receive, 1 << 16)
        except OSError:             # a pseudo-terminal whose other end was closed
            return self.process.poll() is None and time.sleep(0.05) is None
        self.spoken = self.spoken or bool(data)
        self.heard = time.monotonic()
        os.write(self.sink, data)
        return bool(data)

    def _from_person(self, terminal: bool) -> None:
        data = os.read(self.source, 256)
        self.done, self.heard = not data, time.monotonic()
        keys = self._keys(data) if terminal else data
        if keys:
            with contextlib.suppress(OSError):
                os.write(self.send, keys)

    def _keys(self, data: bytes) -> bytes:
        """Takes ctrl-] and the key behind it out of what was typed."""
        keys = bytearray()
        for byte in data:
            if self.escaped:
                self.escaped = False
                if byte == ord("x"):
                    self.leave = True
                    break
                if byte == ESCAPE:
                    keys.append(byte)
            elif byte == ESCAPE:
                self.escaped = True
            else:
                keys.append(byte)
        return bytes(keys)


def say(text: str) -> None:
    """A line about what is going on, apart from what the machine prints."""
    print(text, file=sys.stderr, flush=True)


def finish(verb) -> int:
    """Runs a verb's work; every expected error becomes one line and exit status 2."""
    try:
        with ending():
            return verb()
    except (EmulatorError, labs.LabError) as error:
        say(f"cub: {error}")
        return 2
    except KeyboardInterrupt:
        return 130


def debug_argument(parser: argparse.ArgumentParser) -> None:
    """The option for a kernel that watches itself."""
    parser.add_argument("--debug", action="store_true", help="a debug build: it finds more, and is slower")


def machine_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that say which machine and which stage."""
    parser.add_argument("--lab", type=int, required=True, help="the stage")
    parser.add_argument("--memory", help="RAM, for example 128M (default: the lab's)")
    parser.add_argument("--cpus", type=int, help="processors (default: the lab's)")
    parser.add_argument("--append", default="", help="the kernel's command line")
