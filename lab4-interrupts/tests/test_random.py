"""Random bytes: ChaCha20 against a model, and what the generator makes of chance."""

from __future__ import annotations

import random
import struct

import pytest

from grader import ktap
from grader import user as programs
from grader.symbols import KERNEL_BASE

WORD = 2 ** 32 - 1
# RFC 8439, section 2.3.2 and appendix A.1 (test vector 1).
VECTORS = [
    (bytes(range(32)), 1, bytes.fromhex("000000090000004a00000000"),
     "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
     "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e"),
    (bytes(32), 0, bytes(12),
     "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
     "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"),
]


def rotate(word: int, bits: int) -> int:
    return (word << bits | word >> 32 - bits) & WORD


def quarter(x: list[int], a: int, b: int, c: int, d: int) -> None:
    for one, two, three, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        x[one] = x[one] + x[two] & WORD
        x[three] = rotate(x[three] ^ x[one], bits)


def block(key: bytes, number: int, nonce: bytes) -> str:
    """The model: a block as hexadecimal digits."""
    start = list(struct.unpack("<16I", b"expand 32-byte k" + key + struct.pack("<I", number) + nonce))
    x = list(start)
    for _ in range(10):
        for i in range(4):
            quarter(x, i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(x, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<16I", *((a + b) & WORD for a, b in zip(start, x))).hex()


def test_chacha(ktest, rng: random.Random) -> None:
    """Blocks of the kernel's ChaCha20 are RFC 8439's, and those of a model for random input."""
    for key, number, nonce, right in VECTORS:
        assert block(key, number, nonce) == right
    cases = [vector[:3] for vector in VECTORS]
    cases += [(rng.randbytes(32), rng.getrandbits(32), rng.randbytes(12)) for _ in range(30)]
    lines = [(key + struct.pack("<I", number) + nonce).hex() for key, number, nonce in cases]
    assert ktest("chacha_blocks", lines).replies == [block(*case) for case in cases]


def answers(machine, symbols, cpu: str) -> tuple[list[bytes], list[bytes]]:
    """What the probe random_answers replies, and the generator's key before the second and the third reply."""
    assert symbols.unique("key"), "another file has a variable called key, too: this test looks at random.c's"
    cub, keys = machine(ktest="random_answers", cpu=cpu), []
    for _ in range(2):
        cub.console.expect("look")
        keys.append(cub.memory(symbols.address("key") - KERNEL_BASE, 32))
        cub.console.send("x")
    assert cub.wait().kind == "passed"
    return [bytes.fromhex(reply) for reply in ktap.read(cub.com2.text).replies], keys


def next_key(key: bytes) -> tuple[bytes, bytes]:
    """The generator's model where nothing has happened: its next key, and its answer."""
    made = bytes.fromhex(block(key, 0, b"next key".ljust(12, b"\0")))
    return made[:32], made[32:]


@pytest.mark.needs("4.1", "4.2")
def test_interrupts_count(machine, symbols) -> None:
    """Without RDRAND an answer is what the key says, until an interrupt comes: its time is in the next one."""
    told, keys = answers(machine, symbols, "max,-rdrand")
    assert next_key(keys[0]) == (keys[1], told[1])
    assert next_key(keys[1])[1] != told[2]


@pytest.mark.needs("4.1", "4.4", "4.5", "4.6", "4.7", "4.8")
def test_boots_differ(user) -> None:
    """Two boots of the same programs have nothing random in common."""
    if not programs.BUSYBOX.exists():
        pytest.skip("busybox-static is not installed")
    said = [user("/bin/od", "-An", "-tx1", "-N64", "/dev/urandom").output.split() for _ in range(2)]
    assert len(said[0]) == len(said[1]) == 64
    assert sum(one == other for one, other in zip(*said)) < 16
