"""A small house for the tests of plugin and grade: one lab, whose kernel is a probe
that does what a test's name says (ok_.. passes, bad_.. fails, spin_.. hangs)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from grader.tests import probes

PACKAGE = Path(__file__).resolve().parent.parent.parent
BODY = r"""
    plan(COM2);
    say(COM1, "\r\nhello from "); say(COM1, name); say(COM1, "\r\n");
    if (name[0] == 'o') { result(COM2, "ok"); leave(0x10); }
    if (name[0] == 's') for (;;) ;
    if (name[0] == 't') say(COM2, "# todo 1.1: thing (lab1-x/a.c:7)\n");
    say(COM2, "# lab1-x/tests/a_test.c:3: KT_EQ(two, 3): 2 (0x2) != 3 (0x3)\n");
    result(COM2, "not ok"); leave(0x11);
"""
CONFTEST = """
from pathlib import Path
from grader import fixtures
fixtures.kernel_of = lambda item: Path(__file__).parent / "probe.elf"
"""
TOML = """title = "Small"
[[exercise]]
id = "1.1"
title = "First"
points = 30
hours = 1
files = ["lab1-x/a.c"]
[[exercise]]
id = "1.2"
title = "Second"
points = 70
hours = 1
files = ["lab1-x/b.c"]
needs = ["1.1"]
"""


def make(root: Path, tests: dict[str, str]) -> Path:
    """A house with these files under lab1-x/tests/ (hidden/x for hidden ones)."""
    lab = root / "lab1-x"
    for kind in ("tests", "hidden"):
        (lab / kind).mkdir(parents=True)
    for name in ("a.c", "b.c"):
        (lab / name).write_text("")
    (lab / "lab.toml").write_text(TOML)
    for name, text in tests.items():
        (lab / name if name.startswith("hidden/") else lab / "tests" / name).write_text(text)
    (root / "conftest.py").write_text(CONFTEST)
    (root / ".pytest.ini").write_text("[pytest]\naddopts = -p grader.plugin --import-mode=importlib "
                                      "-p no:cacheprovider\n")
    probes.build(root, BODY)
    return root


def ktests(**of_exercise: str) -> str:
    """C source with tests by name; the value is the exercise."""
    return "".join(f'KTEST({name}, "{exercise}", "shows {name}")\n{{\n}}\n' for name, exercise in of_exercise.items())


def pytest(root: Path, *options: str, what: str = "lab1-x") -> subprocess.CompletedProcess:
    """Runs pytest on a house, its results going to root/run."""
    return subprocess.run([sys.executable, "-m", "pytest", "-q", f"--cub-run={root / 'run'}", "--cub-seed=1", *options, what],
                          cwd=root, env=os.environ | {"PYTHONPATH": str(PACKAGE)}, capture_output=True, text=True)
