"""make gdb: GDB in front of QEMU, Cub's commands, and the way from 32-bit code to kmain."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader import emulator as emu, gdb, user
from grader.tests.terminal import Terminal, children

COMMAND = [sys.executable, "-m", "grader", "gdb", "--lab", "1"]
MEMORY = (*COMMAND[:-1], "2")       # the lab with pages and page tables
THREADS = (*COMMAND[:-1], "3")      # with threads and processors
PROGRAMS = (*COMMAND[:-1], "4")     # that runs programs


def batch(*commands: str, more: tuple[str, ...] = (), command: tuple[str, ...] = tuple(COMMAND)) -> str:
    """What GDB prints while it runs those commands."""
    words = [word for line in commands for word in ("--command", line)]
    done = subprocess.run([*command, *more, "--batch", *words], capture_output=True, text=True, cwd=emu.ROOT,
                          stdin=subprocess.DEVNULL, timeout=600)
    return done.stdout + done.stderr


def test_break_at_kmain_backtrace_and_a_variable():
    said = batch("break kmain", "continue", "backtrace", "break monitor_main", "continue",
                 "print bootinfo.protocol", "print bootinfo.memmap.count")
    assert re.search(r"Breakpoint 2, kmain \(magic=0, .* at lab1-boot/boot/kmain.c", said), said
    assert re.search(r"#0  kmain .*\n#1  0x[0-9a-f]+ in boot_high \(\) at lab1-boot/boot/entry.S", said)
    assert re.search(r'\$1 = 0x[0-9a-f]+ .*"PVH"', said)
    assert re.search(r"\$2 = [1-9]", said)


def test_stops_at_the_first_instruction_with_source_lines():
    said = batch("info registers rip", "where 1", "cub info", "cub code 2")
    entry = gdb.entry(emu.kernel(1).elf)
    assert re.search(rf"rip +{entry:#x} +{entry:#x} <boot_entry>", said), said
    assert re.search(r"#0  boot_entry \(\) at lab1-boot/boot/entry.S:\d+", said)
    assert "processor  32-bit protected mode, paging off" in said
    assert "bootinfo is not filled yet" in said
    assert re.search(rf"{entry:x}:\s.*\bcli\b", said)


def test_steps_through_the_switch_to_long_mode():
    source = (emu.ROOT / "lab1-boot/boot/entry.S").read_text().splitlines()
    jump = next(number for number, line in enumerate(source, 1) if re.match(r"\s*ljmp\b", line))
    said = batch("break longmode_enter", "continue", "cub info", f"break entry.S:{jump}", "continue", "cub info",
                 "cub code 1", "stepi", "info registers rip cs", "cub code 12", "tbreak boot_high", "continue", "info registers rip")
    assert "longmode_enter () at lab1-boot/boot/longmode.S" in said, said
    assert said.index("paging off") < said.index("long mode, still in 32-bit code: cr0 0x8")
    assert re.search(r"\bljmp\b", said), "the far jump is shown as 32-bit code"
    assert re.search(r"cs +0x8 ", said) and re.search(r"mov +\$0xffffffff80[0-9a-f]+,%rax", said), said
    low, high = [int(found, 16) for found in re.findall(r"^rip +(0x[0-9a-f]+)", said, re.MULTILINE)]
    entry = gdb.entry(emu.kernel(1).elf)
    assert entry < low < entry + 0x200, "64-bit code, still at its physical address"
    assert entry < high - gdb.KERNEL_BASE < entry + 0x200, "the same code at its linked address"


def test_info_and_memmap_say_what_the_guest_knows():
    said = batch("break monitor_main", "continue", "cub info", "cub memmap", "cub type info",
                 "break command_info", "continue", "finish", "shell sleep 1",
                 more=("--append", "tea=hot two", "--memory", "96M"))
    info, guest = said.split("typed; the guest")
    assert re.search(r"processor  long mode: cr0 0x8\w+ cr3 0x\w+ cr4 0x\w+ efer 0xd00", info), said
    assert "booted by  PVH" in info and "arguments  tea=hot two" in info and "memory     95 MiB usable" in info
    ours = re.findall(r"^([0-9a-f]{16}) - ([0-9a-f]{16})  (\S+)", info, re.MULTILINE)
    theirs = re.findall(r"^    ([0-9a-f]{16}) - ([0-9a-f]{16})  (\S+)", guest.replace("\r", ""), re.MULTILINE)
    assert ours and ours == theirs


def test_backtrace_by_frame_pointers():
    said = batch("break serial_write", "continue", "up", "cub backtrace")
    names = re.findall(r"^#\d+ +0x[0-9a-f]+  (\w+)", said, re.MULTILINE)
    assert names[0] == "serial_write", said
    assert names[-3:] == ["lab1_init", "kmain", "boot_high"], names


def test_a_kernel_test_runs_on_the_graders_machine():
    said = batch("break ktest_run_if_asked", "continue", "print bootinfo.command_line", "continue",
                 more=("--test", "ktest_random_differs", "--seed", "0x2a"))
    assert '"ktest=ktest_random_differs seed=0x2a"' in said, said
    assert re.search(r"COM2: # seed 0x0*2a", said)
    assert "ktest_random_differs: passed" in said


def test_a_reset_stops_in_gdb():
    """A triple fault is one, too: what led to it can still be looked at."""
    said = batch("break monitor_main", "continue", "cub type reboot", "continue", "where")
    assert "Remote connection closed" not in said, said
    assert re.search(r"#\d+ .*\bcommand_reboot\b", said)


def test_a_missing_input_file_is_one_line():
    said = batch(more=("--test", "x", "--input", "/nowhere/input"))
    assert said == "cub: cannot read /nowhere/input: No such file or directory\n"


def test_in_a_terminal_ctrl_c_stops_the_guest_and_quit_ends_qemu():
    with Terminal(COMMAND) as terminal:
        terminal.expect("first instruction")
        terminal.expect("(gdb) ")
        machines = children(terminal.pid)
        terminal.send("continue\r")
        terminal.expect("cub> ")
        terminal.send("\x03")
        terminal.expect("SIGINT")
        terminal.expect("(gdb) ")
        terminal.send("cub type info\r")
        terminal.expect("typed")
        terminal.expect("(gdb) ")
        terminal.send("continue\r")
        terminal.expect("booted by  PVH")
        terminal.expect("cub> ")
        terminal.send("\x03")
        terminal.expect("(gdb) ")
        terminal.send("quit\r")
        assert terminal.wait() == 0
    assert len(machines) == 2, "QEMU and GDB"
    end = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in machines):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_two_sessions_do_not_disturb_each_other():
    words = ["--batch", "--command", "break monitor_main", "--command", "continue", "--command",
             "print bootinfo.command_line"]
    running = [subprocess.Popen([*COMMAND, "--append", name, *words], cwd=emu.ROOT, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) for name in ("one", "two")]
    said = [process.communicate(timeout=600)[0] for process in running]
    assert '"one"' in said[0] and '"two"' in said[1]


def test_page_tables_from_outside_are_those_that_the_monitor_shows():
    said = batch("cub pt", "break monitor_main", "continue", "cub pt", "cub pt &bootinfo", "cub pt 0x900000000000",
                 "cub pt boot_stack_guard", "cub type pt", "break command_pt",
                 "continue", "finish", "shell sleep 1", command=MEMORY)
    ours, guest = said.split("typed; the guest", 1)
    form = r"^[0-9a-f]{16} - [0-9a-f]{16}  r.* x \d [KMG]iB  physical [0-9a-f]+$"
    runs = re.findall(form, ours, re.MULTILINE)
    assert len(runs) > 5 and runs == re.findall(form, guest.replace("\r", ""), re.MULTILINE), said
    assert "paging is not on yet" in said and "0x900000000000 is not canonical" in said
    assert re.search(r"^level 3  PML4 .*\nlevel 2 .*\nlevel 1 .*\nlevel 0  page table .*  rw--g  page of 4 KiB: physical "
                     r"[0-9a-f]{16}\nrw--g: what all levels allow together$", ours, re.MULTILINE), said
    assert re.search(r"^level 0  page table .*  not present$", ours, re.MULTILINE), "the hole below the stack"


def test_pages_and_the_buddys_lists():
    said = batch("cub page", "break monitor_main", "continue", "cub page vm_zero_page",
                 "cub page 0xffff800000000000 + (vm_zero_page - page_array) * 4096", "cub page 12288",
                 "cub page 0x3001000", "cub page kernel_start", "cub page 0x10000000000", "cub page",
                 "set var buddy.blocks[10] = 99", "cub page", command=MEMORY)
    block = r"state     USED, heads a block of order 0 \(4 KiB\), references: 1\nowner     zeros\n.*\nallocated at vm_\w+\+0x"
    assert len(re.findall(block, said)) == 2, said
    assert re.search(r"^frame 12288 at .*\nstate     FREE, heads a block of order 10 \(4096 KiB\)$", said, re.MULTILINE)
    assert re.search(r"^frame 12289 at physical 0x3001000, .*\ninside    the block of frame 12288:$", said, re.MULTILINE)
    assert re.search(r"^frame 256 at physical 0x100000, .*\nstate     RESERVED$", said, re.MULTILINE)
    assert "there is no page structure for 0x10000000000" in said
    lists, damaged = said.split("pages free in the buddy's lists")[1:]
    counts = [int(count) for count in re.findall(r"^ +\d+ +(\d+)  ", lists, re.MULTILINE)]
    assert sum(counts) > 5 and "but" not in lists
    assert re.search(r"^ +10 +99  .*\n +but its list has \d+$", damaged, re.MULTILINE)
    assert "Traceback" not in said


def test_caches_and_their_slabs():
    said = batch("break monitor_main", "continue", "cub slab", "print kmalloc(1000, 0)", "print kmalloc(900, 0)", "cub slab",
                 "cub slab kmalloc-1024", "cub slab nothing", command=MEMORY)
    before, after = said.split("objects / room")[1:]
    line = r"^kmalloc-1024 +1024 +(\d+) / (\d+) +(\d+) +(\d+)$"
    (was,), (now,) = re.findall(line, before, re.MULTILINE), re.findall(line, after, re.MULTILINE)
    assert int(now[0]) == int(was[0]) + 2 and int(now[1]) >= int(now[0]) and int(now[2]) >= 1, said
    assert re.search(r"^kmalloc-1024: 1024 bytes each, one every 1024; \d+ in a slab of \d+ KiB$", said, re.MULTILINE)
    shown = re.findall(r"^  0xffff8[0-9a-f]+ +(\d+) of \d+ out, (?:first free 0x|full)", said, re.MULTILINE)
    assert len(shown) == int(now[2]) and sum(map(int, shown)) == int(now[0]) + int(now[3])
    assert "there is no cache 'nothing'" in said and "but" not in after


def test_threads_and_the_callers_of_those_that_do_not_run():
    said = batch("cub threads", "break trace_mark", "continue", "continue", "cub threads", "cub bt ping", "cub bt pong",
                 "cub bt main", "cub bt 2", "cub bt 99", "cub bt", more=("--test", "trace_ping_pong"), command=THREADS)
    rows = re.findall(r"^ +(\d+)  (\w+) +(\w+) +(\d\*?) +16 +(.*)$", said, re.MULTILINE)
    told = {name: (state, cpu, where) for _, name, state, cpu, where in rows}
    assert [row[:2] for row in rows] == [("1", "main"), ("2", "idle"), *((row[0], row[1]) for row in rows[2:])]
    assert told["pong"][:2] == ("running", "0*") and told["pong"][2].startswith("trace_mark at "), said
    assert told["ping"][:2] == ("sleeping", "0") and told["ping"][2].startswith("run_ping+")
    assert told["main"][0] == "sleeping" and told["main"][2].startswith("thread_join+")
    assert told["idle"] == ("new", "0", "has not run yet; begins with run_idle")
    traces = [re.findall(r"^#\d+ +0x[0-9a-f]+  (\w+)", part, re.MULTILINE) for part in said.split("thread ")]
    ping, pong, main = (part for part in traces if part)
    assert ping[-2:] == ["run_ping", "thread_begin"] and "sched_sleep" in ping
    assert pong == ["trace_mark", "run_pong", "thread_begin"]
    assert {"sched_sleep", "thread_join", "ktest_trace_ping_pong", "kmain", "boot_high"} <= set(main)
    assert "it has not run yet; it begins with run_idle" in said and "there is no thread '99'" in said
    assert "usage: cub bt ID|NAME" in said and "Python Exception" not in said and "Traceback" not in said


def test_a_thread_that_runs_on_another_processor():
    said = batch("break monitor_main", "continue", "cub bt 3", "cub bt idle", "cub threads", "info registers rip",
                 more=("--cpus", "2"), command=THREADS)
    assert re.search(r'^thread 3 "idle": runs on processor 1\n#0 ', said, re.MULTILINE), said
    assert re.search(r"^#\d+ +0x[0-9a-f]+  sched_idle\+", said, re.MULTILINE)
    assert "2 threads are named 'idle': say which number, 2, 3" in said
    assert re.search(r"^ +1  main +running +0\* .* monitor_main at ", said, re.MULTILINE)
    assert re.search(r"^ +3  idle +running +1\* ", said, re.MULTILINE)
    assert re.search(r"^rip .*<monitor_main>$", said, re.MULTILINE), "GDB still looks at the first processor"


def test_threads_on_the_explorers_processors():
    """One of the two stands on a processor that has no registers while it is the other one's turn."""
    said = batch("break take_turns", "continue", "break mutex_unlock if explore_on", "continue", "cub threads",
                 *(f"cub bt {thread}" for thread in ("main", "one", "two", "2", "3")),
                 more=("--test", "trace_schedules"), command=THREADS)
    running = re.findall(r"^ +\d+  \w+ +running +(\d)\* .* at lab", said, re.MULTILINE)
    assert sorted(running) == ["0", "1"], said
    traces = re.findall(r'^thread \d+ "\w+": runs on processor \d\n((?:#.*\n)+)', said, re.MULTILINE)
    names = [re.findall(r"^#\d+ +0x[0-9a-f]+  (\w+)", trace, re.MULTILINE) for trace in traces]
    assert sorted("explore_at" in trace for trace in names) == [False, True], said
    assert all(trace[-1] in ("thread_begin", "boot_high", "enter") for trace in names)


