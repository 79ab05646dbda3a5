"""What ran when: reads a dump of the kernel's trace and makes a timeline of it.

The kernel (lab3-threads/trace/) tells on COM2, each line behind "# trace ":

    processor 0: 4310 events, the last 2730 follow
    16062710 switch 3 1 "ping"              at that nanosecond 0 goes on with thread 3, "ping", after 1
    16079575 wake 3 4 "pong"                3 can run again: 4, "pong", woke it ("start": for the first time)
    16254562 exit 4 0 "pong"
    15960318 wait 3 0xffffffff8023e300 "table"      for the lock of that address and name; then "waited"
    16099383 mark 3 "half way"
    ends

A ring keeps the last events only, and a machine that stops has written them in part;
whatever is missing, the rest still makes a timeline.  What does not fit is passed over: the
kernel that tells it may be anybody's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Iterable, Iterator

HEAD = re.compile(r"processor (\d{1,3}): (\d{1,20}) events, the last (\d{1,20}) follow")
EVENT = re.compile(r'(\d{1,20}) (?:(switch|wake|start|exit) (\d{1,10}) (\d{1,20})|(wait|waited) (\d{1,10}) (0x[0-9a-f]{1,16})'
                   r'|(mark) (\d{1,10})) "(.*)"')
BEGINS = "here it begins"       # the mark behind which the picture of a test begins: the last one
IDLE = "idle"       # what the kernel calls the threads of processors that have nothing to do


@dataclass(frozen=True)
class Event:
    """One line.  text: a lock's name, a mark's text, or the name of the thread that ran there."""

    time: int
    cpu: int
    kind: str
    thread: int
    other: int
    text: str

    @property
    def actor(self) -> int:
        """The thread that ran there until now."""
        return self.other if self.kind in ("switch", "wake", "start") else self.thread

    @property
    def named(self) -> int | None:
        """The thread whose name the text is."""
        return {"switch": self.thread, "exit": self.thread, "wake": self.other, "start": self.other}.get(self.kind)


@dataclass(frozen=True)
class Slice:
    """A thread runs on a processor."""

    cpu: int
    thread: int
    start: int
    end: int


@dataclass(frozen=True)
class Wake:
    """A thread can run (again); `runs`: when it does, None if it never did or was running still."""

    time: int
    cpu: int
    waker: int
    thread: int
    first: bool
    runs: Slice | None


@dataclass(frozen=True)
class Wait:
    """A thread waits for a lock; `ended`: whether it got it."""

    thread: int
    lock: str
    address: int
    start: int
    end: int
    ended: bool


@dataclass(frozen=True)
class Mark:
    """Something at a moment: a text that the kernel wanted to be shown, or, without one, a thread's end."""

    time: int
    cpu: int
    thread: int
    text: str = ""


@dataclass
class Timeline:
    """All of it, in the order of time (nanoseconds)."""

    begin: int = 0
    end: int = 0
    cpus: list[int] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    slices: list[Slice] = field(default_factory=list)
    ready: list[Slice] = field(default_factory=list)        # could run, and did not (cpu: where it then did, or -1)
    wakes: list[Wake] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    exits: list[Mark] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    lost: int = 0           # events that were overwritten
    left_out: int = 0       # events before `begin`, in a timeline that `last` made
    whole: bool = False     # the dump came to its end

    def name(self, thread: int) -> str:
        """Its name, or its number if it never ran."""
        return self.names.get(thread) or f"thread {thread}"

    def idle(self, thread: int) -> bool:
        return self.names.get(thread) == IDLE

    @property
    def running(self) -> list[Slice]:
        """The slices in which something is done."""
        return [piece for piece in self.slices if not self.idle(piece.thread)]

    @property
    def threads(self) -> list[int]:
        """Every thread that is heard of, idle ones apart."""
        heard = {number for event in self.events for number in (event.thread, event.actor)}
        heard |= {piece.thread for piece in self.slices}
        return sorted(number for number in heard if not self.idle(number))

    @property
    def tells(self) -> bool:
        """Whether any thread did anything."""
        return any(event.kind != "mark" for event in self.events)

    def last(self, count: int) -> "Timeline":
        """The same with so many events at most, the last ones, and from the last BEGINS on."""
        begun = [place for place, event in enumerate(self.events) if event.text == BEGINS]
        left_out = max(len(self.events) - count, *begun[-1:], 0)
        if not left_out:
            return self
        begin = self.events[left_out].time
        return replace(
            self, begin=begin, left_out=left_out, events=self.events[left_out:],
            slices=_clipped(self.slices, begin), ready=_clipped(self.ready, begin), waits=_clipped(self.waits, begin),
            wakes=[wake for wake in self.wakes if wake.time >= begin],
            marks=[mark for mark in self.marks if mark.time >= begin],
            exits=[mark for mark in self.exits if mark.time >= begin])


