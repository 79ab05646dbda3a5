"""make record and replay: the same way each time, and backwards under GDB."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from grader import emulator as emu, replay

TEST = "ktest_random_differs"


@pytest.fixture(scope="module")
def kernel():
    return emu.kernel(1, tests=True)


@pytest.fixture(scope="module")
def recording(kernel, tmp_path_factory) -> Path:
    where = tmp_path_factory.mktemp("recording") / TEST
    assert replay.record(kernel, where, test=TEST, seed=0x2a, show=False) == f"{TEST}: passed"
    return where


def path_taken(where: Path, trace: Path) -> list[str]:
    """The addresses of all blocks of the kernel that a replay executes, in their order."""
    more = ("-d", "exec,nochain", "-dfilter", "0xffffffff80100000+0x200000", "-D", str(trace))
    assert replay.replay(where, more=more, show=False) == f"{TEST}: passed"
    return re.findall(r"^Trace .*?\[[0-9a-f]+/([0-9a-f]{16})/", trace.read_text(), re.MULTILINE)


def test_two_replays_take_the_same_path(kernel, recording, tmp_path):
    first = path_taken(recording, tmp_path / "first")
    assert len(first) > 1000
    assert path_taken(recording, tmp_path / "second") == first
    other = tmp_path / "other"
    replay.record(kernel, other, test=TEST, seed=0x123456789, show=False)
    assert path_taken(other, tmp_path / "third") != first, "the trace would show a difference"


REST = "python import time; time.sleep(0.2)"    # as gdbcub/replay.py does, and why


def gdb(where: Path, *commands: str, tries: int = 3) -> str:
    """What GDB prints in a replay.  QEMU 7.2 may deadlock when it loads a snapshot on a busy
    host (gdbcub/replay.py), which is no fault of what is tested here: then it is tried again."""
    code = ("import sys; from pathlib import Path; from grader import emulator as emu, replay\n"
            "with emu.ending(), replay.Replay(Path(sys.argv[1]), debugger=True) as run:\n"
            "    run.debug(sys.argv[2:], batch=True, replay=True)")
    process = subprocess.Popen([sys.executable, "-c", code, str(where), *commands], text=True, cwd=emu.ROOT,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        return process.communicate(timeout=60)[0]
    except subprocess.TimeoutExpired:
        process.terminate()
        said = process.communicate()[0]
        assert tries > 1, f"it stands still: {said}"
        return gdb(where, *commands, tries=tries - 1)


REGISTERS = "info registers rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip eflags"


def states(said: str) -> list[tuple]:
    """The register states that were printed, each as a whole."""
    rows = re.findall(r"^(r\w+|eflags) +(0x[0-9a-f]+)", said, re.MULTILINE)
    return [tuple(rows[i:i + 18]) for i in range(0, len(rows), 18)]


def test_reverse_stepi_goes_back_to_the_same_state(recording):
    steps = ["stepi", REGISTERS] * 3 + [REST, "reverse-stepi", REGISTERS] * 3
    said = gdb(recording, "break ktest_run_if_asked", "continue", "delete", "cub when", REGISTERS, *steps, "cub when")
    seen = states(said)
    assert len(seen) == 7 and len(set(seen[:4])) == 4, said
    assert seen[4:] == [seen[2], seen[1], seen[0]]
    places = re.findall(r"^(\d+)$", said, re.MULTILINE)
    assert len(places) == 2 and places[0] == places[1]


def test_seek_goes_to_any_place_both_ways(recording):
    said = gdb(recording, "break ktest_run_if_asked", "continue", "cub when", REGISTERS, "cub seek -5000",
               REGISTERS, "cub when", "cub seek +5000", REGISTERS, "cub when", "continue")
    here, before, again = map(int, re.findall(r"^(\d+)$", said, re.MULTILINE))
    assert (before, again) == (here - 5000, here), said
    first, second, third = states(said)
    assert first == third != second
    assert "COM2: ok 1" in said, "it still runs to its end"


def test_back_goes_to_the_stop_before(recording):
    stops = ["break kmain", "break bootinfo_init", "break ktest_run_if_asked"]
    said = gdb(recording, *stops, *["continue", "cub when"] * 3, *["cub back", "cub when"] * 3)
    places = list(map(int, re.findall(r"^(\d+)$", said, re.MULTILINE)))
    kmain, init, test = places[:3]
    assert kmain < init < test, said
    assert places[3:] == [init, kmain, kmain], said
    assert re.search(r"#0  bootinfo_init .*#0  kmain ", said, re.DOTALL) and "nothing stops before here" in said


def test_a_hung_boot_is_recorded_and_gdb_shows_where_it_hangs(kernel, tmp_path):
    where = tmp_path / "hang"
    verdict = replay.record(kernel, where, test="", seed=1, show=False, patience=1.5)  # the prompt waits for ever
    assert "hung: it did not end within 1.5 s" in verdict
    said = gdb(where, "continue", "backtrace")
    assert "SIGQUIT" in said and re.search(r"#\d+ .*\b(monitor_main|kmain)\b", said), said


def test_a_replay_that_differs_is_said(recording, tmp_path):
    said = recording / "recording.json"
    before = said.read_text()
    try:
        said.write_text(before.replace("ok 1 - ", "not ok 1 - "))
        with pytest.raises(emu.EmulatorError, match="took another way"):
            replay.replay(recording, show=False)
    finally:
        said.write_text(before)


def test_a_panicking_test_says_so_again(kernel, tmp_path):
    where = tmp_path / "panics"
    assert replay.record(kernel, where, test="ktest_expects_panic", seed=1, show=False) == "ktest_expects_panic: passed"
    assert replay.replay(where, show=False) == "ktest_expects_panic: passed"


def test_a_schedule_that_failed_is_recorded_and_gone_to():
    """What a failed test that explores says is to be typed: GDB stops where its schedule begins, and the same
    interleaving follows."""
    told = verb("replay", "--test", "explore_lost_wake_up", "--seed", "1", "--schedule", "0", "--batch",
                "--command", "print schedule", "--command", "continue", lab=3)
    assert re.search(r"explore_reached \(number=.*\$1 = 0", told.stdout, re.DOTALL), told.stdout + told.stderr
    assert "the end of the recording: explore_lost_wake_up: panicked: deadlock" in told.stdout, told.stdout


def verb(*words: str, lab: int = 1) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "grader", *words, "--lab", str(lab)], capture_output=True, text=True,
                          cwd=emu.ROOT, stdin=subprocess.DEVNULL, timeout=600)


def test_the_verbs(kernel):
    told = verb("record", "--test", TEST, "--seed", "7")
    assert told.returncode == 0 and f"recorded in build/lab1/replay/{TEST}" in told.stdout
    again = verb("replay", "--test", TEST)
    assert again.returncode == 0 and "the same as when it was recorded" in again.stdout, again.stderr


@pytest.mark.parametrize("words, line", [
    (("record",), "cub: which test? make record TEST=name"),
    (("record", "--test", "nosuch"), "cub: lab 1 has no kernel test nosuch"),
    (("replay", "--test", "never_recorded"),
     "cub: there is no whole recording in build/lab1/replay/never_recorded: make record first")])
def test_mistakes_are_one_line(words, line):
    done = verb(*words)
    assert (done.returncode, done.stderr.strip()) == (2, line)


def test_the_empty_image_is_a_whole_qcow2(tmp_path):
    """QEMU opens it and finds it empty (qemu-img, where it is installed, says the same)."""
    path = tmp_path / "x.qcow2"
    replay.empty_qcow2(path)
    done = subprocess.run([emu.QEMU, "-machine", "none", "-nodefaults", "-display", "none", "-monitor", "stdio",
                           "-drive", f"file={path},if=none,id=x"], input="info snapshots\nquit\n",
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "There is no snapshot available" in done.stdout, done.stderr
