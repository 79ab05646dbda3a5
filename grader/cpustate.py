"""The processors' registers, read out of what QEMU's monitor prints.

`info registers -a` is the only way to them in QEMU 7.2 without a debugger.  Its
form differs between 32-bit and 64-bit code (EIP, RIP), which is evened out here.
"""

from __future__ import annotations

import re

FLAG_IF = 1 << 9
VALUE = re.compile(r"\b([A-Z][A-Z0-9]{1,4})\s*=\s*([0-9a-f]+)\b(?: ([0-9a-f]{8,16})\b)?")


def registers(listing: str) -> list[dict[str, int]]:
    """One dict for each processor: rax.. r15, rip, rflags, cs.. gs (selectors) with cs_base..,
    gdt, idt (bases), cr0.. cr4, efer, hlt (1: halted), and bits: 32 or 64 (or 16)."""
    return [_one(part) for part in re.split(r"CPU#\d+", listing)[1:]]


def _one(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, value, second in VALUE.findall(text):
        low = name.lower()
        if re.fullmatch(r"e(ax|bx|cx|dx|si|di|bp|sp|ip)", low):
            low = "r" + low[1:]
        low = {"efl": "rflags", "rfl": "rflags"}.get(low, low)
        found.setdefault(low, int(value, 16))
        if second and low in ("cs", "ds", "es", "fs", "gs", "ss", "tr", "ldt"):
            found.setdefault(low + "_base", int(second, 16))
    found["bits"] = 64 if "RIP=" in text else 32 if "CS32" in text else 16
    return found


def interrupts_on(cpu: dict[str, int]) -> bool:
    """Whether the processor takes interrupts, so that waiting may end by itself."""
    return bool(cpu.get("rflags", 0) & FLAG_IF)


def dead(cpus: list[dict[str, int]]) -> bool:
    """Whether every processor is halted and none can be woken."""
    return bool(cpus) and all(cpu.get("hlt") and not interrupts_on(cpu) for cpu in cpus)


def mebibytes(size: str) -> int:
    """QEMU's notation of a memory size ("64M", "1G", "64") in MiB."""
    match = re.fullmatch(r"(\d+)([MmGg]?)", size.strip())
    if not match:
        raise ValueError(f"memory size {size!r} is not like 64M or 1G")
    return int(match[1]) * (1024 if match[2] in ("G", "g") else 1)
