"""What a person sees while tests run: a line that moves on a terminal, a plain log elsewhere."""

from __future__ import annotations

import shutil
import time
from typing import TextIO

from grader.verdicts import Result

WORDS = {"passed": "ok", "failed": "FAIL", "skipped": "skip", "not-run": "----"}
BAR = 24


class Progress:
    """Shows results as they come."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._began = out, time.monotonic()
        self._terminal = out.isatty()
        self._shown: set[str] = set()
        self._drawn = False

    def say(self, text: str) -> None:
        """What is being done before the tests, such as building."""
        if self._terminal:
            self._draw(text)
        else:
            print(text, file=self._out, flush=True)

    def update(self, results: list[Result], total: int) -> None:
        """Shows where the run is."""
        if self._terminal:
            self._draw(self._line(results, total))
            return
        for result in results:
            if result.id not in self._shown:
                self._shown.add(result.id)
                print(self._log(result, len(self._shown), total), file=self._out, flush=True)

    def _line(self, results: list[Result], total: int) -> str:
        failed = sum(result.outcome == "failed" for result in results)
        done = BAR * len(results) // total if total else 0
        bar = "#" * done + "." * (BAR - done)
        last = f"{results[-1].exercise or 'floor'} {results[-1].name}" if results else "starting"
        bad = f", {failed} failed" if failed else ""
        return f"[{bar}] {len(results)}/{total}{bad}  {time.monotonic() - self._began:.0f} s  {last}"

    @staticmethod
    def _log(result: Result, number: int, total: int) -> str:
        word = WORDS.get(result.outcome, result.outcome)
        why = f": {result.reason}" if result.outcome != "passed" and result.reason else ""
        return f"[{number:3}/{total}] {word:4} {result.exercise or 'floor':5} {result.name} ({result.seconds:.2f} s){why}"

    def _draw(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        self._out.write("\r\x1b[K" + text[:width])
        self._out.flush()
        self._drawn = True

    def done(self) -> None:
        """Clears the moving line."""
        if self._drawn:
            self._out.write("\r\x1b[K")
            self._out.flush()
            self._drawn = False
