"""Exercise 1.2 from outside: what really arrives at the other end of the line.

The kernel's probes (serial_test.c) hold no data of their own: bytes come from here,
by the line or by QEMU's fw_cfg, and their answers are compared here.
"""

import time

import pytest

pytestmark = pytest.mark.exercise("1.2")


def test_both_directions(machine, rng):
    """Every byte value goes in and comes out whole, in order."""
    sent = bytes(rng.sample(range(256), 256)) + rng.randbytes(300)
    key = rng.randbytes(len(sent))
    guest = machine(ktest="serial_answer", input=key)
    guest.com2.expect("# reply listening\n")
    before = len(guest.console.raw)
    guest.console.send(sent)
    end = guest.wait()
    assert end.kind == "passed", end
    got = bytes(guest.console.raw[before:])
    assert got == bytes(a ^ b for a, b in zip(sent, key)), difference(got, sent, key)


def difference(got, sent, key):
    """The first byte that is wrong, for a person."""
    for at, (seen, a, b) in enumerate(zip(got, sent, key)):
        if seen != a ^ b:
            return (f"byte {at}: {a:#04x} was sent to the kernel, which was to answer "
                    f"{a ^ b:#04x}, and answered {seen:#04x}")
    return f"{len(sent)} bytes were sent, and {len(got)} answered"


def test_slow_reader(machine, rng):
    """No byte is lost while the other end takes its time: the kernel must wait for the transmitter."""
    data = rng.randbytes(8000)
    guest = machine(ktest="serial_send", input=data, room=4096)
    guest.com2.expect("# reply sending\n")
    time.sleep(0.05)        # nobody reads: the line has room for half of it and is busy then
    end = guest.wait()
    assert end.kind == "passed", end
    got = bytes(guest.console.raw[-len(data):])
    assert len(guest.console.raw) >= len(data), f"{len(data)} bytes were sent, {len(guest.console.raw)} arrived"
    at = next((i for i, (a, b) in enumerate(zip(got, data)) if a != b), None)
    assert at is None, f"bytes were lost or changed, from byte {at} of {len(data)} on"
