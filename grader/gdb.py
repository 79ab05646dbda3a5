"""`make gdb`: QEMU behind, GDB in front, in one terminal.

QEMU starts stopped and listens for GDB on a unix socket in a temporary directory.  Its
serial ports come to us: a thread writes the console to the terminal while GDB has the
foreground, and takes from GDB what `cub type` types.  When GDB quits, QEMU is ended.

The kernel begins in 32-bit mode at physical addresses and ends up in long mode at
-2 GiB.  GDB stays in 64-bit mode all the time (QEMU always sends 64-bit registers), so
nothing breaks at the switch, and the boot files' symbols are loaded a second time at
their physical addresses.  TCG's breakpoints are addresses that it compares, never bytes
in memory: `break kmain` holds from the first instruction on.

With a test's name the machine is the grader's own (virtual time, seed, input): the same
boot as in `make grade`.  Read more: QEMU's manual, "GDB usage"; Cub's commands: gdbcub/.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Iterator, Sequence

from grader import emulator as emu, ktap, launch
from grader.symbols import Symbols
from grader.wires import Wires

KERNEL_BASE = 0xffffffff80000000
PYTHON = "import sys; sys.path.insert(0, {tree!r}); import grader.gdbcub; grader.gdbcub.start({at!r})"


class Session:
    """One QEMU and what goes between it and the terminal; it waits for GDB if there is one to come."""

    def __init__(self, options: launch.Options, extra: Sequence[str] = (), *, debugger: bool = False,
                 show: bool = True, files: Sequence[str] = ()) -> None:
        self.options, self.extra, self.debugger, self.show = options, list(extra), debugger, show
        self.files = {port: 0 for port in files}    # ports that are written to files; bytes read of each
        self.com2 = bytearray()
        self.process: subprocess.Popen | None = None
        self._shown = 0             # bytes of COM2 that were shown
        self._begun = b""           # of the console's last line, while it is not whole
        self._terminal = os.isatty(1)
        self._stop, self._asked = threading.Event(), threading.Event()

    def __enter__(self) -> "Session":
        self._directory = tempfile.TemporaryDirectory(prefix="cub-gdb-")
        self.at = Path(self._directory.name)
        self._wires = Wires(self.at, [port for port in launch.SERIAL if port not in self.files], [launch.MONITOR],
                            self._receive)
        self._typed = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._carry, daemon=True)
        try:
            self._typed.bind(str(self.at / "type"))
            self._typed.setblocking(False)
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _start(self) -> None:
        argv = launch.command(self.options, self.at) + self.extra
        for port in self.files:
            argv[argv.index(launch.serial(port, self.at))] = f"file,id={port},path={self.at / port}"
        if self.debugger:
            argv += ["-chardev", f"socket,id=gdb,path={self.at}/gdb,server=on,wait=off", "-gdb", "chardev:gdb"]
        else:
            argv.remove("-S")
            argv += ["-action", "shutdown=poweroff"]    # not pause: nobody would look at it
        with open(self.at / "stderr", "wb") as said:
            self.process = emu.start(argv, stdout=said, stderr=said)
        if not self._wires.accept(lambda: self.process.poll() is None):
            raise emu.EmulatorError(f"QEMU did not start: {self.said() or 'it did not say why'}")
        self._thread.start()

    def said(self) -> str:
        """The last line in which QEMU itself says something (a crash is followed by registers)."""
        lines = (self.at / "stderr").read_text(errors="replace").strip().splitlines()
        named = [line for line in lines if line.lower().startswith("qemu")]
        return (named or lines or [""])[-1]

    def _carry(self) -> None:
        """The thread: everything from and to the serial ports."""
        while not self._stop.is_set() and not self._wires.closed:
            self._wires.pump(0.05)
            self._read_files()
            if self._asked.is_set():
                self._asked.clear()
                self._wires.send("qmp", b'{"execute": "qmp_capabilities"} {"execute": "quit"}\n')
            with contextlib.suppress(BlockingIOError):
                self._wires.send("console", self._typed.recv(4096))
        self._read_files()

    def _read_files(self) -> None:
        for port, begin in self.files.items():
            with contextlib.suppress(OSError), open(self.at / port, "rb") as file:
                file.seek(begin)
                data = file.read()
                self.files[port] += len(data)
                self._receive(port, data) if data else None

    def _receive(self, port: str, data: bytes) -> None:
        if port == "com2":
            self.com2 += data
            *lines, _ = self.com2[self._shown:].split(b"\n")
            self._shown += sum(len(line) + 1 for line in lines)
            data = b"".join(b"COM2: " + line + b"\r\n" for line in lines)
        elif port == "console" and not self._terminal:
            data = self._whole_lines(data)
        if self.show and port != "qmp" and data:
            with contextlib.suppress(OSError):
                os.write(1, data)

    def _whole_lines(self, data: bytes) -> bytes:
        """Console output up to its last line end: GDB writes to the same pipe between our writes."""
        self._begun += data
        whole, end, self._begun = self._begun.rpartition(b"\n")
        return whole + end

    def wait(self, seconds: float) -> tuple[int, bool]:
        """QEMU's exit status, once all that it sent has been read, and whether it had to be
        asked to quit because it did not end within so many seconds."""
        late = False
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            late = True
            self._asked.set()
            try:
                status = self.process.wait(10)
            except subprocess.TimeoutExpired:
                raise emu.EmulatorError(f"QEMU did not end within {seconds:g} s, nor when asked to") from None
        self._thread.join(5)
        return status, late

    def verdict(self) -> str:
        """The test's verdict in a line, or an empty string if QEMU has not ended."""
        if not self.options.ktest:
            return ""
        status = self._status()
        if status is None:
            return ""
        self._thread.join(5)
        said = ktap.read(self.com2.decode(errors="replace"))
        verdict = ktap.judge(said, self.options.ktest, self.options.nonce, status)
        return f"{self.options.ktest}: {verdict.kind}{': ' if verdict.detail else ''}{verdict.detail}"

    def _status(self) -> int | None:
        """QEMU's exit status, or None if it goes on. It drops GDB a moment before it ends, so one
        whose test has told its result is waited for, and any other for a second."""
        began = time.monotonic()
        while self.process.poll() is None:
            told = re.search(rb"^(not )?ok ", self.com2, re.MULTILINE)
            if time.monotonic() - began > (10 if told else 1):
                return None
            time.sleep(0.02)
        return self.process.returncode

    def close(self) -> None:
        """Ends QEMU and removes what it left.  May be called twice."""
        self._stop.set()
        emu.end(self.process)
        if self._thread.is_alive():
            self._thread.join(5)
        if self.show and self._begun:
            with contextlib.suppress(OSError):
                os.write(1, self._begun + b"\n")
        self._begun = b""
        self._wires.close()
        self._typed.close()
        self._directory.cleanup()

    # --- the debugger --------------------------------------------------------------------

    def debug(self, commands: Sequence[str], *, batch: bool, replay: bool = False) -> int:
        """GDB in front until it quits; returns its status (of interest in batch mode)."""
        elf = self.options.elf
        (self.at / "session.json").write_text(json.dumps(
            {"replay": replay, "type": str(self.at / "type"), "entry": entry(elf), "low": list(low(elf))}))
        python = PYTHON.format(tree=str(emu.ROOT), at=str(self.at))
        argv = ["gdb", "-q", "-iex", "set confirm off", "-iex", "set pagination off",
                "-iex", f"directory {emu.ROOT}", "-ex", f"python {python}"]
        argv += [word for line in commands for word in ("-ex", line)]
        argv += ["-nx", "-batch"] if batch else []
        with unharmed():
            return subprocess.run([*argv, str(elf)], cwd=emu.ROOT).returncode


