"""Calls between processors that really run together, translations that all of them forget, and idle
ones that are woken.  ipi_test.c has the probes.  Floor: given code, which needs exercise 4.1.
"""

import os
import re

import pytest

PARALLEL = {"icount": False, "limit": 30, "backstop": 240, "cpus": 4 if os.environ.get("CUB_LONG") else 2}


@pytest.mark.needs("4.1", "3.1", "3.2", "3.3")
@pytest.mark.parametrize("probe", ["ipi_calls_idle", "ipi_calls_spinners", "ipi_calls_mutual", "ipi_kicks"])
def test_calls(ktest, probe):
    """A call is answered once by each processor: by idle ones, by those that spin, by those that call."""
    ktest(probe, **PARALLEL)


@pytest.mark.needs("4.1", "3.1", "3.2", "3.3")
@pytest.mark.parametrize("probe", ["ipi_translations", "ipi_shoot_at_each_other", "ipi_shoot_and_spin",
                                   "ipi_one_call_for_many"])
def test_translations(ktest, probe):
    """After tlb_flush, one call for all pages, no processor sees what was mapped before; nobody waits for ever."""
    ktest(probe, **PARALLEL)


@pytest.mark.needs("4.1", "3.1", "3.2", "3.3")
def test_stacks(ktest):
    """Kernel stacks that threads on all processors had are given back; stacks_test.c."""
    ktest("stacks_come_back", **PARALLEL)


@pytest.mark.needs("4.1", "3.1", "3.2", "3.3")
def test_a_panic_stops_the_others(ktest):
    """One that has interrupts off is stopped as well, before the panic is told."""
    said = ktest("panic_stops_others", check=False, **(PARALLEL | {"cpus": 2}))
    assert said.end.kind == "panicked" and said.end.detail.startswith("one is enough")
    before, panic, after = said.console.partition("\npanic: one is enough")
    assert "another processor" in before and "another" not in after and "ktest_panic_stops_others+0x" in after


@pytest.mark.needs("4.1")
def test_a_panic_tells_all(ktest):
    """Registers, what led there, and which code it was."""
    said = ktest("panic_page_fault", check=False).console
    registers, panic, trace = said.partition("\npanic: page fault: reading 0x10")
    assert panic and re.search(r"rip [0-9a-f]{16} (.*\n)*rax [0-9a-f]{16} ", registers)
    assert "ktest_panic_page_fault+0x" in trace
