"""Running a program of an archive on the Linux of the host: in a root directory made of it."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from grader import initrd, sandbox

# The host's Linux may be older than ours, or do without something: what it says is no student's fault.
on_the_host = pytest.mark.skipif(not os.environ.get("CUB_LONG"), reason="CUB_LONG=1: what the host's Linux says")
ENVIRONMENT = {"PATH": "/bin:/sbin:/usr/bin:/usr/sbin", "HOME": "/"}


def unpack(entries: list[initrd.Entry], root: Path) -> None:
    """The archive's files, directories and links; bubblewrap brings the devices."""
    linked: dict[int, Path] = {}
    root.chmod(0o755)
    for entry in entries:
        path = root / entry.name
        if stat.S_ISDIR(entry.mode):
            path.mkdir(exist_ok=True)
        elif stat.S_ISLNK(entry.mode):
            path.symlink_to(entry.data.decode())
        elif stat.S_ISREG(entry.mode) and entry.links > 1 and entry.inode in linked:
            path.hardlink_to(linked[entry.inode])
            path.write_bytes(path.read_bytes() or entry.data)
        elif stat.S_ISREG(entry.mode):
            path.write_bytes(entry.data)
            path.chmod(entry.mode & 0o777)
            linked[entry.inode] = path


def run(entries: list[initrd.Entry], root: Path, *words: str) -> tuple[str, int]:
    """What a program writes there, and how it ends; root: an empty directory. Read-only, as Cub's is."""
    if not sandbox.available():
        pytest.skip("bubblewrap does not work here")
    unpack(entries, root)
    environment = [word for name, value in ENVIRONMENT.items() for word in ("--setenv", name, value)]
    ran = subprocess.run(
        ["bwrap", "--ro-bind", root, "/", "--dev", "/dev", "--proc", "/proc", "--clearenv", *environment,
         "--unshare-pid", "--die-with-parent", "--chdir", "/", *words],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    return ran.stdout, ran.returncode


def recorded(path: Path, said: str) -> str:
    """The transcript, which CUB_RECORD=1 writes anew."""
    if os.environ.get("CUB_RECORD"):
        path.write_text(said)
    return path.read_text()