def test_programs_and_where_each_of_them_sleeps():
    """A thread has the name of the program that it runs now."""
    image = user.image(emu.ROOT, 4)
    said = batch("break process_exit", "continue", "cub threads", command=PROGRAMS,
                 more=("--initrd", str(image), "--append", "quiet -- /bin/sieve 2"))
    names = re.findall(r"^ +\d+  (\S.*?) +(?:sleeping|ready|running) +\d\*? +16 ", said, re.MULTILINE)
    assert {"main", "init", "console keys", "sieve"} <= set(names) and names.count("init") == 1, said


def test_commands_are_found_by_their_files():
    """A later floor adds a file under gdbcub/ and nothing else."""
    names = {path.stem for path in (emu.ROOT / "grader/gdbcub").glob("*.py")} - {"__init__"}
    said = batch("help cub")
    assert {"bootinfo", "stack", "console", "code", "replay", "pt", "page", "slab", "threads"} <= names
    for name in ("info", "memmap", "backtrace", "type", "code", "when", "seek", "pt", "page", "slab", "threads", "bt"):
        assert f"cub {name} -- " in said


@pytest.mark.parametrize("line, answer", [("cub when", "this is no recorded run"),
                                          ("cub type \\\\x", "cannot read")])
def test_mistakes_are_one_line(line, answer):
    said = batch(line)
    assert answer in said and "Traceback" not in said
