"""Calls between processors that really run together, translations that all of them forget, and idle
ones that are woken.  ipi_test.c has the probes.  Floor: given code, which needs exercise 4.1.
"""

import os

import pytest

PARALLEL = {"icount": False, "limit": 30, "backstop": 240, "cpus": 4 if os.environ.get("CUB_LONG") else 2}


@pytest.mark.needs("4.1", "3.1", "3.2", "3.3")
@pytest.mark.parametrize("probe", ["ipi_calls_idle", "ipi_calls_spinners", "ipi_calls_mutual", "ipi_kicks"])
def test_calls(ktest, probe):
    """A call is answered once by each processor: by idle ones, by those that spin, by those that call."""
    ktest(probe, **PARALLEL)


@pytest.mark.needs("4.1", "3.1", "3.2", "3.3")
@pytest.mark.parametrize("probe", ["ipi_translations", "ipi_shoot_at_each_other", "ipi_shoot_and_spin"])
def test_translations(ktest, probe):
    """After tlb_flush no processor sees what was mapped before, and nobody waits for ever."""
    ktest(probe, **PARALLEL)
