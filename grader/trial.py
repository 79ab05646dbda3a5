"""Runs the tests of an exercise against a tree, in a pytest of its own.

Mutants, the handout's verification and `watch` all ask the same question: what do
this exercise's tests say of that tree?  Each question gets a fresh process, so
that no answer depends on another; the plugin leaves the results in a directory
(verdicts.py).  `make grade` does more with them: see grade.py.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from grader import engine, sandbox, stage
from grader.verdicts import Result, Run

SECONDS = 1800      # for all tests; each boot has its own, much lower limits


@dataclass(frozen=True)
class Trial:
    """All results in the order in which tests ended; `trouble` says why there are none."""

    results: tuple[Result, ...]
    trouble: str = ""

    def first(self, outcome: str) -> Result | None:
        return next((r for r in self.results if r.outcome == outcome), None)


def run(tree: Path, directory: str, exercise: str | None = None, *, stop: bool = False,
        only: str = "", without: str = "", jobs: int = 1, seed: int | None = None, root: Path = stage.ROOT,
        abandon: Callable[[], bool] = lambda: False,
        heard: Callable[[list[Result]], None] = lambda results: None,
        keep: Path | None = None) -> Trial:
    """Runs the tests of an exercise ("1.2,1.3": of several; None: of the whole lab).

    The tests are those of `root`'s lab directory, the kernel is the tree's, which has just been built.
    stop: end at the first failure, which nobody will read: it is not made shorter (modelcheck.py).
    only: this test alone (Result.id).  without: all but this one.  seed: what the tests' inputs are drawn from.
    abandon: asked now and then whether the answer is still wanted.  heard: called now
    and then with the results so far.  keep: a directory under `root` in which the inputs
    stay that the commands to run a test again name.
    """
    with tempfile.TemporaryDirectory(prefix="cub-run-") as scratch:
        argv = [sys.executable, "-m", "pytest", "-q", "--tb=short", f"--cub-run={scratch}",
                f"--cub-tree={tree}", "--cub-built"]
        argv += [f"--cub-exercise={exercise}"] if exercise else []
        argv += [f"--cub-seed={seed:#x}"] if seed is not None else []
        argv += ["-x"] if stop else []
        argv += [f"--deselect={without}"] if without else []
        argv += [f"--cub-inputs={(keep / 'inputs').relative_to(root)}"] if keep else []
        argv += ["-n", str(jobs)] if jobs > 1 else ["-p", "no:xdist"]
        argv += [only] if only else [f"{directory}/{kind}" for kind in ("tests", "hidden")
                                     if (root / directory / kind).is_dir()]
        log = Path(scratch) / "log"
        with open(log, "wb") as said:
            process = subprocess.Popen(argv, cwd=root, stdin=subprocess.DEVNULL, stdout=said,
                                       stderr=said, start_new_session=True,
                                       env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
                                       | ({"CUB_SHRINK": "0"} if stop else {}))
        try:
            if why := _wait(process, abandon, lambda: heard(Run(Path(scratch)).results())):
                return Trial((), why)
        finally:        # also on Ctrl-C
            sandbox.kill_group(process)
            if keep:
                engine.keep_inputs(Run(Path(scratch)), keep)
        results = tuple(Run(Path(scratch)).results())
        said = log.read_text(errors="replace")
    return Trial(results, "" if results else _trouble(said, process.returncode))


def _wait(process: subprocess.Popen, abandon: Callable[[], bool], look: Callable[[], None]) -> str:
    """Waits for the tests' end; returns why not, if not."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            process.wait(timeout=0.1)
            return ""
        except subprocess.TimeoutExpired:
            look()
            if abandon():
                return "abandoned"
            if time.monotonic() > deadline:
                return f"the tests took longer than {SECONDS} s"


def _trouble(said: str, status: int) -> str:
    """Why pytest brought no result: one line of what it said."""
    lines = [line for line in said.strip().splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("ERROR", "E  "))]
    return "no test was found" if status == 5 else (telling or lines or ["pytest fails"])[-1]
