"""`cub type`: the keyboard of the guest's console, whose output GDB's terminal shows."""

from __future__ import annotations

import socket

import gdb

from grader.gdbcub import command, session


@command("type", "type a line on the guest's console", "[-n] TEXT...   (-n: without Enter; \\t, \\x01 are keys)")
def type_(words: list[str]) -> None:
    enter = words[:1] != ["-n"]
    line = " ".join(words if enter else words[1:])
    try:
        keys = line.encode().decode("unicode_escape").encode("latin-1") + (b"\r" if enter else b"")
    except (UnicodeError, ValueError):
        raise gdb.GdbError(f"cannot read {line!r}: backslashes begin \\t, \\x01 and the like") from None
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.sendto(keys, session["type"])
    print("typed; the guest reads it when it runs")
