"""ACPI's MADT: random tables, well made and broken, each judged by what the specification says.

Source: ACPI specification 6.5, section 5.2.12.  Floor: given code.
"""

import struct

HEADER = 44
ROOM = 8                # processors that there is room for
ENABLED = 1


def seal(body: bytes, length: int | None = None) -> bytes:
    """A table with these entries, its length (or another one) and a checksum that fits it."""
    table = bytearray(b"APIC" + struct.pack("<I", HEADER + len(body) if length is None else length) + bytes(36) + body)
    table[9] = -sum(table) & 0xFF
    return bytes(table)


def local_apic(number: int, flags: int) -> bytes:
    return struct.pack("<BBBBI", 0, 8, number & 0xFF, number & 0xFF, flags)


def local_x2apic(number: int, flags: int) -> bytes:
    return struct.pack("<BBHIII", 9, 16, 0, number, flags, number)


def random_entry(rng) -> bytes:
    kind = rng.choice(["apic", "apic", "x2apic", "other"])
    flags = rng.choice([ENABLED, ENABLED, 0, 2, 3])
    if kind == "apic":
        return local_apic(rng.choice([0, 1, 2, 3, 40, 254, 255]), flags)
    if kind == "x2apic":
        return local_x2apic(rng.choice([0, 3, 256, 70000, 0xFFFFFFFE, 0xFFFFFFFF]), flags)
    length = rng.randrange(2, 30)
    return bytes([rng.choice([1, 2, 3, 4, 5, 10, 128, 255]), length]) + rng.randbytes(length - 2)


def random_table(rng) -> bytes:
    body = b"".join(random_entry(rng) for _ in range(rng.randrange(20)))
    table = bytearray(seal(body))
    how = rng.randrange(8)
    if how == 0:            # one byte is another, and the sum is not right any more, or is
        table[rng.randrange(len(table))] ^= 1 << rng.randrange(8)
        return bytes(table)
    if how == 1 and body:   # an entry's byte is another, and the sum is right: perhaps a length
        body = bytearray(body)
        body[rng.randrange(len(body))] = rng.choice([0, 1, 2, 8, 255])
        return seal(bytes(body))
    if how == 2:            # it ends in the middle of an entry
        return seal(body[:rng.randrange(len(body) + 1)])
    if how == 3:            # another length
        return seal(body, rng.randrange(2 * len(table)))
    if how == 4:
        return bytes(table[:rng.randrange(len(table))])
    return bytes(table)


def entries(body: bytes):
    """The entries, each with its two first bytes; raises ValueError."""
    while body:
        if len(body) < 2 or not {0: 8, 9: 16}.get(body[0], 2) <= body[1] <= len(body):
            raise ValueError
        yield body[:body[1]]
        body = body[body[1]:]


def expected(table: bytes):
    """None for a table to be refused; else the numbers of its processors, and how many more there are."""
    if len(table) < HEADER or table[:4] != b"APIC":
        return None
    length = struct.unpack_from("<I", table, 4)[0]
    if not HEADER <= length <= len(table) or sum(table[:length]) & 0xFF:
        return None
    found, more = [], 0
    try:
        for entry in list(entries(table[HEADER:length])):
            if entry[0] == 0:
                number, flags, nobody = entry[3], entry[4], 0xFF
            elif entry[0] == 9:
                number, flags, nobody = *struct.unpack_from("<II", entry, 4), 0xFFFFFFFF
            else:
                continue
            if not flags & ENABLED or number == nobody or number in found:
                continue
            if len(found) < ROOM:
                found.append(number)
            else:
                more += 1
    except ValueError:
        return None
    return found, more


def read(reply: str):
    if reply == "refused":
        return None
    *numbers, count, more = struct.unpack("<10I", bytes.fromhex(reply))
    return numbers[:count], more


def test_random_tables(ktest, rng):
    """1000 random tables are refused, or their processors found, as the specification says."""
    tables = [random_table(rng) for _ in range(1000)]
    said = ktest("madt_lines", input=[table.hex() for table in tables], limit=30)
    assert len(said.replies) == len(tables)
    refused = 0
    for table, reply in zip(tables, said.replies):
        assert read(reply) == expected(table), table.hex()
        refused += expected(table) is None
    assert 100 < refused < 900
