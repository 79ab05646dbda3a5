"""Debian's busybox-static, unmodified: its shell and its programs.

A script's output is compared with Linux's: recorded in transcripts/, from the host in a root
directory made of the same archive (bubblewrap). CUB_RECORD=1 records anew.
"""

from __future__ import annotations

import difflib
import os
import stat
import subprocess
from pathlib import Path

import pytest

from grader import initrd, sandbox
from grader import user as programs

HERE = Path(__file__).parent
SCRIPTS = {"tour": ("/bin/ash", 0), "sh": ("/bin/sh", 7)}       # who runs it, and how it ends

if not programs.BUSYBOX.exists():
    pytest.skip("Debian's busybox-static is not there", allow_module_level=True)


def script(name: str) -> str:
    return (HERE / f"scripts/{name}.sh").read_text()


def transcript(name: str) -> Path:
    return HERE / f"transcripts/{name}.txt"


def unpacked(entries: list[initrd.Entry], root: Path) -> None:
    """The archive's files, directories and links; bubblewrap brings the devices."""
    for entry in entries:
        path = root / entry.name
        if stat.S_ISDIR(entry.mode):
            path.mkdir()
        elif stat.S_ISLNK(entry.mode):
            path.symlink_to(entry.data.decode())
        elif stat.S_ISREG(entry.mode):
            path.write_bytes(entry.data)
            path.chmod(entry.mode & 0o777)


def on_linux(tree: Path, root: Path, name: str) -> tuple[str, int]:
    unpacked(programs.entries(tree, 4) + [initrd.file("etc/script", script(name).encode())], root)
    ran = subprocess.run(
        ["bwrap", "--ro-bind", root, "/", "--dev", "/dev", "--proc", "/proc", "--clearenv", "--setenv", "PATH",
         "/bin:/sbin:/usr/bin:/usr/sbin", "--setenv", "HOME", "/", "--unshare-pid", "--die-with-parent", "--chdir", "/",
         SCRIPTS[name][0], "/etc/script"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    return ran.stdout, ran.returncode


@pytest.mark.parametrize("name", SCRIPTS)
def test_linux(request, tmp_path, name):
    if not sandbox.available():
        pytest.skip("bubblewrap does not work here")
    said, status = on_linux(Path(request.config.rootpath), tmp_path, name)
    if os.environ.get("CUB_RECORD"):
        transcript(name).write_text(said)
    assert status == SCRIPTS[name][1]
    assert said == transcript(name).read_text()


@pytest.mark.parametrize("name", SCRIPTS)
def test_cub(user, name):
    shell, status = SCRIPTS[name]
    linux = transcript(name).read_text()
    cub = user(shell, "/etc/script", files={"etc/script": script(name)}, status=status).output
    different = difflib.unified_diff(linux.splitlines(), cub.splitlines(), "Linux", "Cub", n=1, lineterm="")
    if linux != cub:
        pytest.fail("\n".join(different), pytrace=False)
