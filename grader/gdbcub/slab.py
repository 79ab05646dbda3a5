"""`cub slab`: the kernel's object caches, and the slabs of one of them."""

from __future__ import annotations

import struct
from typing import Iterator

import gdb

from grader.gdbcub import command, text
from grader.gdbcub.page import DIRECT_MAP, SHIFT, frames

CACHES = "'lab2-memory/slab/cache.c'::caches"
PIECE = 1 << 20         # bytes of the page structures that are read at a time


def offset(kind: gdb.Type, name: str) -> int:
    """Where a member lies in a structure."""
    return next(field.bitpos // 8 for field in kind.fields() if field.name == name)


def caches() -> Iterator[gdb.Value]:
    """Every cache, in the order of their making."""
    kind = gdb.lookup_type("struct slab_cache")
    head = gdb.parse_and_eval(CACHES).address
    link = head["next"]
    while int(link) not in (0, int(head)):
        yield gdb.Value(int(link) - offset(kind, "link")).cast(kind.pointer()).dereference()
        link = link["next"]


def kept(cache: gdb.Value) -> int:
    """How many objects wait in its fronts."""
    fronts = cache["front"]
    return sum(int(fronts[cpu]["count"]) for cpu in range(fronts.type.range()[1] + 1))


@command("slab", "show the object caches, or the slabs of one", "[NAME]")
def slab(words: list[str]) -> None:
    found = [cache for cache in caches() if not words or text(cache["name"]) == " ".join(words)]
    if not found:
        raise gdb.GdbError(f"there is no cache {' '.join(words)!r}; \"cub slab\" lists them" if words
                           else "there are no caches yet: kmalloc_init makes the first, in lab2_init")
    if words:
        show(found[0])
        return
    print("cache                 bytes  objects / room      slabs  kept")
    for cache in found:
        room = int(cache["slabs"]) * int(cache["objects"])
        waiting = kept(cache)
        print(f"{text(cache['name']):20} {int(cache['bytes']):6} {int(cache['out']) - waiting:8} / {room:<8} "
              f"{int(cache['slabs']):6} {waiting:5}")


def slabs(cache: gdb.Value) -> Iterator[tuple[int, int, int]]:
    """(frame, first free object, objects out) of each slab: full ones are in no list, so all page
    structures are looked through."""
    kind = gdb.lookup_type("struct page")
    state, owner, word = (offset(kind, name) for name in ("state", "owner", "word"))
    mine, used = int(gdb.parse_and_eval("&slab_owner")), int(gdb.parse_and_eval("PAGE_USED"))
    start, length = int(gdb.parse_and_eval("page_array")), frames() * kind.sizeof
    for at in range(0, length, PIECE):
        data = bytes(gdb.selected_inferior().read_memory(start + at, min(PIECE, length - at)))
        for place in range(0, len(data), kind.sizeof):
            if data[place + state] == used and struct.unpack_from("<Q", data, place + owner)[0] == mine:
                whose, first, out = struct.unpack_from("<3Q", data, place + word)
                if whose == int(cache.address):
                    yield (at + place) // kind.sizeof, first, out


def show(cache: gdb.Value) -> None:
    """One cache and its slabs."""
    waiting, objects = kept(cache), int(cache["objects"])
    print(f"{text(cache['name'])}: {int(cache['bytes'])} bytes each, one every {int(cache['stride'])}; "
          f"{objects} in a slab of {4 << int(cache['order'])} KiB")
    print(f"{int(cache['out']) - waiting} allocated, {waiting} in fronts, {int(cache['slabs'])} slabs, "
          f"{int(cache['empty'])} of them empty")
    seen = 0
    for seen, (frame, first, out) in enumerate(slabs(cache), 1):
        free = f"first free {first:#x}" if first else "full"
        print(f"  {DIRECT_MAP + (frame << SHIFT):#x}  {out:4} of {objects} out, {free}")
    if seen != int(cache["slabs"]):
        print(f"  but {seen} slabs are there, and {int(cache['slabs'])} are counted")
