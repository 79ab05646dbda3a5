"""One virtual machine under the grader: QEMU, its two serial ports and its monitor.

The clock that counts is the guest's.  QEMU runs with -icount, where every guest
instruction takes 2^SHIFT nanoseconds of virtual time, so a limit in guest seconds
is a number of instructions, and a slow, loaded or suspended host changes no verdict.
The limit itself is QEMU's ib700 watchdog, which counts virtual time and pauses the
machine; it is armed from outside, through the monitor.  A machine that stands still
is mostly found sooner (standstill.py).  The host's clock is only the backstop.

Processors that really run in parallel (icount=False) are beyond virtual time: there a
limit is in seconds of the host's processors that QEMU has had for each of the guest's.

All reading happens in the one thread there is, inside `_step`.  Command lines:
EMULATORS.md; the watchdog: QEMU, hw/watchdog/wdt_ib700.c; how QEMU is started and
where it may write: launch.py.
"""

from __future__ import annotations

import math
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from grader import cpustate, ktap, sandbox, where
from grader.dialogue import DEVICE_TIME, TIME_OVER, Dialogue, clean
from grader.launch import MONITOR, SERIAL, Options, command, confined
from grader.qmp import Qmp, QmpError
from grader.standstill import HALTED, Standstill, Watcher
from grader.symbols import Symbols
from grader.wires import Wires

WATCHDOG_MAX = 30           # guest seconds, the longest that ib700 counts


@dataclass(frozen=True)
class End:
    """How a boot ended.

    kind: passed failed skipped panicked hung rebooted powered-off output-limit ended-early
    timeout tampered, or exited (a boot that was no test left through the exit port).
    detail: one line.  where: a backtrace, one line a frame.  status: QEMU's exit status.
    """

    kind: str
    detail: str = ""
    where: tuple[str, ...] = ()
    status: int | None = None


class MachineError(Exception):
    """QEMU could not be started; one line."""


class Backstop(Exception):
    """The host's time is up."""


