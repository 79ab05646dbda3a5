"""Exercise 4.8 seen from programs: waiting for children does what it does on Linux."""

from __future__ import annotations

from importlib import import_module

import pytest

processes = import_module("lab4-interrupts.tests.processes")


@pytest.mark.exercise("4.8")
@pytest.mark.needs("4.6", "4.7")
@pytest.mark.parametrize("parts", [
    ("wait_errors", "wait_nohang"), ("wait_groups", "wait_threads", "wait_reaped")], ids="-".join)
def test_waits(user, parts):
    """Each part of user/waits.c says what it said on Linux."""
    processes.agree(user, "waits", *parts)


@pytest.mark.exercise("4.8")
@pytest.mark.needs("4.6", "4.7", "4.9")
@pytest.mark.parametrize("parts", [
    ("wait_info",), ("wait_stops",), ("wait_signal", "wait_ignored"), ("wait_interrupted", "wait_restarted"),
    ("orphans",)], ids="-".join)
def test_waits_with_signals(user, parts):
    """Each part of user/waits.c says what it said on Linux, those too that send signals."""
    processes.agree(user, "waits", *parts)
