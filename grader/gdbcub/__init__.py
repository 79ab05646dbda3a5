"""Cub's commands inside GDB: `help cub` lists them.

GDB has Python built in; `make gdb` makes it import this package and call `start`.
A command is a function with a decorator, in any file of this directory, and a later
floor adds its own by adding a file:

    @command("threads", "show every thread and where it stands")
    def threads(words: list[str]) -> None:
        for thread in rows("thread_list"): ...

They read the stopped guest through GDB's own values (gdb.parse_and_eval), so they
know the kernel's types and need no offsets.  Mistakes are said by raising
gdb.GdbError(one line).  Read more: GDB's manual, "Python API".
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from pathlib import Path
from typing import Callable

import gdb

session: dict = {}      # what grader/gdb.py says about this run: see its Session.write


def command(name: str, what: str, usage: str = "") -> Callable:
    """Makes a function of a list of words the GDB command `cub NAME`."""
    def register(function: Callable[[list[str]], None]) -> Callable:
        class Command(gdb.Command):
            __doc__ = f"{what[0].upper()}{what[1:]}.\nUsage: cub {name} {usage}".rstrip()

            def __init__(self) -> None:
                super().__init__(f"cub {name}", gdb.COMMAND_DATA)

            def invoke(self, argument: str, from_tty: bool) -> None:
                call(function, gdb.string_to_argv(argument))
        Command()
        return function
    return register


def call(function: Callable[[list[str]], None], words: list[str]) -> None:
    """Runs a command; what the guest's state does not allow is one line."""
    try:
        function(words)
    except gdb.MemoryError as error:
        raise gdb.GdbError(f"{error} (is paging on yet? break at kmain first)") from None
    except gdb.error as error:
        raise gdb.GdbError(str(error)) from None


class Cub(gdb.Command):
    """Cub's own commands: they read the stopped kernel."""

    def __init__(self) -> None:
        super().__init__("cub", gdb.COMMAND_DATA, prefix=True)


def load() -> None:
    """Registers every command of every file here."""
    Cub()
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


def start(at: str) -> None:
    """Attaches to the waiting QEMU and goes to the kernel's first instruction."""
    session.update(json.loads((Path(at) / "session.json").read_text()))
    load()
    quietly(f"target remote {at}/gdb")
    # The kernel is not in memory yet, so a breakpoint must not be an instruction that is
    # written there; and it runs at its physical address until it jumps to its linked one.
    quietly(f"thbreak *{session['entry']:#x}")
    quietly("continue")
    for path, address in session["low"]:
        quietly(f"add-symbol-file {path} -s .text.boot {address:#x}")
    print("Cub is stopped at its first instruction. Try: break kmain, continue, cub info.")
    print("\"help cub\" lists Cub's commands; Ctrl-C stops the guest; \"quit\" ends it all.")


def quietly(line: str) -> str:
    """Runs a GDB command; returns what it printed, and does not announce where the guest stopped."""
    gdb.execute("set suppress-cli-notifications on")
    try:
        return gdb.execute(line, to_string=True)
    finally:
        gdb.execute("set suppress-cli-notifications off")


def register(name: str) -> int:
    """A register's value, unsigned, whatever frame is selected."""
    value = gdb.newest_frame().read_register(name)
    return int(value.cast(gdb.lookup_type("unsigned long")))


def text(value: gdb.Value) -> str:
    """A C string of the guest (an array, or a pointer that may be null)."""
    if value.type.strip_typedefs().code == gdb.TYPE_CODE_PTR and int(value) == 0:
        return ""
    return value.string(errors="replace")
