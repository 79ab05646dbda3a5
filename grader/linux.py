"""Linux in the same virtual machine: what our semantics and figures are measured against.

Debian's cloud kernel is fetched from its package mirror and unpacked, not installed, into
build/linux/, once; CUB_LINUX names another image.  It boots the same initrd as Cub does, on
the same QEMU, so a program's output on both can be compared byte by byte, and its time as a
ratio.

    python3 -m grader.linux INITRD [words for its command line]

boots it and prints its console.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from grader import emulator as emu

PACKAGE = "linux-image-cloud-amd64"     # depends on the newest one of that name with a version
APPEND = "console=ttyS0 quiet panic=-1 mitigations=off"
CPU = "max,-la57"     # without addresses that Cub does not have
PATIENCE = 300.0                        # seconds for a boot: five on an idle host
DOWNLOAD = 600.0


class NoLinux(Exception):
    """There is no Linux to compare with; one line says why."""


def image() -> Path:
    """The kernel's image, fetched if need be; raises NoLinux."""
    if named := os.environ.get("CUB_LINUX"):
        if not Path(named).is_file():
            raise NoLinux(f"CUB_LINUX names {named}, which is no file")
        return Path(named)
    where = emu.ROOT / "build/linux"
    found = sorted(where.glob("boot/vmlinuz-*"))
    return found[-1] if found else _fetched(where)


def _fetched(where: Path) -> Path:
    """Unpacks the package beside its place, so that nobody sees half of one."""
    where.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".linux-", dir=where.parent) as scratch:
        _run("apt-get", "download", _package(), cwd=scratch)
        (archive,) = Path(scratch).glob("*.deb")
        _run("dpkg-deb", "-x", archive.name, "tree", cwd=scratch)
        try:
            (Path(scratch) / "tree").rename(where)
        except OSError:
            if not where.is_dir():          # else somebody else was faster
                raise
    found = sorted(where.glob("boot/vmlinuz-*"))
    if not found:
        raise NoLinux(f"Debian's package {PACKAGE} holds no image")
    return found[-1]


def _package() -> str:
    """The package with the image, which the one without a version depends on."""
    said = _run("apt-cache", "depends", PACKAGE)
    if match := re.search(r"Depends: (linux-image-\S+)", said):
        return match[1]
    raise NoLinux(f"apt knows no package {PACKAGE}")


def _run(*words: str, cwd: str | None = None) -> str:
    try:
        return subprocess.run(words, cwd=cwd, check=True, text=True, timeout=DOWNLOAD, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout
    except FileNotFoundError:
        raise NoLinux(f"there is no {words[0]}") from None
    except subprocess.TimeoutExpired:
        raise NoLinux(f"{' '.join(words)} took longer than {DOWNLOAD:g} s") from None
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or "").strip().splitlines() or ["it said nothing"]
        raise NoLinux(f"{' '.join(words)}: {lines[-1]}") from None


def boot(initrd: Path, append: str = "", **options) -> str:
    """Boots that initrd on Linux until its /init ends the machine (see `run`); raises NoLinux, too."""
    return run("Linux", image(), initrd, append, **options)


def run(name: str, kernel: Path, initrd: Path, append: str = "", *, memory: str = "512M", cpus: int = 1,
        icount: bool = False, patience: float = PATIENCE) -> str:
    """Boots that initrd with a kernel, Cub's or Linux's, until its /init ends the machine; what came over
    the console, with plain line ends.  Raises EmulatorError if it does not end."""
    with tempfile.TemporaryDirectory(prefix="cub-linux-") as scratch:
        console = Path(scratch) / "console"
        argv = [emu.QEMU, "-machine", "q35", "-cpu", CPU, "-smp", str(cpus), "-m", memory, "-nodefaults",
                "-no-user-config", "-display", "none", "-nic", "none", "-no-reboot",
                *(["-icount", "shift=0,sleep=off"] if icount else ["-accel", "tcg,thread=multi"]),
                "-serial", f"file:{console}", "-kernel", str(kernel), "-initrd", str(initrd),
                "-append", f"{APPEND} {append}".strip()]
        process = emu.start(argv, stderr=subprocess.DEVNULL)
        try:
            ended = _ended(process, patience)
        finally:
            emu.end(process)
        said = console.read_text(errors="replace").replace("\r\n", "\n")
        if not ended:
            raise emu.EmulatorError(f"{name} did not end within {patience:g} s; it said at last:\n"
                                    f"{said[-400:]}")
        return said


def _ended(process: subprocess.Popen, patience: float) -> bool:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        try:
            process.wait(0.2)
            return True
        except subprocess.TimeoutExpired:
            continue
    return False


def main(argv: list[str]) -> int:
    """Boots an initrd and prints what it said."""
    try:
        print(boot(Path(argv[0]), " ".join(argv[1:])), end="")
    except (NoLinux, emu.EmulatorError) as error:
        print(f"linux: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
