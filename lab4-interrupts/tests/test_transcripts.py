"""Programs that tell what system calls do: Cub's output has to be Linux's, line by line.

Linux's was recorded (transcripts/*.txt), by running the same static binary on the host; CUB_LONG=1
does that again, so a transcript is never a belief. CUB_RECORD=1 writes them anew, too. So was that
of hostile, whose parts other tests run.
"""

from __future__ import annotations

import subprocess
from importlib import import_module
from pathlib import Path

import pytest

from grader import user as programs

linux = import_module("lab4-interrupts.tests.linux")
transcripts = import_module("lab4-interrupts.tests.transcripts")

TRANSCRIPTS = Path(__file__).parent / "transcripts"
PROGRAMS = ("filetest", "pthreads")


def on_linux(tree: Path, name: str) -> str:
    path = programs.programs(tree, 4)[name]
    ran = subprocess.run([path], cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


@linux.on_the_host
@pytest.mark.parametrize("name, where", [*((name, TRANSCRIPTS / f"{name}.txt") for name in PROGRAMS),
                                         ("hostile", transcripts.HERE / "hostile.expected")])
def test_linux(request, name, where):
    said = on_linux(Path(request.config.rootpath), name)
    assert said == linux.recorded(where, said)


@pytest.mark.parametrize("name", PROGRAMS)
def test_cub(user, name):
    transcripts.same((TRANSCRIPTS / f"{name}.txt").read_text(), user(f"/bin/{name}").output)
