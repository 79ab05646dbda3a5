"""The plugin on a small house: collection, needs, failures' words, workers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from grader import emulator as emu, lab as labs
from grader.tests import house
from grader.verdicts import Run

MARKED = '''
import pytest

@pytest.mark.exercise("{exercise}")
def test_{name}():
    """Shows {name}."""
    assert {truth}
'''


def outcomes(root) -> dict[str, str]:
    return {result.name: result.outcome for result in Run(root / "run").results()}


def results(root) -> dict:
    return {result.name: result for result in Run(root / "run").results()}


def test_both_kinds_are_collected_and_judged(tmp_path):
    house.make(tmp_path, {"a_test.c": house.ktests(ok_a="1.1", bad_b="1.1") + "KPROBE(ok_probe)\n{\n}\n",
                          "hidden/h_test.c": house.ktests(ok_hidden="1.2"),
                          "test_p.py": MARKED.format(exercise="1.2", name="p", truth=True)})
    said = house.pytest(tmp_path)
    assert outcomes(tmp_path) == {"ok_a": "passed", "bad_b": "failed", "ok_hidden": "passed", "test_p": "passed"}, said.stdout
    assert results(tmp_path)["ok_hidden"].hidden and not results(tmp_path)["ok_a"].hidden
    assert results(tmp_path)["test_p"].title == "Shows p"


def test_a_test_can_be_run_alone(tmp_path):
    house.make(tmp_path, {"a_test.c": house.ktests(ok_a="1.1", ok_b="1.1", bad_c="1.1")})
    house.pytest(tmp_path, what="lab1-x/tests/a_test.c::bad_c")
    assert outcomes(tmp_path) == {"bad_c": "failed"}


def test_a_slow_test_is_the_last_of_one_worker(tmp_path):
    slow = MARKED.format(exercise="1.1", name="p", truth=True).replace("@pytest", "@pytest.mark.slow\n@pytest", 1)
    house.make(tmp_path, {"a_test.c": house.ktests(ok_a="1.1"), "test_p.py": slow})
    house.pytest(tmp_path, "-p", "no:xdist")
    assert list(outcomes(tmp_path)) == ["ok_a", "test_p"]


def test_a_failure_says_all_that_it_should(tmp_path):
    house.make(tmp_path, {"a_test.c": house.ktests(todo_a="1.1")})
    said = house.pytest(tmp_path)
    block = results(tmp_path)["todo_a"].block
    assert "expected: 3 (0x3) from KT_EQ(two, 3) at lab1-x/tests/a_test.c:3" in block
    assert "seen:     2 (0x2)" in block
    assert "todo:     1.1: thing (lab1-x/a.c:7)" in block
    assert "| hello from todo_a" in block
    assert "make gdb LAB=1 TEST=todo_a SEED=0x1" in block
    assert block.split("\n")[0] in said.stdout


def test_a_hung_test_shows_where(tmp_path):
    house.make(tmp_path, {"a_test.c": house.ktests(spin_a="1.1")})
    house.pytest(tmp_path)
    result = results(tmp_path)["spin_a"]
    assert "the kernel hangs" in result.reason
    assert "backtrace:\n    cpu 0 at " in result.block


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_what_needs_a_failed_exercise_is_not_run(tmp_path, workers):
    house.make(tmp_path, {"a_test.c": house.ktests(bad_a="1.1", bad_b="1.1", ok_c="1.2", bad_d="1.2", bad_e="")})
    house.pytest(tmp_path, *workers)
    assert outcomes(tmp_path) == {"bad_a": "failed", "bad_b": "failed", "ok_c": "not-run", "bad_d": "not-run", "bad_e": "failed"}
    assert results(tmp_path)["bad_d"].reason == "not run: needs 1.1"


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_an_exercise_that_works_in_part_shadows_nothing(tmp_path, workers):
    house.make(tmp_path, {"a_test.c": house.ktests(ok_a="1.1", bad_b="1.1", ok_c="1.2", bad_d="1.2")})
    house.pytest(tmp_path, *workers)
    assert outcomes(tmp_path) == {"ok_a": "passed", "bad_b": "failed", "ok_c": "passed", "bad_d": "failed"}
    assert "exercise 1.1, which this one needs" in results(tmp_path)["bad_d"].block


def test_a_tests_own_needs(tmp_path):
    house.make(tmp_path, {"a_test.c": house.ktests(bad_a="1.2", ok_b="1.1") +
                          'KTEST(ok_both, "1.1", "t", .needs = "1.2")\n{\n}\n'})
    house.pytest(tmp_path, "--cub-exercise=1.2")
    assert outcomes(tmp_path) == {"bad_a": "failed"}


def test_a_python_tests_words(tmp_path):
    house.make(tmp_path, {"test_p.py": MARKED.format(exercise="1.1", name="p", truth="1 + 1 == 3")})
    house.pytest(tmp_path)
    block = results(tmp_path)["test_p"].block
    assert "expected: Shows p" in block and "assert (1 + 1) == 3" in block and "test_p.py:7" in block
    assert "Traceback" not in block


def test_a_dialogues_words(tmp_path):
    house.make(tmp_path, {"test_p.py": '''
def test_p(machine):
    """Shows p."""
    machine(ktest="talk").console.expect("farewell")
'''})
    house.pytest(tmp_path)
    block = results(tmp_path)["test_p"].block
    assert "expected: 'farewell' on the console" in block and "hello from talk" in block
    assert "left through the exit port" in block or "not ok" in block or "KT_EQ" in block


def test_what_a_kernel_says_is_shown_short_and_clean(tmp_path):
    house.make(tmp_path, {"test_p.py": '''
import pytest

def test_p():
    """Shows p."""
    raise AssertionError("\\x1b[2J" + "x" * 10_000)

def test_q():
    """Shows q."""
    pytest.skip("\\x1b[2Jnot here")
'''})
    said = house.pytest(tmp_path)
    failed, skipped = results(tmp_path)["test_p"], results(tmp_path)["test_q"]
    assert failed.reason.startswith("xxx") and len(failed.reason) < 400 and len(failed.block) < 1000
    assert skipped.reason == "not here"
    assert not any("\x1b" in text for text in (failed.reason, failed.block, said.stdout))


def test_the_last_machine_is_kept(tmp_path):
    house.make(tmp_path, {"test_p.py": '''
def test_p(machine, request):
    """Shows p."""
    machine(ktest="talk")
    machine(ktest="walk").console.expect("hello")
    assert [made.options.ktest for made in request.node.cub_machines] == ["walk"]
'''})
    house.pytest(tmp_path)
    assert outcomes(tmp_path) == {"test_p": "passed"}


@pytest.mark.parametrize("text, words", [
    ('KTEST(a, "1.1")\n', "lab1-x/tests/a_test.c:1: a has no title"),
    ('KTEST(a, "9.9", "t")\n', "names exercise 9.9, which is not in lab.toml"),
    ('KTEST(a, "", "t")\nKTEST(a, "", "t")\n', "there is another test named a"),
])
def test_a_wrong_test_is_a_clear_error(tmp_path, text, words):
    house.make(tmp_path, {"a_test.c": text})
    said = house.pytest(tmp_path)
    assert said.returncode == 2 and words in said.stdout
    assert [words in error for error in Run(tmp_path / "run").errors()] == [True]


def test_the_seed_decides_the_random_numbers(tmp_path):
    house.make(tmp_path, {"test_p.py": "def test_p(rng):\n    print('drew', rng.getrandbits(64))\n"})
    said = [house.pytest(tmp_path, "-rP", f"--cub-seed={seed}").stdout for seed in (5, 5, 6)]
    drew = [next(line for line in text.splitlines() if line.startswith("drew")) for text in said]
    assert drew[0] == drew[1] != drew[2]


def test_pytest_from_the_root_runs_every_labs_tests():
    """`make test` is no more than that: a lab that is not collected would never be tested."""
    said = subprocess.run([sys.executable, "-m", "pytest", "--collect-only", "-q"], cwd=emu.ROOT, capture_output=True,
                          text=True)
    assert said.returncode == 0, said.stdout
    collected = {line.partition("/")[0] for line in said.stdout.splitlines() if "::" in line}
    assert collected == {lab.directory for lab in labs.labs(emu.ROOT)} | {"grader"}
