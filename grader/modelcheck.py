"""Random operations against a model, and the shortest sequence of them that goes wrong.

A probe in the kernel executes lines of text, one operation each, and replies with one line
each.  A model in Python, simple enough to be plainly right, looks at each reply:

    class Model:
        def step(self, operation: str, reply: str) -> None:
            raise Wrong("...") if that reply cannot be right, and else remember what happened

    def test_random(ktest, rng):
        check(ktest, "buddy_operations", [random_operation(rng) for _ in range(3000)], Model)

Operations refer to what earlier ones made by a name that they gave it ("a 17 3" makes
thing 17, "f 17" frees it), so that any part of a sequence is a sequence, too: the probe
skips an operation that refers to nothing and replies "-", and so does the model.

When a reply is wrong, or the kernel panics, hangs or says less, parts of the sequence are
left out as long as it still fails (Zeller and Hildebrandt, "Simplifying and isolating
failure-inducing input", 2002).  The last boot is that of the shortest sequence: its console,
and the command that runs it again, are what the failure shows.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Callable, Protocol, Sequence

from grader import explain

BOOTS = 60              # to make a sequence shorter
SECONDS = 10.0          # of the host's time for that; CUB_SHRINK says otherwise (0: not at all)
SHOWN = 25              # operations at the end of a sequence that are shown


class Wrong(AssertionError):
    """A reply that cannot be right; says why."""


class Model(Protocol):
    """What is told of every operation, in order; a new one for each boot."""

    def step(self, operation: str, reply: str) -> None: ...


@dataclass(frozen=True)
class Failure:
    """One boot that went wrong: the operations up to the one that did, and their replies."""

    operations: list[str]
    replies: list[str]      # the last operation's is missing if the kernel ended before
    why: str
    behind: bool = False    # it was all right up to the last operation, but not what came then

    def table(self) -> list[str]:
        """A line an operation, the last ones only."""
        told = self.replies + ["(no reply)"] * (len(self.operations) - len(self.replies))
        rows = list(zip(self.operations, told))[-SHOWN:]
        width = min(max((len(operation) for operation, _ in rows), default=0), 60)
        left = len(self.operations) - len(rows)
        return [f"  ... {left} before"] * bool(left) + [f"  {op:{width}}  -> {told}" for op, told in rows]


def check(ktest: Callable, probe: str, operations: Sequence[str], model: Callable[[], Model], *,
          boots: int = BOOTS, **options) -> None:
    """Boots the probe once with all operations; raises Wrong with the shortest sequence found.

    Further options go to `ktest`, such as limit=10 and memory="128M".
    """
    def attempt(lines: Sequence[str]) -> Failure | None:
        return judge(ktest(probe, input=list(lines), check=False, **options), lines, model)

    first = attempt(operations)
    if first is not None:
        shortest = Shrinker(attempt, first, boots, seconds()).run()
        raise Wrong(report(shortest, len(operations)))


def seconds() -> float:
    """How long a sequence may be made shorter."""
    return float(os.environ.get("CUB_SHRINK", SECONDS))


def judge(told, operations: Sequence[str], model: Callable[[], Model]) -> Failure | None:
    """What is wrong with a boot, if anything is."""
    judging, count = model(), min(len(told.replies), len(operations))
    for place in range(count):
        if why := wrong(judging, operations[place], told.replies[place]):
            return Failure(list(operations[:place + 1]), told.replies[:place + 1], why)
    if why := badly_ended(told, len(operations)):
        return Failure(list(operations[:count + 1]), told.replies[:count], why, count == len(operations))
    return None


def badly_ended(told, count: int) -> str:
    """What is wrong with how a boot ended, or with how many replies it gave."""
    if not told.ok:
        return "\n".join(dict.fromkeys([explain.end_in_words(told.end), *told.diagnostics[:5]]))
    return "" if len(told.replies) == count else f"{len(told.replies)} replies to {count} operations"


def wrong(model: Model, operation: str, reply: str) -> str:
    """Why the model does not accept a reply.  One that it cannot even read is wrong, too."""
    try:
        model.step(operation, reply)
    except AssertionError as error:
        return str(error) or "the model does not accept this reply"
    except (ValueError, LookupError) as error:
        return f"a reply that makes no sense ({type(error).__name__}: {error})"
    return ""


class Shrinker:
    """Leaves parts out, ever smaller ones, from the end to the beginning."""

    def __init__(self, attempt: Callable, first: Failure, boots: int, limit: float) -> None:
        self.attempt, self.best, self.boots = attempt, first, boots
        self.until = time.monotonic() + limit
        self._last_failed = True        # the last boot was that of the best sequence

    def run(self) -> Failure:
        """The shortest sequence that boots and time were enough to find."""
        size = (len(self.best.operations) + 1) // 2
        while size and self._time_left():
            left_out = self._sweep(size)
            if size > 1 or not left_out:
                size //= 2
        if not self._last_failed:
            self.best = self.attempt(self.best.operations) or self.best
        return self.best

    def _time_left(self) -> bool:
        return self.boots > 0 and time.monotonic() < self.until

    def _sweep(self, size: int) -> bool:
        """Tries without each part of that many operations; returns whether one could be left out."""
        found = False
        end = self._end()
        while end > 0 and self._time_left():
            start = max(0, end - size)
            found |= self._without(start, end)
            end = min(start, self._end())
        return found

    def _end(self) -> int:
        """The operation that went wrong stays: without it nothing failed."""
        return len(self.best.operations) - (not self.best.behind)

    def _without(self, start: int, end: int) -> bool:
        lines = self.best.operations
        failure = self.attempt(lines[:start] + lines[end:])
        self.boots -= 1
        self._last_failed = failure is not None
        if failure is not None:
            self.best = failure
        return failure is not None


def report(failure: Failure, given: int) -> str:
    """The words for a failure; the first line says what is wrong."""
    count = len(failure.operations)
    which = "behind these" if failure.behind else "in the last of these" if count > 1 else "in this"
    return "\n".join([failure.why, f"{which} {count} operations (of {given}):", *failure.table()])
