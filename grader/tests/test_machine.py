"""The machine's ends, each with a kernel that comes to it."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

from grader import sandbox
from grader.machine import Machine, MachineError
from grader.tests import probes
from grader.wires import Wires

pytestmark = pytest.mark.filterwarnings("error")


def boot(tmp_path: Path, body: str, **options):
    """Boots a probe to its end as the test "probe"."""
    with Machine(probes.build(tmp_path, body), ktest="probe", **options) as machine:
        return machine.wait()


# --- verdicts ---------------------------------------------------------------------------


def test_passed(tmp_path):
    assert boot(tmp_path, "pass();").kind == "passed"


def test_failed(tmp_path):
    end = boot(tmp_path, 'plan(COM2); say(COM2, "# a.c:1: KT_EQ(a, b): 1 (0x1) != 2 (0x2)\\n");'
                         'result(COM2, "not ok"); leave(0x11);')
    assert (end.kind, end.detail) == ("failed", "a.c:1: KT_EQ(a, b): 1 (0x1) != 2 (0x2)")


def test_panicked(tmp_path):
    end = boot(tmp_path, 'plan(COM2); say(COM2, "# panic: page fault at 0x0\\n#   main+0x12\\n");'
                         'result(COM2, "not ok"); leave(0x11);')
    assert (end.kind, end.detail, end.where) == ("panicked", "page fault at 0x0", ("main+0x12",))


def test_a_panic_that_stops_the_machine_ends_at_once(tmp_path):
    began = time.monotonic()
    end = boot(tmp_path, 'say(COM1, "\\r\\npanic: out of luck\\r\\n"); __asm__("cli; hlt");', limit=30)
    assert (end.kind, end.detail) == ("panicked", "out of luck")
    assert time.monotonic() - began < 10, "a stopped machine was waited for"


def test_skipped_earns_no_pass(tmp_path):
    end = boot(tmp_path, 'plan(COM2); say(COM2, "ok 1 - probe # SKIP no screen nonce=");'
                         'say(COM2, nonce); say(COM2, "\\n"); leave(0x10);')
    assert (end.kind, end.detail) == ("skipped", "no screen")


@pytest.mark.parametrize("body", [
    'plan(COM2); nonce[0] ^= 1; result(COM2, "ok"); leave(0x10);',
    'plan(COM2); say(COM2, "ok 1 - probe # nonce=\\n"); leave(0x10);',
    'plan(COM2); name[0] = 80; result(COM2, "ok"); leave(0x10);',
    'plan(COM2); result(COM2, "ok"); result(COM2, "ok"); leave(0x10);',
    'plan(COM2); result(COM2, "not ok"); result(COM2, "ok"); leave(0x10);',
    'plan(COM2); result(COM2, "not ok"); leave(0x10);',
    'plan(COM2); result(COM2, "ok"); leave(0x11);',
    'plan(COM2); result(COM2, "ok"); leave(0x20);',
    'result(COM2, "ok"); leave(0x10);',
    'plan(COM2); say(COM2, "ok\\n"); result(COM2, "ok"); leave(0x10);',
    'plan(COM2); result(COM2, "ok"); say(COM2, "x"); leave(0x10);',
    'say(COM2, "\\n"); plan(COM2); result(COM2, "ok"); leave(0x10);',
    'plan(COM2); for (int i = 128; i < 256; i++) put(COM2, i); result(COM2, "ok"); leave(0x10);',
], ids=["wrong nonce", "no nonce", "wrong name", "two results", "both results", "not ok but 33", "ok but 35",
        "other status", "no plan", "a line of its own", "more after it", "more before it", "garbled"])
def test_tampered(tmp_path, body):
    assert boot(tmp_path, body).kind == "tampered"


@pytest.mark.parametrize("body", [
    "leave(0x10);",
    "plan(COM2); leave(0x10);",
    'plan(COM1); result(COM1, "ok"); leave(0x10);',
    'plan(COM1); result(COM1, "ok"); plan(COM2); leave(0x10);',
], ids=["exit alone", "exit after the plan", "KTAP on the console", "KTAP on the console after a plan"])
def test_ended_early(tmp_path, body):
    assert boot(tmp_path, body).kind == "ended-early"


# --- machines that go nowhere -----------------------------------------------------------


@pytest.mark.parametrize("body", [
    "for (;;) ;",
    'for (;;) __asm__("pause");',
    "hear(COM1);",
    'for (;;) { in8(0x64); __asm__("pause"); }',
], ids=["empty loop", "pause", "polls a port", "polls another port"])
def test_hung_in_a_loop(tmp_path, body):
    began = time.monotonic()
    end = boot(tmp_path, "plan(COM2); " + body, limit=30)
    assert end.kind == "hung" and "loop" in end.detail
    assert any("probe" in line or "begin" in line for line in end.where), end.where
    assert time.monotonic() - began < 30, "it was waited for instead of seen"


def test_hung_where_the_fault_handler_faults(tmp_path):
    """Pages of 4 MiB: the first is this kernel, the last is not there, and has the handler; all others
    are one page of RAM, so that the stack takes ever more of what each fault pushes."""
    end = boot(tmp_path, r"""
        static u32 directory[1024] __attribute__((aligned(4096)));
        static unsigned long long gdt[2] = { 0, 0x00cf9a000000ffff }, idt[15];
        static struct { u16 limit; void *base; } __attribute__((packed)) to_gdt = { 15, gdt }, to_idt = { 119, idt };
        for (u32 i = 0; i < 1023; i++) directory[i] = (i ? 0x400000 : 0) | 0x83;
        idt[14] = 0xffc08e0000080000;
        __asm__ volatile("mov %%cr4, %%eax; or $0x10, %%eax; mov %%eax, %%cr4; mov %0, %%cr3;"
                         "mov %%cr0, %%eax; or $0x80000000, %%eax; mov %%eax, %%cr0; lgdt %1; lidt %2;"
                         "mov $0xffc00000, %%esp; jmp *%%esp" :: "r"(directory), "m"(to_gdt), "m"(to_idt) : "eax");""")
    assert end.kind == "hung" and end.detail.startswith("page faults without end")


def test_hung_while_memory_changes_meets_the_limit(tmp_path):
    end = boot(tmp_path, "plan(COM2); for (;;) spend(1000);")
    assert (end.kind, end.detail) == ("hung", "2 s of guest time are over")


def test_a_kernel_that_waits_for_a_person_is_not_waited_for(tmp_path):
    with Machine(probes.build(tmp_path, 'say(COM1, "ready> "); for (;;) spend(1000);'), limit=1e6) as machine:
        end = machine.wait(over="ready> ")
    assert (end.kind, end.detail) == ("hung", "it waits at 'ready>'")


def test_hung_before_the_test_says_so(tmp_path):
    assert boot(tmp_path, "for (;;) ;").detail.endswith(", before its test began")


def test_halted(tmp_path):
    end = boot(tmp_path, 'plan(COM2); __asm__("cli; hlt");', limit=30)
    assert end.kind == "hung" and "halted" in end.detail and "(halted)" in end.where[0]


def test_a_verdict_without_an_exit_is_no_pass(tmp_path):
    assert boot(tmp_path, 'plan(COM2); result(COM2, "ok"); for (;;) ;').kind == "hung"


def test_triple_fault(tmp_path):
    end = boot(tmp_path, 'plan(COM2); static struct { u16 limit; u32 base; } __attribute__((packed)) none;'
                         '__asm__ volatile("lidt %0; ud2" :: "m"(none));')
    assert end.kind == "rebooted" and "triple fault at" in end.detail and "cr2=" in end.detail


def test_reset_by_the_keyboard_controller(tmp_path):
    end = boot(tmp_path, "plan(COM2); out8(0x64, 0xfe); for (;;) ;")
    assert end.kind == "rebooted" and "reset the machine" in end.detail


@pytest.mark.parametrize("port", ["COM1", "COM2"])
def test_output_limit(tmp_path, port):
    end = boot(tmp_path, f'for (;;) say({port}, "all work and no play makes Jack a dull boy\\n");',
               output_limit=100_000, limit=600)
    assert end.kind == "output-limit"


def test_backstop(tmp_path):
    """The host's clock ends what nothing else does (here: a QEMU that is stopped)."""
    with Machine(probes.build(tmp_path, "for (;;) spend(1000);"), ktest="probe", backstop=2, limit=30) as machine:
        for pid in family(machine._process.pid):
            os.kill(pid, signal.SIGSTOP)
        assert machine.wait().kind == "timeout"


