"""make bench, the programs' part: figures of two kernels beside each other, or of one and why."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import asdict

import pytest

from grader import bench, bench_user, emulator as emu, linux, user
from grader.bench_user import UserRow
from grader.tests.test_bench import run

SAID = """init: begins
# bench a_known_loop 100 203 a loop
[    1.234567] Linux speaks of something
# bench user_null_call 10 1900 null call
init: status 0
"""
OPERATIONS = set("null_call signal_round fork_exit_wait fork_exec vfork_exec fault_anonymous fault_cow "
                 "pipe_round switch_ring futex_round thread_life".split())
ROWS = [UserRow("user_one", "the first", 1234.5, 2.0, 2469.0, 4.0), UserRow("user_two", "2nd", 60, 20, 100, 10)]


def test_a_console_becomes_figures():
    assert bench_user.read("Cub", SAID, bench.LINE) == {"a_known_loop": (100, 203, "a loop"),
                                                        "user_null_call": (10, 1900, "null call")}


@pytest.mark.parametrize("said, told", [
    ("# failed user_pipe_round: read: Broken pipe\n" + SAID, "^on Cub: user_pipe_round: read: Broken pipe$"),
    (SAID.replace("status 0", "status 139"), "^on Cub bench did not end well.*last: init: status 139"),
    ("Cub\n\npanic: mutex_lock: assertion failed: x\n", "the console said last: panic: mutex_lock"),
    ("", "the console said last: nothing")])
def test_what_did_not_end_well_is_an_error(said, told):
    with pytest.raises(emu.EmulatorError, match=told):
        bench_user.read("Cub", said, bench.LINE)


def test_the_least_of_the_boots_counts():
    counted = [{"user_one": (10, 100, "1st")}, {"user_one": (10, 250, "1st")}]
    turns = [[{"user_one": (10, ours, "")}, {"user_one": (10, theirs, "")}]
             for ours, theirs in ((90, 80), (70, 95))]
    row = bench_user.row("user_one", counted, turns)
    assert row == UserRow("user_one", "1st", 10.0, 7.0, 25.0, 8.0) and row.ratio == 0.4
    alone = bench_user.row("user_one", counted[:1], [turn[:1] for turn in turns])
    assert alone == UserRow("user_one", "1st", 10.0, 7.0) and alone.ratio is None


def test_a_table_with_linux_and_what_is_behind():
    lines = bench_user.table(ROWS, "", lambda row: "  aside").splitlines()
    assert lines[0].split("  ")[-1].strip() == "ratio"
    assert lines[1].split() == ["the", "first", "1,234.5", "2,469.0", "0.50", "2.0", "4.0", "0.50", "aside"]
    assert lines[2].split() == ["2nd", "60.0", "100.0", "0.60", "20.0", "10.0", "2.00", "aside"]
    assert lines[3:] == ["More than 0.5 of Linux's instructions: 2nd (0.60)"]


def test_a_table_without_linux_says_why():
    lines = bench_user.table([UserRow("user_one", "the first", 1234.5, 2.0)], "there is no apt-cache")
    assert lines.splitlines()[1:] == ["the first                         1,234.5            2.0",
                         "Linux's figures are missing: there is no apt-cache"]


def test_earlier_figures_are_found(tmp_path):
    file = tmp_path / "figures"
    file.write_text(json.dumps({"lab": 4, "rows": [], "growth": [], "programs": [asdict(row) for row in ROWS]}))
    before = bench.load(file)
    assert bench.compared(UserRow("user_two", "2nd", 30, 40), before["user_two"]) == "    0.50x    2.00x"


def test_the_program_runs_on_the_host_too():
    program = user.programs(emu.ROOT, 4)["bench"]
    said = subprocess.run([program], capture_output=True, text=True, timeout=120).stdout
    found = bench_user.read("the host", said + "init: status 0\n", bench.LINE)
    assert [name for name in found if not name.startswith(bench_user.PREFIX)] == [bench.KNOWN]
    assert {name.removeprefix(bench_user.PREFIX) for name in found} - {bench.KNOWN} == OPERATIONS
    assert all(ticks > 0 for _, ticks, _ in found.values())


def test_only_what_may_be_a_program_is_booted():
    asked = {(3, "all"): False, (4, "all"): True, (4, "user_*"): True, (4, "kmalloc_*"): False}
    assert {words: bench_user.wanted(*words) for words in asked} == asked


def test_a_program_is_measured_without_linux(tmp_path, monkeypatch):
    monkeypatch.setenv("CUB_LINUX", str(tmp_path / "none"))
    file = tmp_path / "figures"
    done = run("--lab", "4", "--only", "user_null_call", "--out", str(file))
    assert done.returncode == 0, done.stderr
    kept = json.loads(file.read_text())
    (row,) = kept["programs"]
    assert not kept["rows"] and 50 < row["instructions"] < 2000 and row["cycles"] > 1
    assert row["linux_instructions"] is None
    line = rf"^null call \(getppid\) +{row['instructions']:,.1f} +[\d,.]+$"
    assert re.search(line, done.stdout, re.MULTILINE)
    missing = f"Linux's figures are missing: CUB_LINUX names {tmp_path}/none, which is no file"
    assert done.stdout.count(missing) == 1
    again = run("--lab", "4", "--only", "user_nothing")
    assert again.returncode == 2 and again.stderr == "cub: this stage has no benchmark 'user_nothing'\n"


def test_both_kernels_boot_the_same_initrd(monkeypatch, tmp_path):
    booted = []
    monkeypatch.setattr(bench_user, "image", lambda lab, where: where / "initrd.cpio")
    monkeypatch.setattr(linux, "image", lambda: tmp_path / "vmlinuz")
    monkeypatch.setattr(linux, "run", lambda name, kernel, initrd, append, icount: booted.append(
        (name, kernel.name, initrd.name, append, icount)) or SAID)
    rows, why = bench_user.measure(tmp_path / "cub.elf", 4, "user_*", 2, bench.LINE, bench.exact)
    assert (rows, why) == ([UserRow("user_null_call", "null call", 190.0, 190.0, 190.0, 190.0)], "")
    kernels = [("Cub", "cub.elf"), ("Linux", "vmlinuz")]
    assert booted == [(*kernel, "initrd.cpio", "-- /bin/bench user_*", icount)
                      for icount in (True, False, False) for kernel in kernels]
