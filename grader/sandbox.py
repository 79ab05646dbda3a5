"""Runs a program that may be hostile: a compiler on a stranger's file, QEMU on
a stranger's kernel.

The idea is two fences.  Bubblewrap (Debian's bubblewrap) gives the program a
root with only the system's programs and the paths named by the caller, private
/tmp, /dev and /proc, no network and its own process numbers, which die with it.
Resource limits (setrlimit(2), set by prlimit(1) so that no Python code runs
between fork and exec) bound processor seconds, memory, file size and processes.
A wall clock kills the whole group as the backstop.

Where bubblewrap cannot work (no user namespaces, some containers) the limits
stay and one line on stderr says what is missing.  CUB_SANDBOX=limits asks for
that form and silences the line.  More: bwrap(1), namespaces(7).
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Sequence

# What programs need of the system: nothing of /etc but the linker's cache and
# Debian's alternatives, no home directory, no /opt, no /var, no /run.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
          "/etc/ld.so.cache", "/etc/alternatives")
HOME = Path(__file__).resolve().parents[1]      # our own tree: the solution lies there
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "TMPDIR": "/tmp",
               "LC_ALL": "C"}
LOG_LIMIT = 4 << 20     # how much of a program's output is read back
MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Bounds for one process (processes: for the user); None leaves one as it is."""

    cpu: int | None = 60                    # seconds
    memory: int | None = 1024 * MEBIBYTE    # bytes of address space
    file_size: int | None = 64 * MEBIBYTE   # bytes in one file
    processes: int | None = 4096


@dataclass(frozen=True)
class Result:
    """How a run ended; `cut` says in words which limit ended it, or is empty."""

    returncode: int
    output: str         # stdout and stderr as they came, at most LOG_LIMIT bytes
    cut: str
    seconds: float
    late: bool = False  # the wall clock ended it

    @property
    def failed(self) -> bool:
        return bool(self.cut) or self.returncode != 0


@functools.lru_cache(maxsize=1)
def available() -> bool:
    """Whether bubblewrap works here; says so once when it does not.

    The answer is left in the environment, so that pytest's workers and other
    children neither probe nor complain again.
    """
    if os.environ.get("CUB_SANDBOX") in ("limits", "bwrap"):
        return os.environ["CUB_SANDBOX"] == "bwrap"
    reason = _probe()
    os.environ["CUB_SANDBOX"] = "limits" if reason else "bwrap"
    if reason:
        print(f"grader: warning: no sandbox, only resource limits ({reason})", file=sys.stderr)
    return not reason


