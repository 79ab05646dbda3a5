"""Whether the table of lab4-interrupts/README.md, "The order of locks", is what the kernel really does:
together with lab 3's, whose ranks go on there (lab3-threads/tests/order_table.py)."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from grader import initrd
from grader import user as programs

order = import_module("lab3-threads.tests.order_table")

LOWER = ("1.2", "1.3", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7",
         "3.1", "3.2", "3.3", "3.4", "3.5", "3.6")
ALL = ("4.1", "4.2", "4.3", "4.4", "4.5", "4.6", "4.7", "4.8", "4.9", "4.10")

# Programs that make calls of all kinds, with several tasks, signals, terminals and files that are waited for.
SCRIPT = """
sieve 20
descriptors; polls; epolls; children; threads; processes; jobs; terminals
filetest | cat
hogs memory
"""


def rows():
    """The table of labs 3 and 4."""
    return order.together(order.table(3), order.table(4))


def test_table_has_every_class():
    """Each lock that is declared stands in the table, with its file, and none beside them but lab 3's."""
    own, locks = order.table(4), order.declared("4", without="tests|hidden|mutants|user")
    assert len(locks) > 30
    below = {name for name, _ in order.table(3)}
    assert sorted(name for name, _ in own if name not in below) == sorted(locks)
    for row in own.values():
        assert set(row.files) == locks.get(row.name, set()), f"{row.name}: declared in {locks.get(row.name)}"


@pytest.fixture
def run(request, machine):
    """run(script): a machine whose shell runs that."""
    def start(script):
        entries = programs.entries(Path(request.config.rootpath), 4)
        image = initrd.archive(entries + [initrd.file("etc/all", script.encode())])
        return machine(initrd=image, append="quiet -- /bin/sh /etc/all", limit=120)

    return start


def seen(ran):
    """The edges that it has seen when it is switched off."""
    assert ran.wait().kind == "powered-off", ran.console.tail(20)
    return order.in_memory(ran)


@pytest.mark.needs(*LOWER, *ALL)
def test_table_has_what_programs_do(run):
    """Each edge that programs leave in the graph goes down in the table."""
    edges = seen(run(SCRIPT))
    assert ("out of memory", "sleeps", "process tree", "sleeps") in edges
    assert not list(order.wrong(edges, rows()))


@pytest.mark.needs(*LOWER, *ALL)
def test_table_has_what_keys_do(run):
    """The same for what is typed, and comes in by interrupts."""
    ran = run("cat")
    ran.console.expect("init: begins\n")
    ran.console.send("meow\r")
    ran.console.expect("meow\nmeow\n", limit=60)
    ran.console.send("\x03")
    edges = seen(ran)
    assert ("terminal", "spins", "terminal readers", "spins") in edges
    assert not list(order.wrong(edges, rows()))


@pytest.mark.needs(*LOWER, "4.1", "4.2", "4.3", "4.4", "4.5")
@pytest.mark.parametrize("test", ["order_whole_kernel", "pty_polls", "fork_without_memory"])
def test_table_has_what_tests_do(ktest, test):
    """The same for tests of the kernel's, and for what labs 1 to 3 do when they are interrupted."""
    assert not list(order.wrong(order.told(ktest(test, append="edges", limit=20).replies), rows()))


def test_table_is_compared():
    """What goes up in the table, and what does not stand in it, would be seen."""
    def wrong(*edge):
        return len(list(order.wrong([edge], rows())))

    assert wrong("process", "sleeps", "process tree", "sleeps") == 2
    assert wrong("run queue", "spins", "signals", "spins") == 1
    assert wrong("memory", "sleeps", "initrd file", "sleeps") == 1
    assert wrong("pipe", "sleeps", "file table", "sleeps") == 1
    assert not wrong("page table", "spins", "terminal", "spins")
    assert not wrong("signals", "spins", "run queue", "spins")
