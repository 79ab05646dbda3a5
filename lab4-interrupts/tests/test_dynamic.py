"""Exercise 4.7 with programs that do not lie where they were linked: dynamic ones, which musl's linker loads, and
static ones that move themselves. They are built here, from scripts/loaded.c."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent / "scripts"
LINKER = Path("/lib/ld-musl-x86_64.so.1")
FLAGS = ("-O2", "-Wall", "-Wextra", "-Werror")
AGAIN = 2       # times that a program execs itself
TRUTH = "headers 1 1, entry 1, zeros 0, relocated\n"


def compiled(at: Path, compiler: str, source: str, *flags: str) -> bytes:
    made = at / Path(source).stem
    subprocess.run([compiler, *FLAGS, SCRIPTS / source, "-o", made, *flags], check=True, timeout=120)
    return made.read_bytes()


def dynamic(at: Path, *flags: str) -> dict[str, bytes]:
    """A program, its library, and what loads both."""
    library = compiled(at, "musl-gcc", "libloaded.c", "-shared", "-fPIC")
    (at / "libloaded.so").write_bytes(library)
    program = compiled(at, "musl-gcc", "loaded.c", "-DLIBRARY", *flags, f"-L{at}", "-lloaded")
    return {"bin/loaded": program, "lib/libloaded.so": library, str(LINKER): LINKER.read_bytes()}


def run(user, files: dict[str, bytes], library: str, interpreter: str) -> list[tuple[int, int]]:
    """Where the program was, and its interpreter, each time."""
    ran = user("/bin/loaded", str(AGAIN), "one", files=files, memory="128M", status=7)
    lines = ran.output.splitlines(keepends=True)
    places = [line for line in lines if line.startswith("places ")]
    said = "".join(line for line in lines if line not in places)
    each = f"{TRUTH}library {library}\ninterpreter {interpreter}\n"
    assert said == f"argument {AGAIN}\nargument one\n{each}" + "".join(
        f"argument {number}\nargument last one\n{each}" for number in reversed(range(AGAIN)))
    return [tuple(int(word, 16) for word in line.split()[1:]) for line in places]


def differ(places) -> bool:
    return len(set(places)) == AGAIN + 1


@pytest.mark.exercise("4.7")
@pytest.mark.needs("4.6", "4.8")
@pytest.mark.skipif(not LINKER.exists(), reason="Debian's musl is not there")
def test_dynamic(user, tmp_path):
    """A dynamic program finds its interpreter, its library and itself, each time somewhere else."""
    where = run(user, dynamic(tmp_path, "-fPIE", "-pie"), "two", "there")
    assert differ(program for program, _ in where) and differ(linker for _, linker in where)


@pytest.mark.exercise("4.7")
@pytest.mark.needs("4.6", "4.8")
@pytest.mark.skipif(not LINKER.exists(), reason="Debian's musl is not there")
def test_dynamic_in_its_place(user, tmp_path):
    """One that was linked to be at an address is there, and only its interpreter is elsewhere each time."""
    where = run(user, dynamic(tmp_path, "-fno-pie", "-no-pie"), "two", "there")
    assert {program for program, _ in where} == {0x400000} and differ(linker for _, linker in where)


@pytest.mark.exercise("4.7")
@pytest.mark.needs("4.6", "4.8")
def test_static_elsewhere(user, tmp_path):
    """A static program that can be anywhere is somewhere else each time, and needs no interpreter."""
    where = run(user, {"bin/loaded": compiled(tmp_path, "gcc", "loaded.c", "-static-pie", "-fPIE")}, "none", "none")
    assert differ(program for program, _ in where) and {linker for _, linker in where} == {0}
