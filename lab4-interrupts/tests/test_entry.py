"""Exercise 4.1 from outside: interrupts that cannot be masked, sent while the kernel traps."""

import pytest

ROUNDS, EACH = 20, 10


@pytest.mark.exercise("4.1")
def test_nmi_storm(machine):
    """Hundreds of NMIs: every trap that they meet comes back with all its registers."""
    cub = machine(ktest="entry_nmi_storm", input=bytes([ROUNDS]))
    for _ in range(ROUNDS):
        cub.console.expect("send them")
        for _ in range(EACH):
            cub.qmp.command("inject-nmi")
    cub.console.expect("enough")
    cub.console.send("x")
    assert cub.wait().kind == "passed"


@pytest.mark.exercise("4.1")
@pytest.mark.needs("4.4", "4.5")
def test_nmi_in_calls(ktest):
    """One processor sends NMIs to another, on which a program makes thousands of system calls."""
    ktest("entry_nmi_in_calls", icount=False, limit=30, backstop=240, cpus=2)
