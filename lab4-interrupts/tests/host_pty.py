"""A pseudo-terminal of the host, as a model of Cub's line discipline.

    host = HostPty()
    host.run("type 610a")         # -> Seen(result="", count=2, shown=b"a\\r\\n", signals="")

Run as a program it is the process whose controlling terminal that is: it does what a line says, and
tells what it saw.

The host hands typed bytes to its line discipline in a thread of its own.  Looking with poll() waits
for that only as long as there is nothing to be read; otherwise there is no way to wait but to look
again for a while.  `patience` says how long, in seconds.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import weakref
from dataclasses import dataclass

ICANON = termios.ICANON
LETTERS = {signal.SIGINT: "i", signal.SIGQUIT: "q", signal.SIGTSTP: "z"}
KERNEL_TERMIOS = "4IB19s"       # struct termios of <asm/termbits.h>
LONG = 2.0                      # seconds that a reply may be late which has to come


@dataclass(frozen=True)
class Seen:
    """What an operation did: see ldisc_probe_test.c."""

    result: str
    count: int
    shown: bytes
    signals: str

    @classmethod
    def of(cls, reply: str) -> Seen:
        result, count, shown, signals = reply.split(",")
        return cls(result, int(count), bytes.fromhex(shown), signals)


class HostPty:
    """The side of the test: starts the process and asks it."""

    def __init__(self, patience: float = 0.002) -> None:
        self._process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         text=True, start_new_session=True)
        self._patience = patience
        weakref.finalize(self, stop, self._process)

    def run(self, operation: str, expected: Seen | None = None) -> Seen:
        """Does it; with `expected` it waits for that, should it not have come yet."""
        wanted = expected and [expected.count, expected.shown.hex(), expected.signals]
        self._process.stdin.write(json.dumps([operation, wanted, self._patience]) + "\n")
        self._process.stdin.flush()
        return Seen.of(self._process.stdout.readline().rstrip("\n"))

    def close(self) -> None:
        stop(self._process)


def stop(process: subprocess.Popen) -> None:
    if process.poll() is None:
        process.stdin.close()
        process.wait()
    process.stdout.close()


class Terminal:
    """The process's side."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        for fd in (self.master, self.slave):
            os.set_blocking(fd, False)
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
        self.signals = ""
        for number in LETTERS:
            signal.signal(number, self._signalled)
        self.typed = False              # since something has been waited for

    def _signalled(self, number: int, _frame: object) -> None:
        self.signals += LETTERS[signal.Signals(number)]

    def set(self, iflag: str, oflag: str, lflag: str, characters: str) -> str:
        self._put(int(iflag), int(oflag), self._get()[2], int(lflag), 0, bytes.fromhex(characters))
        self._set_minimum(255)              # so that poll() waits in raw mode, too
        return ""

    def _get(self) -> tuple:
        return struct.unpack(KERNEL_TERMIOS, fcntl.ioctl(self.slave, termios.TCGETS, bytes(36)))

    def _put(self, *fields: object) -> None:
        fcntl.ioctl(self.slave, termios.TCSETS, struct.pack(KERNEL_TERMIOS, *fields))

    def _set_minimum(self, count: int) -> None:
        *flags, characters = self._get()
        characters = bytearray(characters)
        characters[termios.VMIN], characters[termios.VTIME] = count, 0
        self._put(*flags, bytes(characters))

    def type(self, data: str = "") -> str:
        os.write(self.master, bytes.fromhex(data))
        self.typed = True
        return ""

    def write(self, data: str = "") -> str:
        try:
            return str(os.write(self.slave, bytes.fromhex(data)))
        except BlockingIOError:
            return "0"

    def read(self, count: str) -> str:
        self._set_minimum(1)                # else Linux gives no more than 64 bytes in raw mode
        try:
            return os.read(self.slave, int(count)).hex()
        except BlockingIOError:
            return "-"
        finally:
            self._set_minimum(255)

    def hold(self) -> str:
        termios.tcflow(self.slave, termios.TCOOFF)
        return ""

    def go(self) -> str:
        termios.tcflow(self.slave, termios.TCOON)
        return self.write(b".".hex())       # or what waits to be echoed would come some time later

    def seen(self) -> tuple[bytes, int]:
        """What has been shown since the last time, and what can be read."""
        select.select([self.slave], [], [], 0)
        shown = b""
        try:
            while data := os.read(self.master, 65536):
                shown += data
        except BlockingIOError:
            pass
        return shown, struct.unpack("i", fcntl.ioctl(self.slave, termios.FIONREAD, bytes(4)))[0]

    def settled(self) -> bool:
        """Whether what was typed has certainly arrived."""
        return not select.select([self.slave], [], [], 0)[0]

    def run(self, operation: str, wanted: list | None, patience: float) -> str:
        name, *arguments = operation.split(" ")
        self.signals = ""
        result = getattr(self, name)(*arguments)
        shown, count = self.seen()
        if self.typed and not self.settled():
            time.sleep(patience)
        until = time.monotonic() + (LONG if wanted else 0)
        while True:
            more, count = self.seen()
            shown += more
            if self.settled() or time.monotonic() > until or [count, shown.hex(), self.signals] == wanted:
                break
            time.sleep(0.001)
        self.typed = False
        return f"{result},{count},{shown.hex()},{self.signals}"


def main() -> None:
    terminal = Terminal()
    for line in sys.stdin:
        print(terminal.run(*json.loads(line)), flush=True)


if __name__ == "__main__":
    main()
