"""`make test`: its parts, its lanes, and what becomes of a failure."""

import os
import signal
import subprocess
import sys
import time
from argparse import Namespace

import pytest

from grader import ci, lab as labs

MEET = """
import pathlib, sys, time
own, other = map(pathlib.Path, sys.argv[1:])
own.touch()
end = time.monotonic() + 60
while not other.exists() and time.monotonic() < end:
    time.sleep(0.01)
sys.exit(not other.exists())
"""


def python(text, *words):
    return [sys.executable, "-c", text, *map(str, words)]


def run(monkeypatch, *lanes):
    monkeypatch.setattr(ci, "lanes", lambda args: list(lanes))
    return ci.run(Namespace(long=False, jobs=2))


@pytest.mark.parametrize("long", [False, True])
def test_each_finished_lab_has_mutants_and_grades_and_the_tests_are_run_once(long):
    words = [command[3:] for lane in ci.lanes(Namespace(long=long, jobs=2)) for command in lane.values()]
    numbers = [str(lab.number) for lab in labs.finished(ci.ROOT)]
    for verb in ("mutants", "flakes"):
        assert sorted(said[2] for said in words if said[0] == verb) == numbers
    assert sum("pytest" in command for lane in ci.lanes(Namespace(long=long, jobs=2)) for command in lane.values()) == 1


def test_only_the_long_form_judges_all_and_makes_its_own_load():
    short, long = (ci.lanes(Namespace(long=long, jobs=2)) for long in (False, True))
    assert len(short) == 2 and all("--load" in command for command in short[1].values())
    assert len(long) == 1 and not any("--sample" in command or "--load" in command for command in long[0].values())


def test_lanes_run_at_the_same_time(monkeypatch, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    assert run(monkeypatch, {"a": python(MEET, one, two)}, {"b": python(MEET, two, one)}) == 0


def test_ctrl_c_ends_all_lanes(tmp_path):
    """The commands that run hear of it too, as on a terminal; none is begun after that."""
    script = ("import signal, sys\nfrom argparse import Namespace\nfrom grader import ci\n"
              "signal.signal(signal.SIGINT, signal.default_int_handler)\n"     # we may run in the background
              "wait = [sys.executable, '-c', 'import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(60)']\n"
              f"ci.lanes = lambda args: [{{name: [*wait, f'{tmp_path}/{{name}}'] for name in lane}} for lane in ('ab', 'cd')]\n"
              "ci.run(Namespace(long=False))\n")
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ci.ROOT, start_new_session=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (tmp_path / "a").exists() or not (tmp_path / "c").exists():
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    process.wait(timeout=30)
    assert not (tmp_path / "b").exists() and not (tmp_path / "d").exists()


def test_all_parts_are_run_and_those_that_failed_are_named(monkeypatch, capfd):
    lanes = {"a": python("raise SystemExit(3)"), "b": python("print('hello')")}, {"c": python("raise SystemExit(1)")}
    assert run(monkeypatch, *lanes) == 1
    said = capfd.readouterr().out
    assert "== a: FAILED (3)" in said and "hello" in said and "== b: ok" in said and "failed: a, c" in said
