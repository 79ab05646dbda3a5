"""The kernel's own symbol table against nm's."""

import bisect
import struct


def test_symbols_are_those_of_the_linker(ktest, kernel, rng):
    """Random addresses in the kernel's code: it names the function, and the offset in it."""
    table = [(int(address, 16), kind, name) for address, kind, name in
             (line.split() for line in kernel.elf.with_suffix(".sym").read_text().splitlines())]
    mark = {name: address for address, _, name in table}
    start, end = mark["text_start"], mark["text_end"]
    functions = sorted((address, name) for address, kind, name in table
                       if kind in "tT" and start <= address < end)
    starts = [address for address, _ in functions]
    offsets = [rng.randrange(end - start) for _ in range(300)] + [at - start for at in rng.sample(starts, 50)]
    said = ktest("symbols_probe", input=b"".join(struct.pack("<I", offset) for offset in offsets))
    assert len(said.replies) == 2 * len(offsets)
    for number, offset in enumerate(offsets):
        name, told = said.replies[2 * number], struct.unpack("<Q", bytes.fromhex(said.replies[2 * number + 1]))[0]
        at = starts[bisect.bisect_right(starts, start + offset) - 1]
        names = [name for address, name in functions if address == at]
        assert name in names and told == start + offset - at, \
            f"{start + offset:#x} is {names}+{start + offset - at:#x}, the kernel says {name}+{told:#x}"
