"""A timeline as one SVG picture that needs nothing from outside itself: no script, no font.

Above, a row for each processor: which thread it ran.  Below, a row for each thread: when it ran,
when it was ready and did not, which lock it waited for, and who woke it.

The time axis is stretched where much happens: every event gets a little room of its own and the
rest is shared out by duration, of which what lasts longest is shortened.  Labels tell the time.
What hides in a few pixels is told by the browser's tooltips (SVG's <title>).
Read more: SVG 1.1, https://www.w3.org/TR/SVG11/
"""

from __future__ import annotations

import bisect
import html
import statistics
from typing import Iterator

from grader.timeline import Timeline

EVENTS = 400            # at most, the last ones
THREADS = 32            # rows at most, those of which most is heard
LEFT, RIGHT, TOP = 150, 24, 64
PLOT = (820, 2400)      # the least and the greatest width of the plot, in pixels
ROOM = 5                # pixels that each event has at least
LONG = 12               # times the median: what lasts longer is shortened
CPU_ROW, THREAD_ROW, BAR = 30, 26, 16
LABEL = 105             # pixels from one time label to the next
LETTER, SMALL = 6.1, 5.2        # a letter's width at 11 and at 9 pixels
INK, SOFT, LINE, PAPER = "#1d2430", "#667085", "#e3e6eb", "#ffffff"
COLOURS = ("#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#e15759", "#76b7b2", "#9c755f", "#d4a72c",
           "#ff9da7", "#5778d6", "#8cd17d", "#79706e")
DARK = {"#f28e2b", "#76b7b2", "#d4a72c", "#ff9da7", "#8cd17d"}      # colours with dark letters on them


def render(timeline: Timeline, title: str, note: str = "") -> str:
    """The file's text; `note` stands below the title."""
    return _Picture(timeline.last(EVENTS), title, note).text()


def duration(nanoseconds: float) -> str:
    """A time with three digits and its unit: "12.3 µs"."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.{max(0, 2 - len(str(int(nanoseconds / size))) + 1)}f} {unit}"
    return f"{nanoseconds:.0f} ns"


def escape(text: str) -> str:
    return html.escape(text)


class _Scale:
    """From times to pixels."""

    def __init__(self, timeline: Timeline) -> None:
        times = sorted({timeline.begin, timeline.end, *(event.time for event in timeline.events)})
        gaps = [after - before for before, after in zip(times, times[1:])] or [1]
        most = max(1, int(statistics.median(gaps) * LONG))
        self.width = min(PLOT[1], max(PLOT[0], len(gaps) * 12))
        room = min(ROOM, self.width / len(gaps) / 2)
        unit = (self.width - room * len(gaps)) / max(1, sum(min(gap, most) for gap in gaps))
        self.times, self.at = times, [0.0]
        self.shortened: list[tuple[float, int]] = []        # (the middle, how long)
        for gap in gaps:
            step = room + unit * min(gap, most)
            if gap > most:
                self.shortened.append((self.at[-1] + step / 2, gap))
            self.at.append(self.at[-1] + step)

    def x(self, time: int) -> float:
        """Pixels from the left."""
        place = bisect.bisect_right(self.times, time) - 1
        if place < 0 or place + 1 >= len(self.times):
            return LEFT + (0.0 if place < 0 else self.at[len(self.times) - 1])
        part = (time - self.times[place]) / (self.times[place + 1] - self.times[place])
        return LEFT + self.at[place] + part * (self.at[place + 1] - self.at[place])

    def time(self, pixels: float) -> float:
        """The time at so many pixels from the plot's left side."""
        place = min(bisect.bisect_right(self.at, pixels), len(self.times) - 1) - 1
        if place < 0:
            return self.times[0]
        part = (pixels - self.at[place]) / (self.at[place + 1] - self.at[place])
        return self.times[place] + part * (self.times[place + 1] - self.times[place])


