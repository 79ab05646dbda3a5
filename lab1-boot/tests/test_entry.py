"""The first instructions (boot/entry.S): what a processor is told that Cub cannot run on.

Floor: this is given code, and no exercise's.
"""

import pytest

REFUSALS = {"qemu64,-lm": "cub: this processor has no 64-bit mode (long mode), which Cub needs",
            "max,-nx": "cub: this processor has no execute-disable (NX) bit, which Cub needs"}


@pytest.mark.parametrize("cpu", REFUSALS)
def test_refuses_processor(machine, cpu):
    """A processor that lacks what Cub needs is told so on the serial port, and nothing happens."""
    guest = machine(extra=["-cpu", cpu], firmware="quick")
    guest.console.expect(REFUSALS[cpu] + "\n")
    assert guest.console.settle() == ""
