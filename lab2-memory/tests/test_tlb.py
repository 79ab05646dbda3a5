"""The TLB in Bochs: it has process-context identifiers, and keeps global pages, as QEMU's emulation does not."""

import time

import pytest

from grader import bochs, iso, ktap
from grader import emulator as emu

SECONDS = 240       # of the host's time; it takes about 10


class Bochs(bochs.Bochs):
    """Bochs with COM2 going to a file."""

    def configuration(self):
        return super().configuration() + f"com2: enabled=1, mode=file, dev={self.at / 'com2'}\n"

    def until_verdict(self):
        """What the test said on COM2, once it has told its result or Bochs has ended."""
        end, told = time.monotonic() + SECONDS, ktap.read("")
        while not told.results and time.monotonic() < end:
            running = self.process.poll() is None
            path = self.at / "com2"
            told = ktap.read(path.read_text(errors="replace") if path.exists() else "")
            if not running:
                break
            time.sleep(0.1)
        return told


@pytest.mark.slow
@pytest.mark.needs("2.3", "2.4")
def test_in_bochs(kernel, tmp_path):
    """Tables that a processor remembers by identifiers show their own pages, also when changed meanwhile."""
    try:
        emu.need("bochs", bochs.BIOS, bochs.VGA_BIOS)
        image = iso.image(kernel.elf, append="ktest=tlb_by_the_book seed=7", out=tmp_path / "tlb.iso")
    except emu.EmulatorError as error:
        pytest.skip(str(error))
    with Bochs(image) as machine:
        told = machine.until_verdict()
        assert told.replies == ["identifiers", "done"] and not told.results[0]["not"], \
            f"COM2 said {told.replies} and {told.diagnostics}; Bochs: {machine.message() or 'runs'}"
