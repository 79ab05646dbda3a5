"""Exercise 3.4: wait queues, judged by the host: exact sequences on one processor, and logs of
random programmes on several.

What the lines and replies of the two probes mean stands in waitqueue_lines_test.c and
waitqueue_log_test.c.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from grader.modelcheck import Wrong, check

THREADS, WAITERS, QUEUES = 6, 4, 3
MARK = 0xff
IN_LOG = 5          # threads
SCHEDULES = 25


class Sleeper:
    """A thread that is in a queue, or has been."""

    def __init__(self, queue: int, interruptible: bool) -> None:
        self.queue, self.interruptible = queue, interruptible
        self.recorded = True    # its sleep: it wants to be woken
        self.woken = False


class Model:
    """Three queues of threads and other waiters, and who has an interrupt before it."""

    def __init__(self) -> None:
        self.queues: list[list[tuple[str, int]]] = [[] for _ in range(QUEUES)]
        self.threads: dict[int, Sleeper] = {}
        self.takes: dict[int, bool] = {}
        self.interrupted: set[int] = set()
        self.results, self.asked = [], []
        self.back: dict[int, int] = {}

    def step(self, operation: str, reply: str) -> None:
        kind, *words = operation.split()
        self.results, self.asked, self.back = [], [], {}
        possible = {"s": self.sleep, "x": self.operate, "j": self.join, "l": self.leave,
                    "e": self.empty}[kind](*words)
        if not possible:
            return expect("the reply", reply, "-")
        self.come_back()
        numbers = [int(word, 16) for word in reply.split()]
        first = numbers.index(MARK)
        second = numbers.index(MARK, first + 1)
        expect("the result", numbers[:first], self.results)
        expect("who was asked", numbers[first + 1:second], self.asked)
        pairs = zip(numbers[second + 1::2], numbers[second + 2::2], strict=True)
        expect("the threads that have come back, and their results", dict(pairs), self.back)

    def sleep(self, name: str, queue: str, flags: str, operations: str) -> bool:
        thread = int(name)
        if thread in self.threads:
            return False
        sleeper = self.threads[thread] = Sleeper(int(queue), bool(int(flags) & 1))
        self.queues[sleeper.queue].append(("thread", thread))
        self.operate(*[operations[i:i + 2] for i in range(0, len(operations) - 1, 2)])
        if int(flags) & 2:
            self.back[thread] = 2 + sleeper.woken
            self.gone(thread)
        elif sleeper.recorded and sleeper.interruptible and thread in self.interrupted:
            sleeper.recorded = False
        return True

    def operate(self, *operations: str) -> bool:
        for kind, number in operations:
            if kind == "i":
                self.interrupt(int(number))
            else:
                self.results.append(self.wake(self.queues[int(number)], kind == "a"))
        return True

    def interrupt(self, thread: int) -> None:
        self.interrupted.add(thread)
        sleeper = self.threads.get(thread)
        if sleeper and sleeper.interruptible:
            sleeper.recorded = False

    def wake(self, queue: list, everybody: bool) -> int:
        woken = 0
        for who in list(queue):
            if self.offer(who):
                queue.remove(who)
                woken += 1
                if not everybody:
                    break
        return woken

    def offer(self, who: tuple[str, int]) -> bool:
        kind, number = who
        if kind == "waiter":
            self.asked.append(number)
            return self.takes[number] and self.takes.pop(number)
        sleeper = self.threads[number]
        taken = sleeper.recorded
        sleeper.recorded, sleeper.woken = False, sleeper.woken or taken
        return taken

    def come_back(self) -> None:
        """What the threads do that can run."""
        for thread, sleeper in list(self.threads.items()):
            if not sleeper.recorded:
                self.back[thread] = int(not sleeper.woken)
                if not sleeper.woken:
                    self.interrupted.discard(thread)
                self.gone(thread)

    def gone(self, thread: int) -> None:
        sleeper = self.threads.pop(thread)
        if not sleeper.woken:
            self.queues[sleeper.queue].remove(("thread", thread))

    def join(self, name: str, queue: str, takes: str) -> bool:
        if int(name) in self.takes:
            return False
        self.takes[int(name)] = takes == "1"
        self.queues[int(queue)].append(("waiter", int(name)))
        return True

    def leave(self, name: str) -> bool:
        if int(name) not in self.takes:
            return False
        del self.takes[int(name)]
        for queue in self.queues:
            if ("waiter", int(name)) in queue:
                queue.remove(("waiter", int(name)))
        self.results.append(1)
        return True

    def empty(self, queue: str) -> bool:
        self.results.append(int(not self.queues[int(queue)]))
        return True


def expect(what: str, found, right) -> None:
    if found != right:
        raise Wrong(f"{what} should be {right}; it is {found}")


def operation(rng: random.Random, kinds: str) -> str:
    kind = rng.choice(kinds)
    return kind + str(rng.randrange(THREADS if kind == "i" else QUEUES))


def line(rng: random.Random, interrupts: bool, waiters: bool) -> str:
    kinds = "ooooaii" if interrupts else "ooooa"
    what = rng.choice("ssssssxxxxxjlle" if waiters else "ssssssxxxxe")
    if what == "s":
        between = "".join(operation(rng, kinds) for _ in range(rng.choice([0, 0, 0, 1, 2])))
        cancels = 2 * (rng.random() < 0.1)
        return (f"s {rng.randrange(THREADS)} {rng.randrange(QUEUES)} "
                f"{cancels + (rng.random() < 0.6)} {between or '-'}")
    if what == "x":
        return "x " + " ".join(operation(rng, kinds) for _ in range(rng.choice([1, 1, 1, 2, 3, 5])))
    if what == "j":
        return f"j {rng.randrange(WAITERS)} {rng.randrange(QUEUES)} {rng.randrange(2)}"
    return f"l {rng.randrange(WAITERS)}" if what == "l" else f"e {rng.randrange(QUEUES)}"


@pytest.mark.exercise("3.4")
def test_random_wakes(ktest, rng):
    """1500 sleeps and wake-ups: each is for the one that has waited the longest, and ends one sleep."""
    check(ktest, "waitqueue_lines", [line(rng, False, False) for _ in range(1500)], Model, limit=10)


@pytest.mark.exercise("3.4")
def test_random_interrupts(ktest, rng):
    """Interrupts among them, before, after and between: the first that comes counts, none is lost."""
    check(ktest, "waitqueue_lines", [line(rng, True, False) for _ in range(1500)], Model, limit=10)


@pytest.mark.exercise("3.4")
def test_random_waiters(ktest, rng):
    """Waiters with wake functions of their own: asked in order, and what they refuse is offered on."""
    check(ktest, "waitqueue_lines", [line(rng, True, True) for _ in range(1500)], Model, limit=10)


# --- logs --------------------------------------------------------------------------------


class Log:
    """The events of a schedule: (thread, letter, queue or victim, result), in order."""

    def __init__(self, reply: str) -> None:
        numbers = [int(word, 16) for word in reply.split()]
        self.events = [(thread, chr(what), number, result)
                       for thread, what, number, result in zip(*[iter(numbers)] * 4, strict=True)]

    def judge(self, programmes: list[str]) -> None:
        self.followed(programmes)
        for queue in (0, 1):
            self.counted(queue)
            self.none_overlooked(queue)
        for queue in (2, 3):
            self.tokens(queue)
        self.interrupts()

    def followed(self, programmes: list[str]) -> None:
        """Each thread has done what it was told, to the end."""
        forms = {"s": "pr", "S": "pr", "o": "oO", "a": "aA", "i": "iI", "-": "-M", "+": "+P"}
        for thread, text in enumerate(programmes):
            told = [(what, number) for who, what, number, _ in self.events if who == thread]
            right = [(what, int(text[at + 1])) for at in range(0, len(text), 2) for what in forms[text[at]]]
            assert told == right, f"thread {thread} has not come to the end of its programme"

    def wakes(self, queue: int) -> list[tuple[int, int, str, int]]:
        """Of that queue: the event before it, the one behind it, its letter, how many it woke."""
        begun, found = {}, []
        for at, (thread, what, number, result) in enumerate(self.events):
            if number == queue and what in "oa":
                begun[thread] = at
            if number == queue and what in "OA":
                found.append((begun[thread], at, what, result))
        return found

    def counted(self, queue: int) -> None:
        woken = sum(result for *_, result in self.wakes(queue))
        slept = self.ended(queue, len(self.events))
        assert slept == woken, f"{woken} wake-ups in queue {queue} were taken, and {slept} sleeps have ended by one"

    def ended(self, queue: int, before: int) -> int:
        """How many sleeps a wake-up has ended by then."""
        return sum(what == "r" and number == queue and not result
                   for _, what, number, result in self.events[:before])

    def asleep(self, queue: int, since: int, till: int) -> set[int]:
        """Threads that had prepared in that queue and have not returned."""
        last = {thread: (at, what) for at, (thread, what, number, _) in enumerate(self.events[:till])
                if number == queue and what in "pr"}
        return {thread for thread, (at, what) in last.items() if what == "p" and at < since}

    def none_overlooked(self, queue: int) -> None:
        """Who had prepared before a wake-up and sleeps on after it was there all the time, unless
        another wake-up or an interrupt was on its way to it."""
        wakes = self.wakes(queue)
        for begin, end, what, result in wakes:
            there = self.asleep(queue, begin, end)
            others = sum(wake[3] for wake in wakes if wake[0] < end and wake[1] != end)
            interrupts = sum(kind == "i" and number in there for _, kind, number, _ in self.events[:end])
            certain = len(there) - (others - self.ended(queue, begin)) - interrupts
            enough = min(certain, 1) if what == "O" else certain
            assert result >= enough, \
                f"event {end}: {result} were woken in queue {queue}, where these slept: {sorted(there)}"

    def tokens(self, queue: int) -> None:
        there = 0
        for _, what, number, _ in self.events:
            if number == queue:
                there += (what == "+") - (what == "M")
                assert there >= 0, f"more tokens of queue {queue} were taken than there were"

    def interrupts(self) -> None:
        sent, interruptible = Counter(), {}
        for thread, what, number, result in self.events:
            if what == "i":
                sent[number] += 1
            if what == "p":
                interruptible[thread] = result
            if what == "r" and result:
                assert interruptible[thread], f"thread {thread} was interrupted in a sleep that cannot be"
                sent[thread] -= 1
                assert sent[thread] >= 0, f"thread {thread} was interrupted, and nobody had asked for it"


def programme(rng: random.Random, thread: int, kinds: str) -> str:
    def one() -> str:
        kind = rng.choice(kinds)
        number = rng.randrange(2) if kind in "sSoa" else rng.randrange(2, 4)
        return kind + str(rng.randrange(IN_LOG) if kind == "i" else number)
    return "".join(one() for _ in range(rng.randrange(3, 8)))


def run(ktest, rng, kinds: str) -> None:
    programmes = [programme(rng, thread, kinds) for thread in range(IN_LOG)]
    lines = [f"p {thread} {text}" for thread, text in enumerate(programmes)]
    said = ktest("waitqueue_log", input=[*lines, f"g 3 {SCHEDULES}"], limit=20)
    logs = said.replies[IN_LOG:-1]
    assert len(logs) == SCHEDULES
    for number, reply in enumerate(logs):
        log = Log(reply)
        try:
            log.judge(programmes)
        except AssertionError as error:
            said.blame(number)
            told = "\n".join(f"  {at}: {thread} {what}{number} {result}"
                             for at, (thread, what, number, result) in enumerate(log.events))
            raise AssertionError(f"schedule {number} of the programmes {programmes}: {error}\n{told}") from None


@pytest.mark.exercise("3.4")
@pytest.mark.needs("3.3")
def test_logs_of_tokens(ktest, rng):
    """Five threads on three processors take and add tokens: whoever waits for one gets one."""
    run(ktest, rng, "-+")


@pytest.mark.exercise("3.4")
@pytest.mark.needs("3.3")
def test_logs_of_interrupts(ktest, rng):
    """They sleep, wake and interrupt each other: each wake-up ends one sleep, or finds nobody."""
    run(ktest, rng, "sSSooaii")