@contextlib.contextmanager
def unharmed() -> Iterator[None]:
    """Ctrl-C is for GDB, which has the foreground with us."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def entry(elf: Path) -> int:
    """The physical address of the kernel's first instruction."""
    return Symbols.load(elf).address("boot_entry") - KERNEL_BASE


def low(elf: Path) -> Iterator[tuple[str, int]]:
    """The objects with code that runs before paging, and the physical addresses of that code."""
    symbols = Symbols.load(elf)
    for path in sorted((elf.parent / "obj").glob("lab*/**/*.S.o")):
        listing = subprocess.run(["objdump", "-t", "-j", ".text.boot", str(path)],
                                 capture_output=True, text=True).stdout
        found = re.search(r"^([0-9a-f]+) g .*\s(\w+)$", listing, re.MULTILINE)
        if found and found[2] in symbols:
            yield str(path), symbols.address(found[2]) - KERNEL_BASE - int(found[1], 16)


def read_input(path: Path | None) -> bytes:
    """The bytes that a test takes from the host."""
    try:
        return path.read_bytes() if path else b""
    except OSError as error:
        raise emu.EmulatorError(f"cannot read {path}: {error.strerror}") from None


def number(word: str) -> int:
    """A seed, decimal or 0x hexadecimal."""
    return int(word, 0)


def test_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that name one boot of a test."""
    parser.add_argument("--test", default="", help="the KTEST or KPROBE to boot")
    parser.add_argument("--seed", type=number, default=1, help="its seed")
    parser.add_argument("--input", type=Path, help="a file with the bytes that it takes from the host")


def debugger_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that drive GDB from a script."""
    parser.add_argument("--command", action="append", default=[], help="a GDB command to begin with")
    parser.add_argument("--batch", action="store_true", help="quit after those commands")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    emu.machine_arguments(parser)
    emu.debug_argument(parser)
    test_arguments(parser)
    debugger_arguments(parser)
    parser.add_argument("--initrd", type=Path, help="an archive of programs (default: none, but the monitor)")


def run(args: argparse.Namespace) -> int:
    """Boots it stopped and runs GDB."""
    return emu.finish(lambda: debug(args))


def debug(args: argparse.Namespace) -> int:
    emu.need("gdb", emu.QEMU)
    kernel = emu.kernel(args.lab, tests=bool(args.test), debug=args.debug)
    memory, cpus = emu.machine(args.lab, args.memory, args.cpus)
    options = launch.Options(kernel, ktest=args.test, seed=args.seed, input=read_input(args.input),
                             append=args.append, memory=memory, cpus=cpus, icount=bool(args.test),
                             initrd=args.initrd)
    with Session(options, debugger=True) as session:
        status = session.debug(args.command, batch=args.batch)
        if verdict := session.verdict():
            print(verdict)
    return status if args.batch else 0
