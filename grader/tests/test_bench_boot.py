"""make bench-boot: the table, and what is measured."""

from __future__ import annotations

import subprocess
import sys

import pytest

from grader import bench_boot, emulator as emu


def test_prints_a_table():
    done = subprocess.run([sys.executable, "-m", "grader", "bench-boot", "--lab", "1", "--runs", "2"],
                          capture_output=True, text=True, cwd=emu.ROOT, timeout=600)
    assert done.returncode in (0, 1), done.stderr
    row = [line for line in done.stdout.splitlines() if line.startswith("PVH")][0].split()
    low, middle, high = map(float, row[1:])
    assert 0.02 < low <= middle <= high < 60
    assert "target for PVH: under 0.35 s" in done.stdout


def test_a_row_has_min_median_max():
    assert str(bench_boot.Row("PVH", [0.3, 0.1, 0.2])).split() == ["PVH", "0.100", "0.200", "0.300"]


def test_time_counts_until_the_prompt():
    assert bench_boot.once(["sh", "-c", "sleep 0.3; printf 'x\\ncu'; sleep 0.3; printf 'b> '; sleep 60"]) >= 0.6


def test_a_kernel_that_never_prompts_is_one_line():
    with pytest.raises(emu.EmulatorError, match="said last: todo 1.1"):
        bench_boot.once(["echo", "todo 1.1"])
