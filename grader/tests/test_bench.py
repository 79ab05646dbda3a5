"""make bench: figures that repeat, what they are compared with, and mistakes in one line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from grader import bench, emulator as emu
from grader.bench import Growth, Row

SAID = ["# bench a_known_loop 100 203 a loop", "# bench page_alloc_free 10 1910 page_alloc + page_free"]


def run(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "grader", "bench", "--runs", "1", *words],
                          capture_output=True, text=True, cwd=emu.ROOT, timeout=600)


def test_instructions_repeat_exactly_and_are_compared(tmp_path):
    file = tmp_path / "figures"
    done = run("--lab", "2", "--only", "kmalloc_000064", "--out", str(file))
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(file.read_text())["rows"]
    assert row["name"] == "kmalloc_000064" and row["instructions"] > 1 and row["cycles"] > 1
    assert f"kmalloc + kfree of 64  {row['instructions']:13,.1f}  {row['cycles']:13,.1f}\n" in done.stdout
    again = run("--lab", "2", "--only", "kmalloc_000064", "--against", str(file))
    assert f"{row['instructions']:,.1f} " in again.stdout and "    1.00x " in again.stdout


def test_the_clock_counts_instructions():
    elf = bench.build(1)
    said = bench.boot(elf, "instructions", bench.KNOWN)
    assert list(said) == [bench.KNOWN]
    bench.exact(said)
    with pytest.raises(emu.EmulatorError, match="a loop of 200000 instructions took 800000 ticks"):
        bench.exact({bench.KNOWN: (100000, 800000, "")})


def test_lines_become_figures():
    assert bench.read([*SAID, "# something else"], 33) == {"a_known_loop": (100, 203, "a loop"),
                                                           "page_alloc_free": (10, 1910, "page_alloc + page_free")}
    with pytest.raises(emu.EmulatorError, match="^panic: vm_clone_4k: assertion failed: copy$"):
        bench.read([*SAID, "# panic: vm_clone_4k: assertion failed: copy"], 35)


def test_a_table_with_earlier_figures():
    rows = [Row("one", "the first", 1234.5, 2.0), Row("two", "2nd", 10, 20)]
    lines = bench.table(rows, {"one": {"instructions": 2469.0, "cycles": 1.0}}).splitlines()
    assert lines[1:] == ["the first        1,234.5            2.0    0.50x    2.00x",
                         "2nd                 10.0           20.0  new"]


def test_growth_is_told_in_ratios():
    row = Growth("all_page", "a page", [284.0, 284.0, 290.5], [100.0, 50.0, 40.0])
    last = bench.growth_table([row]).splitlines()[-1]
    assert last.split() == ["a", "page", "284.0", "284.0", "290.5", "2.00x", "2.50x"]


def test_growth_beyond_the_host_is_not_timed():
    lines = bench.growth_table([Growth("all_page", "a page", [284.0, 284.0, 290.5], [100.0, 50.0])]).splitlines()
    assert lines[-2].split()[2:] == ["284.0", "284.0", "290.5", "2.00x"]
    assert lines[-1] == "in the same time, on 4: not tried, since this host has fewer cores"


def test_all_processors_take_part(tmp_path):
    done = run("--lab", "3", "--only", "all_page", "--out", str(tmp_path / "figures"))
    assert done.returncode == 0, done.stderr
    (row,) = json.loads((tmp_path / "figures").read_text())["growth"]
    assert row["name"] == "all_page" and len(row["instructions"]) == 3
    assert len(row["cycles"]) == sum(cpus <= bench.CORES for cpus in bench.PROCESSORS)
    assert all(figure > 1 for figure in row["instructions"] + row["cycles"])
    assert "on 4" in done.stdout


def test_mistakes_are_one_line(tmp_path):
    for words, told in ((["--only", "nothing"], "this stage has no benchmark 'nothing'"),
                        (["--against", str(tmp_path / "x")], "holds no figures of an earlier bench"),
                        (["--runs", "0"], "RUNS must be at least 1")):
        done = run("--lab", "1", *words)
        assert done.returncode == 2 and done.stderr.startswith("cub: ") and told in done.stderr
        assert done.stderr.count("\n") == 1
