"""make grade: points, exit statuses, reports whatever happens.

Most run on a small house (house.py) whose kernel is a probe; the last ones are real
submissions of lab 1.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest

from grader import build, engine, markers, page, report, score, stage
from grader import lab as labs
from grader.tests import house
from grader.verdicts import Result, Run

# `python -c` with this runs make grade on a house instead of on Cub.
DRIVER = """
import sys
from pathlib import Path
from grader import __main__, build, grade
grade.ROOT = Path(sys.argv[1])
def kernel(tree, lab, **flags):
    if (Path(tree) / "broken").exists():
        raise build.BuildError("lab1-x/a.c:3:1: error: <expected> ';'", Path("build.log"))
    return build.Kernel(Path(tree) / "probe.elf", Path(tree), lab)
build.kernel = kernel
sys.exit(__main__.main(["grade", "--lab", "1", *sys.argv[2:]]))
"""


def command(root: Path, *options: str) -> list[str]:
    return [sys.executable, "-c", DRIVER, str(root), *options]


def grade(root: Path, *options: str) -> subprocess.CompletedProcess:
    return subprocess.run(command(root, *options), cwd=root, env=os.environ | {"PYTHONPATH": str(house.PACKAGE)},
                          capture_output=True, text=True)


def reports(root: Path) -> tuple[dict, ElementTree.Element, str]:
    """All three, which must be there and whole."""
    at = root / "build" / "lab1" / "grade"
    return (json.loads((at / "report.json").read_text()), ElementTree.parse(at / "junit.xml").getroot(),
            (at / "report.html").read_text())


# --- points and statuses ------------------------------------------------------------------


def test_full_points(tmp_path):
    house.make(tmp_path, {"a_test.c": house.ktests(ok_a="1.1", ok_b="1.2", ok_floor="")})
    said = grade(tmp_path, "--floor")
    assert said.returncode == 0, said.stdout + said.stderr
    assert re.search(r"total +100/100", said.stdout)
    data, suites, html = reports(tmp_path)
    assert data["score"] == 100 and data["extra_data"]["finished"]
    assert [test["status"] for test in data["tests"]] == ["passed"] * 3
    assert sum(test["score"] for test in data["tests"]) == 100
    assert len(suites.findall(".//testcase")) == 3 and "100" in html


def test_a_share_and_its_words(tmp_path):
    house.make(tmp_path, {"a_test.c": house.ktests(ok_a="1.1", ok_b="1.1", bad_c="1.1", ok_d="1.2")})
    said = grade(tmp_path, "--seed", "0x2a")
    assert said.returncode == 1
    assert re.search(r"1\.1 +First +2/3 +20/30 +failed", said.stdout) and re.search(r"total +90/100", said.stdout)
    assert "FAIL bad_c (1.1: shows bad_c)" in said.stdout and "make gdb LAB=1 TEST=bad_c SEED=0x2a" in said.stdout
    data, suites, _ = reports(tmp_path)
    assert data["score"] == 90 and data["extra_data"]["seed"] == "0x2a"
    [failure] = suites.findall(".//failure")
    assert "KT_EQ(two, 3)" in failure.text


def test_a_failing_floor_is_no_full_grade(tmp_path):
    house.make(tmp_path, {"a_test.c": house.ktests(ok_a="1.1", ok_b="1.2", bad_floor="")})
    assert grade(tmp_path).returncode == 0
    said = grade(tmp_path, "--floor")
    assert said.returncode == 1 and re.search(r"total +100/100", said.stdout)


def test_hidden_tests_count(tmp_path):
    house.make(tmp_path, {"a_test.c": house.ktests(ok_a="1.1", ok_b="1.2"),
                          "hidden/h_test.c": house.ktests(bad_h="1.2")})
    said = grade(tmp_path)
    assert re.search(r"1\.2 +Second +1/2 +35/70", said.stdout)
    data, _, _ = reports(tmp_path)
    assert {test["name"].split(":")[0]: test["visibility"] for test in data["tests"]} == \
        {"ok_a": "visible", "ok_b": "visible", "bad_h": "after_published"}


def test_one_exercise(tmp_path):
    house.make(tmp_path, {"a_test.c": house.ktests(bad_a="1.1", ok_b="1.2", bad_floor="")})
    said = grade(tmp_path, "--exercise", "1.2")
    assert said.returncode == 0 and re.search(r"total +70/70", said.stdout), said.stdout


def test_an_exercise_without_tests_has_no_points(tmp_path):
    house.make(tmp_path, {"a_test.c": house.ktests(ok_a="1.1")})
    assert re.search(r"total +30/100", grade(tmp_path).stdout)


def test_a_skip_in_the_kernel_earns_nothing():
    row = score.Row("1.1", "t", 10, [Result("a", "a", 1, "1.1", "t", "passed"),
                                     Result("b", "b", 1, "1.1", "t", "skipped", "no screen")])
    assert row.share == 5 and not row.full


def test_no_larger_share_than_from_outside():
    """Verdicts that a kernel gives on itself earn nothing where the host's tests fail."""
    def row(*outcomes):
        return score.Row("1.1", "t", 12, [Result(name, name, 1, "1.1", "t", outcome)
                                          for name, outcome in outcomes])

    inside = [(f"a_test.c::{n}", "passed") for n in range(6)]
    forged = row(*inside, ("test_a.py::x", "failed"), ("test_a.py::y", "failed"))
    assert forged.share == 0 and forged.state == "failed, most of all from outside"
    assert row(*inside, ("test_a.py::x", "passed"), ("test_a.py::y", "failed")).share == 6
    assert row(("a_test.c::z", "failed"), ("test_a.py::x", "passed")).share == 6
    assert row(*inside, ("test_a.py::x", "passed")).full


