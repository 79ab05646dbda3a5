"""The test floor seen from outside: nothing it says is lost."""

import socket
import time

import pytest

SEED = 1
FRAME = len(f"KTAP version 1\n1..1\n# seed {SEED:#x}\nok 1 - ktest_echo # nonce=\n") + 32
REPLY = len("# reply \n")


def capacity() -> int:
    """How many bytes, sent one by one, a unix socket keeps for a reader that does not read."""
    one, other = socket.socketpair()
    with one, other:
        one.setblocking(False)
        sent = 0
        try:
            while True:
                sent += one.send(b"x")
        except BlockingIOError:
            return sent


@pytest.mark.parametrize("more", [0, 1, 2, 3])
def test_the_last_bytes_leave_before_the_machine_does(machine, more):
    """A host that does not read just then gets the verdict whole, since the kernel waits
    for its last byte to leave."""
    left, lines = capacity() + more - FRAME, []
    while left > 0:
        lines.append("x" * min(left - REPLY, 200))
        left -= REPLY + len(lines[-1])
        if 0 < left <= REPLY:       # too little for a line of its own
            lines[-1] = lines[-1][:-REPLY]
            left += REPLY
    text = "".join(f"{line}\n" for line in lines)
    guest = machine(ktest="ktest_echo", seed=SEED, input=text.encode(), limit=10)
    time.sleep(0.3)
    end = guest.wait()
    assert end.kind == "passed", end
    assert len(guest.com2.raw) == capacity() + more


@pytest.mark.parametrize("what, kind", [("kept", "passed"), ("found", "passed"), ("lost", "failed")])
def test_what_a_test_leaks_fails_it(machine, what, kind):
    """What is in use is counted before and after, once the upper floors and then the lower ones
    have given back what they only keep."""
    guest = machine(ktest="ktest_leak_probe", input=f"{what}\n".encode())
    assert guest.wait().kind == kind
    leaked = "# leaked: 3 marbles (7 before the test, 10 after)\n"
    assert (leaked in guest.com2.raw.decode()) == (what == "lost")
