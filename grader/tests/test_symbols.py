"""Addresses and names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from grader import cpustate
from grader.symbols import Symbols

TABLE = """0000000000100000 A KERNEL_LOAD
ffffffff80100000 T boot_entry
ffffffff80100040 T kmain
ffffffff80100080 t spin
ffffffff80200000 b nothing
"""


def test_names():
    symbols = Symbols.parse(TABLE)
    assert symbols.name(0xffffffff80100040) == "kmain"
    assert symbols.name(0xffffffff80100052) == "kmain+0x12"
    assert symbols.name(0xffffffff90000000) == "0xffffffff90000000"
    assert symbols.name(0x42) == "0x42"
    assert symbols.address("spin") == 0xffffffff80100080 and "spin" in symbols and "KERNEL_LOAD" not in symbols


def test_before_paging_the_kernel_runs_low():
    assert Symbols.parse(TABLE).name(0x100044) == "kmain+0x4"


def test_a_call_that_ends_a_function_belongs_to_it():
    assert Symbols.parse(TABLE).caller(0xffffffff80100080) == "kmain+0x40"


def test_no_symbols_at_all(tmp_path):
    (tmp_path / "cub.elf").write_bytes(b"")
    assert Symbols.load(tmp_path / "cub.elf").name(0x1234) == "0x1234"


def test_a_symbol_without_an_address_is_not_in_the_kernels_table():
    """`nm` prints a weak undefined symbol with two fields, and a quoted name may hold a space."""
    lines = ["                 w nowhere", "ffffffff80100000 T text_start", "ffffffff80100040 T kmain",
             "ffffffff80100060 t two words", "ffffffff80100080 T text_end"]
    program = Path(cpustate.__file__).with_name("symtab.py")
    done = subprocess.run([sys.executable, program], input="\n".join(lines), capture_output=True, text=True, check=True)
    assert '.asciz "kmain"' in done.stdout and "nowhere" not in done.stdout and "words" not in done.stdout


def test_registers_in_both_modes():
    wide, narrow = cpustate.registers("""
CPU#0
RAX=000000000000002a RBX=0000000000000000 R8 =0000000000000008 R15=00000000000000ff
RIP=ffffffff80100044 RFL=00000202 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0
CS =0008 0000000000000000 ffffffff 00af9a00 DPL=0 CS64 [-R-]
GS =0000 ffffffff80200000 00000000 00000000
CR0=80010011 CR2=0000000000000000 CR3=0000000000102000 CR4=00000020
CPU#1
EAX=00000001 EIP=00001000 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=1
CS =0008 00000000 ffffffff 00cf9a00 DPL=0 CS32 [-R-]
""")
    assert (wide["rax"], wide["r8"], wide["r15"], wide["rip"]) == (42, 8, 255, 0xffffffff80100044)
    assert (wide["cr0"], wide["cr3"], wide["gs_base"], wide["bits"]) == (0x80010011, 0x102000, 0xffffffff80200000, 64)
    assert (narrow["rax"], narrow["rip"], narrow["hlt"], narrow["bits"]) == (1, 0x1000, 1, 32)
    assert cpustate.interrupts_on(wide) and not cpustate.dead([wide, narrow]) and cpustate.dead([narrow])