def _clipped(pieces: list, begin: int) -> list:
    return [replace(piece, start=max(piece.start, begin)) for piece in pieces if piece.end > begin]


# --- reading -----------------------------------------------------------------------------


def read(lines: Iterable[str]) -> Timeline:
    """The timeline of a dump, a line each without "# trace "."""
    events, lost, cpus, whole, cpu = [], 0, [], False, None
    for line in lines:
        if match := HEAD.fullmatch(line):
            cpu = int(match[1])
            cpus.append(cpu)
            lost += max(0, int(match[2]) - int(match[3]))
        elif line == "ends":
            whole = True
        elif cpu is not None and (match := EVENT.fullmatch(line)):
            events.append(_event(cpu, match))
    return build(events, sorted(set(cpus)), lost=lost, whole=whole)


def _event(cpu: int, match: re.Match) -> Event:
    kind = match[2] or match[5] or match[8]
    thread = int(match[3] or match[6] or match[9])
    return Event(int(match[1]), cpu, kind, thread, int(match[4] or match[7] or "0", 0), unquoted(match[10]))


def printable(text: str) -> str:
    """The text with a dot for each letter that cannot be shown."""
    return "".join(letter if letter.isprintable() else "·" for letter in text)


def unquoted(text: str) -> str:
    """What stood between the quotation marks."""
    return printable(re.sub(r"\\x([0-9a-f]{1,2})", lambda match: chr(int(match[1], 16)), text))


def build(events: list[Event], cpus: list[int], *, lost: int = 0, whole: bool = True) -> Timeline:
    """The timeline of events, those of one processor in their order."""
    found = Timeline(cpus=cpus, lost=lost, whole=whole, events=sorted(events, key=lambda event: event.time))
    if not events:
        return found
    found.begin, found.end = found.events[0].time, found.events[-1].time
    found.names = {event.named: event.text for event in found.events if event.named is not None and event.text}
    for cpu in cpus:
        found.slices += _slices(found, cpu)
    found.slices.sort(key=lambda piece: (piece.start, piece.cpu))
    of_thread: dict[int, list[Slice]] = {}
    for piece in found.slices:
        of_thread.setdefault(piece.thread, []).append(piece)
    found.wakes = [_wake(event, of_thread) for event in found.events if event.kind in ("wake", "start")]
    found.waits = list(_waits(found))
    found.ready = list(_ready(found, of_thread))
    found.marks = [Mark(event.time, event.cpu, event.thread, event.text) for event in found.events if event.kind == "mark"]
    found.exits = [Mark(event.time, event.cpu, event.thread) for event in found.events if event.kind == "exit"]
    return found


def _slices(timeline: Timeline, cpu: int) -> Iterator[Slice]:
    """What one processor did.  Whoever ran at its first event had done so from the beginning on."""
    mine = [event for event in timeline.events if event.cpu == cpu]
    if not mine:
        return
    since, runs = timeline.begin, mine[0].actor
    for event in mine:
        if event.kind == "switch":
            yield Slice(cpu, runs, since, event.time)
            since, runs = event.time, event.thread
    yield Slice(cpu, runs, since, timeline.end)


def _wake(event: Event, of_thread: dict[int, list[Slice]]) -> Wake:
    mine = of_thread.get(event.thread, [])
    still = any(piece.start <= event.time < piece.end for piece in mine)
    runs = None if still else next((piece for piece in mine if piece.start >= event.time), None)
    return Wake(event.time, event.cpu, event.other, event.thread, event.kind == "start", runs)


def _waits(timeline: Timeline) -> Iterator[Wait]:
    """From each "wait" to the same thread's "waited", or to the end."""
    begun: dict[tuple[int, int], Event] = {}
    for event in timeline.events:
        key = (event.thread, event.other)
        if event.kind == "wait":
            begun[key] = event
        elif event.kind == "waited":
            start = begun.pop(key).time if key in begun else timeline.begin
            yield Wait(event.thread, event.text, event.other, start, event.time, True)
    for event in begun.values():
        yield Wait(event.thread, event.text, event.other, event.time, timeline.end, False)


def _ready(timeline: Timeline, of_thread: dict[int, list[Slice]]) -> Iterator[Slice]:
    """Between two slices a thread is asleep until it is woken; if it is not, it only gave way."""
    woken: dict[int, list[int]] = {}
    for wake in timeline.wakes:
        woken.setdefault(wake.thread, []).append(wake.time)
    for thread in timeline.threads:
        mine = of_thread.get(thread, [])
        ended = timeline.begin
        for piece in mine:
            since = next((time for time in woken.get(thread, []) if ended <= time <= piece.start), None)
            since = ended if since is None and piece is not mine[0] else since
            if since is not None and since < piece.start:
                yield Slice(piece.cpu, thread, since, piece.start)
            ended = piece.end
        since = next((time for time in woken.get(thread, []) if time >= ended), None)
        if since is not None and since < timeline.end:
            yield Slice(-1, thread, since, timeline.end)
