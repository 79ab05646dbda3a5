"""Exercise 2.8 from outside: what notes say, what they keep, and what they give back.

The operations stand in notes_test.c.  Pages and objects are counted before the first and
when no note is left: one leak is enough to fail, and what is left of the operations then
is a shortest way to it.
"""

import errno
import re

import pytest

from grader.modelcheck import Wrong, check

pytestmark = pytest.mark.exercise("2.8")

NAME, TEXT = 24, 4000       # NOTE_NAME and NOTE_TEXT
SHORT = 40                  # texts up to this are replied as they are


def shown(text):
    """A text as the probe replies it."""
    if text is None or 0 < len(text) <= SHORT:
        return text or "-"
    hashed = 0xCBF29CE484222325
    for byte in text.encode():
        hashed = (hashed ^ byte) * 0x100000001B3 % 2**64
    return f"{len(text):x} {hashed:x}" if text else "0"


class Notes:
    """The contract of notes.h."""

    def __init__(self):
        self.texts, self.first = {}, None

    def step(self, operation, reply):
        what, *given = operation.split()
        if what == "count":
            self.count(reply)
        elif what == "clear":
            self.texts = {}
        elif what == "text":
            right = shown(self.texts.get(given[0]))
            if reply != right:
                raise Wrong(f"the text of {given[0]} should be: {right}")
        else:
            names = ["" if name == "_" else name for name in given[:2 if what == "copy" else 1]]
            text = given[1] * int(given[2]) if what in ("set", "append") else ""
            right = self.change(what, names, text)
            if int(reply, 16) not in right:
                raise Wrong("it should return " + " or ".join("-" + errno.errorcode[error] if error else "0" for error in right))

    def count(self, reply):
        objects, pages = (int(number, 16) for number in reply.split())
        self.first = self.first or (objects, pages)
        if not self.texts and (objects, pages) != self.first:
            raise Wrong(f"with no note left {objects - self.first[0]} more objects and "
                        f"{pages - self.first[1]} more pages are in use than before the first")

    def change(self, what, names, text):
        """Returns what may be returned, and changes nothing if that is an error."""
        old, name = self.texts.get(names[0]), names[-1]
        text = {"append": (old or "") + text, "copy": old or ""}.get(what, text)
        wrong = {error for error, is_so in (
            (errno.ENOENT, what != "set" and old is None),
            (errno.EINVAL, what in ("set", "copy") and not 0 < len(name) <= NAME),
            (errno.E2BIG, len(text) > TEXT)) if is_so}
        if not wrong and what == "remove":
            del self.texts[name]
        elif not wrong:
            self.texts[name] = text
        return wrong or {0}


def judge(ktest, changes):
    """Makes the changes in the kernel and in the model; in the end nothing is left."""
    names = dict.fromkeys(change.split()[1] for change in changes if " " in change)
    check(ktest, "note_operations",
          ["count", *changes, *(f"text {name}" for name in names if name != "_"), "clear", "count"], Notes, limit=10)


LONG = "n" * NAME


def test_replaced_notes(ktest):
    """Notes that are replaced by other texts leave nothing behind."""
    judge(ktest, [f"set a text {i}" for i in range(10)] + ["set b x 0", f"set b x {TEXT}"])


def test_refused_notes(ktest):
    """Names and texts that are refused leave nothing behind, nor do notes that are not there."""
    judge(ktest, [f"set {LONG} a 1", f"set {LONG}n b 1", "set _ c 1", f"copy {LONG} _", f"copy {LONG} {LONG}n",
                  "copy none m", "append none a 1", "remove none", "remove _", f"set x x {TEXT + 1}",
                  f"append {LONG} y {TEXT}", f"append {LONG} y {TEXT - 1}", f"append {LONG} z 1"])


def test_copied_notes(ktest):
    """Copies that are written to, replaced and removed leave nothing behind."""
    judge(ktest, ["set a text 1", "copy a b", "copy b c", "append b more 1", "text a", "append a ! 1", "append c ? 1",
                  "copy c d", "remove c", "append d . 1", "copy d d", "text d", "copy a d", "append d , 1"])


def random_changes(rng, count):
    """Changes to a few notes, most of them possible."""
    names = ["a", "b", "another", LONG, LONG + "n", "_"]
    changes = []
    while len(changes) < count:
        what = rng.choice(["set", "set", "append", "append", "append", "copy", "copy", "remove", "text", "text"])
        word = "".join(rng.choices("abcxyz", k=rng.randint(1, 5)))
        times = rng.choice((0, 1, 3, 3, 30, rng.randint(0, TEXT // 5), TEXT // len(word), TEXT // len(word) + 1))
        name, to = rng.choices(names, weights=(6, 6, 6, 6, 1, 1), k=2)
        changes.append({"copy": f"copy {name} {to}", "remove": f"remove {name}", "text": f"text {name}"}.get(
            what, f"{what} {name} {word} {times}"))
        if rng.random() < 0.02:
            changes += ["clear", "count"]
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
                    "note set a-name-that-is-much-too-long text", "note show b"):
        ask(command)
    console.expect("othermore\r\n")
    ask("note clear")
    ask("leak")
    told = console.expect(re.compile(r"allocated at\r?\n((?s:.*?))cub> "))[1]
    assert "+0x" not in told, f"leak shows:\n{told}"
