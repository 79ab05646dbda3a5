"""The lock-order checker from outside: what its reports name, what `locks` says, and whether the table of
lab3-threads/README.md, "The order of locks", is what the kernel really does."""

import re
from importlib import import_module

import pytest

order = import_module("lab3-threads.tests.order_table")

THREADS = ("3.1", "3.2")
ALL = ("2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7")


# --- reports ---------------------------------------------------------------------------------------------------

def at(function):
    """A place in that function, as reports write it."""
    return rf"{function}\+0x[0-9a-f]+"


def edge(lock, taken, holding, held):
    """What a report says of an edge that was seen before."""
    return rf"  {lock} was taken at {at(taken)}\n    while {holding} was held, taken at {at(held)}\n"


def circle(*edges):
    return "lock order: until now it was the other way round:\n" + "".join(edges)


REPORTS = {
    "order_circle_of_two": [
        circle(edge("b", "a_then_b", "a", "a_then_b")) + "\n",
        f"spin lock a is taken at {at('b_then_a')} while spin lock b is held, taken at {at('b_then_a')}\n"],
    "order_circle_of_three": [
        circle(edge("q", "lock_second", "p", "lock_first"), edge("r", "lock_second", "q", "lock_first")) + "\n",
        f"mutex p is taken at {at('lock_second')} while mutex r is held, taken at {at('lock_first')}\n"],
    "order_circle_of_threads": [
        circle(edge("q", "lock_second", "p", "lock_first")) + "\n",
        f"mutex p is taken at {at('lock_second')} while mutex q is held, taken at {at('lock_first')}\n"],
    "order_circle_of_readers": [
        circle(edge("p", "read_then_lock", "w", "read_then_lock")),
        f"rwlock w is taken at {at('lock_then_read')} while mutex p is held, taken at {at('lock_then_read')}\n"],
    "order_circle_behind_trylock": [
        circle(edge("b", "a_then_b", "a", "a_then_b")),
        f"spin lock a is taken at {at('try_then_a')} while spin lock b is held, taken at {at('try_then_a')}\n"],
    "order_nested": [
        f"spin lock pair is taken at {at('lock_pair')} while another one of this name is held, "
        f"taken at {at('lock_pair')}\n"],
    "order_nested_downwards": [
        f"spin lock pair is taken at {at('lock_pair')} while another one of this name, of a higher address, is held, "
        f"taken at {at('lock_pair')}\n"],
    "order_twice": [f"taken twice: at {at('lock_again')}, and before at {at('ktest_order_twice')}\n"],
    "order_twice_mutex": [f"taken twice: at {at('lock_second')}, and before at {at('lock_first')}\n"],
    "order_twice_read": [f"taken twice: at {at('read_second')}, and before at {at('read_first')}\n"],
    "order_not_held": [
        f"let go of at {at('unlock_a')}, and is not held; the last to take it did at {at('a_then_b')}\n"],
    "order_not_held_by_us": [
        f"let go of at {at('run_unlock_p')}, and is not held; the last to take it did at {at('lock_first')}\n"],
    "order_not_held_read": [f"rwlock w is let go of at {at('stop_reading')}, and is not held\n"],
    "order_sleep": [
        f"lock order: spin lock a is held, taken at {at('spin_then_sleep')}\n",
        f"sleep at {at('spin_then_sleep')} while spin lock b is held, taken at {at('spin_then_sleep')}\n"],
    "order_yield": [f"sleep at {at('spin_then_yield')} while spin lock a is held, taken at {at('spin_then_yield')}\n"],
    "order_exit": [
        f"lock order: mutex p is held, taken at {at('lock_first')}\n",
        f"thread keeper ends while mutex q is held, taken at {at('lock_second')}\n"],
    "order_exit_spinning": [f"thread keeper ends while spin lock a is held, taken at {at('lock_again')}\n"],
    "order_many_classes": ["lock order: 128 classes are all there is room for: others are not watched\n"],
    "order_many_held": ["lock order: 12 locks held at once are all there is room for: others are not watched\n"],
}


@pytest.mark.needs("1.3", *THREADS)
@pytest.mark.parametrize("name", REPORTS)
def test_report_names_both_places(ktest, name):
    """The console names the locks and the functions that took them; of a circle, for each of its edges."""
    console = ktest(name).console.replace("\r", "")
    for pattern in REPORTS[name]:
        assert re.search(pattern, console), f"expected {pattern!r} in:\n{console}"
    assert console.count("panic: ") == 1, console


