"""Archives of programs, as cpio(1) reads them."""

from __future__ import annotations

import subprocess

from grader import initrd


def listed(data: bytes) -> list[list[str]]:
    said = subprocess.run(["cpio", "-tvn", "--quiet"], input=data, capture_output=True, check=True, text=False)
    return [line.decode().split() for line in said.stdout.splitlines()]


def test_cpio_reads_it():
    entries = [initrd.directory("dir"), initrd.file("dir/a", b"12345", 0o644), initrd.link("b", "dir/a"), *initrd.devices()]
    rows = listed(initrd.archive(entries))
    assert [(row[0], row[-1]) for row in rows[:2]] == [("drwxr-xr-x", "dir"), ("-rw-r--r--", "dir/a")]
    assert rows[2][-3:] == ["b", "->", "dir/a"]
    assert [row for row in rows if row[-1] == "dev/null"][0][4:6] == ["1,", "3"]


def test_content(tmp_path):
    data = initrd.archive([initrd.file("x", b"content", 0o600)])
    subprocess.run(["cpio", "-id", "--quiet"], input=data, cwd=tmp_path, check=True)
    assert (tmp_path / "x").read_bytes() == b"content"


def test_same_input_same_archive(tmp_path):
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF")
    made = [initrd.archive(initrd.programs({"sbin/deep/program": program}, program, ["ls", "busybox"])) for _ in range(2)]
    assert made[0] == made[1]
    names = [row[-1] for row in listed(made[0])]
    assert names.index("sbin") < names.index("sbin/deep") < names.index("sbin/deep/program")
    assert names.count("bin/busybox") == 1
