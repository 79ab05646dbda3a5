"""Tables of the order of locks, as labs' READMEs have them: read, and compared with sources and kernels.

Each lab has the table of its own classes, under "The order of locks". A lab's ranks go on in those of the
labs below: 2.5 stands between their 2 and 3. A row for a class of a lower lab, of that one's rank, adds to
what may be held while it is taken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterable, Iterator

from grader.ktests import without_comments

ROOT = Path(__file__).resolve().parents[2]
KERNEL_BASE = 0xffffffff80000000
CLASSES, CLASS_BYTES, NAME_BYTES = 128, 80, 32      # lab3-threads/order/classes.c asserts them


@dataclass(frozen=True)
class Row:
    """A class of locks as a table has it."""

    rank: float
    name: str
    kind: str
    files: list[str]
    while_holding: list[str]


Rows = dict[tuple[str, str], Row]
Edge = tuple[str, str, str, str]        # a class and its kind, and those that were taken while it was held


def table(lab: int) -> Rows:
    """The rows of one lab's own table, by (name, kind)."""
    (readme,) = ROOT.glob(f"lab{lab}-*/README.md")
    section = readme.read_text(encoding="utf-8").split("\n## The order of locks\n")[1].split("\n## ")[0]
    first = section[section.index("\n|") + 1:].split("\n\n")[0]
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in first.splitlines()]
    names = re.compile(r"`([^`]+)`|\*([^*]+)\*").findall
    rows = [Row(float(rank), names(name)[0][0], kind, [found[0] for found in names(files)],
                [a or b for a, b in names(holding)])
            for rank, name, kind, files, holding, _notes in lines[2:]]
    assert [row.rank for row in rows] == sorted(row.rank for row in rows)
    assert len({(row.name, row.kind) for row in rows}) == len(rows)
    return {(row.name, row.kind): row for row in rows}


def together(lower: Rows, own: Rows) -> Rows:
    """Two labs' tables as one."""
    rows = lower | own
    for key in lower.keys() & own.keys():
        assert lower[key].rank == own[key].rank, f"{key[0]} has another rank below"
        rows[key] = replace(lower[key], while_holding=lower[key].while_holding + own[key].while_holding)
    return rows


LOCKS = "(?:spin|mutex|rwlock|waitqueue|condvar|semaphore|barrier|completion)_init"
STATIC = "(?:SPINLOCK|MUTEX|RWLOCK|WAITQUEUE|CONDVAR|SEMAPHORE|BARRIER|COMPLETION)_INIT"
DECLARATION = re.compile(rf'\b(?:{LOCKS}|{STATIC})\([^;{{}}"]*"([^"]+)"')


def declared(labs: str, without: str = "tests|hidden|standin|mutants|explore") -> dict[str, set[str]]:
    """{name: files} of the locks that these labs (a pattern: "[1-3]") declare."""
    found: dict[str, set[str]] = {}
    for lab in sorted(ROOT.glob(f"lab{labs}-*")):
        for path in sorted(lab.rglob("*.[ch]")):
            place = str(path.relative_to(ROOT))
            if re.search(rf"/({without})/", place):
                continue
            for name in DECLARATION.findall(without_comments(path.read_text(encoding="utf-8"))):
                found.setdefault(name, set()).add(place)
    return found


def wrong(edges: Iterable[Edge], rows: Rows) -> Iterator[str]:
    """What a kernel did and the table does not have, in words. Tests' own locks may do what they want."""
    known = {name for name, _ in rows}
    for held, held_kind, taken, taken_kind in sorted(edges):
        if held not in known or taken not in known:
            continue
        above, below = rows.get((held, held_kind)), rows.get((taken, taken_kind))
        if not above or not below:
            yield f"{taken} was taken while {held} was held: one of them is of another kind in the table"
            continue
        if above.rank >= below.rank:
            yield f"{taken} was taken while {held} was held: that goes up in the table"
        if not {held, f"any that {held_kind}"} & set(below.while_holding):
            yield f"{taken} was taken while {held} was held: that is not in its column"


def told(replies: Iterable[str]) -> list[Edge]:
    """The edges that a kernel test has told at its end, with "edges" on its command line."""
    return [tuple(reply.split(",")) for reply in replies if reply.count(",") == 3]


def in_memory(machine) -> list[Edge]:
    """The edges that stand in the memory of a machine that has ended, and is still there."""
    def read(name: str, length: int) -> bytes:
        return machine.memory(machine.symbols.address(name) - KERNEL_BASE, length)

    names = [read_class(piece) for piece in pieces(read("order_classes", CLASSES * CLASS_BYTES), CLASS_BYTES)]
    sets = pieces(read("order_after", CLASSES * CLASSES // 8), CLASSES // 8)
    after = [int.from_bytes(piece, "little") for piece in sets]
    return [(*names[held], *names[taken]) for held in range(CLASSES) for taken in range(CLASSES)
            if after[held] >> taken & 1]


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at:at + size] for at in range(0, len(data), size)]


def read_class(data: bytes) -> tuple[str, str]:
    """A struct order_class: its name, and whether its locks sleep."""
    return data[:NAME_BYTES].split(b"\0")[0].decode(), "sleeps" if data[NAME_BYTES] else "spins"