def test_what_another_exercise_keeps_from_running_has_not_failed():
    tests = [Result("a", "a", 1, "1.1", "t", "passed"),
             Result("test_b.py::b", "b", 1, "1.1", "t", "not-run", "not run: needs 1.3")]
    row = score.Row("1.1", "t", 12, tests)
    assert row.share == 0 and row.state == "in part not run: needs 1.3"


def test_points_are_never_rounded_up():
    assert score.shown(Fraction(2999, 300), 10) == "9.99/10"
    assert score.shown(Fraction(20), 20) == "20/20"
    assert report.down(Fraction(2, 3)) == 0.6666


@pytest.mark.parametrize("options, words", [
    (["--exercise", "9.9"], "no exercise 9.9"), (["--jobs", "0"], "--jobs"), (["--lab", "7"], "no lab 7"),
    (["--seed", "x"], "seed"), (["--sed"], "unrecognized"), (["--lab"], "expected one argument")])
def test_usage_errors(tmp_path, options, words):
    house.make(tmp_path, {})
    said = grade(tmp_path, *options)
    assert said.returncode == 2 and words in said.stderr and "Traceback" not in said.stderr


def test_seeds_are_new_and_can_be_given_again(tmp_path):
    house.make(tmp_path, {"test_p.py": "def test_p(rng):\n    open('drawn', 'a').write(f'{rng.random()}\\n')\n"})
    seeds = [re.search(r"^seed (0x\w+)", grade(tmp_path, "--floor").stdout, re.M)[1] for _ in range(2)]
    grade(tmp_path, "--floor", "--seed", seeds[0])
    one, two, again = (tmp_path / "drawn").read_text().split()
    assert seeds[0] != seeds[1] and one == again != two


@pytest.mark.parametrize("name", ["x$(shell touch ran).zip", "x`touch ran`.zip", "$(touch ran)", 'x"; touch ran; ".zip',
                                  "a$b.zip", "a$$b#c 'd'.zip", "line\nbreak"])
