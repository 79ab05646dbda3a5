"""Exercise 3.5: mutexes and condition variables, judged by the host: sequences on one processor,
and logs of random programmes on several.

What the lines and replies of the two probes mean stands in mutex_lines_test.c and
mutex_log_test.c.  A thread that comes back from condvar_wait without a signal is no mistake: the
threads of both wait in loops, and the models count tokens.
"""

from __future__ import annotations

import random

import pytest

from grader.modelcheck import Wrong, check

MUTEXES, THREADS, NONE = 3, 7, 0xff
LOCKED, REFUSED, TOKEN, INTERRUPTED, OTHER = 1, 2, 3, 4, 5
SCHEDULES = 25


class Mutex:
    """Who has it, who waits for it by l, in the order of coming, and who waits for its tokens."""

    def __init__(self) -> None:
        self.owner: int | None = None
        self.lockers: list[int] = []
        self.waiters: dict[int, bool] = {}      # whether it can be interrupted
        self.tokens = 0


class Model:
    """What is certain: who wants a mutex, and how urgently; how many tokens there are for whom."""

    def __init__(self) -> None:
        self.mutexes = [Mutex() for _ in range(MUTEXES)]
        self.priority = [16] * THREADS
        self.pending: set[int] = set()      # threads with an interrupt that is certainly still to be seen
        self.possible = [0] * THREADS       # interrupts that each may have before it, at most

    def step(self, operation: str, reply: str) -> None:
        kind, *words = operation.split()
        thread, argument = int(words[0]), int(words[1]) if len(words) > 1 else 0
        mine = next((m for m in self.mutexes if m.owner == thread), None)
        if kind not in "pi" and (self.busy(thread) or (kind in "lt") == bool(mine)):
            return expect("the reply", reply, "-")
        numbers = [int(word, 16) for word in reply.split()]
        events = list(zip(numbers[MUTEXES::2], numbers[MUTEXES + 1::2], strict=True))
        getattr(self, kind)(thread, argument, mine, events)
        for event in events:
            self.happened(*event)
        for number, (mutex, owner) in enumerate(zip(self.mutexes, numbers)):
            expect(f"the owner of mutex {number}", owner, NONE if mutex.owner is None else mutex.owner)
            self.quiet(number, mutex)

    def busy(self, thread: int) -> bool:
        return any(thread in mutex.lockers or thread in mutex.waiters for mutex in self.mutexes)

    def l(self, thread: int, number: int, *_) -> None:
        self.mutexes[number].lockers.append(thread)

    def t(self, thread: int, number: int, _, events: list) -> None:
        mutex = self.mutexes[number]
        free = mutex.owner is None
        expect("trylock", events, [(thread, LOCKED if free else REFUSED)])
        events.clear()
        if free:
            mutex.owner = thread

    def u(self, thread: int, _, mine: Mutex, events: list) -> None:
        self.done(thread, events)
        mine.owner = None

    def w(self, thread: int, flags: int, mine: Mutex, _) -> None:
        mine.owner = None
        mine.waiters[thread] = bool(flags)

    def s(self, thread: int, count: int, mine: Mutex, events: list) -> None:
        self.done(thread, events)
        mine.tokens += count

    b = s

    def p(self, thread: int, priority: int, *_) -> None:
        self.priority[thread] = priority

    def i(self, thread: int, *_) -> None:
        """Whoever waits may have seen the one before, and only want the mutex; others keep one."""
        waits = any(mutex.waiters.get(thread) for mutex in self.mutexes)
        self.possible[thread] = min(self.possible[thread] + 1, 2) if waits else 1
        self.pending.add(thread)

    @staticmethod
    def done(thread: int, events: list) -> None:
        """It was done at once, and before everything else."""
        expect("what is said first", events[:1], [(thread, OTHER)])
        del events[0]

    def happened(self, thread: int, what: int) -> None:
        mutex = next((m for m in self.mutexes if thread in m.lockers or thread in m.waiters), None)
        if mutex is None or (what == LOCKED) != (thread in mutex.lockers):
            raise Wrong(f"thread {thread} says {what}, which it cannot have done")
        if mutex.owner is not None:
            raise Wrong(f"threads {mutex.owner} and {thread} have the same mutex")
        mutex.owner = thread
        if what == LOCKED:
            first = max(mutex.lockers, key=lambda other: self.priority[other])
            if thread != first:
                raise Wrong(f"thread {thread} has got the mutex, and it was thread {first}'s turn")
            mutex.lockers.remove(thread)
        elif what == TOKEN:
            if not mutex.tokens:
                raise Wrong(f"thread {thread} has taken a token, and there was none")
            mutex.tokens -= 1
            del mutex.waiters[thread]
        else:
            if what != INTERRUPTED or not mutex.waiters.pop(thread) or not self.possible[thread]:
                raise Wrong(f"thread {thread} says {what}: nobody has interrupted it")
            self.possible[thread] -= 1
            self.pending.discard(thread)

    def quiet(self, number: int, mutex: Mutex) -> None:
        """Nothing goes on any more: who could, would have."""
        if mutex.owner is not None:
            return
        if mutex.lockers:
            raise Wrong(f"mutex {number} is free, and thread {mutex.lockers[0]} waits for it")
        if mutex.tokens and mutex.waiters:
            raise Wrong(f"mutex {number} has {mutex.tokens} tokens, and {sorted(mutex.waiters)} wait for one")
        for thread, interruptible in mutex.waiters.items():
            if interruptible and thread in self.pending:
                raise Wrong(f"thread {thread} was interrupted, and waits on")


