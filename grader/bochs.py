"""`make bochs`: the GRUB image of a stage in Bochs, the serial console on this terminal.

Bochs interprets every instruction by the book and checks what QEMU lets pass, so it
is a second opinion.  Its COM1 is a pseudo-terminal that we open, and a relay carries
bytes between it and the person (ctrl-] x leaves).  With an X display and Debian's
bochs-x there is a window with the frame buffer.  Without one, Bochs' `term` display
draws on nothing (TERM=dumb, output to a file); it cannot do 32-bit graphics and would
end there, so the VGA card then has no VESA extension and GRUB leaves it in text mode.
Read more: bochsrc(5).
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import tempfile
import time
import tty
from pathlib import Path

from grader import cpustate, emulator as emu, iso, ktap

BIOS = "/usr/share/bochs/BIOS-bochs-latest"
VGA_BIOS = "/usr/share/bochs/VGABIOS-lgpl-latest"
PLUGINS = Path("/usr/lib/x86_64-linux-gnu/bochs/plugins")
TICKS = 1_500_000_000   # instructions in which a test has told its result, if ever: a good one takes a third
POWER_OFF = ("soft power off", "Shutdown port")     # Bochs' words for an orderly end

CONFIGURATION = """\
config_interface: textconfig
display_library: {display}
megs: {megabytes}
cpu: model=corei7_haswell_4770, count={cpus}, ips=50000000, reset_on_triple_fault=0
romimage: file={bios}
vgaromimage: file={vga_bios}
vga: extension={vga}
plugin_ctrl: unmapped=1, biosdev=1, serial=1, iodebug=1
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path="{image}", status=inserted
boot: cdrom
com1: enabled=1, mode=term, dev={com1}
log: {log}
panic: action=fatal
clock: sync=none
"""


class Bochs:
    """A running Bochs from `with` to its end; `line` is the other end of its COM1."""

    def __init__(self, image: Path, *, memory: str = "64M", cpus: int = 1) -> None:
        self.image, self.cpus = Path(image).resolve(), cpus
        self.megabytes = cpustate.mebibytes(memory)
        self.windowed = bool(os.environ.get("DISPLAY")) and (PLUGINS / "libbx_x_gui.so").exists()
        self.line = -1
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> "Bochs":
        needs = [] if self.windowed else [PLUGINS / "libbx_term_gui.so"]
        emu.need("bochs", BIOS, VGA_BIOS, *needs)
        self._directory = tempfile.TemporaryDirectory(prefix="cub-bochs-")
        self.at = Path(self._directory.name)
        self.line, self._com1 = os.openpty()
        try:
            tty.setraw(self._com1)
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def configuration(self) -> str:
        """The bochsrc."""
        return CONFIGURATION.format(
            display="x" if self.windowed else "term", vga="vbe" if self.windowed else "none",
            megabytes=self.megabytes, cpus=self.cpus, bios=BIOS, vga_bios=VGA_BIOS,
            image=self.image, com1=os.ttyname(self._com1), log=self.at / "bochs.log")

    def _start(self) -> None:
        (self.at / "bochsrc").write_text(self.configuration())
        # Debian's Bochs has the debugger built in, which waits to be told to go on.
        (self.at / "debugger").write_text(f"{self.orders()}continue\nquit\n")
        environment = os.environ | ({} if self.windowed else {"TERM": "dumb"})
        with open(self.at / "said", "wb") as said:
            self.process = emu.start(["bochs", "-q", "-f", "bochsrc", "-rc", "debugger"], cwd=self.at,
                                     stdout=said, stderr=said, env=environment)

    def orders(self) -> str:
        """What its debugger is told first, in lines."""
        return ""

    def close(self) -> None:
        """Ends Bochs and removes its files.  May be called twice."""
        emu.end(self.process)
        if self.line >= 0:
            os.close(self.line)
            os.close(self._com1)
            self.line = -1
        self._directory.cleanup()

    def message(self) -> str:
        """Why Bochs ended, in its own words: its exit status does not tell."""
        said = (self.at / "said").read_text(errors="replace")
        found = re.search(r"exiting with the following message:\s*\n(.*)", said)
        return found[1].strip() if found else ""


class TestBoot(Bochs):
    """A boot of a TESTS kernel, with COM2 going to a file; it ends after TICKS instructions, however
    busy the host is."""

    __test__ = False            # not for pytest, whatever the name

    def configuration(self) -> str:
        return super().configuration() + f"com2: enabled=1, mode=file, dev={self.at / 'com2'}\n"

    def orders(self) -> str:
        return f"sba {TICKS}\n"

    def until_verdict(self, seconds: float = 600) -> ktap.Transcript:
        """What the test said on COM2, once it has told its result, Bochs has ended, or so much of
        the host's time is over."""
        end, told = time.monotonic() + seconds, ktap.read("")
        while not told.results and time.monotonic() < end:
            running = self.process.poll() is None
            path = self.at / "com2"
            told = ktap.read(path.read_text(errors="replace") if path.exists() else "")
            if not running:
                break
            time.sleep(0.1)
        return told


def boot(args: argparse.Namespace) -> int:
    """Boots it and carries the console until the end; returns 0 after an orderly one."""
    emu.need("bochs")
    image = iso.image(emu.kernel(args.lab).elf, append=args.append,
                      out=_image_name(args.lab, args.append))
    memory, cpus = emu.machine(args.lab, args.memory, args.cpus)
    with Bochs(image, memory=memory, cpus=cpus) as machine:
        if os.isatty(0):
            emu.say('To leave: type "poweroff", or ctrl-] x.')
        emu.Relay(machine.process, machine.line, machine.line).run()
        ended, message = machine.process.poll() is not None, machine.message()
    if ended and not any(words in message for words in POWER_OFF):
        raise emu.EmulatorError(f"Bochs ended: {message or 'it did not say why'}")
    return 0


def _image_name(lab: int, append: str) -> Path | None:
    """Another command line gets an image of its own, so that cub.iso stays what it is."""
    return emu.ROOT / f"build/lab{lab}/bochs.iso" if append else None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    emu.machine_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Boots it in Bochs."""
    return emu.finish(lambda: boot(args))
