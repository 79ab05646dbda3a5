"""The clock against QEMU's own: see clock_test.c.  Floor: given code."""

import struct

import pytest

TICK = 10           # nanoseconds of a tick of QEMU's HPET


def shown(said) -> list[tuple[int, int]]:
    """Nanoseconds by the kernel's clock and by the HPET, at the same moments."""
    pairs = [struct.unpack("<2Q", bytes.fromhex(reply)) for reply in said.replies]
    return [(ns, ticks * TICK) for ns, ticks in pairs]


@pytest.mark.parametrize("icount", [True, False], ids=["virtual", "real"])
def test_the_clock_is_right(ktest, icount):
    """At none of 20 moments it has gone another way than QEMU's clock by more than 1 %, in virtual time or in
    real time, where whoever asks both clocks may have been interrupted between."""
    told = shown(ktest("clock_and_hpet", icount=icount, limit=40))
    assert len(told) == 20
    for number, (ns, theirs) in enumerate(told):
        ours, passed = ns - told[0][0], theirs - told[0][1]
        assert ours >= number * 5_000_000
        assert abs(ours - passed) <= 0.01 * passed + (0 if icount else 10_000_000), f"{ours} ns here, {passed} ns there"


def test_without_a_pit(ktest):
    """A machine without a PIT boots as fast, and says what its clock is worth."""
    said = ktest("clock_waits", extra=["-machine", "pit=off"], firmware="quick")
    assert "clock: no PIT to measure the time by" in said.console
