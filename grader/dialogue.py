"""One serial port as a dialogue: what the machine said, what was sent, what is expected.

The matcher consumes: `expect` looks only behind the place where the last match
ended and moves that place on, so no output line ever satisfies two expectations,
and expectations are met in the order in which they are written.  The idea is that
of expect(1); the difference is what ends a wait, which is never the wall clock but
the machine's own end, its standstill, or its guest time (see machine.py).
"""

from __future__ import annotations

import codecs
import re
from typing import Callable, Protocol

DEVICE_TIME, INPUT_TIME = 0.050, 0.010      # guest seconds, see standstill.py
TIME_OVER = "guest time are over"
LAST_LINES = 12         # of the console, shown with a failure
SEEN = 400              # characters of what came instead, shown with a failure


class Driver(Protocol):
    """What a dialogue needs of its machine."""

    def run_until(self, met: Callable[[bool], bool], limit: float, patience: float) -> str:
        """Lets the machine run until met(final) holds and returns ""; or why it never will.
        patience: guest seconds for which a machine that does nothing may wait for a device."""

    def transmit(self, port: str, data: bytes) -> None:
        """Sends bytes to the guest."""


class Expected(AssertionError):
    """An expectation that was not met; its text is for a person."""

    def __init__(self, expected: str, seen: str, why: str, console: str) -> None:
        super().__init__(f"expected: {expected}\nseen: {seen}\nwhy the wait ended: {why}\n"
                         f"last lines:\n{console}")
        self.expected, self.seen, self.why = expected, seen, why


class Dialogue:
    """The text of one port and the place up to which it was consumed."""

    def __init__(self, name: str, driver: Driver) -> None:
        self.name = name
        self.raw = bytearray()      # every byte as it came (for a terminal emulator)
        self.text = ""              # the same as text
        self.place = 0              # what lies before was consumed
        self._driver = driver
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes) -> None:
        """Takes bytes that the guest sent."""
        self.raw += data
        self.text += self._decoder.decode(data)

    @property
    def rest(self) -> str:
        """What has come and was not consumed yet."""
        return self.text[self.place:]

    @property
    def lines(self) -> list[str]:
        """All text in lines, without carriage returns and colours."""
        return clean(self.text).split("\n")

    def tail(self, count: int = LAST_LINES) -> str:
        """The last lines, for a failure's report."""
        return "\n".join(clean(self.text).rstrip("\n").split("\n")[-count:])

    def send(self, text: str | bytes) -> None:
        """Types text.  The Enter key is "\\r"."""
        self._driver.transmit(self.name, text.encode() if isinstance(text, str) else text)

    def expect(self, pattern: str | re.Pattern, limit: float = 10) -> re.Match:
        """Waits for text (a str, taken literally; "\\n" also matches "\\r\\n") or a compiled
        regular expression, consumes all up to its end and returns the match.

        `limit` is in seconds of guest time.  Raises Expected, which says what was
        expected, what came instead and why nothing more will come.
        """
        wanted = literal(pattern) if isinstance(pattern, str) else pattern
        found: list[re.Match] = []

        def met(final: bool) -> bool:
            match = wanted.search(self.text, self.place)
            if match and (final or isinstance(pattern, str) or self._settled(wanted, match)):
                found.append(match)
            return bool(found)

        why = self._driver.run_until(met, limit, DEVICE_TIME)
        if not found:
            raise self._failure(pattern, why)
        self.place = found[0].end()
        return found[0]

    def settle(self, limit: float = 10) -> str:
        """Runs until the machine stands still (it waits for input, or stopped), consumes
        and returns everything that it said.  Raises Expected if it never stops talking."""
        why = self._driver.run_until(lambda final: False, limit, INPUT_TIME)
        if TIME_OVER in why:
            raise self._failure("the machine to wait for input", why)
        seen, self.place = self.rest, len(self.text)
        return seen

    def _settled(self, wanted: re.Pattern, match: re.Match) -> bool:
        """Whether a match at the very end would stay the same whatever comes next."""
        if match.end() < len(self.text):
            return True
        for more in ("0", "a", " ", "\r", "\n"):
            again = wanted.search(self.text + more, self.place)
            if not again or again.span() != match.span():
                return False
        return True

    def _failure(self, pattern: str | re.Pattern, why: str) -> Expected:
        wanted = repr(pattern) if isinstance(pattern, str) else f"/{pattern.pattern}/"
        seen = clean(self.rest)
        cut = "" if len(seen) <= SEEN else f" (the first {SEEN} of {len(seen)} characters)"
        return Expected(f"{wanted} on the {self.name}", f"{seen[:SEEN]!r}{cut}", why, self.tail())


def literal(text: str) -> re.Pattern:
    """A pattern for that very text; a newline may come as carriage return and newline."""
    return re.compile(re.escape(text).replace("\\\n", "\r?\n"))


def clean(text: str) -> str:
    """Text for a report: no carriage returns, no escape sequences, no other control characters."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b.", "", text)
    text = re.sub(r"(?<!\r)\r+\n", "\n", text).replace("\r", "")
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "·", text)
