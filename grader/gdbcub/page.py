"""`cub page`: the structure of one page, or the buddy's lists, looked through for damage."""

from __future__ import annotations

from typing import Iterator

import gdb

from grader.gdbcub import command, text
from grader.gdbcub.pt import evaluate
from grader.gdbcub.stack import symbol

DIRECT_MAP, KERNEL_BASE = 0xffff800000000000, 0xffffffff80000000
SHIFT = 12
STATES = ("RESERVED", "FREE", "KEPT", "USED", "TAIL")
SHOWN = 4           # blocks of a list that are shown


def frames() -> int:
    """How many frames have a structure; raises GdbError while none has."""
    count = int(gdb.parse_and_eval("page_frames"))
    if not count:
        raise gdb.GdbError("there are no page structures yet: page_init makes them, in lab2_init")
    return count


def page_at(frame: int) -> gdb.Value:
    """A frame's struct page."""
    return gdb.parse_and_eval("page_array")[frame]


def frame_of(value: int) -> int:
    """The frame that a number means: an address in the direct map or in the kernel's image, one
    of a struct page, a physical address, or, where it is small enough for that, a frame."""
    array, count = int(gdb.parse_and_eval("page_array")), frames()
    size = gdb.lookup_type("struct page").sizeof
    if array <= value < array + count * size:
        return (value - array) // size
    if value >= KERNEL_BASE:
        value -= KERNEL_BASE
    elif value >= DIRECT_MAP:
        value -= DIRECT_MAP
    elif value < count:
        return value
    if value >> SHIFT >= count:
        raise gdb.GdbError(f"there is no page structure for {value:#x}: the last frame is {count - 1:#x}")
    return value >> SHIFT


def state(page: gdb.Value) -> str:
    """Its state in a word."""
    number = int(page["state"])
    return STATES[number] if number < len(STATES) else f"{number}, which is no state"


def head_of(frame: int) -> int | None:
    """The frame that heads the block that this one is inside, if one does."""
    for order in range(1, orders()):
        head = frame & -(1 << order)
        page = page_at(head)
        if head != frame and state(page) in ("FREE", "USED") and head + (1 << int(page["order"])) > frame:
            return head
    return None


def orders() -> int:
    """How many lists the buddy has."""
    return gdb.lookup_type("struct buddy")["blocks"].type.range()[1] + 1


@command("page", "show a page's structure, or the buddy's free lists", "[ADDRESS|FRAME]")
def page(words: list[str]) -> None:
    frames()
    if words:
        show(frame_of(evaluate(words)))
    else:
        show_buddy()


def show(frame: int) -> None:
    """One page, and what it is part of."""
    this, head = page_at(frame), None
    if state(this) in ("TAIL", "RESERVED"):     # what was never in use yet is RESERVED inside a free block
        head = head_of(frame)
    print(f"frame {frame} at physical {frame << SHIFT:#x}, direct map {DIRECT_MAP + (frame << SHIFT):#x}")
    if head is not None:
        print(f"inside    the block of frame {head}:")
        show(head)
        return
    print(f"state     {state(this)}{block(this)}")
    if state(this) == "USED":
        print(f"owner     {text(this['owner']['name']) if int(this['owner']) else 'did not say'}")
        print("words     " + " ".join(f"{int(this['word'][i]):#x}" for i in range(3)))
    if state(this) != "RESERVED" and (site := int(this["site"])):
        print(f"{'allocated' if state(this) == 'USED' else 'freed    '} at {symbol(site, site - 1)}")


def block(this: gdb.Value) -> str:
    """What size a block that begins here has, and who holds on to it."""
    size = f", heads a block of order {int(this['order'])} ({4 << int(this['order'])} KiB)"
    references = f", references: {int(this['count'])}"
    return {"FREE": size, "USED": size + references, "KEPT": ", waits in a processor's front"}.get(state(this), "")


def blocks(order: int, count: int) -> Iterator[int]:
    """The frames in a list of the buddy, whatever state they are in; raises GdbError for a list
    that does not end where it began."""
    buddy, array = gdb.parse_and_eval("buddy"), int(gdb.parse_and_eval("page_array"))
    kind = gdb.lookup_type("struct page")
    offset = next(field.bitpos // 8 for field in kind.fields() if field.name == "link")
    head = buddy["free"][order].address
    link, before = head["next"], head
    for _ in range(count + 1):
        if link == head:
            return
        if not array <= int(link) - offset < array + frames() * kind.sizeof:
            raise gdb.GdbError(f"the list of order {order} leads to {int(link):#x}, which is in no page")
        if link["prev"] != before:
            raise gdb.GdbError(f"the list of order {order} is broken: what follows {int(before):#x} leads back elsewhere")
        yield (int(link) - offset - array) // kind.sizeof
        link, before = link["next"], link
    if link != head:
        raise gdb.GdbError(f"the list of order {order} has more than the {count} blocks that are counted")


def show_buddy() -> None:
    """Its lists, and whether they and the counts belong together."""
    buddy = gdb.parse_and_eval("buddy")
    print(f"{frames()} frames, {int(buddy['free_pages'])} pages free in the buddy's lists")
    print("  order    blocks  first ones, by frame")
    for order in range(orders()):
        count = int(buddy["blocks"][order])
        found = list(blocks(order, count))
        shown = " ".join(map(str, found[:SHOWN])) + (" ..." if len(found) > SHOWN else "")
        wrong = [frame for frame in found if (state(page_at(frame)), int(page_at(frame)["order"])) != ("FREE", order)]
        print(f"  {order:5} {count:9}  {shown}".rstrip())
        if len(found) != count:
            print(f"        but its list has {len(found)}")
        if wrong:
            print(f"        but frame {wrong[0]} is {state(page_at(wrong[0]))}{block(page_at(wrong[0]))}")
