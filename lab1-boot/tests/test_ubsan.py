"""Undefined behaviour in a debug build: the panic says what it was, in which file and line."""

from pathlib import Path

import pytest

SOURCE = "lab1-boot/tests/ubsan_test.c"
KINDS = {
    "add": "signed addition overflows",
    "sub": "signed subtraction overflows",
    "mul": "signed multiplication overflows",
    "negate": "negation overflows",
    "divide": "division by zero or overflow",
    "remainder": "division by zero or overflow",
    "shift": "shift by too much, or of a negative number",
    "index": "array index out of bounds",
    "null": "null, misaligned or too small object",
    "misaligned": "null, misaligned or too small object",
    "pointer": "pointer arithmetic overflows",
    "bool": "a bool or enum holds a value that is none of its own",
    "unreachable": "code that cannot be reached was",
    "nonnull": "null for an argument that may not be",
    "nonnull_return": "null from a function that may not return it",
    "builtin": "a compiler builtin got an argument that it cannot take",
}


def line_of(kind: str) -> int:
    """The line of the source that bears the kind's name."""
    lines = Path(__file__).with_name("ubsan_test.c").read_text().splitlines()
    return 1 + next(at for at, line in enumerate(lines) if line.endswith(f"/* {kind} */"))


@pytest.mark.needs("1.3")
@pytest.mark.parametrize("kind", KINDS)
def test_undefined_behaviour_panics(machine, kind):
    """The kind, the file and the line."""
    cub = machine(ktest="ubsan_probe", input=kind.encode() + b"\n")
    end = cub.wait()
    assert (end.kind, end.detail) == \
        ("panicked", f"undefined behaviour: {KINDS[kind]} ({SOURCE}:{line_of(kind)})")