def _probe() -> str:
    """Why bubblewrap does not work, or an empty string."""
    if not shutil.which("bwrap"):
        return "bubblewrap is not installed"
    try:
        probe = subprocess.run([*_bubble(cwd=Path("/"), readable=(), writable=(), covered={},
                                         network=False, devices=()), "true"],
                               stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if probe.returncode == 0 else (probe.stderr.strip() or "bwrap fails").splitlines()[0]


def _bubble(*, cwd: Path, readable: Iterable[Path], writable: Iterable[Path],
            covered: dict[Path, Path], network: bool, devices: Iterable[str]) -> list[str]:
    """bwrap and its options, without the program.  Later mounts cover earlier ones."""
    argv = ["bwrap", "--unshare-all", "--die-with-parent", "--cap-drop", "ALL"]
    if network:
        argv.append("--share-net")
    for path in SYSTEM:
        if os.path.islink(path):
            argv += ["--symlink", os.readlink(path), path]
        elif os.path.exists(path):
            argv += ["--ro-bind", path, path]
    if any(HOME.is_relative_to(path) for path in SYSTEM):      # /usr/src/cub: only what is named below is seen
        argv += ["--tmpfs", str(HOME)]
    # No /proc: nothing that runs here needs one, and inside a container it cannot be mounted.
    argv += ["--dev", "/dev", "--tmpfs", "/proc", "--tmpfs", "/tmp"]
    for device in devices:
        argv += ["--dev-bind-try", device, device]
    # Shorter paths first, so that a writable directory inside a readable tree wins.
    binds = [("--ro-bind", Path(p).resolve()) for p in readable]
    binds += [("--bind", Path(p).resolve()) for p in writable]
    for option, path in sorted(binds, key=lambda bind: (len(bind[1].parts), bind[0] == "--bind")):
        argv += [option, str(path), str(path)]
    for path, cover in covered.items():
        argv += ["--ro-bind", str(Path(cover).resolve()), str(Path(path).resolve())]
    return [*argv, "--chdir", str(Path(cwd).resolve())]


def _prlimit(limits: Limits) -> list[str]:
    """prlimit(1) with those limits and no core files, without the program."""
    argv = ["prlimit", "--core=0"]
    if limits.cpu is not None:      # soft limit: SIGXCPU; the hard one is SIGKILL
        argv.append(f"--cpu={limits.cpu}:{limits.cpu + 2}")
    for option, value in (("as", limits.memory), ("fsize", limits.file_size),
                          ("nproc", limits.processes)):
        if value is not None:
            argv.append(f"--{option}={value}")
    return argv


def wrap(argv: Sequence[str], *, cwd: Path, readable: Iterable[Path] = (),
         writable: Iterable[Path] = (), covered: dict[Path, Path] | None = None,
         limits: Limits = Limits(), network: bool = False,
         devices: Iterable[str] = ()) -> list[str]:
    """The command line that runs `argv` behind both fences.

    `cwd` is readable.  `covered` maps a file or directory to what is seen in its
    place.  For a long-lived program (QEMU) start this with start_new_session=True
    and end it with `kill_group`; unix sockets must lie in a `writable` directory.
    The program dies with the thread that started it (prctl(2), PR_SET_PDEATHSIG).
    """
    if not available():
        return [*_prlimit(limits), *map(str, argv)]
    bubble = _bubble(cwd=cwd, readable=[cwd, *readable], writable=writable,
                     covered=covered or {}, network=network, devices=devices)
    return [*_prlimit(limits), *bubble, *map(str, argv)]


def kill_group(process: subprocess.Popen) -> None:
    """Kills a process started with start_new_session=True and all of its group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()


def processor_time(pid: int) -> float:
    """The processor time, in seconds, that a process and all below it have had (proc(5), stat)."""
    used, parents = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            fields = path.read_text().rpartition(")")[2].split()
            parents[int(path.parent.name)] = int(fields[1])
            used[int(path.parent.name)] = sum(map(int, fields[11:13]))
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(used.get(member, 0) for member in family) / os.sysconf("SC_CLK_TCK")


def environment() -> dict[str, str]:
    """The environment of a sandboxed program: the same for everyone, no secrets."""
    env = dict(ENVIRONMENT)
    if not available():     # no private /tmp, so keep the user's own
        env["TMPDIR"] = tempfile.gettempdir()
    return env


def run(argv: Sequence[str], *, cwd: Path, readable: Iterable[Path] = (),
        writable: Iterable[Path] = (), covered: dict[Path, Path] | None = None,
        cpu: int | None = 60, memory: int | None = 1024 * MEBIBYTE,
        file_size: int | None = 64 * MEBIBYTE, processes: int | None = 4096,
        wall: float = 120, network: bool = False, env: dict[str, str] | None = None) -> Result:
    """Runs a program to its end, or to the first limit that it meets.

    Its output goes to a file, which the file-size limit bounds like any other.
    """
    limits = Limits(cpu, memory, file_size, processes)
    command = wrap(argv, cwd=cwd, readable=readable, writable=writable, covered=covered,
                   limits=limits, network=network)
    start = time.monotonic()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, cwd=cwd, env=environment() | (env or {}),
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   start_new_session=True)
        late = False
        try:
            process.wait(timeout=wall)
        except subprocess.TimeoutExpired:
            late = True
        finally:            # also on Ctrl-C: nothing is left behind
            kill_group(process)
        log.seek(0)
        output = log.read(LOG_LIMIT).decode("utf-8", "replace")
    cut = f"ran longer than {wall:g} s" if late else _cut(process.returncode, limits)
    return Result(process.returncode, output, cut, time.monotonic() - start, late)


def _cut(status: int, limits: Limits) -> str:
    """Names the limit behind an exit status (a shell or bwrap reports 128 + signal)."""
    number = -status if status < 0 else status - 128
    if number == signal.SIGXCPU:
        return f"used more than {limits.cpu} s of processor time"
    if number == signal.SIGXFSZ:
        return f"wrote a file larger than {limits.file_size // MEBIBYTE} MiB"
    return ""
