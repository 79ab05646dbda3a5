"""Exercise 1.7 seen from outside: random keys, a model of the editor, and a terminal.

What the editor writes goes to a terminal emulator (Debian's python3-pyte), which must
show exactly the prompt, the line and the cursor after every key.
"""

import random

import pyte
import pytest

LENGTH, HISTORY = 72, 16        # LINE_MAX and LINE_HISTORY of line.h
PROMPT = "cub> "

# What a terminal sends: key -> its byte sequences.
KEYS = {
    "left": [b"\x02", b"\x1b[D", b"\x1bOD"], "right": [b"\x06", b"\x1b[C", b"\x1bOC"],
    "home": [b"\x01", b"\x1b[H", b"\x1bOH", b"\x1b[1~", b"\x1b[7~"],
    "end": [b"\x05", b"\x1b[F", b"\x1bOF", b"\x1b[4~", b"\x1b[8~"],
    "up": [b"\x10", b"\x1b[A", b"\x1bOA"], "down": [b"\x0e", b"\x1b[B", b"\x1bOB"],
    "backspace": [b"\x7f", b"\b"], "delete": [b"\x04", b"\x1b[3~"],
    "ctrl-u": [b"\x15"], "ctrl-k": [b"\x0b"], "ctrl-w": [b"\x17"], "tab": [b"\t"],
    "return": [b"\r", b"\n"],
    "nothing": [b"\x1b[5~", b"\x1b[1;5C", b"\x1b[15~", b"\x1bx", b"\x07", b"\x1d", b"\xc3\xa9", b"\x1b[Z"],
}


class Editor:
    """The contract of line.h."""

    def __init__(self) -> None:
        self.text, self.cursor = "", 0
        self.history: list[str] = []
        self.at, self.unfinished = 0, ""

    def insert(self, text: str) -> None:
        for character in text:
            if len(self.text) < LENGTH:
                self.text = self.text[:self.cursor] + character + self.text[self.cursor:]
                self.cursor += 1

    def erase(self, start: int, end: int) -> None:
        if 0 <= start < end <= len(self.text):
            self.text, self.cursor = self.text[:start] + self.text[end:], start

    def step(self, by: int) -> None:
        if not 0 <= self.at + by <= len(self.history):
            return
        if self.at == len(self.history):
            self.unfinished = self.text
        self.at += by
        self.text = (self.history + [self.unfinished])[self.at]
        self.cursor = len(self.text)

    def next(self) -> None:
        """What return does once the line has been used."""
        if self.text and self.text != (self.history or [""])[-1]:
            self.history = (self.history + [self.text])[-HISTORY:]
        self.text, self.cursor, self.at = "", 0, len(self.history)

    def key(self, key: str) -> None:
        before = self.text[:self.cursor].rstrip(" ")
        {
            "left": lambda: setattr(self, "cursor", max(0, self.cursor - 1)),
            "right": lambda: setattr(self, "cursor", min(len(self.text), self.cursor + 1)),
            "home": lambda: setattr(self, "cursor", 0),
            "end": lambda: setattr(self, "cursor", len(self.text)),
            "up": lambda: self.step(-1),
            "down": lambda: self.step(+1),
            "backspace": lambda: self.erase(self.cursor - 1, self.cursor),
            "delete": lambda: self.erase(self.cursor, self.cursor + 1),
            "ctrl-u": lambda: self.erase(0, self.cursor),
            "ctrl-k": lambda: self.erase(self.cursor, len(self.text)),
            "ctrl-w": lambda: self.erase(before.rfind(" ") + 1, self.cursor),
            "tab": lambda: self.insert("tab"),
            "return": lambda: None,
            "nothing": lambda: None,
        }.get(key, lambda: self.insert(key))()


class Terminal:
    """A row of a terminal with the prompt on it."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(80, 3)
        self.stream = pyte.Stream(self.screen)
        self.stream.feed(PROMPT)

    def write(self, data: bytes) -> None:
        self.stream.feed(data.decode("latin1"))

    @property
    def shows(self) -> tuple[str, int, int]:
        """The text of all rows, and the cursor's row and column."""
        return "\n".join(self.screen.display), self.screen.cursor.y, self.screen.cursor.x


