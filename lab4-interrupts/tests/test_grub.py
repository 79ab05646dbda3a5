"""Programs beside a kernel that GRUB has loaded: what `make iso` makes runs them on real machines."""

from __future__ import annotations

import argparse

import pytest

from grader import emulator as emu, iso
from grader.machine import Machine


@pytest.fixture
def image(tmp_path):
    """What `make iso LAB=4` makes."""
    try:
        iso.need_tools()
    except emu.EmulatorError as error:
        pytest.skip(str(error))
    out = tmp_path / "cub.iso"
    assert iso.run(argparse.Namespace(lab=4, append="quiet -- /bin/sieve 5", module=[], out=out)) == 0
    return out


@pytest.mark.needs("4.6", "4.7", "4.8")
def test_a_program_from_a_module(kernel, image):
    with Machine(kernel.elf, iso=image, memory="128M", icount=False) as machine:
        machine.console.expect("2 3 5 7 11\n")