def test_a_guest_that_stops_its_watchdog_has_the_host_s_time(tmp_path):
    """docs/integrity.md says so: ports 0x441 and 0x443 are within a kernel's reach."""
    end = boot(tmp_path, "out8(0x441, 0); for (;;) spend(1000);", limit=0.1, backstop=3)
    assert end.kind == "timeout"


def test_a_monitor_that_refuses_is_no_wait_without_end(tmp_path):
    """What memory holds cannot be written (here: there is a directory), and QEMU lives on."""
    with Machine(probes.build(tmp_path, "for (;;) ;"), ktest="probe", backstop=3, limit=30) as machine:
        machine.watcher._file.mkdir()
        end = machine.wait()
    assert (end.kind, end.detail.split(": ")[:2]) == ("timeout", ["QEMU's monitor", "QMP pmemsave"])


# --- the host's time changes no verdict --------------------------------------------------


def family(pid: int) -> list[int]:
    """A process and all that it started, without the first."""
    found = []
    for child in subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True,
                                text=True).stdout.split():
        found += [int(child), *family(int(child))]
    return found or [pid]


# Waits for a byte, so that the host is as the test wants it before the work begins.
WORK = 'plan(COM2); hear(COM1); spend(30000000); result(COM2, "ok"); leave(0x10);'


