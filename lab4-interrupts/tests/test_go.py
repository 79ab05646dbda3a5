"""A static Go program: goroutines on several processors, with garbage collected meanwhile."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "scripts/sieve.go"
PRIMES = [n for n in range(2, 230) if all(n % d for d in range(2, n))]


@pytest.fixture(scope="module")
def sieve(tmp_path_factory) -> bytes:
    """The program, built by Debian's Go."""
    if not shutil.which("go"):
        pytest.skip("Debian's golang-go is not there")
    at = tmp_path_factory.mktemp("go")
    environment = os.environ | {"CGO_ENABLED": "0", "GO111MODULE": "off", "HOME": str(at), "GOCACHE": str(at / "cache")}
    subprocess.run(["go", "build", "-o", at / "sieve", SOURCE], env=environment, check=True, timeout=600)
    return (at / "sieve").read_bytes()


@pytest.mark.parametrize("cpus", [1, 4])
def test_sieve(user, sieve, cpus):
    ran = user("/bin/gosieve", files={"bin/gosieve": sieve}, cpus=cpus, memory="128M",
               icount=cpus == 1)
    assert ran.output == " ".join(map(str, PRIMES[:50])) + " \nnodes 163760 collected true\n"
