"""The kernel's symbol table: addresses to "function+0x12" and back.

Read from the cub.sym that the build leaves beside cub.elf (lines "address type
name", as nm -n prints them); where there is none, nm(1) is asked.
"""

from __future__ import annotations

import bisect
import subprocess
from collections import Counter
from pathlib import Path

KERNEL_BASE = 0xffffffff80000000
FAR = 1 << 20     # an address further than this behind a symbol belongs to nothing we know


class Symbols:
    """A sorted symbol table."""

    def __init__(self, table: list[tuple[int, str]]) -> None:
        self._table = sorted(table)
        self._starts = [address for address, _ in self._table]
        self._addresses = {name: address for address, name in self._table}
        self._times = Counter(name for _, name in self._table)

    @classmethod
    def load(cls, elf: Path) -> "Symbols":
        """The symbols of a kernel, from the .sym file beside it or by nm; empty if neither works."""
        elf = Path(elf)
        beside = elf.with_suffix(".sym")
        if beside.is_file():
            return cls.parse(beside.read_text(errors="replace"))
        try:
            listing = subprocess.run(["nm", "-n", str(elf)], capture_output=True, text=True)
        except OSError:
            return cls([])
        return cls.parse(listing.stdout)

    @classmethod
    def parse(cls, text: str) -> "Symbols":
        """Reads lines "address type name"; others are passed over."""
        table = []
        for line in text.splitlines():
            fields = line.split()
            if len(fields) == 3 and fields[1] not in "aAU":
                try:
                    table.append((int(fields[0], 16), fields[2]))
                except ValueError:
                    continue
        return cls(table)

    def __contains__(self, name: str) -> bool:
        return name in self._addresses

    def unique(self, name: str) -> bool:
        """Whether there is one symbol of that name: static functions of several files may share theirs."""
        return self._times[name] == 1

    def address(self, name: str) -> int:
        """The address of a symbol; KeyError if there is none of that name."""
        return self._addresses[name]

    def name(self, address: int) -> str:
        """"function+0x12" for an address in the kernel, plain hexadecimal for any other."""
        return self._found(address, address)

    def caller(self, address: int) -> str:
        """The same for a return address, which may lie just behind the calling function."""
        return self._found(address, address - 1)

    def _found(self, address: int, inside: int) -> str:
        at = bisect.bisect_right(self._starts, inside) - 1
        if at < 0 or inside - self._starts[at] > FAR:
            # Before paging is on, the kernel runs where it was loaded.
            low = inside < KERNEL_BASE and self._starts and self._starts[-1] >= KERNEL_BASE
            found = self._found(address + KERNEL_BASE, inside + KERNEL_BASE) if low else ""
            return found if found and not found.startswith("0x") else f"{address:#x}"
        start, name = self._table[at]
        return name if start == address else f"{name}+{address - start:#x}"
