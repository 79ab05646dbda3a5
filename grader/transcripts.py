"""What programs say on Linux, recorded: Cub has to say the same.

    python3 -m grader.transcripts NAME ...

runs these user programs on Linux (linux.py), all in one boot, with what labN-*/tests/files has in
the root directory, and writes labN-*/tests/NAME.expected, which is committed: so a grade needs no Linux, and our semantics are
Linux's by measurement.  CUB_LONG=1 lets the tests record again, and compare.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path

from grader import emulator as emu, initrd, lab as labs, linux, user

LIMIT = 120     # seconds for a program
BEGIN, END = "=== {} ===\n", re.compile(r"=== status (\d+) ===\n")
KERNELS = re.compile(r"\[ *\d+\.\d+\] .*\n")    # Linux's own messages come between a program's lines


def place(tree: Path, lab: int, name: str) -> Path:
    """Where a program's transcript lies: in the lab that has the program."""
    found = [where for number, where in labs.directories(tree).items()
             if number <= lab and (where / f"user/{name}.c").is_file()]
    if not found:
        raise user.UserError(f"no lab up to {lab} has a program {name}")
    return found[-1] / f"tests/{name}.expected"


def recorded(tree: Path, lab: int, names: list[str]) -> dict[str, str]:
    """What each program says on Linux; raises NoLinux, EmulatorError, UserError."""
    script = "".join(f"echo '{BEGIN.format(name).strip()}'\ntimeout {LIMIT} /bin/{name} 2>&1\n"
                     'echo "=== status $? ==="\n' for name in names)
    files = [entry for where in labs.directories(tree).values() for entry in initrd.tree(where / "tests/files")]
    entries = [*user.entries(tree, lab), *files, initrd.file("bin/all", f"#!/bin/sh\n{script}".encode())]
    with tempfile.TemporaryDirectory(prefix="cub-transcripts-") as scratch:
        image = Path(scratch) / "initrd"
        image.write_bytes(initrd.archive(entries))
        said = KERNELS.sub("", linux.boot(image, "-- /bin/all"))
    return {name: section(said, name) for name in names}


def section(said: str, name: str) -> str:
    """A program's part of what came over the console."""
    _, begun, rest = said.partition(BEGIN.format(name))
    ended = END.search(rest)
    if not begun or not ended:
        raise emu.EmulatorError(f"{name} did not run to its end on Linux: {said[-400:]}")
    if ended[1] != "0":
        raise emu.EmulatorError(f"{name} ended with status {ended[1]} on Linux: {rest[:ended.start()][-400:]}")
    return rest[:ended.start()]


def main(argv: list[str]) -> int:
    """Records."""
    parser = argparse.ArgumentParser(prog="transcripts", description="record what programs say on Linux")
    parser.add_argument("--lab", type=int, default=4)
    parser.add_argument("names", nargs="+", metavar="NAME")
    args = parser.parse_args(argv)
    try:
        for name, text in recorded(emu.ROOT, args.lab, args.names).items():
            path = place(emu.ROOT, args.lab, name)
            path.write_text(text)
            print(path.relative_to(emu.ROOT))
    except (linux.NoLinux, emu.EmulatorError, user.UserError) as error:
        print(f"transcripts: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
