"""A program on a pseudo-terminal, for the tests of what a person types."""

from __future__ import annotations

import os
import pty
import select
import signal
import time
from pathlib import Path
from typing import Sequence

from grader import emulator as emu

PATIENCE = 90


class Terminal:
    """Starts `argv` as a shell in a terminal would; `expect` consumes."""

    def __init__(self, argv: Sequence[str]) -> None:
        self.argv, self.text, self.place = argv, "", 0

    def __enter__(self) -> "Terminal":
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(emu.ROOT)
            os.environ["TERM"] = "dumb"
            os.execvp(self.argv[0], list(self.argv))
        return self

    def __exit__(self, *_) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    def send(self, text: str) -> None:
        os.write(self.fd, text.encode("latin-1"))

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return True
        try:
            self.text += os.read(self.fd, 4096).decode(errors="replace")
        except OSError:
            return False
        return True

    def expect(self, wanted: str) -> None:
        end = time.monotonic() + PATIENCE
        while (at := self.text.find(wanted, self.place)) < 0:
            assert self._read(1) and time.monotonic() < end, f"no {wanted!r} in {self.text[self.place:]!r}"
        self.place = at + len(wanted)

    def wait(self) -> int:
        """The exit status, once the program has ended by itself."""
        end = time.monotonic() + PATIENCE
        while True:
            self._read(0.05)
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
            assert time.monotonic() < end, f"it does not end: {self.text[-300:]!r}"


def children(pid: int) -> list[int]:
    """The processes whose parent that one is."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(path.parent.name))
    return found
