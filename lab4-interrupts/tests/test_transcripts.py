"""Programs that tell what system calls do: Cub's output has to be Linux's, line by line.

Linux's was recorded (transcripts/*.txt), by running the same static binary on the host; the second
test here does that again, so a transcript is never a belief. CUB_RECORD=1 writes them anew.
"""

from __future__ import annotations

import difflib
import os
import subprocess
from pathlib import Path

import pytest

from grader import user as programs

TRANSCRIPTS = Path(__file__).parent / "transcripts"
PROGRAMS = ("filetest", "pthreads")


def on_linux(tree: Path, name: str) -> str:
    path = programs.programs(tree, 4)[name]
    ran = subprocess.run([path], cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


@pytest.mark.parametrize("name", PROGRAMS)
def test_linux(request, name):
    said = on_linux(Path(request.config.rootpath), name)
    transcript = TRANSCRIPTS / f"{name}.txt"
    if os.environ.get("CUB_RECORD"):
        transcript.write_text(said)
    assert said == transcript.read_text()


@pytest.mark.parametrize("name", PROGRAMS)
def test_cub(user, name):
    linux, cub = (TRANSCRIPTS / f"{name}.txt").read_text(), user(f"/bin/{name}").output
    different = difflib.unified_diff(linux.splitlines(), cub.splitlines(), "Linux", "Cub", n=1, lineterm="")
    if linux != cub:
        pytest.fail("\n".join(different), pytrace=False)
