"""The TLB in Bochs: it has process-context identifiers, and keeps global pages, as QEMU's emulation does not."""

import pytest

from grader import bochs, iso
from grader import emulator as emu


@pytest.mark.slow
@pytest.mark.needs("2.3", "2.4")
def test_in_bochs(kernel, tmp_path):
    """Tables that a processor remembers by identifiers show their own pages, also when changed meanwhile."""
    try:
        emu.need("bochs", bochs.BIOS, bochs.VGA_BIOS)
        image = iso.image(kernel.elf, append="ktest=tlb_by_the_book seed=7", out=tmp_path / "tlb.iso")
    except emu.EmulatorError as error:
        pytest.skip(str(error))
    with bochs.TestBoot(image) as machine:
        told = machine.until_verdict()
        assert told.replies == ["identifiers", "done"] and not told.results[0]["not"], \
            f"COM2 said {told.replies} and {told.diagnostics}; Bochs: {machine.message() or 'runs'}"
