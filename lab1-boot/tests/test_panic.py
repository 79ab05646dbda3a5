"""Panics seen on the console: registers, what happens after, and "panic=" on the command line."""

import re
import struct

import pytest

REGISTERS = "rax rbx rcx rdx rsi rdi rbp r8 r9 r10 r11 r12 r13 r14 r15".split()


@pytest.mark.needs("1.2", "1.3")
def test_trap_prints_registers(machine, symbols, rng):
    """Random numbers in the registers, and an invalid instruction: the panic shows them."""
    values = {name: rng.getrandbits(64) for name in REGISTERS}
    cub = machine(ktest="trap_registers_probe", input=struct.pack("<15Q", *values.values()))
    assert cub.wait().kind == "panicked"
    text = cub.console.text
    shown = dict(re.findall(r"\b(r\w\w?) +([0-9a-f]{16})\b", text))
    for name, value in values.items():
        assert shown[name] == f"{value:016x}", name
    assert int(shown["rip"], 16) == symbols.address("trap_registers_here")
    assert re.search(r"\bpanic: invalid opcode \(exception 6, error code 0x0\)", text)
    assert re.search(r"cr3 [0-9a-f]{16}", text) and re.search(r"rsp [0-9a-f]{16}", text)


def interrupt(cub) -> None:
    """A non-maskable interrupt at the prompt: a panic outside of any test."""
    cub.console.expect("cub> ")
    cub.qmp.command("inject-nmi")
    cub.console.expect("panic: non-maskable interrupt (exception 2, error code 0x0)")
    cub.console.expect("backtrace:")
    cub.console.expect("kmain+0x")     # its callers come or not: in a function's first bytes there is no frame yet


@pytest.mark.needs("1.2", "1.3", "1.5")
def test_panic_stops_the_machine(machine):
    """A panic at the prompt: its backtrace, and then nothing more happens."""
    cub = machine()
    interrupt(cub)
    cub.console.expect("The machine is stopped.")
    cub.console.send("help\r")
    assert "cub>" not in cub.console.settle()


@pytest.mark.needs("1.2", "1.3", "1.5")
def test_panic_restarts_the_machine_if_told(machine):
    """With "panic=-1" on the command line a panic restarts."""
    cub = machine(append="panic=-1")
    interrupt(cub)
    assert cub.wait().kind == "rebooted"


@pytest.mark.needs("1.2", "1.3")
def test_one_processor_panics_at_a_time(machine):
    """Who panics after another processor stops, and says nothing into its words."""
    cub = machine(ktest="panic_of_two_probe")
    end = cub.wait()
    assert (end.kind, end.detail) == ("panicked", "the first panic")
    assert "another processor" not in cub.console.text
