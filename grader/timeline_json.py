"""A timeline as Chrome trace JSON, which https://ui.perfetto.dev and chrome://tracing open.

One process, "Cub".  A track for each processor has the threads that ran there as slices, and
the marks; from each wake-up an arrow leads to where the woken thread goes on.  A track for each
thread has its waits: for locks, and, once it could run again, for a processor.

The form: "Trace Event Format" (Nat Duca and Dan Sinclair, Google,
https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU), JSON Object
Format: complete events X, instants i, flows s and f, metadata M.  Times are microseconds.
"""

from __future__ import annotations

import json
from typing import Iterator

from grader.timeline import Timeline

PROCESS = 1
THREADS = 1000      # a thread's track has its number and this much more; 0 means something to viewers


def render(timeline: Timeline, about: dict[str, str]) -> str:
    """The file's text, an event a line; `about` is kept in it."""
    events = [*_tracks(timeline), *_slices(timeline), *_wakes(timeline), *_instants(timeline)]
    lines = ",\n".join(json.dumps(event) for event in events)
    return (f'{{"displayTimeUnit": "ns", "otherData": {json.dumps(about)},\n'
            f'"traceEvents": [\n{lines}\n]}}\n')


def _at(time: int) -> float:
    return round(time / 1000, 3)


def _event(kind: str, name: str, track: int, time: int, **more) -> dict:
    return {"ph": kind, "name": name, "pid": PROCESS, "tid": track, "ts": _at(time), **more}


def processor(cpu: int) -> int:
    """The track of a processor."""
    return cpu + 1


def _tracks(timeline: Timeline) -> Iterator[dict]:
    tracks = [(processor(cpu), f"processor {cpu}") for cpu in timeline.cpus]
    tracks += [(THREADS + thread, f"{timeline.name(thread)} ({thread})") for thread in timeline.threads]
    yield _event("M", "process_name", 0, 0, args={"name": "Cub"})
    for order, (track, name) in enumerate(tracks):
        yield _event("M", "thread_name", track, 0, args={"name": name})
        yield _event("M", "thread_sort_index", track, 0, args={"sort_index": order})


def _slices(timeline: Timeline) -> Iterator[dict]:
    for piece in timeline.running:
        yield _event("X", timeline.name(piece.thread), processor(piece.cpu), piece.start, cat="running",
                     dur=_at(piece.end - piece.start), args={"thread": piece.thread})
    for wait in timeline.waits:
        yield _event("X", f"waits for {wait.lock}", THREADS + wait.thread, wait.start, cat="lock",
                     dur=_at(wait.end - wait.start), args={"lock": f"{wait.address:#x}", "got it": wait.ended})
    for piece in timeline.ready:
        yield _event("X", "ready", THREADS + piece.thread, piece.start, cat="ready",
                     dur=_at(piece.end - piece.start))


def _wakes(timeline: Timeline) -> Iterator[dict]:
    """Each is an instant on the waker's processor, and an arrow if the other one ever ran."""
    for number, wake in enumerate(timeline.wakes, 1):
        verb = "starts" if wake.first else "wakes"
        name = f"{verb} {timeline.name(wake.thread)}"
        yield _event("i", name, processor(wake.cpu), wake.time, cat="wake", s="t",
                     args={"thread": wake.thread, "by": wake.waker})
        if wake.runs:
            yield _event("s", "wake", processor(wake.cpu), wake.time, cat="wake", id=number)
            yield _event("f", "wake", processor(wake.runs.cpu), wake.runs.start, cat="wake", id=number, bp="e")


def _instants(timeline: Timeline) -> Iterator[dict]:
    for mark in timeline.marks:
        yield _event("i", mark.text, processor(mark.cpu), mark.time, cat="mark", s="t", args={"thread": mark.thread})
    for mark in timeline.exits:
        yield _event("i", f"{timeline.name(mark.thread)} ends", processor(mark.cpu), mark.time, cat="exit", s="t")
