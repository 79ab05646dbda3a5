"""Exercise 2.8 from outside: what notes say, what they keep, and what they give back.

Every test counts pages and objects before and after; one leak is enough to fail it.
"""

import errno
import re
import struct

import pytest

pytestmark = pytest.mark.exercise("2.8")

NAME, TEXT = 24, 4000       # NOTE_NAME and NOTE_TEXT


class Notes:
    """The contract of notes.h."""

    def __init__(self):
        self.texts = {}

    def set(self, name, text):
        if len(text) > TEXT:
            return -errno.E2BIG
        return self.keep(name, text)

    def append(self, name, text):
        if name not in self.texts:
            return -errno.ENOENT
        if len(self.texts[name] + text) > TEXT:
            return -errno.E2BIG
        return self.keep(name, self.texts[name] + text)

    def copy(self, name, to):
        return self.keep(to, self.texts[name]) if name in self.texts else -errno.ENOENT

    def remove(self, name):
        return -errno.ENOENT if self.texts.pop(name, None) is None else 0

    def clear(self):
        self.texts = {}
        return 0

    def keep(self, name, text):
        if not 0 < len(name) <= NAME:
            return -errno.EINVAL
        self.texts[name] = text
        return 0


def judge(ktest, changes):
    """Makes the changes in the kernel and in a model, and compares; in the end nothing is left."""
    names = list(dict.fromkeys(name for change in changes for name in change[1:2]))
    lines = ["count", *("|".join(change) for change in changes)]
    lines += [*(f"text|{name}" for name in names), "clear", "count"]
    told = ktest("note_operations", input=lines, limit=10, check=False)
    replies = [bytes.fromhex(data) if mark != "-" else None for mark, data in zip(told.replies[::2], told.replies[1::2])]
    model = Notes()
    for change, reply in zip(changes, replies[1:]):
        right = getattr(model, change[0])(*change[1:])
        said = struct.unpack("<q", reply)[0]
        shown = " ".join(word if len(word) < 40 else f"({len(word)} characters)" for word in change)
        assert said == right, f"note {shown}: returned {said}, and not {right}"
    for name, reply in zip(names, replies[1 + len(changes):]):
        text = model.texts.get(name)
        assert reply == (None if text is None else text.encode()), f"the text of {name}"
    before, after = (struct.unpack("<QQ", reply) for reply in (replies[0], replies[-1]))
    assert after == before, (f"with no note left {after[0] - before[0]} more objects and "
                             f"{after[1] - before[1]} more pages are in use than before the first")
    assert told.ok, told.diagnostics


def test_replaced_notes(ktest):
    """Notes that are replaced by other texts leave nothing behind."""
    judge(ktest, [("set", "a", f"text {i}") for i in range(10)] + [("set", "b", ""), ("set", "b", "x" * TEXT)])


def test_refused_notes(ktest):
    """Names and texts that are refused leave nothing behind, nor do notes that are not there."""
    long = "n" * NAME
    judge(ktest, [("set", long, "a"), ("set", long + "n", "b"), ("set", "", "c"), ("copy", long, ""),
                  ("copy", long, "m" * 50), ("copy", "none", "m"), ("append", "none", "a"), ("remove", "none"),
                  ("set", "x", "x" * (TEXT + 1)), ("append", long, "y" * TEXT), ("append", long, "y" * (TEXT - 1))])


def test_copied_notes(ktest):
    """Copies that are written to, replaced and removed leave nothing behind."""
    judge(ktest, [("set", "a", "a text"), ("copy", "a", "b"), ("copy", "b", "c"), ("append", "b", ", more"),
                  ("append", "a", "!"), ("append", "c", "?"), ("copy", "c", "d"), ("remove", "c"),
                  ("append", "d", "."), ("copy", "d", "d"), ("copy", "a", "d"), ("append", "d", ",")])


def random_changes(rng, count):
    """Changes to a few notes, most of them possible."""
    names = ["a", "b", "another", "n" * NAME, "n" * NAME + "n", ""]
    changes = []
    while len(changes) < count:
        what = rng.choice(["set", "set", "append", "append", "append", "copy", "copy", "remove"])
        text = "".join(rng.choices("abc xyz", k=rng.choice((0, 3, 30, 30, rng.randint(0, TEXT), TEXT, TEXT + 1))))
        name, to = rng.choices(names, weights=(6, 6, 6, 6, 1, 1), k=2)
        changes.append({"copy": (what, name, to), "remove": (what, name)}.get(what, (what, name, text)))
        if rng.random() < 0.02:
            changes.append(("clear",))
    return changes


def test_random_notes(ktest, rng):
    """200 changes: results and texts as the header tells, and nothing is left in the end."""
    judge(ktest, random_changes(rng, 200))


@pytest.mark.needs("1.2", "1.3", "1.7")
def test_leak_command_shows_nothing(machine):
    """The monitor's own search: after each way to change notes "leak" finds nothing new."""
    console = machine().console

    def ask(command):
        console.expect("cub> ")
        console.send(command + "\r")
        console.expect("\n")

    for command in ("leak mark", "note set a text", "note set a other", "note copy a b", "note append b more",
                    "note set a-name-that-is-much-too-long text", "note clear", "leak"):
        ask(command)
    told = console.expect(re.compile(r"allocated at\r?\n((?s:.*?))cub> "))[1]
    assert "+0x" not in told, f"leak shows:\n{told}"
