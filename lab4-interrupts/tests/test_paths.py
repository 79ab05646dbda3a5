"""Names in the initrd: what calls that take paths do, compared with Linux (linux.py)."""

from __future__ import annotations

import stat
from importlib import import_module
from pathlib import Path

import pytest

from grader import initrd
from grader import user as programs

linux = import_module("lab4-interrupts.tests.linux")
transcripts = import_module("lab4-interrupts.tests.transcripts")
READ = pytest.mark.needs("4.1", "4.4", "4.5", "4.6", "4.7", "4.8")
TRANSCRIPT = Path(__file__).parent / "transcripts/pathtest.txt"

TREE = [
    initrd.directory("t"), initrd.directory("t/dir"), initrd.file("t/file", b"0123456789", 0o755),
    initrd.file("t/dir/inner", b"inner", 0o644), initrd.file("t/noexec", b"", 0o644), initrd.link("t/link", "dir/inner"),
    initrd.link("t/up", "dir/../dir/.."), initrd.link("t/absolute", "/t/dir"), initrd.link("t/loop", "loop"),
    initrd.link("t/dangling", "nowhere"), initrd.link("t/chain1", "chain2"), initrd.link("t/chain2", "file"),
    initrd.file("t/big", bytes(i % 251 for i in range(10000)), 0o644),
    initrd.Entry("t/first", stat.S_IFREG | 0o644, inode=7, links=2),
    initrd.Entry("t/hard", stat.S_IFREG | 0o644, b"linked", inode=7, links=2),
]


@linux.on_the_host
def test_linux(request, tmp_path):
    entries = programs.entries(Path(request.config.rootpath), 4) + TREE
    said, status = linux.run(entries, tmp_path, "/bin/pathtest")
    assert (status, said) == (0, linux.recorded(TRANSCRIPT, said))


def test_cub(user):
    transcripts.same(TRANSCRIPT.read_text(), user("/bin/pathtest", files={entry.name: entry for entry in TREE}).output)


def linked(first: str, second: str, data: bytes, number: int = 7, device: tuple[int, int] = (0, 0)) -> bytes:
    """Two hard links with that inode of that device, as they stand in an archive."""
    packed = [initrd.Entry(first, stat.S_IFREG | 0o644, inode=1, links=2).packed(0),
              initrd.Entry(second, stat.S_IFREG | 0o644, data, inode=1, links=2).packed(0)]
    return b"".join(entry[:6] + b"%08X" % number + entry[14:62] + b"%08X%08X" % device + entry[78:] for entry in packed)


def read(machine, root: Path, archives: bytes, *names: str):
    """The console of a machine that reads these files, where these archives follow the lab's own."""
    if not programs.BUSYBOX.exists():
        pytest.skip("busybox-static is not installed")
    own = initrd.archive(programs.entries(root, 4))
    return machine(initrd=own + archives, append=f"-- /bin/busybox cat {' '.join(names)}").console


@pytest.mark.parametrize("before, behind", [
    (linked("a", "b", b"one\n") + initrd.archive([]), linked("c", "d", b"two\n")),
    (initrd.file("a", b"one\n").packed(9) + initrd.link("b", "a").packed(0), linked("c", "d", b"two\n", number=0)),
    (linked("a", "b", b"one\n", device=(0, 256)), linked("c", "d", b"two\n", device=(1, 0))),
], ids=["archives", "zero", "devices"])
@READ
def test_hard_links(machine, request, before, behind):
    """Links of one archive, and of one device, are not those of another with the same inode."""
    console = read(machine, request.config.rootpath, before + behind + initrd.archive([]), *"abcd")
    console.expect("one\none\ntwo\ntwo\ninit: status 0\n")


@READ
def test_behind_links(machine, request):
    """An entry below a link to a directory is in there; one that changes a name's kind replaces it,
    if no other name is lost; what has no place is told."""
    entries = [initrd.link("b", "usr/b"), initrd.directory("usr/b"), initrd.file("b/x", b"x\n"),
               initrd.link("c", "/b"), initrd.file("c/y", b"y\n"),
               initrd.link("d", "nowhere"), initrd.directory("d"), initrd.file("d/z", b"z\n"),
               initrd.directory("e"), initrd.file("e", b"e\n"),
               initrd.file("e/none", b""), initrd.link("l", "l"), initrd.file("l/none", b""), initrd.file("d", b"")]
    console = read(machine, request.config.rootpath, initrd.archive(entries), "usr/b/x", "usr/b/y", "d/z", "e")
    for name in ("e/none", "l/none", "d"):
        console.expect(f"initrd: there is no place for {name} (")
    console.expect("x\ny\nz\ne\ninit: status 0\n")


def test_broken_initrd(machine):
    """A broken archive is refused as a whole, and told; the monitor runs."""
    data = initrd.archive([initrd.file("init", b"x" * 1000)])
    console = machine(initrd=data[:-700]).console
    console.expect("are refused: no cpio archive")
    console.expect("cub> ")


@pytest.mark.parametrize("name", ["../init", "a/../../init", "a/.."])
def test_names_that_lead_out(machine, name):
    console = machine(initrd=initrd.archive([initrd.directory("a"), initrd.file(name, b"")])).console
    console.expect("are refused")
    console.expect("cub> ")
