"""Runs pytest for a grade and hands on results as they come.

pytest is a process of its own whose chatter goes to a log file: whatever happens to
it, this side lives on and writes the reports.  Results arrive through the run's
directory (verdicts.py).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from grader import sandbox
from grader.lab import Lab
from grader.launch import mortal
from grader.verdicts import Result, Run

PACKAGE = Path(__file__).resolve().parent.parent     # where grader/ lies
LOOK = 0.1              # seconds between two looks at the results
QUIET = 3600            # seconds after which no test's end means that none will come
ORDERLY = (0, 1, 5)     # pytest's exit statuses after a whole run (5: no tests)


@dataclass
class Job:
    """One run of tests, on kernels that have been built."""

    lab: Lab
    root: Path          # whose tests are run
    tree: Path          # whose kernel is judged
    seed: int
    jobs: int
    directory: Path
    exercises: list[str] = field(default_factory=list)      # "floor": what is none
    trees: dict[str, Path] = field(default_factory=dict)    # for exercises judged by themselves
    stop_first: bool = False                                # stop at the first failure


class EngineError(Exception):
    """pytest could not run the tests; one block for a person."""


class Cut(Exception):
    """The run was ended from outside."""


def run(job: Job, heard: Callable[[list[Result], list[Result]], None]) -> None:
    """Runs the tests; heard(collected, results) is called whenever something is new.

    Raises EngineError when the tests could not be run, Cut on SIGINT or SIGTERM or
    when pytest was killed.
    """
    job.directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="cub-") as scratch, open(job.directory / "pytest.log", "wb") as log:
        record = Run(Path(scratch) / "run")
        process = subprocess.Popen(_command(job, record), cwd=job.root, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=log, start_new_session=True, env=_environment(scratch))
        try:
            _watch(process, record, heard)
        finally:
            sandbox.kill_group(process)
            heard(record.tests(), record.results())
            keep_inputs(record, job.directory)
        _check(process.returncode, record, job.directory / "pytest.log")


def _environment(scratch: str) -> dict[str, str]:
    """Ours, with a directory for temporary files that goes when the run is over."""
    return os.environ | {"TMPDIR": scratch, "PYTHONPATH": str(PACKAGE), "PYTHONDONTWRITEBYTECODE": "1"}


def _command(job: Job, record: Run) -> list[str]:
    tests = [str(path) for name in ("tests", "hidden") if (path := job.root / job.lab.directory / name).is_dir()]
    argv = [*mortal(), sys.executable, "-m", "pytest", "-q", "--tb=short", *tests, "--cub-tree", str(job.tree),
            "--cub-built", "--cub-run", str(record.directory), "--cub-seed", hex(job.seed),
            "--cub-lab", str(job.lab.number)]
    inputs = job.directory / "inputs"
    argv += ["--cub-inputs", str(inputs.relative_to(job.root) if inputs.is_relative_to(job.root) else inputs)]
    if job.jobs > 1:
        argv += ["-n", str(job.jobs)]
    if job.exercises:
        argv += ["--cub-exercise", ",".join(job.exercises)]
    if job.stop_first:
        argv += ["--exitfirst"]
    if job.trees:
        table = record.directory / "trees.json"
        table.write_text(json.dumps({name: str(tree) for name, tree in job.trees.items()}))
        argv += ["--cub-trees", str(table)]
    return argv


def _watch(process: subprocess.Popen, record: Run, heard: Callable) -> None:
    """Until pytest has ended: tells what is new.  Raises Cut when nothing has been for long."""
    known, since = -1, time.monotonic()
    while True:
        ended = process.poll() is not None
        size = record.results_file.stat().st_size if record.results_file.exists() else 0
        if size != known:
            known = size
            heard(record.tests(), record.results())
            since = time.monotonic()
        if ended:
            return
        if time.monotonic() - since > QUIET:
            raise Cut(f"no test ended for {QUIET // 60} minutes")
        time.sleep(LOOK)


def keep_inputs(record: Run, directory: Path) -> None:
    """Keeps the inputs of probes, which the command that runs one again names."""
    inputs = record.directory / "inputs"
    if inputs.is_dir():
        (directory / "inputs").mkdir(parents=True, exist_ok=True)
        for path in inputs.iterdir():
            (directory / "inputs" / path.name).write_bytes(path.read_bytes())


def _check(status: int, record: Run, log: Path) -> None:
    if status < 0:
        raise Cut(f"the tests' process was killed by {signal.Signals(-status).name}")
    if errors := record.errors():
        raise EngineError("the tests could not be collected:\n" + "\n".join(errors))
    if status not in ORDERLY:
        last = [line for line in log.read_text(errors="replace").strip().splitlines() if line.strip()][-6:]
        raise EngineError(f"pytest ended with status {status} ({log}):\n" + "\n".join(last))