def test_a_suspended_machine_still_passes(tmp_path):
    """QEMU stands still for longer than the test's limit, in the middle of the test."""
    with Machine(probes.build(tmp_path, WORK), ktest="probe", limit=4) as machine:
        victims = family(machine._process.pid)
        for pid in victims:
            os.kill(pid, signal.SIGSTOP)
        machine.console.send("x")
        threading.Timer(6, lambda: [os.kill(pid, signal.SIGCONT) for pid in victims]).start()
        assert machine.wait().kind == "passed"


def test_a_slow_host_still_passes(tmp_path):
    """Under load and with the lowest priority a long test has the same verdict."""
    load = [subprocess.Popen(["/usr/bin/python3", "-c", "while True: pass"]) for _ in range(os.cpu_count() * 2)]
    try:
        with Machine(probes.build(tmp_path, WORK), ktest="probe", limit=6) as machine:
            for pid in family(machine._process.pid):
                os.setpriority(os.PRIO_PROCESS, pid, 19)
            machine.console.send("x")
            assert machine.wait().kind == "passed"
    finally:
        for process in load:
            process.kill()
            process.wait()


def test_the_limit_is_in_instructions(tmp_path):
    """A test gets as many instructions as 2 guest seconds have, however long they take."""
    assert boot(tmp_path, "spend(20000000); pass();").kind == "passed"
    assert boot(tmp_path, "spend(100000000); pass();").kind == "hung"
    assert boot(tmp_path, "spend(100000000); pass();", limit=20).kind == "passed"


def test_a_guest_is_not_kept_waiting(tmp_path):
    """Bytes that come one by one while we do not read: a unix socket would be full after 278."""
    came = []
    wires = Wires(tmp_path, ["console"], [], lambda name, data: came.append(data))
    guest = os.open(tmp_path / "console.out", os.O_RDWR | os.O_NONBLOCK)
    for number in range(50_000):
        os.write(guest, bytes([number % 251]))
    os.close(guest)
    while not wires.closed:
        wires.pump(1)
    wires.close()
    assert b"".join(came) == bytes(number % 251 for number in range(50_000))