# --- the command ------------------------------------------------------------------------------------------------

ROW = re.compile(r"^(.{16}) (spins |sleeps) +(\d+) +(\d+) +(\d+) +(\d+)(?:  (\w+)\+0x[0-9a-f]+)?$", re.MULTILINE)
EDGE = re.compile(r"^(.+) \((spins|sleeps)\) -> (.+) \((spins|sleeps)\)  "
                  r"held since \S+\+0x[0-9a-f]+, taken at \S+\+0x[0-9a-f]+$", re.MULTILINE)


@pytest.fixture
def ask(machine):
    """ask(command): what the monitor says to it."""
    console = machine(cpus=2).console
    console.expect("cub> ")

    def ask(command):
        console.send(command + "\r")
        console.expect(command + "\n")
        return console.expect(re.compile(r"(?s)(.*?)cub> "))[1].replace("\r", "")

    return ask


def statistics(ask):
    """{class: (taken, contended, waits, longest, function)}, in the order in which they are shown."""
    said = ask("locks")
    rows = {name.rstrip(): (*map(int, numbers), function)
            for name, _, *numbers, function in ROW.findall(said)}
    assert len(rows) == len(said.splitlines()) - 1, said
    return rows


@pytest.mark.needs("1.2", "1.3", "1.7", "2.1", "2.2", "2.5", "2.8")
def test_locks_counts(ask):
    """Each class in a row, the most contended ones first, and what is done in between is counted."""
    before = statistics(ask)
    for number in range(5):
        ask(f"note set name{number} text")
    after = statistics(ask)
    assert after["slab front"][0] >= before["slab front"][0] + 5
    assert after["page front"][0] >= before["page front"][0] + 5
    assert after["console"][4] == "console_write"
    for taken, contended, waits, longest, function in after.values():
        assert taken >= contended <= waits and bool(longest) == bool(function)
    order = [(contended, waits, taken) for taken, contended, waits, *_ in after.values()]
    assert order[1:] == sorted(order[1:], reverse=True) or order == sorted(order, reverse=True)
    assert ask("locks x") == "usage: locks [order]\n"


# --- the table ---------------------------------------------------------------------------------------------------

def wrong(edges):
    """What a kernel of this stage did and the table does not have."""
    return order.wrong(edges, order.table(3))


def test_table_has_every_class():
    """Each lock that is declared stands in the table, with the file that declares it, and none beside them."""
    rows, locks = order.table(3), order.declared("[1-3]")
    assert len(locks) > 10
    assert sorted(name for name, _ in rows) == sorted(locks)
    for row in rows.values():
        assert set(row.files) == locks[row.name], f"{row.name}: declared in {sorted(locks[row.name])}"


@pytest.mark.needs("1.2", "1.3", "1.7", *ALL)
def test_table_has_what_commands_do(ask):
    """Each edge that the monitor's commands leave in the graph goes down in the table."""
    for command in ("note set a b", "note repeat a 100 c", "note list", "note clear", "slabs", "slabs check", "leak mark",
                    "leak", "pages", "pt", "map 0", "threads", "sched", "sieve 20", "locks"):
        ask(command)
    edges = EDGE.findall(ask("locks order"))
    assert ("page front", "spins", "buddy", "spins") in edges
    assert not list(wrong(edges))


@pytest.mark.needs(*ALL)
@pytest.mark.parametrize("test", ["order_whole_kernel", "exhaustion_spaces", "clone_shared_memory"])
def test_table_has_what_tests_do(ktest, test):
    """The same for tests that use all of memory and threads."""
    edges = order.told(ktest(test, append="edges", limit=10).replies)
    assert ("vm_space", "sleeps", "page table", "spins") in edges
    assert not list(wrong(edges))


def test_table_is_compared():
    """What goes up in the table, and what does not stand in it, would be seen."""
    assert len(list(wrong([("buddy", "spins", "page front", "spins")]))) == 2
    assert len(list(wrong([("run queue", "spins", "buddy", "spins")]))) == 2
    assert len(list(wrong([("thread", "spins", "page table", "spins")]))) == 1
    assert not list(wrong([("vm_space", "sleeps", "console", "spins"), ("a test's", "spins", "buddy", "spins")]))


# --- several processors ------------------------------------------------------------------------------------------

@pytest.mark.needs("1.3", *THREADS, "3.3")
def test_processors_learn_at_once(ktest, several):
    """Processors that meet new classes and edges at the same time note each of them once."""
    ktest("order_parallel", cpus=several, icount=False, limit=60, backstop=240)
