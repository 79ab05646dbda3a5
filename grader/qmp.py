"""A client of QEMU's monitor protocol (QMP) over a socket that is already open.

QEMU speaks JSON lines: answers to commands, and events in between.  See QEMU's
docs/interop/qmp-spec.txt.  Nothing here blocks on its own: the machine feeds
what it read and pumps until the answer is there, so that the guest's serial
ports are emptied while we wait for the monitor.
"""

from __future__ import annotations

import json
from typing import Callable


DULL = ("STOP", "RESUME")       # events that only echo our own commands


class QmpError(Exception):
    """A command that QEMU refused, or a QEMU that is no longer there; one line."""


class Qmp:
    """Commands out, answers and events in.  `pump()` reads whatever came; False: closed."""

    def __init__(self, write: Callable[[bytes], None], pump: Callable[[], bool]) -> None:
        self._write, self._pump = write, pump
        self._partial = b""
        self._answers: dict[int, dict] = {}
        self._number = 0
        self.events: list[dict] = []
        self.ready = False

    def feed(self, data: bytes) -> None:
        """Takes bytes that were read from the socket."""
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            if not line.strip():
                continue
            message = json.loads(line)
            if "event" in message:
                if message["event"] not in DULL:
                    self.events.append(message)
            elif "QMP" in message:
                self.ready = True
            else:
                self._answers[message.get("id", 0)] = message

    def take(self, name: str) -> dict | None:
        """The data of the first event of that name, which is then forgotten; None if none came."""
        for event in self.events:
            if event["event"] == name:
                self.events.remove(event)
                return event.get("data", {})
        return None

    def pending(self, *names: str) -> bool:
        """Whether an event of one of those names has come and was not taken."""
        return any(event["event"] in names for event in self.events)

    def start(self) -> None:
        """Waits for QEMU's greeting and leaves negotiation."""
        while not self.ready:
            if not self._pump():
                raise QmpError("QEMU ended before its monitor answered")
        self.command("qmp_capabilities")

    def send(self, name: str, **arguments) -> int:
        """Sends a command without waiting for its answer; returns its number."""
        self._number += 1
        message = {"execute": name, "id": self._number} | ({"arguments": arguments} if arguments else {})
        self._write(json.dumps(message).encode() + b"\n")
        return self._number

    def command(self, name: str, **arguments):
        """Runs one command and returns what it returned; raises QmpError."""
        number = self.send(name, **arguments)
        while number not in self._answers:
            if not self._pump() and number not in self._answers:
                raise QmpError(f"QEMU ended during {name}")
        answer = self._answers.pop(number)
        if "error" in answer:
            raise QmpError(f"QMP {name}: {answer['error'].get('desc', answer['error'])}")
        return answer["return"]

    def human(self, line: str) -> str:
        """Runs a line of QEMU's human monitor and returns what it printed."""
        return self.command("human-monitor-command", **{"command-line": line})