def test_a_path_is_never_run_by_make(tmp_path, name):
    """A student names the file that is handed in, and the loop over a folder names its reports after it."""
    shutil.copy(house.PACKAGE / "Makefile", tmp_path)
    (tmp_path / "grader").mkdir()
    (tmp_path / "inner.mk").write_text("all:\n\t@true\n")        # such as grader/user.mk
    for program, text in (("grader/install.sh", "exit 0"), ("python", 'printf "%s\\0" "$@" >asked; make -s -f inner.mk')):
        (tmp_path / program).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / program).chmod(0o755)
    subprocess.run(["make", "-s", "grade", "LAB=1", "EX=1.3", "PYTHON=./python", f"SUBMISSION={name}", f"OUT=out/{name}"],
                   cwd=tmp_path, check=True, env={k: v for k, v in os.environ.items() if k != "MAKEFLAGS"})
    asked = (tmp_path / "asked").read_text().split("\0")
    assert asked[asked.index("--submission") + 1] == name and asked[asked.index("--out") + 1] == f"out/{name}"
    assert asked[asked.index("--exercise") + 1] == "1.3" and not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name, words", [(b"caf\xe9.zip", "caf\\xe9.zip"), (b"\x1b[2Jclear.zip", "\\x1b[2Jclear.zip")])
def test_a_name_that_no_terminal_should_get_is_shown_in_words(tmp_path, name, words):
    house.make(tmp_path, {"a_test.c": house.ktests(ok_a="1.1")})
    given = os.fsencode(tmp_path) + b"/" + name
    open(given, "w").close()
    said = grade(tmp_path, "--submission", os.fsdecode(given), "--out", os.fsdecode(b"out-" + name))
    assert said.returncode == 1 and "Traceback" not in said.stderr and words in said.stdout and "\x1b" not in said.stdout
    assert words in json.loads((tmp_path / os.fsdecode(b"out-" + name) / "report.json").read_text())["output"]


# --- when things go wrong -----------------------------------------------------------------


def test_a_build_that_fails_is_shown_once_and_reported(tmp_path):
    house.make(tmp_path, {"a_test.c": house.ktests(ok_a="1.1", ok_b="1.2")})
    (tmp_path / "broken").touch()
    said = grade(tmp_path)
    assert said.returncode == 1 and said.stdout.count("<expected>") == 1 and re.search(r"total +0/100", said.stdout)
    data, suites, html = reports(tmp_path)
    assert data["score"] == 0 and "<expected>" in data["output"]
    assert [test["max_score"] for test in data["tests"]] == [30, 70]
    assert len(suites.findall(".//error")) == 2 and "&lt;expected&gt;" in html and "<expected>" not in html


def test_a_test_that_cannot_be_read_stops_the_grading(tmp_path):
    house.make(tmp_path, {"a_test.c": house.ktests(ok_a="1.1") + "KTEST(b)\n"})
    said = grade(tmp_path)
    assert said.returncode == 1 and "a_test.c:4: b has no exercise" in said.stdout
    assert reports(tmp_path)[0]["score"] == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_cut_keeps_what_it_had(tmp_path, number):
    slow = "\nimport pytest, time\n@pytest.mark.exercise('1.2')\ndef test_slow():\n    time.sleep(60)\n"
    house.make(tmp_path, {"a_test.c": house.ktests(ok_a="1.1"), "test_p.py": slow})
    process = subprocess.Popen(command(tmp_path, "--jobs", "1"), cwd=tmp_path, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True,
                               env=os.environ | {"PYTHONPATH": str(house.PACKAGE)})
    try:
        wait_for(lambda: count(tmp_path, "passed") == 1)
        process.send_signal(number)
        said, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 1 and "Traceback" not in said and "The run was cut" in said
    data, suites, html = reports(tmp_path)
    assert data["score"] == 30 and not data["extra_data"]["finished"]
    assert "did not run" in json.dumps(data) and suites.findall(".//skipped") and "not finished" in html


def test_a_grader_that_is_killed_has_left_whole_reports(tmp_path):
    slow = "\nimport pytest, time\n@pytest.mark.exercise('1.2')\ndef test_slow():\n    time.sleep(60)\n"
    house.make(tmp_path, {"a_test.c": house.ktests(ok_a="1.1", bad_b="1.1"), "test_p.py": slow})
    process = subprocess.Popen(command(tmp_path, "--jobs", "1"), cwd=tmp_path, stdout=subprocess.DEVNULL,
                               env=os.environ | {"PYTHONPATH": str(house.PACKAGE)})
    try:
        wait_for(lambda: count(tmp_path, "passed") == 1)
    finally:
        process.kill()
        process.wait()
    data, _, _ = reports(tmp_path)
    assert data["score"] == 15 and not data["extra_data"]["finished"]


def test_pytest_killed_keeps_what_it_had(tmp_path):
    kill = "\nimport os, pytest, signal\n@pytest.mark.exercise('1.2')\ndef test_dies():\n    os.kill(os.getpid(), 9)\n"
    house.make(tmp_path, {"a_test.c": house.ktests(ok_a="1.1"), "test_p.py": kill})
    said = grade(tmp_path, "--jobs", "1")
    assert said.returncode == 1 and "killed by SIGKILL" in said.stdout and reports(tmp_path)[0]["score"] == 30


def test_a_run_in_which_nothing_ends_any_more_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "QUIET", 1)
    process = subprocess.Popen(["sleep", "60"])
    try:
        with pytest.raises(engine.Cut, match="no test ended for"):
            engine._watch(process, Run(tmp_path), lambda collected, results: None)
    finally:
        process.kill()
        process.wait()


def wait_for(met, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def count(root: Path, status: str) -> int:
    try:
        return sum(test["status"] == status for test in reports(root)[0]["tests"])
    except FileNotFoundError:
        return 0


def test_reports_of_an_earlier_run_are_gone(tmp_path):
    house.make(tmp_path, {"a_test.c": house.ktests(ok_a="1.1", ok_b="1.2")})
    grade(tmp_path)
    (tmp_path / "broken").touch()
    grade(tmp_path)
    assert reports(tmp_path)[0]["score"] == 0


def test_two_graders_side_by_side(tmp_path):
    processes = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        root = house.make(tmp_path / name, {"a_test.c": house.ktests(ok_a="1.1", ok_b="1.2", bad_c="1.2")})
        processes.append(subprocess.Popen(command(root), cwd=root, stdout=subprocess.PIPE, text=True,
                                          env=os.environ | {"PYTHONPATH": str(house.PACKAGE)}))
    assert ["65/100" in process.communicate()[0] for process in processes] == [True, True]


# --- the page -----------------------------------------------------------------------------


def test_two_gradings_of_one_tree_keep_their_reports_apart(tmp_path):
    slow = "\nimport pytest, time\n@pytest.mark.exercise('1.2')\ndef test_slow():\n    time.sleep(5)\n"
    house.make(tmp_path, {"a_test.c": house.ktests(ok_a="1.1"), "test_slow.py": slow})
    first = subprocess.Popen(command(tmp_path, "--seed", "1"), cwd=tmp_path, stdout=subprocess.PIPE, text=True,
                             env=os.environ | {"PYTHONPATH": str(house.PACKAGE)})
    where = tmp_path / "build/lab1"
    wait_for((where / "grade/report.json").exists)
    asked = grade(tmp_path, "--out", str(where / "grade"))
    assert asked.returncode == 2 and "another grading writes there" in asked.stderr
    (where / "grade/mine").touch()
    second = grade(tmp_path, "--seed", "2", "--exercise", "1.1")
    assert "total" in first.communicate()[0] and "build/lab1/grade-2/report.html" in second.stdout
    for name, seed in (("grade", "0x1"), ("grade-2", "0x2")):
        assert json.loads((where / name / "report.json").read_text())["extra_data"]["seed"] == seed
    grade(tmp_path, "--exercise", "1.1")
    assert (where / "grade/mine").exists() and reports(tmp_path)[0]["score"] == 30


def test_the_page_escapes_and_needs_nothing(tmp_path):
    lab = labs.Lab(1, "lab1-x", "A & B", (labs.Exercise("1.1", "<b>t</b>", 100, 1, ("a",)),))
    made = score.Grade.of(lab, 1, [], "<script>alert(1)</script>")
    made.ignored = ["<img src=x>"]
    made.put([], [Result("i", "<i>", 1, "1.1", "</pre><script>", "failed", "<u>", "\x1b[31m</pre><script>\x00")])
    html = page.render(made)
    assert not re.search(r"<(script|img|b>t|i>|u>|link|iframe)", html)
    assert not re.search(r"https?://|\x1b|\x00|url\(", html)
    assert "&lt;script&gt;alert(1)" in html
    ElementTree.fromstring(report.junit(made))
    json.dumps(report.gradescope(made))


def test_progress_is_a_line_on_a_terminal_and_a_log_elsewhere(tmp_path):
    house.make(tmp_path, {"a_test.c": house.ktests(ok_a="1.1", bad_b="1.2")})
    plain = grade(tmp_path).stdout
    assert "\r" not in plain and re.search(r"\[ +2/2\] FAIL 1\.2 +bad_b .*KT_EQ|\[ +2/2\] ok", plain)
    output = subprocess.run(["script", "-qec", " ".join(map(_quoted, command(tmp_path))), "/dev/null"], cwd=tmp_path,
                            env=os.environ | {"PYTHONPATH": str(house.PACKAGE), "TERM": "xterm"},
                            capture_output=True, stdin=subprocess.DEVNULL).stdout
    assert b"\r\x1b[K[" in output and b"2/2" in output


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


# --- real submissions ---------------------------------------------------------------------


LAB = labs.load(stage.ROOT, 1) if (stage.ROOT / "lab1-boot" / "lab.toml").exists() else None


def submission(tmp_path: Path, changes: dict[str, str]) -> Path:
    """The starter with some files changed."""
    for name, text in {**stage.starter(stage.ROOT, LAB), **changes}.items():
        (tmp_path / "work" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "work" / name).write_text(text)
    return tmp_path / "work"


def real(tmp_path: Path, where: Path, *options: str) -> tuple[subprocess.CompletedProcess, dict]:
    said = subprocess.run([sys.executable, "-m", "grader", "grade", "--lab", "1", "--submission", str(where),
                           "--out", str(tmp_path / "out"), *options], cwd=stage.ROOT, capture_output=True, text=True)
    return said, json.loads((tmp_path / "out" / "report.json").read_text())


def test_the_starter_scores_nothing(tmp_path):
    said, data = real(tmp_path, submission(tmp_path, {}))
    assert said.returncode == 1 and data["score"] == 0, said.stdout


def test_a_kernel_that_prints_a_transcript_scores_nothing(tmp_path):
    """A well-known course's lab is won by ten lines that print what the grader looks for."""
    reference = (stage.ROOT / "lab1-boot/boot/longmode.S").read_text()
    serial = markers.starter((stage.ROOT / "lab1-boot/console/serial.c").read_text(), "lab1-boot/console/serial.c")
    names = [n for n in re.findall(r"^KTEST\((\w+)", "".join(
        p.read_text() for p in (stage.ROOT / "lab1-boot/tests").glob("*_test.c")), re.M)]
    lines = "".join(f"ok 1 - {name} # nonce=\\n" for name in names)
    forged = serial + f"""
static void forge(unsigned port, const char *text)
{{
	for (; *text; text++)
		__asm__ volatile("outb %b0, %w1" :: "a"(*text), "Nd"(port));
}}
void forge_all(void);
void forge_all(void)
{{
	static const char text[] = "KTAP version 1\\n1..1\\n{lines}";
	forge(0x3f8, text);
	forge(0x2f8, text);
	__asm__ volatile("outb %b0, %w1" :: "a"(0x10), "Nd"(0xf4));
}}
"""
    forged = re.sub(r"todo\(", "extern void forge_all(void); forge_all(); todo(", forged)
    said, data = real(tmp_path, submission(tmp_path, {
        "lab1-boot/boot/longmode.S": reference, "lab1-boot/console/serial.c": forged}))
    serial_points = [test for test in data["tests"] if test["number"] == "1.2"]
    assert said.returncode == 1 and serial_points, said.stdout
    assert not [test["name"] for test in serial_points if test["status"] == "passed"], said.stdout


@pytest.mark.parametrize("what", ["nothing", "a text file", "an empty directory"])
def test_what_is_no_submission_gets_a_reason(tmp_path, what):
    where = tmp_path / "given"
    if what == "a text file":
        where.write_text("hello")
    elif what == "an empty directory":
        where.mkdir()
    said, data = real(tmp_path, where)
    assert said.returncode == 1 and data["score"] == 0
    assert "cannot be graded" in said.stdout and "Traceback" not in said.stdout + said.stderr


def test_ignored_edits_are_listed(tmp_path):
    where = submission(tmp_path, {"lab1-boot/init.c": "int x;\n", "Makefile": "all:\n\ttrue\n"})
    said, data = real(tmp_path, where, "--exercise", "1.1")
    assert "lab1-boot/init.c (edited)" in said.stdout and "Makefile (edited)" in data["output"]


def test_isolated_exercises_are_judged_alone(tmp_path):
    """One exercise is right, one does not build, the rest is unwritten: only the first scores."""
    good = (stage.ROOT / "lab1-boot/boot/memmap.c").read_text()
    where = submission(tmp_path, {"lab1-boot/boot/memmap.c": good, "lab1-boot/console/screen.c": "int broken = ;\n"})
    said, data = real(tmp_path, where, "--isolate", "--exercise", "1.3,1.4,1.6")
    scored = {number: sum(t["score"] for t in data["tests"] if t["number"] == number) for number in
              {test["number"] for test in data["tests"]}}
    points = next(e.points for e in LAB.exercises if e.id == "1.4")
    assert round(scored.pop("1.4"), 2) == pytest.approx(points, abs=0.01), said.stdout
    assert not any(scored.values()), scored
    assert "expected expression" in said.stdout