class _Picture:
    def __init__(self, timeline: Timeline, title: str, note: str) -> None:
        self.timeline, self.title, self.note = timeline, title, note
        self.scale = _Scale(timeline)
        self.rows = self._chosen()
        self.colour = {thread: COLOURS[i % len(COLOURS)] for i, thread in enumerate(timeline.threads)}
        self.first_thread = TOP + len(timeline.cpus) * CPU_ROW + 34
        self.bottom = self.first_thread + len(self.rows) * THREAD_ROW + 6
        self.width = LEFT + self.scale.width + RIGHT
        self.height = self.bottom + 72

    def _chosen(self) -> list[int]:
        """The threads that get rows."""
        heard: dict[int, int] = {}
        for event in self.timeline.events:
            for number in (event.thread, event.actor):
                heard[number] = heard.get(number, 0) + 1
        most = sorted(self.timeline.threads, key=lambda number: -heard.get(number, 0))
        return sorted(most[:THREADS])

    def text(self) -> str:
        parts = [self._head(), *self._grid(), *self._processors(), *self._threads(), *self._wakes(),
                 *self._moments(), *self._axis(), *self._legend()]
        return "\n".join(parts) + "\n</svg>\n"

    def _head(self) -> str:
        about = [f"{len(self.timeline.events)} events in {duration(self.timeline.end - self.timeline.begin)}"]
        if before := self.timeline.left_out + self.timeline.lost:
            about[0] = f"the last {about[0]}; {before} came before"
        if len(self.rows) < len(self.timeline.threads):
            about.append(f"{len(self.rows)} of {len(self.timeline.threads)} threads")
        about += [self.note] if self.note else []
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:.0f} {self.height}" '
                f'width="{self.width:.0f}" height="{self.height}" '
                'font-family="system-ui, Segoe UI, Roboto, Helvetica, Arial, DejaVu Sans, sans-serif" font-size="11">\n'
                f'<title>{escape(self.title)}</title>\n<defs>\n'
                '<pattern id="lock" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
                f'<rect width="6" height="6" fill="#fbe9e7"/><rect width="2" height="6" fill="#c0352b"/></pattern>\n'
                '<marker id="to" viewBox="0 0 6 6" refX="5.5" refY="3" markerWidth="6" markerHeight="6" orient="auto">'
                f'<path d="M0 0L6 3L0 6z" fill="{INK}"/></marker>\n</defs>\n'
                f'<rect width="100%" height="100%" fill="{PAPER}"/>\n'
                f'<text x="16" y="26" font-size="16" font-weight="600" fill="{INK}">{escape(self.title)}</text>\n'
                f'<text x="16" y="44" fill="{SOFT}">{escape(" · ".join(about))}</text>')

    # --- rows ------------------------------------------------------------------------------

    def _y_cpu(self, cpu: int) -> int:
        return TOP + self.timeline.cpus.index(cpu) * CPU_ROW

    def _y_thread(self, thread: int) -> int:
        return self.first_thread + self.rows.index(thread) * THREAD_ROW

    def _label(self, y: float, text: str, colour: str = "") -> str:
        swatch = f'<rect x="{LEFT - 18}" y="{y - 9}" width="9" height="9" rx="2" fill="{colour}"/>' if colour else ""
        return f'{swatch}<text x="{LEFT - (24 if colour else 8)}" y="{y}" text-anchor="end" fill="{INK}">{escape(text)}</text>'

    def _bar(self, start: int, end: int, y: float, height: float, fill: str, said: str, text: str = "") -> str:
        """A rectangle with a tooltip, and a text if there is room for it."""
        x = self.scale.x(start)
        width = max(1.0, self.scale.x(end) - x)
        bar = (f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{height}" rx="1.5" fill="{fill}">'
               f"<title>{escape(said)}</title></rect>")
        if text and len(text) * LETTER + 6 < width:
            ink = INK if fill in DARK else PAPER
            bar += (f'<text x="{x + width / 2:.1f}" y="{y + height / 2 + 4}" text-anchor="middle" fill="{ink}" '
                    f'pointer-events="none">{escape(text)}</text>')
        return bar

    def _since(self, start: int, end: int) -> str:
        return f"for {duration(end - start)}, from {duration(start - self.timeline.begin)} on"

    def _grid(self) -> Iterator[str]:
        for place in range(0, int(self.scale.width) + 1, LABEL):
            yield f'<path d="M{LEFT + place} {TOP - 6}V{self.bottom}" stroke="{LINE}"/>'

    def _processors(self) -> Iterator[str]:
        for cpu in self.timeline.cpus:
            y = self._y_cpu(cpu)
            yield self._label(y + 16, f"processor {cpu}")
            yield f'<path d="M{LEFT} {y + 23.5}h{self.scale.width:.0f}" stroke="{LINE}"/>'
        for piece in self.timeline.running:
            name = self.timeline.name(piece.thread)
            yield self._bar(piece.start, piece.end, self._y_cpu(piece.cpu), 22, self.colour[piece.thread],
                            f"{name} ({piece.thread}) runs {self._since(piece.start, piece.end)}", name)

    def _threads(self) -> Iterator[str]:
        for thread in self.rows:
            y = self._y_thread(thread)
            yield self._label(y + 12, f"{self.timeline.name(thread)} ({thread})", self.colour[thread])
            yield (f'<path d="M{LEFT} {y + BAR / 2}h{self.scale.width:.0f}" stroke="{LINE}" stroke-dasharray="1 3"/>')
        for wait in self.timeline.waits:
            if wait.thread in self.rows:
                ended = "" if wait.ended else ", and never got it"
                yield self._bar(wait.start, wait.end, self._y_thread(wait.thread), BAR, "url(#lock)",
                                f"waits for {wait.lock} ({wait.address:#x}) {self._since(wait.start, wait.end)}{ended}")
        for piece in self.timeline.ready:
            if piece.thread in self.rows:
                yield self._bar(piece.start, piece.end, self._y_thread(piece.thread) + BAR / 2 - 1.5, 3,
                                self.colour[piece.thread], f"ready {self._since(piece.start, piece.end)}")
        for piece in self.timeline.running:
            if piece.thread in self.rows:
                yield self._bar(piece.start, piece.end, self._y_thread(piece.thread) + 3, BAR - 6, self.colour[piece.thread],
                                f"runs on processor {piece.cpu} {self._since(piece.start, piece.end)}")
        yield from self._lock_names()

    def _lock_names(self) -> Iterator[str]:
        for wait in self.timeline.waits:
            width = self.scale.x(wait.end) - self.scale.x(wait.start)
            if wait.thread in self.rows and len(wait.lock) * LETTER + 10 < width:
                x, y = (self.scale.x(wait.start) + self.scale.x(wait.end)) / 2, self._y_thread(wait.thread)
                yield (f'<text x="{x:.1f}" y="{y + 12}" text-anchor="middle" fill="{INK}" stroke="{PAPER}" stroke-width="3" '
                       f'paint-order="stroke" pointer-events="none">{escape(wait.lock)}</text>')

    def _wakes(self) -> Iterator[str]:
        for wake in self.timeline.wakes:
            if wake.waker not in self.rows or wake.thread not in self.rows or wake.waker == wake.thread:
                continue
            x, down = self.scale.x(wake.time), wake.thread > wake.waker
            start = self._y_thread(wake.waker) + (BAR - 2 if down else 2)
            end = self._y_thread(wake.thread) + (1 if down else BAR - 1)
            said = f"{self.timeline.name(wake.waker)} {'starts' if wake.first else 'wakes'} {self.timeline.name(wake.thread)}"
            yield (f'<path d="M{x:.1f} {start}V{end}" stroke="{INK}" fill="none" marker-end="url(#to)">'
                   f"<title>{escape(said)} at {duration(wake.time - self.timeline.begin)}</title></path>")

    def _moments(self) -> Iterator[str]:
        free: dict[int, float] = {}         # where the next text of a row may begin
        for mark in self.timeline.marks:
            if mark.thread not in self.rows:
                continue
            x, y = self.scale.x(mark.time), self._y_thread(mark.thread)
            said = f"{mark.text} (at {duration(mark.time - self.timeline.begin)})"
            yield f'<path d="M{x:.1f} {y + 2}l-4 -6h8z" fill="{INK}"><title>{escape(said)}</title></path>'
            if x > free.get(mark.thread, 0):
                shown = mark.text[:36]
                free[mark.thread] = x + 8 + len(shown) * SMALL
                late = free[mark.thread] > self.width       # no room on the right
                yield (f'<text x="{x + (-6 if late else 6):.1f}" y="{y + 2}" text-anchor="{"end" if late else "start"}" '
                       f'font-size="9" fill="{INK}" stroke="{PAPER}" stroke-width="2" paint-order="stroke" '
                       f'pointer-events="none">{escape(shown)}</text>')
        for mark in self.timeline.exits:
            if mark.thread in self.rows:
                x, y = self.scale.x(mark.time), self._y_thread(mark.thread) + BAR / 2
                yield (f'<path d="M{x - 4:.1f} {y - 4}l8 8m0 -8l-8 8" stroke="{INK}" stroke-width="2">'
                       f"<title>{escape(self.timeline.name(mark.thread))} ends</title></path>")

    # --- below -----------------------------------------------------------------------------

    def _axis(self) -> Iterator[str]:
        y = self.bottom
        yield f'<path d="M{LEFT} {y}h{self.scale.width:.0f}" stroke="{SOFT}"/>'
        for place in range(0, int(self.scale.width) + 1, LABEL):
            text = duration(self.scale.time(place) - self.timeline.begin)
            yield (f'<path d="M{LEFT + place} {y}v4" stroke="{SOFT}"/><text x="{LEFT + place}" y="{y + 16}" '
                   f'text-anchor="middle" fill="{SOFT}">{text}</text>')
        for place, gap in self.scale.shortened:
            yield (f'<path d="M{LEFT + place - 4:.1f} {y + 5}l4 -10m1 10l4 -10" stroke="{SOFT}">'
                   f"<title>shortened: {duration(gap)}</title></path>")

    def _legend(self) -> Iterator[str]:
        y, x, colour = self.bottom + 40, 16.0, COLOURS[0]
        drawn = [(f'<rect x="0" y="-9" width="22" height="10" rx="1.5" fill="{colour}"/>', "runs"),
                 (f'<rect x="0" y="-6" width="22" height="3" fill="{colour}"/>', "waits for a processor"),
                 ('<rect x="0" y="-11" width="22" height="14" fill="url(#lock)"/>', "waits for a lock or a channel"),
                 (f'<path d="M11 -12V3" stroke="{INK}" marker-end="url(#to)"/>', "wakes or starts"),
                 (f'<path d="M11 -1l-4 -6h8z" fill="{INK}"/>', "trace_mark"),
                 (f'<path d="M7 -8l8 8m0 -8l-8 8" stroke="{INK}" stroke-width="2"/>', "ends"),
                 (f'<path d="M6 2l4 -10m1 10l4 -10" stroke="{SOFT}"/>', "time is shortened")]
        for shape, text in drawn:
            yield f'<g transform="translate({x:.0f} {y})">{shape}<text x="28" fill="{SOFT}">{text}</text></g>'
            x += 28 + len(text) * LETTER + 24
        yield (f'<text x="16" y="{y + 22}" fill="{SOFT}">Time runs unevenly: each event has room, and long '
               "stretches are shortened. Point at anything to read more.</text>")
