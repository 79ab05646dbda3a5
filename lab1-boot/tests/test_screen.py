"""Exercise 1.6 seen from outside: random text, and a model of what must be on the screen.

One probe draws on arrays of random sizes, the other on VGA text memory, which is
read here from outside the kernel.
"""

import random
import re

import pytest

PRINTABLE = [chr(code) for code in range(0x20, 0x7F)]


class Screen:
    """The contract of screen.h."""

    def __init__(self, rows: int, columns: int) -> None:
        self.rows, self.columns = rows, columns
        self.row = self.column = self.scrolls = 0
        self.cells = [[" "] * columns for _ in range(rows)]

    def newline(self) -> None:
        self.column = 0
        if self.row + 1 < self.rows:
            self.row += 1
        else:
            self.cells = self.cells[1:] + [[" "] * self.columns]
            self.scrolls += 1

    def draw(self, character: str) -> None:
        if self.column == self.columns:
            self.newline()
        self.cells[self.row][self.column] = character
        self.column += 1

    def put(self, text: str) -> "Screen":
        for character in text:
            if character == "\n":
                self.newline()
            elif character == "\r":
                self.column = 0
            elif character == "\b":
                self.column = max(0, self.column - 1)
            elif character == "\t":
                end = min(self.columns, self.column // 8 * 8 + 8)
                while self.column < end:
                    self.draw(" ")
            elif character >= " ":
                self.draw(character)
        return self

    @property
    def text(self) -> list[str]:
        return ["".join(row) for row in self.cells]

    @property
    def cursor(self) -> tuple[int, int]:
        return self.row, min(self.column, self.columns - 1)


def some_text(rng: random.Random, length: int, columns: int) -> str:
    """Text with everything in it that a screen has to know, full rows not least."""
    parts = []
    while length > 0:
        part = rng.choice([
            "".join(rng.choices(PRINTABLE, k=rng.randint(1, 12))),
            "".join(rng.choices(PRINTABLE, k=columns)),
            "\n", "\n", "\r", "\b" * rng.randint(1, 4), "\t", "\t",
            rng.choice("\0\a\v\f\x1b\x1f"), rng.choice("\x7f\x80\xdb\xff")])
        parts.append(part)
        length -= len(part)
    return "".join(parts)


@pytest.mark.exercise("1.6")
def test_random_text_that_fits(ktest, rng):
    """Text that never reaches the end of the last row: nothing scrolls."""
    compare(ktest, [(32, columns, some_text(rng, 30, columns)[:30])
                    for columns in (rng.randint(2, 80) for _ in range(40))])


@pytest.mark.exercise("1.6")
def test_random_text_on_screens_of_all_sizes(ktest, rng):
    """Whatever is printed on a screen of whatever size: the characters and the cursor are right."""
    sizes = [(1, 1), (1, 9), (3, 1), (25, 80)] + [(rng.randint(1, 12), rng.randint(1, 40)) for _ in range(16)]
    rounds = [(rows, columns, some_text(rng, rng.randint(1, 3 * rows * columns // 2 + 10), columns))
              for rows, columns in sizes]
    compare(ktest, [(rows, columns, text[:3000]) for rows, columns, text in rounds])


def compare(ktest, rounds):
    """The kernel's screens of (rows, columns) after those texts are what the model says."""
    said = ktest("screen_probe", input=b"".join(
        bytes([rows, columns, len(text) >> 8, len(text) & 255]) + text.encode("latin1")
        for rows, columns, text in rounds))
    replies = iter(said.replies)
    for rows, columns, text in rounds:
        want = Screen(rows, columns).put(text)
        about = f"{rows} rows of {columns} columns after {text!r}"
        row, column, cursor_row, cursor_column, outside, scrolls = bytes.fromhex(next(replies))
        seen = [bytes.fromhex(next(replies)).decode("latin1") for _ in range(rows)]
        assert outside == 0, f"something was drawn outside the screen: {about}"
        assert seen == want.text, about
        assert (row, column) == (want.row, want.column), about
        assert (cursor_row, cursor_column) == want.cursor, f"the shown cursor: {about}"
        assert scrolls == want.scrolls & 255, f"rows scrolled: {about}"


@pytest.mark.exercise("1.6")
def test_random_text_in_vga_memory(machine, rng):
    """The same on VGA text memory, which QEMU hands us without asking the kernel."""
    text = some_text(rng, rng.randint(1500, 4000), 80)
    cub = machine(ktest="screen_vga_probe", vga=True, input=text.encode("latin1"))
    position = bytes.fromhex(cub.com2.expect(re.compile("# reply ([0-9a-f]{4})\n"))[1])
    memory = cub.memory(0xB8000, 25 * 80 * 2)
    want = Screen(25, 80).put(text)
    seen = memory[::2].decode("latin1")
    for row in range(25):
        assert seen[row * 80:row * 80 + 80] == want.text[row], (
            f"row {row} shows\n  {seen[row * 80:row * 80 + 80]!r}\ninstead of\n  {want.text[row]!r}\n"
            f"after {text!r}")
    assert set(memory[1::2]) == {0x07}, "every cell is light grey on black"
    row, column = divmod(int.from_bytes(position, "big"), 80)
    assert (row, column) == want.cursor, f"the cursor after {text!r}"


@pytest.mark.needs("1.2", "1.3", "1.6", "1.7")
def test_console_on_vga(machine):
    """Booted with VGA in text mode, the console prints there what the serial line says."""
    cub = machine(vga=True)
    cub.console.expect("cub> ")
    cub.console.send("no such thing\r")
    cub.console.expect("cub> ")
    cub.console.settle()
    shown = cub.memory(0xB8000, 25 * 80 * 2)[::2].decode("latin1")
    rows = [shown[at:at + 80].rstrip() for at in range(0, len(shown), 80)]
    said = [line.rstrip() for line in cub.console.text.replace("\r", "").replace("\b", "").split("\n")]
    assert rows[:len(said)] == said and not any(rows[len(said):])