def test_a_line_can_be_given_less_room(tmp_path):
    """Lab 1 looks at what a kernel does while its line is busy."""
    with Machine(probes.build(tmp_path, "hear(COM1);"), room=4096) as machine:
        guest = os.open(machine.directory / "console.out", os.O_RDWR | os.O_NONBLOCK)
        try:
            assert os.write(guest, bytes(8000)) == 4096
        finally:
            os.close(guest)


# --- looking, and leaving nothing behind --------------------------------------------------


def test_memory_and_registers(tmp_path):
    with Machine(probes.build(tmp_path, '*(u32 *)0x300000 = 0x12345678; put(COM1, 33);'
                                        '__asm__("mov $0xcafe, %ebx; cli; hlt");')) as machine:
        machine.console.expect("!")
        assert machine.memory(0x300000, 4) == bytes.fromhex("78563412")
        machine.console.settle()
        [cpu] = machine.registers()
        assert (cpu["rbx"], cpu["hlt"], cpu["bits"]) == (0xcafe, 1, 32)


def test_input_reaches_the_kernel_line(tmp_path):
    with Machine(probes.build(tmp_path, 'say(COM1, "> "); for (;;) put(COM1, hear(COM1) + 1);')) as machine:
        machine.console.expect("> ")
        machine.console.send("HAL" * 1000)
        machine.console.expect("IBM" * 1000)


def test_two_machines_side_by_side(tmp_path):
    elf = probes.build(tmp_path, "plan(COM2); spend(3000000); result(COM2, \"ok\"); leave(0x10);")
    with Machine(elf, ktest="probe") as one, Machine(elf, ktest="probe") as two:
        assert two.wait().kind == one.wait().kind == "passed"
        assert one.options.nonce != two.options.nonce


def test_close_leaves_no_process_and_no_file(tmp_path):
    machine = Machine(probes.build(tmp_path, "for (;;) ;")).start()
    pids, directory = family(machine._process.pid), machine.directory
    machine.close()
    machine.close()
    end = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < end:
        time.sleep(0.05)
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    assert not directory.exists()


def test_qemu_dies_with_the_grader(tmp_path):
    """A grader that is killed leaves no machine behind."""
    elf = probes.build(tmp_path, "for (;;) ;")
    script = ("import sys, time; from grader.machine import Machine\n"
              f"m = Machine({str(elf)!r}).start(); print(m._process.pid, flush=True); time.sleep(60)")
    with tempfile.TemporaryDirectory(prefix="cub-") as scratch:    # what a killed one cannot remove
        grader = subprocess.Popen(["/usr/bin/python3", "-c", script], stdout=subprocess.PIPE, text=True,
                                  cwd=Path(__file__).resolve().parent.parent.parent,
                                  env=os.environ | {"TMPDIR": scratch})
        pids = family(int(grader.stdout.readline()))
        grader.kill()
        grader.communicate()
    end = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < end:
        time.sleep(0.05)
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_a_qemu_that_refuses_is_one_line(tmp_path):
    with pytest.raises(MachineError) as told:
        Machine(tmp_path / "nothing.elf").start()
    assert "\n" not in str(told.value) and "nothing.elf" in str(told.value)


# --- processors that really run in parallel ----------------------------------------------


def test_a_parallel_limit_is_the_host_s_processor_time(tmp_path, monkeypatch):
    """What others did on the host while we waited does not count."""
    had = iter([0.1, 0.2, 5.0])
    monkeypatch.setattr("grader.sandbox.processor_time", lambda pid: next(had))
    began = time.monotonic()
    end = boot(tmp_path, "plan(COM2); for (;;) spend(1000);", icount=False, limit=2)
    assert end.kind == "hung" and not list(had), end
    assert time.monotonic() - began > 4, "the limit was asked for again, and again"


def test_processor_time_is_that_of_all_below():
    process = subprocess.Popen(["sh", "-c", "timeout 20 sh -c 'while :; do :; done' & wait"], start_new_session=True)
    try:
        until = time.monotonic() + 30
        while sandbox.processor_time(process.pid) < 0.3:
            assert time.monotonic() < until, "the grandchild's time is not seen"
            time.sleep(0.1)
    finally:
        sandbox.kill_group(process)
