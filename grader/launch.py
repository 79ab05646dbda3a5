"""QEMU's command line for a boot under the grader, and the fence around it."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Sequence

from grader import cpustate, sandbox
from grader.wires import ROOM

QEMU = "qemu-system-x86_64"
SERIAL, MONITOR = ("console", "com2"), "qmp"
SHIFT = 3       # 8 ns an instruction: 2 guest seconds are 250 million of them
QUICK_FIRMWARE = Path("/usr/share/qemu/qboot.rom")      # 0.1 s less than SeaBIOS; no VGA, no disks
SECCOMP = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"


@dataclass
class Options:
    """What to boot and how."""

    kernel: Any                         # a build.Kernel or the path of an ELF file
    ktest: str = ""                     # run this test of a TESTS kernel
    seed: int = 1                       # for that test
    input: bytes = b""                  # for that test, through fw_cfg
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))
    append: str = ""                    # more of the command line
    memory: str = "64M"
    cpus: int = 1
    cpu: str = "max"                    # QEMU's model, for example "max,-smep"
    vga: bool = False                   # a VGA card, for the text screen
    iso: Path | None = None             # boot this CD image, not the kernel
    initrd: Path | bytes | None = None  # an archive of programs: a file, or what is in it
    icount: bool = True                 # False: real time and true parallelism
    alone: bool = False                 # nobody talks to it: time in which it idles is skipped
    limit: float = 2                    # guest seconds until a boot counts as hung
    firmware: str = ""                  # "quick", "bios" or a file; default: quick for tests and programs
    extra: Sequence[str] = ()           # more options for QEMU
    readable: Sequence[Path] = ()       # files that those options name
    backstop: float = 120.0             # seconds of wall time; without icount it is patience
    output_limit: int = 4 << 20         # bytes a port
    room: int = ROOM                    # bytes a port that the guest may be ahead of us (wires.py)

    @property
    def elf(self) -> Path:
        """The kernel's ELF file."""
        return Path(getattr(self.kernel, "elf", self.kernel)).resolve()

    @property
    def patience(self) -> float:
        """The backstop: where only the host's processors count, they may have much else to do."""
        return self.backstop if self.icount else 5 * self.backstop

    @property
    def cmdline(self) -> str:
        """The kernel's command line."""
        words = [self.append] if self.append else []
        if self.ktest:
            words += [f"ktest={self.ktest}", f"seed={self.seed:#x}"]
        return " ".join(words)


def command(options: Options, at: Path) -> list[str]:
    """QEMU's command line; `at` is the directory of its wires and files."""
    plain = not options.iso and not options.extra
    argv = [QEMU, "-no-user-config", "-nodefaults", "-display", "none", "-nic", "none",
            "-machine", "q35,sata=off" if plain else "q35", "-cpu", options.cpu,
            "-m", options.memory, "-smp", str(options.cpus), "-vga", "std" if options.vga else "none",
            "-S", "-no-reboot", "-action", "watchdog=pause,shutdown=pause", "-device", "ib700",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-sandbox", SECCOMP,
            "-d", "cpu_reset", "-D", str(at / "log")]
    sleep = "off" if options.ktest or options.alone else "on"
    argv += ["-icount", f"shift={SHIFT},sleep={sleep}"] if options.icount else ["-accel", "tcg,thread=multi"]
    for port in SERIAL:
        argv += ["-chardev", serial(port, at)]
    argv += ["-chardev", f"socket,id={MONITOR},path={at / MONITOR}"]      # the last: see wires.py
    argv += ["-serial", "chardev:console", "-serial", "chardev:com2", "-mon", f"chardev={MONITOR},mode=control"]
    argv += _firmware(options) + _handed_in(options, at)
    if options.iso:
        argv += ["-cdrom", str(Path(options.iso).resolve())]
    else:
        argv += ["-kernel", str(options.elf), "-append", options.cmdline] + _initrd(options, at)
    return argv + [str(word) for word in options.extra]


def serial(port: str, at: Path) -> str:
    """The character device behind a serial port."""
    return f"pipe,id={port},path={at / port}"


def _initrd(options: Options, at: Path) -> list[str]:
    if options.initrd is None:
        return []
    path = options.initrd
    if isinstance(path, bytes):
        path = at / "initrd"
        path.write_bytes(options.initrd)
    return ["-initrd", str(Path(path).resolve())]


def _firmware(options: Options) -> list[str]:
    tested = options.ktest or options.initrd is not None
    quick = options.firmware == "quick" or (
        not options.firmware and tested and not (options.vga or options.iso or options.extra))
    if quick:
        return ["-bios", str(QUICK_FIRMWARE)] if QUICK_FIRMWARE.exists() else []
    return ["-bios", options.firmware] if options.firmware not in ("", "bios") else []


def _handed_in(options: Options, at: Path) -> list[str]:
    """What the kernel finds behind fw_cfg."""
    argv = []
    for name, data in (("nonce", options.nonce.encode()), ("input", options.input)):
        if data:
            (at / name).write_bytes(data)
            argv += ["-fw_cfg", f"name=opt/org.cub/{name},file={at / name}"]
    return argv


def confined(argv: list[str], options: Options, at: Path) -> list[str]:
    """The same behind the sandbox: no network, nothing writable but its own directory."""
    readable = [options.elf.parent, *map(Path, options.readable)]
    if options.iso:
        readable.append(Path(options.iso).resolve().parent)
    if isinstance(options.initrd, Path):
        readable.append(options.initrd.resolve())
    file_size = (cpustate.mebibytes(options.memory) + 64) << 20     # a look at memory is a file
    limits = sandbox.Limits(cpu=int(options.backstop) * 2, memory=None, processes=None, file_size=file_size)
    if not sandbox.available():
        argv = mortal() + argv
    return sandbox.wrap(argv, cwd=at, readable=readable, writable=[at], limits=limits)


def mortal() -> list[str]:
    """A prefix for a command line: the program ends when the one that started it does."""
    return ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
