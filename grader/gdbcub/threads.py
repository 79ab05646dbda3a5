"""`cub threads` and `cub bt`: every thread of the kernel, and where one stands that does not run.

GDB's own threads are QEMU's processors. A kernel's thread that runs is looked up by the GS base of
the processor that has its data; one that does not has left a frame behind when it was switched from.
"""

from __future__ import annotations

import contextlib
from typing import Iterator

import gdb

from grader.gdbcub import command, register, text
from grader.gdbcub.slab import offset
from grader.gdbcub.stack import Broken, callers, show, symbol, word

THREADS = "'lab3-threads/thread/thread.c'::threads"
CALL, KERNEL = b"\xe8", 0x1ffff      # the instruction `call` with its distance; what is above bit 46 of an address of ours
DEEP = 512      # bytes that thread_switch leaves on a stack, and more
# How a thread sleeps tells less than why.
INSIDE = tuple(f"lab3-threads/{part}" for part in ("sched/sched.c", "sched/place.c", "lock/", "explore/"))


def threads() -> list[gdb.Value]:
    """Every thread, oldest first; raises GdbError while there are none."""
    kind = gdb.lookup_type("struct thread")
    head = gdb.parse_and_eval(THREADS).address
    found, link = [], head["next"]
    while int(link) not in (0, int(head)):
        found.append(gdb.Value(int(link) - offset(kind, "link")).cast(kind.pointer()).dereference())
        link = link["next"]
    if not found:
        raise gdb.GdbError("there are no threads yet: thread_init makes the first, in lab3_init")
    return found


def percpu(cpu: int, name: str) -> gdb.Value:
    """A processor's own copy of a variable."""
    variable = gdb.parse_and_eval(f"&{name}")
    moved = int(gdb.parse_and_eval("percpu_areas")[cpu]) + int(variable) - template()
    return gdb.Value(moved).cast(variable.type).dereference()


def template() -> int:
    return int(gdb.parse_and_eval("&percpu_template[0]"))


def cpu_of(thread: gdb.Value) -> int | None:
    """The processor that it runs on now, if it does."""
    for cpu in range(int(gdb.parse_and_eval("percpu_count"))):
        if int(percpu(cpu, "thread_current")) == int(thread.address):
            return cpu
    return None


@contextlib.contextmanager
def processor(cpu: int) -> Iterator[bool]:
    """Within, GDB looks at that processor; False if none has that one's data."""
    base = int(gdb.parse_and_eval("percpu_areas")[cpu]) - template() & (1 << 64) - 1
    before = gdb.selected_thread()
    for thread in gdb.selected_inferior().threads():
        thread.switch()
        if base in (register("gs_base"), register("k_gs_base")):
            break
    else:
        before.switch()
    try:
        yield base in (register("gs_base"), register("k_gs_base"))
    finally:
        before.switch()


def stand(thread: gdb.Value) -> tuple[int, list[int]] | None:
    """The code address at which a thread stands, and its callers; None if it never ran.

    GDB's own unwinding is right at every instruction; it needs the registers, which only a thread
    that runs has. One that does not has left a chain of frames, which begins where thread_switch was called."""
    cpu = cpu_of(thread)
    if cpu is not None:
        with processor(cpu) as found:
            return (register("rip"), list(unwound())) if found else virtual(cpu)
    frame = int(thread["frame"])
    return (switched(int(thread["rsp"]), frame), list(whole(frame))) if frame else None


def virtual(cpu: int) -> tuple[int, list[int]]:
    """Where one of the explorer's processors stands while it is another one's turn: its stack begins with
    that address and its frame pointer."""
    rsp = int(gdb.parse_and_eval("virtual_cpu")[cpu]["rsp"])
    return word(rsp), list(whole(word(rsp + 8)))


def unwound() -> Iterator[int]:
    """The return addresses that GDB finds; inlined functions have none of their own."""
    frame = gdb.newest_frame()
    while (older := frame.older()) and older.pc():
        if frame.type() != gdb.INLINE_FRAME:
            yield older.pc()
        frame = older


def whole(frame: int) -> Iterator[int]:
    """A chain of frames as far as it goes."""
    with contextlib.suppress(Broken):
        yield from callers(frame)


def switched(rsp: int, frame: int) -> int:
    """Where thread_switch was called: the return address on the stack behind a call of it. How much it
    saves below is up to whoever writes it."""
    switch = int(gdb.parse_and_eval("&thread_switch"))
    for at in range(rsp, min(frame, rsp + DEEP), 8):
        after = word(at)
        if after >> 47 == KERNEL and bytes(gdb.selected_inferior().read_memory(after - 5, 1)) == CALL \
                and (after + word(after - 4)) & 0xffffffff == switch & 0xffffffff:
            return after
    return switch


def where(thread: gdb.Value) -> str:
    """The innermost function that is not about sleeping or switching."""
    stands = stand(thread)
    if stands is None:
        return f"has not run yet; begins with {name_of(thread['run'])}"
    at, addresses = stands
    calling = [at - (cpu_of(thread) is None), *(address - 1 for address in addresses)]
    for address, call in zip((at, *addresses), calling):
        line = gdb.find_pc_line(call)
        if not (line.symtab and line.symtab.filename.startswith(INSIDE)):
            break
    return symbol(address, call)


def name_of(function: gdb.Value) -> str:
    """"worker" for a pointer to a function."""
    return str(function).partition("<")[2].rstrip(">") or "nothing"


def state(thread: gdb.Value) -> str:
    """In a word, and what it waits for."""
    said = str(thread["state"]).removeprefix("THREAD_").lower()
    mutex = thread["waiting_for"]
    return f"{said}, for {text(mutex['name'])}" if int(mutex) else said


def priority(thread: gdb.Value) -> str:
    """With its own one, if another is lent to it."""
    now, own = int(thread["priority"]), int(thread["base"])
    return str(now) if now == own else f"{now} ({own})"


@command("threads", "show every thread, its state, and where it stands")
def threads_(words: list[str]) -> None:
    found = threads()
    print("  id  name             state                  cpu  priority  where")
    for thread in found:
        cpu = cpu_of(thread)
        there = str(int(thread["cpu"])) + ("*" if cpu is not None else " ")
        print(f"{int(thread['id']):4}  {text(thread['name']):15}  {state(thread):21}  {there:>4}  {priority(thread):8}  "
              f"{where(thread)}")


def find(word: str) -> gdb.Value:
    """The thread of that number or name."""
    found = [thread for thread in threads() if word in (str(int(thread["id"])), text(thread["name"]))]
    if not found:
        raise gdb.GdbError(f"there is no thread {word!r}; \"cub threads\" lists them")
    if len(found) > 1:
        numbers = ", ".join(str(int(thread["id"])) for thread in found)
        raise gdb.GdbError(f"{len(found)} threads are named {word!r}: say which number, {numbers}")
    return found[0]


@command("bt", "show the callers of one thread, whether it runs or not", "ID|NAME")
def bt(words: list[str]) -> None:
    if not words:
        raise gdb.GdbError("usage: cub bt ID|NAME; \"cub threads\" lists them")
    thread = find(" ".join(words))
    cpu = cpu_of(thread)
    does = state(thread) if cpu is None else f"runs on processor {cpu}"
    print(f"thread {int(thread['id'])} \"{text(thread['name'])}\": {does}")
    stands = stand(thread)
    if stands is None:
        print(f"it has not run yet; it begins with {name_of(thread['run'])}")
        return
    show(stands[0], iter(stands[1]), called=cpu is None)
