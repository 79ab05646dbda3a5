"""User programs: building them, and the initrds that hold them.

A stage's initrd has the programs of lab4-interrupts/user/ (and later labs') in /bin, /init
among them, and Debian's busybox-static with its names. Building is kernel.mk's neighbour,
user.mk; the archive is made by initrd.py.
"""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

from grader import initrd
from grader.build import GRADER, locked
from grader.emulator import EmulatorError

RULES = GRADER / "user.mk"
BUSYBOX = Path("/bin/busybox")
FIRST_LAB = 4       # the first that runs programs


class UserError(EmulatorError):
    """A program that could not be built; what the compiler said."""


def programs(tree: Path, lab: int) -> dict[str, Path]:
    """Builds a tree's user programs up to that lab: name to file; raises UserError."""
    where = Path(tree).resolve() / "build" / f"lab{lab}"
    with locked(where / ".user.lock"):
        made = subprocess.run(["make", "--no-print-directory", "-f", str(RULES), f"LAB={lab}",
                               f"BUILD={where.relative_to(Path(tree).resolve())}"],
                              cwd=tree, capture_output=True, text=True)
    if made.returncode:
        raise UserError(made.stderr.strip() or made.stdout.strip())
    return {path.name: path for path in sorted((where / "user").iterdir()) if path.is_file()}


@cache
def applets() -> tuple[str, ...]:
    """The names that Debian's busybox answers to; none without it."""
    if not BUSYBOX.exists():
        return ()
    said = subprocess.run([str(BUSYBOX), "--list"], capture_output=True, text=True, check=True)
    return tuple(name for name in said.stdout.split() if name != "busybox")


def entries(tree: Path, lab: int) -> list[initrd.Entry]:
    """What a stage's initrd has."""
    made = programs(tree, lab)
    files = {f"bin/{name}": path for name, path in made.items() if name != "init"}
    if "init" in made:
        files["init"] = made["init"]
    return initrd.programs(files, BUSYBOX if BUSYBOX.exists() else None, applets())


def image(tree: Path, lab: int) -> Path:
    """A stage's initrd, as a file."""
    path = Path(tree).resolve() / "build" / f"lab{lab}" / "initrd.cpio"
    data = initrd.archive(entries(tree, lab))
    if not path.exists() or path.read_bytes() != data:
        new = path.with_suffix(f".{os.getpid()}")
        new.write_bytes(data)
        os.replace(new, path)       # somebody may be booting the old one
    return path
