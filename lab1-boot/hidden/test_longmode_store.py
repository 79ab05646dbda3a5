"""Exercise 1.1, hidden: on a machine of 1.25 GiB, stores through the direct map arrive in memory."""

import pytest

MIB = 1 << 20


@pytest.mark.exercise("1.1")
def test_stores_arrive(machine, rng):
    """What the kernel stores through the direct map lies at the physical address, beyond 1 GiB too."""
    places = [rng.randrange(8 * MIB, 1279 * MIB) & -8 for _ in range(20)]
    places += [rng.randrange(1024 * MIB, 1279 * MIB) & -8 for _ in range(20)]
    stores = {place: rng.getrandbits(64) for place in places}
    lines = "".join(f"{place:#x} {value:#x}\n" for place, value in stores.items())
    guest = machine(ktest="longmode_store", memory="1280M", input=lines.encode())
    guest.com2.expect("# reply stored\n")
    for place, value in stores.items():
        seen = int.from_bytes(guest.memory(place, 8), "little")
        assert seen == value, f"{value:#x} was stored at physical address {place:#x}, where {seen:#x} lies"
