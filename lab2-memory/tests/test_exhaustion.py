"""A machine whose memory is all taken: each call says so by its own word, and all is well afterwards."""

import errno
import struct

import pytest

RESOLVED, NO_MEMORY = 0, 4

# What call_all in exhaustion_test.c does, in its order, and what that comes to: without any memory, and with it.
CALLS = [
    ("vm_space_create", 0, 1), ("vm_clone", 0, 1), ("kmalloc", 0, 1), ("area_alloc", 0, 1), ("page_alloc", 0, 1),
    ("reading what is mapped", RESOLVED, RESOLVED),
    ("writing what is mapped", RESOLVED, RESOLVED),
    ("reading where nothing is", NO_MEMORY, RESOLVED),
    ("writing where nothing is", NO_MEMORY, RESOLVED),
    ("writing shared memory", NO_MEMORY, RESOLVED),
    ("vm_protect of a part of a large page", errno.ENOMEM, 0),
    ("vm_protect of all of it", 0, 0),
    ("vm_unmap of a part of a large page", errno.ENOMEM, 0),
    ("note_set", errno.ENOMEM, 0),
]


@pytest.mark.needs("2.7", "2.8")
def test_no_memory_at_all(ktest):
    """With all memory taken every call that needs some is refused, and works when it is given back."""
    told = ktest("exhaustion_calls", memory="32M", limit=5)
    numbers = [struct.unpack("<Q", bytes.fromhex(reply))[0] for reply in told.replies]
    count = len(CALLS)
    assert len(numbers) == 2 * count + 2
    for (what, without, enough), first, second in zip(CALLS, numbers, numbers[count + 1:]):
        assert first == without, f"without memory: {what}: {first}, and should be {without}"
        assert second == enough, f"with memory again: {what}: {second}, and should be {enough}"
    assert numbers[count] == 0, f"{numbers[count]} pages were not given back"
    assert numbers[-1] == 1, "memory does not hold what it held"
