"""Exercise 4.1 from outside: interrupts that cannot be masked, sent while the kernel traps."""

import re

import pytest

from grader import bochs, emulator as emu, iso

ROUNDS, EACH = 20, 10


def storm(cub):
    """Sends NMIs whenever the probe asks for them, to all processors, and waits for the verdict."""
    for _ in range(ROUNDS):
        cub.console.expect("send them")
        for _ in range(EACH):
            cub.qmp.command("inject-nmi")
    cub.console.expect("enough")
    cub.console.send("x")
    assert cub.wait().kind == "passed"


@pytest.mark.exercise("4.1")
def test_nmi_storm(machine):
    """Hundreds of NMIs: every trap that they meet comes back with all its registers."""
    storm(machine(ktest="entry_nmi_storm", input=bytes([ROUNDS])))


@pytest.mark.needs("4.1", "3.1", "3.2", "3.3")
@pytest.mark.parametrize("icount", [True, False], ids=["in turn", "together"])
def test_nmi_storm_of_all(machine, icount):
    """Hundreds of NMIs for four processors that call each other: all go on, and compute what is right."""
    storm(machine(ktest="nmi_storm_of_all", input=bytes([ROUNDS]), cpus=4, icount=icount, limit=60, backstop=240))


@pytest.mark.exercise("4.1")
@pytest.mark.needs("4.4", "4.5")
def test_nmi_in_calls(ktest):
    """One processor sends NMIs to another, on which a program makes thousands of system calls."""
    ktest("entry_nmi_in_calls", icount=False, limit=30, backstop=240, cpus=2)


@pytest.mark.slow
@pytest.mark.exercise("4.1")
@pytest.mark.needs("4.5")
def test_in_bochs(kernel, tmp_path):
    """In Bochs, which is exact about IRETQ, a return to where nothing can return to is an error as well."""
    passes_in_bochs(kernel, tmp_path, "entry_bad_return")


@pytest.mark.slow
@pytest.mark.needs("4.1", "4.5")
@pytest.mark.parametrize("test, words, cpus", [
    ("irq_messages", "x2apic", 1), ("ipi_calls_mutual", "x2apic", 2), ("timer_by_deadline", "", 1)])
def test_interrupts_in_bochs(kernel, tmp_path, test, words, cpus):
    """Interrupts come in Bochs, which has x2APICs and timers that compare the time-stamp counter.
    Floor: given code."""
    passes_in_bochs(kernel, tmp_path, test, words, cpus)


def passes_in_bochs(kernel, tmp_path, test, words="", cpus=1):
    try:
        emu.need("bochs", bochs.BIOS, bochs.VGA_BIOS)
        image = iso.image(kernel.elf, append=f"ktest={test} seed=7 {words}", out=tmp_path / "cub.iso")
    except emu.EmulatorError as error:
        pytest.skip(str(error))
    with bochs.TestBoot(image, cpus=cpus) as guest:
        told = guest.until_verdict()
        assert told.results and not told.results[0]["not"], f"{told.diagnostics}; Bochs: {guest.message() or 'runs'}"


def test_irq_command(machine):
    """The monitor tells which interrupts there have been."""
    cub = machine()
    cub.console.expect("cub> ")
    cub.console.send("irq\r")
    cub.console.expect(re.compile(r"vector +cpu 0\r?\n"))
    cub.console.expect("cub> ")
