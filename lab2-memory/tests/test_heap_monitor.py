"""The monitor's commands for the heap: slabs, leak, note."""

import re

import pytest

pytestmark = pytest.mark.needs("1.2", "1.3", "1.7", "2.1", "2.2", "2.5", "2.8")


@pytest.fixture
def ask(machine):
    """ask(command): what the monitor says to it."""
    console = machine().console
    console.expect("cub> ")

    def ask(command):
        console.send(command + "\r")
        console.expect(command + "\n")
        return console.expect(re.compile(r"(?s)(.*?)cub> "))[1].replace("\r", "")

    return ask


def test_slabs_lists_caches(ask):
    """Each cache in a row, with what it has; and the check finds nothing damaged."""
    def row(name):
        told = re.search(rf"^{name} +(\d+) +(\d+) +(\d+) / (\d+) +(\d+) +(\d+) +(\d+)$", ask("slabs"), re.MULTILINE)
        return [int(number) for number in told.groups()]

    size, stride, used, room, slabs, pages, kept = row("kmalloc-16")
    assert size == 16 and stride >= 16
    ask("note set a-name text")         # its name takes 7 bytes
    size, stride, used_then, room, slabs, pages, kept = row("kmalloc-16")
    assert used_then == used + 1 and room >= used_then + kept and room * stride <= pages * 4096
    assert slabs > 0
    assert re.fullmatch(r"\d+ objects, in use or free, are not damaged\n", ask("slabs check"))
    assert ask("slabs x").startswith("usage: slabs")


def test_leak_tells_what_grew(ask):
    """Since the mark, or all; or of one function, with addresses; and what is freed is not shown."""
    assert "mark" not in ask("leak")
    ask("leak mark")
    assert "+0x" not in ask("leak")
    for name in ("a", "b"):
        ask(f"note set {name} text")
    told = ask("leak")
    assert re.search(r"^ +8192 +2  note_set\+0x[0-9a-f]+$", told, re.MULTILINE), told
    assert re.search(r"^ +\d+ +2  note_make\+0x[0-9a-f]+$", told, re.MULTILINE), told
    told = ask("leak note_set")
    addresses = re.findall(r"^  ([0-9a-f]{16}) +4096 bytes  note_set\+0x", told, re.MULTILINE)
    assert len(addresses) == 2 and "2 in use that note_set allocated" in told
    texts = [ask(f"peek 0x{address} 16") for address in addresses]
    assert all("74 65 78 74 00" in text for text in texts), texts
    ask("note clear")
    assert "+0x" not in ask("leak")
    assert "0 in use" in ask("leak note_set")
    assert "+0x" in ask("leak all")
    assert ask("leak a b").startswith("usage: leak")


def test_note_does_what_it_says(ask):
    """Every verb, and what is wrong about it in words."""
    assert ask("note set a some   text") == ""
    assert ask("note append a , more") == ask("note copy a b") == ask("note repeat b 3 !") == ""
    assert ask("note show a") == "some text, more\n"
    assert ask("note show b") == "some text, more!!!\n"
    assert re.fullmatch(r"a +15 bytes  some text, more\nb +18 bytes  some text, more!!!\n", ask("note list"))
    assert ask("note remove a") == ""
    assert ask("note remove a") == ask("note show a") == "note: there is no such note\n"
    assert ask(f"note set {'n' * 25} x") == "note: that is no name for a note\n"
    assert ask("note repeat b 4001 x") == "note: the text would be too long\n"
    assert ask("note repeat b x x").startswith("note: TIMES is a number")
    assert ask("note") == ask("note sing a") == ask("note show") == ask("note list b")
    assert ask("note clear") == ask("note list") == ""