def shown(editor: Editor) -> tuple[str, int, int]:
    """What a terminal has to show."""
    rows = [(PROMPT + editor.text).ljust(80), " " * 80, " " * 80]
    return "\n".join(rows), 0, len(PROMPT) + editor.cursor


def edits(rng: random.Random, count: int) -> list[str]:
    """Keys of somebody who types, errs, goes back and looks for earlier lines."""
    keys: list[str] = []
    while len(keys) < count:
        keys += rng.choice([
            rng.choices("abcdefg  ", k=rng.randint(1, 8)),
            rng.choices("xyz.-0 ", k=rng.randint(1, 3)),
            [rng.choice(["left", "left", "right", "home", "end"])] * rng.randint(1, 4),
            ["left"] * rng.randint(1, 3) + [rng.choice(["backspace", "delete"])] * rng.randint(1, 3),
            [rng.choice(["backspace", "delete", "tab", "nothing"])],
            [*"one two", *"  "[:rng.randint(0, 2)], *["left"] * rng.randint(0, 4), rng.choice(["ctrl-w", "ctrl-k"])],
            [rng.choice(["ctrl-w", "ctrl-u", "return"])],
            [rng.choice(["up", "down"])] * rng.randint(1, 3)])
    return keys


def visits(rng: random.Random) -> list[str]:
    """Keys of somebody who fills the history, and then goes through it."""
    keys: list[str] = []
    for number in range(rng.randint(17, 22)):
        keys += [*f"{number}{rng.choice('abc') * rng.randint(0, 2)}", "return"]
    keys += [*"wait"] + ["up"] * 18 + ["down"] * 18
    for _ in range(12):
        keys += rng.choice([["up"] * rng.randint(1, 6), ["down"] * rng.randint(1, 4), ["return"], ["backspace"], ["!"]])
    return keys


def overflow(rng: random.Random) -> list[str]:
    """Keys of somebody who does not stop."""
    keys = rng.choices("lmnop ", k=rng.randint(68, 78)) + ["left"] * rng.randint(1, 30)
    keys += rng.choices("qr", k=3) + ["delete", "delete"] + rng.choices("st", k=3) + ["tab", "ctrl-w", "ctrl-u"]
    keys += rng.choices("uvw", k=80) + ["up", "down", "return", "up", "end", "x", "left", "return"]
    return keys


def judge(ktest, rng: random.Random, keys: list[str]) -> None:
    """Types the keys into the kernel's editor and the model, and compares after each."""
    sequences = [rng.choice(KEYS[key]) if key in KEYS else key.encode() for key in keys]
    replies = iter(ktest("line_probe", input=b"".join(sequences)).replies)
    editor, terminal = Editor(), Terminal()
    for number, (key, sequence) in enumerate(zip(keys, sequences)):
        editor.key(key)
        for _ in sequence:
            state = bytes.fromhex(next(replies))
            terminal.write(bytes.fromhex(next(replies)))
        about = f"after the keys ... {' '.join(keys[max(0, number - 14):number + 1])}"
        done, length, cursor, text = state[0], state[1], state[2], state[3:].decode("latin1")
        assert (text, cursor) == (editor.text, editor.cursor), f"text and cursor {about}"
        assert length == len(text), f"the length and the end mark disagree {about}"
        assert terminal.shows == shown(editor), f"what the terminal shows {about}"
        assert done == (key == "return"), f"whether the line is done {about}"
        if done:
            editor.next()
            terminal = Terminal()


@pytest.mark.exercise("1.7")
def test_random_keys(ktest, rng):
    """Any keys in any order: the line, the cursor and the terminal are as they should be."""
    judge(ktest, rng, edits(rng, 400))


@pytest.mark.exercise("1.7")
def test_history_and_long_lines(ktest, rng):
    """More lines than are kept, and more characters than fit."""
    judge(ktest, rng, visits(rng) + overflow(rng))
