"""The CMOS clock and the time of day, against Python's calendar.  Floor: given code."""

from __future__ import annotations

import datetime
import struct

import pytest

UTC = datetime.timezone.utc
BINARY, HOURS_24 = 4, 2


def registers(when: datetime.datetime, mode: int, century: int | None = None) -> list[int]:
    """What the clock's registers hold at that time: seconds ... year, century, mode."""
    def number(value: int) -> int:
        return value if mode & BINARY else value // 10 << 4 | value % 10

    hour = number(when.hour) if mode & HOURS_24 else number((when.hour - 1) % 12 + 1) | (when.hour >= 12) << 7
    held = number(when.year // 100) if century is None else century
    return [number(when.second), number(when.minute), hour, number(when.day), number(when.month),
            number(when.year % 100), held, mode]


def decode(ktest, rows: list[list[int]]) -> list[int | None]:
    said = ktest("rtc_decodes", input=[bytes(row).hex() for row in rows], limit=20)
    return [None if reply == "-" else struct.unpack("<Q", bytes.fromhex(reply))[0] for reply in said.replies]


def test_times(ktest, rng):
    """Times of 130 years, in each of the four modes, are what Python's calendar makes of them."""
    first, last = (int(datetime.datetime(y, 1, 1, tzinfo=UTC).timestamp()) for y in (1970, 2100))
    times = [rng.randrange(first, last) for _ in range(400)]
    for year in (1970, 1972, 1999, 2000, 2024, 2025, 2099):
        for month, day, hour in ((1, 1, 0), (2, 28, 12), (3, 1, 13), (12, 31, 23)):
            times.append(int(datetime.datetime(year, month, day, hour, 59, 59, tzinfo=UTC).timestamp()))
    whens = [datetime.datetime.fromtimestamp(time, UTC) for time in times]
    rows = [registers(when, rng.randrange(4) * 2) for when in whens]
    for row, time, got in zip(rows, times, decode(ktest, rows)):
        assert got == time, f"{bytes(row).hex()} is {time}, not {got}"


def test_leap_days(ktest):
    """There is a 29th of February in 1996, 2000 and 2024, and none in 2023 and 2100."""
    rows, want = [], []
    for year in (1996, 2000, 2024):
        when = datetime.datetime(year, 2, 29, tzinfo=UTC)
        rows.append(registers(when, HOURS_24))
        want.append(int(when.timestamp()))
    for year in (2023, 2100):
        row = registers(datetime.datetime(year, 2, 28, tzinfo=UTC), HOURS_24)
        row[3] = 0x29
        rows.append(row)
        want.append(None)
    assert decode(ktest, rows) == want


def test_no_century(ktest):
    """Where the century's register holds nonsense, years below 70 are in the 21st."""
    whens = [datetime.datetime(year, 6, 5, 4, 3, 2, tzinfo=UTC) for year in (1970, 1999, 2000, 2026, 2069)]
    rows = [registers(when, HOURS_24, century) for when in whens for century in (0, 0xff, 0x1a, 0x50)]
    want = [int(when.timestamp()) for when in whens for _ in range(4)]
    assert decode(ktest, rows) == want


def test_nonsense(ktest, rng):
    """Registers that hold no time of day or no date are refused; nothing else is."""
    good = registers(datetime.datetime(2026, 4, 30, 10, 20, 30, tzinfo=UTC), HOURS_24)
    bad = []
    for place, values in ((0, (0x60, 0x0a, 0xa0, 0xff)), (1, (0x60, 0x1f)), (2, (0x24, 0x2a, 0x92)),
                          (3, (0x00, 0x31, 0x32, 0x3a)), (4, (0x00, 0x13, 0x0a)), (5, (0xa0, 0x0b))):
        for value in values:
            row = list(good)
            row[place] = value
            bad.append(row)
    twelve = registers(datetime.datetime(2026, 4, 30, 10, tzinfo=UTC), 0)
    for hour in (0x00, 0x13, 0x80, 0x93):
        row = list(twelve)
        row[2] = hour
        bad.append(row)
    assert decode(ktest, bad) == [None] * len(bad)
    noise = [[rng.randrange(256) for _ in range(8)] for _ in range(300)]
    for row, got in zip(noise, decode(ktest, noise)):
        assert got is None or got < 2**40, bytes(row).hex()


@pytest.mark.parametrize("base", ["1999-12-31T23:59:30", "2026-02-28T12:00:00", "2038-02-01T00:00:00"])
def test_boot(ktest, base):
    """After the boot it is as late as the machine's clock was set to, and a few seconds at most."""
    said = ktest("rtc_realtime", extra=["-rtc", f"base={base},clock=vm"])
    now = struct.unpack("<Q", bytes.fromhex(said.replies[0]))[0]
    start = datetime.datetime.fromisoformat(base + "+00:00").timestamp()
    assert start - 1 <= now / 1e9 <= start + 5