class Machine:
    """A machine from `start` (or `with`) to `close`; launch.Options lists the keywords."""

    def __init__(self, kernel, **options) -> None:
        self.options = Options(kernel, **options)
        self.console = Dialogue("console", self)
        self.com2 = Dialogue("com2", self)
        self.end: End | None = None
        self.schedule: int | None = None    # of a test that explored: the one that failed
        self.directory: Path | None = None
        self._process: subprocess.Popen | None = None
        self._wires: Wires | None = None
        self._symbols: Symbols | None = None
        self._limit = 0.0           # guest seconds that were armed; 0: no limit
        self._time_left = 0.0       # guest seconds beyond what the watchdog counts now
        self._last_chance = False
        self._deadline = math.inf

    # --- starting and ending -------------------------------------------------------------

    def __enter__(self) -> "Machine":
        return self.start()

    def __exit__(self, *_) -> None:
        self.close()

    def start(self) -> "Machine":
        """Starts QEMU, connects, arms the limit, lets the guest go; raises MachineError."""
        self.directory = Path(tempfile.mkdtemp(prefix="cub-"))
        self._deadline = time.monotonic() + self.options.patience
        try:
            self._launch()
            self._prepare()
        except (QmpError, Backstop) as error:
            said = self._stderr()
            self.close()
            raise MachineError(f"QEMU did not start: {said or error}") from None
        except BaseException:
            self.close()
            raise
        return self

    def _launch(self) -> None:
        options, at = self.options, self.directory
        self.qmp = Qmp(lambda data: self._wires.send("qmp", data), self._pump_for_answer)
        self._wires = Wires(at, SERIAL, [MONITOR], self._receive, options.room)
        with open(at / "stderr", "wb") as said:
            self._process = subprocess.Popen(
                confined(command(options, at), options, at), stdin=subprocess.DEVNULL, stdout=said,
                stderr=said, env=sandbox.environment(), start_new_session=True)
        if not self._wires.accept(lambda: self._process.poll() is None):
            raise QmpError("it ended at once")

    def _prepare(self) -> None:
        self.qmp.start()
        size = cpustate.mebibytes(self.options.memory) << 20
        self.watcher = Watcher(self.qmp, size, self.directory, exact=self.options.icount)
        self.watcher.prepare()
        if self.options.ktest:
            self._arm(self.options.limit)
        # No answer is awaited: a guest that ends at once may take QEMU with it before.
        self.qmp.send("cont")
        self.watcher.reset()

    def close(self) -> None:
        """Kills QEMU with its whole process group and removes its files.  Twice does no harm."""
        if self._process is not None:
            sandbox.kill_group(self._process)
        if self._wires is not None:
            self._wires.close()
        if self.directory is not None:
            shutil.rmtree(self.directory, ignore_errors=True)

    def _stderr(self) -> str:
        """The last line that QEMU wrote when it gave up."""
        try:
            self._process.wait(timeout=2)
            lines = (self.directory / "stderr").read_text(errors="replace").strip().splitlines()
        except (OSError, AttributeError, subprocess.TimeoutExpired):
            return ""
        return lines[-1] if lines else ""

    # --- what goes in and out ------------------------------------------------------------

    def _receive(self, port: str, data: bytes) -> None:
        if port == "qmp":
            self.qmp.feed(data)
            return
        dialogue = self.console if port == "console" else self.com2
        if len(dialogue.raw) <= self.options.output_limit:
            dialogue.feed(data)
        self.watcher.reset()

    def transmit(self, port: str, data: bytes) -> None:
        """Sends bytes to a serial port; QEMU hands them over as the guest takes them."""
        self._wires.send(port, data)
        self.watcher.reset()

    def _pump_for_answer(self) -> bool:
        """Reads while the monitor is to answer; False once QEMU is gone."""
        if time.monotonic() > self._deadline:
            raise Backstop
        self._wires.pump(0.2)
        return not self._wires.closed

    # --- time limits ---------------------------------------------------------------------

    def _arm(self, seconds: float) -> None:
        """Ends the machine after that many guest seconds from now."""
        self._limit = seconds
        self._count(seconds)

    def _count(self, seconds: float) -> None:
        """Lets the watchdog bite after so long (it counts in steps of two), or as long as it can."""
        now = min(seconds, WATCHDOG_MAX)
        self._time_left = seconds - now
        self.qmp.human(f"o /b 0x443 {15 - math.ceil(now / 2)}")

    def _disarm(self) -> None:
        self._time_left = self._limit = 0.0
        if self.end is None:
            self.qmp.human("o /b 0x441 0")

    def _time_is_up(self) -> bool:
        """The watchdog bit: whether that is the end, or the limit goes on."""
        if self._time_left > 0:
            self._count(self._time_left)
        elif self.options.ktest and ktap.read(self.com2.text).results and not self._last_chance:
            self._last_chance = True        # the verdict is there: let it leave
            self._count(2)
        elif not self.options.icount and self._processor_time() < self._limit:
            self._count(2)                  # the host was busy with others
        else:
            return True
        self.qmp.command("cont")
        return False

    def _processor_time(self) -> float:
        """Seconds that each of the guest's processors has had from the host, about."""
        return sandbox.processor_time(self._process.pid) / self.options.cpus

    # --- running -------------------------------------------------------------------------

    def run_until(self, met: Callable[[bool], bool], limit: float, patience: float = DEVICE_TIME) -> str:
        """Runs until met(False) holds and returns "", or returns why it never will
        (a dialogue's driver).  At the end met(True) is asked once more."""
        if met(self.end is not None):
            return ""
        self._deadline = time.monotonic() + self.options.patience
        try:
            if self.end is None:
                self._arm(limit)
            why = self._run_until(met, patience)
            self._disarm()
        except (QmpError, Backstop) as error:
            self._lost(error)
            why = self._ended()
        return "" if not why or met(True) else why

    def _run_until(self, met: Callable[[bool], bool], patience: float) -> str:
        while self.end is None:
            still = self._step(patience)
            if met(False):
                return ""
            if still and cpustate.dead(self.registers()):
                self.end = self._stands(still)
            elif still:
                return f"the machine stands still and waits for input ({self._place()})"
        return self._ended()

    def _ended(self) -> str:
        """The machine's end as a reason."""
        return f"the machine {SAID.get(self.end.kind, self.end.kind)}" + (
            f": {self.end.detail}" if self.end.detail else "")

    def wait(self, over: str = "") -> End:
        """Runs to the end of the boot and says how it was.  A console that stands at `over` is an end as well."""
        self._deadline = time.monotonic() + self.options.patience
        try:
            if self.end is None and not self._limit:
                self._arm(self.options.limit)
            while self.end is None:
                if still := self._step():
                    self.end = self._stands(still)
                elif self.end is None and over and self.console.text.endswith(over):
                    self.qmp.command("stop")
                    self.end = self._stands(Standstill(f"it waits at {over.strip()!r}"))
        except (QmpError, Backstop) as error:
            self._lost(error)
        return self.end

    def _step(self, patience: float = DEVICE_TIME) -> Standstill | None:
        """Reads a little and sets `end` if the machine has ended; returns a standstill if it
        stands still, which is an end only for whoever waits for no input."""
        if time.monotonic() > self._deadline:
            raise Backstop
        self._wires.pump(0.02)
        if max(len(self.console.raw), len(self.com2.raw)) > self.options.output_limit:
            self.end = self._cut("output-limit", f"more than {self.options.output_limit >> 10} KiB came on one port")
        elif self._wires.closed:
            self.end = self._left(self._process.wait())
        elif self.qmp.pending("WATCHDOG", "SHUTDOWN"):
            self._wires.drain()     # what was said before the event counts
            self._event()
        else:
            return self._poll(patience)
        return None

    def _poll(self, patience: float) -> Standstill | None:
        before = len(self.console.raw) + len(self.com2.raw)
        still = self.watcher.poll(patience)
        self._wires.drain() if still else None
        return still if before == len(self.console.raw) + len(self.com2.raw) else None

    def _event(self) -> None:
        """A watchdog's or a shutdown's event is pending: what does it mean?"""
        shutdown = self.qmp.take("SHUTDOWN")
        if shutdown is not None:
            self.end = self._reset() if shutdown.get("reason") == "guest-reset" else \
                self._cut("powered-off", "the kernel switched the machine off")
        elif self.qmp.take("WATCHDOG") is not None and self._time_is_up():
            dead = cpustate.dead(self.registers())
            self.end = self._stands(Standstill(HALTED if dead else f"{self._limit:g} s of {TIME_OVER}"))

    # --- ends ----------------------------------------------------------------------------

    def _left(self, status: int) -> End:
        """QEMU has exited."""
        if status < 0:
            return End("ended-early", f"QEMU was killed by signal {-status}", status=status)
        if not self.options.ktest:
            return End("exited", f"the kernel left through the exit port (exit status {status})", status=status)
        said = ktap.read(self.com2.text)
        verdict = ktap.judge(said, self.options.ktest, self.options.nonce, status)
        return End(verdict.kind, verdict.detail, tuple(said.trace), status)

    def _stands(self, still: Standstill) -> End:
        """The machine moves no more: a panic that stopped it, or it hangs."""
        if panic := panic_message(self.console.text):
            return self._cut("panicked", panic)
        begun = not self.options.ktest or ktap.read(self.com2.text).started
        return self._cut("hung", still.reason + ("" if begun else ", before its test began"))

    def _reset(self) -> End:
        log = (self.directory / "log").read_text(errors="replace")
        cpu = self.registers()[0]
        state = f"cr0={cpu['cr0']:#x} cr2={cpu['cr2']:#x} cr3={cpu['cr3']:#x} cr4={cpu['cr4']:#x} efer={cpu['efer']:#x}"
        if "Triple fault" in log:
            return self._cut("rebooted", f"triple fault at {self._place()} ({state})")
        return self._cut("rebooted", f"the kernel reset the machine at {self._place()}")

    def _cut(self, kind: str, detail: str) -> End:
        """An end that leaves QEMU paused, so that it can still be looked at."""
        if kind == "output-limit":
            self.qmp.command("stop")
        return End(kind, detail, self.where())

    def _lost(self, error: Exception) -> None:
        """QEMU went away during a command or refused it, or the host's time is up."""
        if isinstance(error, Backstop):
            self.end = End("timeout", f"no end after {self.options.patience:g} s of the host's time")
        elif self.end is None:
            # One that refused (its disk is full) lives on, and maybe stands still: then nothing closes.
            while (self._wires.pump(0.2) or not self._wires.closed) and time.monotonic() < self._deadline:
                pass
            self.end = self._left(self._process.wait()) if self._wires.closed else \
                End("timeout", f"QEMU's monitor: {error}")

    # --- looking from outside ------------------------------------------------------------

    @property
    def symbols(self) -> Symbols:
        """The kernel's symbols."""
        if self._symbols is None:
            self._symbols = Symbols.load(self.options.elf)
        return self._symbols

    def registers(self) -> list[dict[str, int]]:
        """The registers of every processor (cpustate.registers says which)."""
        return cpustate.registers(self.qmp.human("info registers -a"))

    def memory(self, address: int, length: int) -> bytes:
        """Bytes of guest memory by physical address (0xb8000: the VGA text screen)."""
        path = self.directory / "memory"
        self.qmp.command("pmemsave", val=address, size=length, filename=str(path))
        data = path.read_bytes()
        path.unlink()
        return data

    def where(self) -> tuple[str, ...]:
        """Where every processor is, with its callers: lines for a person."""
        return where.lines(self.qmp, self.symbols)

    def seen_from_outside(self) -> tuple[str, ...]:
        """`where`, also after the end as far as it is known; never fails (for reports)."""
        if self.end is not None and (self.end.where or self._process is None or self._process.poll() is not None):
            return self.end.where
        try:
            return self.where()
        except (QmpError, Backstop):
            return ()

    def _place(self) -> str:
        """Where the first processor is, in a word."""
        return self.symbols.name(self.registers()[0]["rip"])


SAID = {"exited": "has ended", "powered-off": "was switched off", "hung": "hangs",
        "rebooted": "was reset", "output-limit": "was stopped", "ended-early": "has ended",
        "timeout": "was given up"}


def panic_message(console: str) -> str:
    """The message of the last panic on a console, or an empty string."""
    said = [line for line in clean(console).split("\n") if line.startswith("panic: ")]
    return said[0][len("panic: "):] if said else ""
