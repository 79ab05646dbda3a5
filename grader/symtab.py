"""Make the kernel's symbol table: `nm -n` on standard input, assembly on standard output.

The kernel prints its own backtraces, so it carries the names of its functions
(lab1-boot/debug/symbols.c reads this). Only what lies in .text between
text_start and text_end is taken; an empty input makes an empty table, for the
first of the two links (grader/kernel.mk).
"""

import sys


def functions(lines):
    """The (address, name) pairs of functions, in rising order, and where the text begins."""
    found, start, end = [], 0, 0
    for line in lines:
        fields = line.split()
        if len(fields) != 3:        # weak and undefined: it has no address
            continue
        address, kind, name = fields
        address = int(address, 16)
        if name == "text_start":
            start = address
        elif name == "text_end":
            end = address
        elif kind in "tT":
            found.append((address, name))
    return [(a, n) for a, n in found if start <= a < end], start


def main():
    table, start = functions(sys.stdin)
    print('.section .symbols, "a", @progbits')
    print(".globl symbol_count, symbol_table, symbol_names")
    print(f".balign 4\nsymbol_count: .long {len(table)}\nsymbol_table:")
    position = 0
    for address, name in table:
        print(f".long {address - start}, {position}")
        position += len(name) + 1
    print("symbol_names:")
    for _, name in table:
        print(f'.asciz "{name}"')
    print('.section .note.GNU-stack, "", @progbits')


main()