def expect(what: str, found, right) -> None:
    if found != right:
        raise Wrong(f"{what} should be {right}; it is {found}")


def line(rng: random.Random, kinds: str) -> str:
    kind, thread = rng.choice(kinds), rng.randrange(THREADS)
    argument = {"l": rng.choice([0, 0, 0, 1, 2]), "t": rng.choice([0, 0, 0, 1, 2]), "w": rng.randrange(2),
                "s": rng.choice([1, 1, 1, 2, 3]), "b": rng.choice([1, 2, 3, 5]),
                "p": rng.choice([10, 12, 14])}.get(kind)
    return f"{kind} {thread}" + ("" if argument is None else f" {argument}")


@pytest.mark.exercise("3.5")
def test_random_mutexes(ktest, rng):
    """1500 times a mutex is wanted, tried and given up: it goes to whose turn it is, at once."""
    check(ktest, "mutex_lines", [line(rng, "lllltuuup") for _ in range(1500)], Model, limit=10)


@pytest.mark.exercise("3.5")
@pytest.mark.needs("3.4")
def test_random_signals(ktest, rng):
    """Signals and broadcasts among them: whoever waits for what there is gets it."""
    check(ktest, "mutex_lines", [line(rng, "lllluuuwwwsb") for _ in range(1500)], Model, limit=10)


@pytest.mark.exercise("3.5")
@pytest.mark.needs("3.4")
def test_random_interrupts_of_waits(ktest, rng):
    """And interrupts: they end a wait with the mutex held, and take nobody's signal."""
    check(ktest, "mutex_lines", [line(rng, "llllluuuwwwwsbii") for _ in range(1500)], Model, limit=10)


# --- logs --------------------------------------------------------------------------------

IN_LOG, LOCKS, CAPACITY, MYSELF, ALL = 4, 2, 2, 9, 1 << 32


class Judge:
    """Follows the log of a schedule: (thread, letter, mutex, number) in order."""

    def __init__(self) -> None:
        self.holder: list[int | None] = [None] * LOCKS
        self.value = [0] * LOCKS
        self.busy: list[set[int]] = [set() for _ in range(LOCKS)]   # who asks, has it or lets go of it
        self.others = [False] * IN_LOG      # whether the mutex that it tries may not have been free
        self.buffer: list[int] = []
        self.puts = [0] * IN_LOG

    def judge(self, log: list[tuple[int, str, int, int]], programmes: list[str]) -> None:
        for thread, what, mutex, number in log:
            getattr(self, f"event_{what}")(thread, mutex, number)
        for thread, text in enumerate(programmes):
            told = "".join(what for who, what, *_ in log if who == thread)
            assert told == runs(text, told), f"thread {thread} has told {told!r} of its programme {text!r}"

    def event_w(self, thread: int, mutex: int, _) -> None:
        self.others[thread] = bool(self.busy[mutex])
        for other in self.busy[mutex]:
            self.others[other] = True
        self.busy[mutex].add(thread)

    event_t = event_w

    def event_g(self, thread: int, mutex: int, _) -> None:
        assert self.holder[mutex] is None, f"threads {self.holder[mutex]} and {thread} have the same mutex"
        self.holder[mutex] = thread

    def event_n(self, thread: int, mutex: int, _) -> None:
        assert self.others[thread], f"thread {thread} did not get a mutex that was free all the time"
        self.busy[mutex].discard(thread)

    def event_v(self, thread: int, mutex: int, told: int) -> None:
        self.value[mutex] = (5 * self.value[mutex] + 1 + thread) % ALL
        assert told == self.value[mutex], f"the value is {told:#x}; it should be {self.value[mutex]:#x}"

    def event_r(self, thread: int, mutex: int, _) -> None:
        assert self.holder[mutex] == thread
        self.holder[mutex] = None

    def event_d(self, thread: int, mutex: int, _) -> None:
        self.busy[mutex].discard(thread)

    def event_P(self, thread: int, _, element: int) -> None:
        assert len(self.buffer) < CAPACITY, f"thread {thread} has put an element into a full buffer"
        if thread != MYSELF:
            assert element == thread << 8 | self.puts[thread]
            self.puts[thread] += 1
        self.buffer.append(element)

    def event_G(self, thread: int, _, element: int) -> None:
        assert self.buffer and element == self.buffer.pop(0), f"thread {thread} has taken {element:#x}"


def runs(text: str, told: str) -> str:
    """What a thread tells that does its programme to the end, failing where `told` says that it did."""
    said, at, held = "", 0, 0
    while at < len(text):
        letter, at = text[at], at + 1
        if letter in "xy" and told[len(said) + 1:len(said) + 2] == "n":
            said, depth = said + "tn", 1
            while depth:
                depth += {".": -1, "w": 0, "z": 0}.get(text[at], 1)
                at += 1
            continue
        held += {"a": 1, "b": 1, "x": 1, "y": 1, ".": -1}.get(letter, 0)
        said += {"a": "wg", "b": "wg", "x": "tg", "y": "tg", ".": "rd", "w": "v" * held, "z": ""}.get(letter, letter)
    return said


def section(rng: random.Random, lowest: int, tries: float) -> str:
    mutex = rng.randrange(lowest, LOCKS)
    letter = ("xy" if rng.random() < tries else "ab")[mutex]
    inner = section(rng, 1, tries) if mutex == 0 and rng.random() < 0.4 else ""
    return letter + rng.choice(["", "w", "z", "wz"]) + inner + rng.choice(["w", "zw", ""]) + "."


def run(ktest, programmes: list[str]) -> None:
    lines = [f"p {thread} {text}" for thread, text in enumerate(programmes)]
    said = ktest("mutex_log", input=[*lines, f"g 3 {SCHEDULES}"], limit=20)
    logs = said.replies[IN_LOG:-1]
    assert len(logs) == SCHEDULES
    for number, reply in enumerate(logs):
        numbers = [int(word, 16) for word in reply.split()]
        log = [(thread, chr(what), mutex, told)
               for thread, what, mutex, told in zip(*[iter(numbers)] * 4, strict=True)]
        try:
            Judge().judge(log, programmes)
        except AssertionError as error:
            said.blame(number)
            told = "\n".join(f"  {thread} {what} {mutex} {told:x}" for thread, what, mutex, told in log)
            raise AssertionError(f"schedule {number} of the programmes {programmes}: {error}\n{told}") from None


@pytest.mark.exercise("3.5")
@pytest.mark.needs("3.3")
def test_logs_of_sections(ktest, rng):
    """Four threads on three processors lock, try and nest two mutexes: each has one alone, and sees all."""
    run(ktest, ["".join(section(rng, 0, tries) for _ in range(4)) for tries in (0, 0, 0.5, 1)])


@pytest.mark.exercise("3.5")
@pytest.mark.needs("3.3", "3.4")
def test_logs_of_a_buffer(ktest, rng):
    """They put elements into a bounded buffer and take them out: each is taken once, in order."""
    run(ktest, ["".join(rng.choice(kinds) for _ in range(7)) for kinds in ("PPPG", "GGGP", "PG", "PG")])
