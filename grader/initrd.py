"""Making an initrd: a cpio archive in the "newc" form, as Linux's are.

    python3 -m grader.initrd OUT FILE [NAME=FILE ...]

A name is a path in the archive; a FILE alone goes to bin/ under its own name. Nothing of the host
gets in but the files' bytes: owners are 0, times are 0, and the same input makes the same archive.
Device nodes need no root here, since they are only written down.
"""

from __future__ import annotations

import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable

DEVICES = {"console": (5, 1, 0o600), "tty": (5, 0, 0o666), "null": (1, 3, 0o666), "zero": (1, 5, 0o666),
           "full": (1, 7, 0o666), "random": (1, 8, 0o666), "urandom": (1, 9, 0o666)}
DIRECTORIES = ("bin", "dev", "etc", "proc", "root", "tmp", "usr")


@dataclass(frozen=True)
class Entry:
    """A file, directory, symbolic link or device; inode joins hard links, the last has the data."""

    name: str
    mode: int
    data: bytes = b""
    device: tuple[int, int] = (0, 0)
    inode: int = 0
    links: int = 1

    def packed(self, number: int) -> bytes:
        """The entry as it stands in the archive."""
        name = self.name.encode() + b"\0"
        fields = (self.inode or number, self.mode, 0, 0, self.links, 0, len(self.data), 0, 0,
                  *self.device, len(name), 0)
        return _filled(b"070701" + b"".join(b"%08X" % field for field in fields) + name) + _filled(self.data)


def _filled(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def archive(entries: Iterable[Entry]) -> bytes:
    """The archive of those entries, in this order."""
    packed = [entry.packed(1000 + number) for number, entry in enumerate(entries)]
    return b"".join(packed) + Entry("TRAILER!!!", 0).packed(0)


def file(name: str, data: bytes, mode: int = 0o755) -> Entry:
    """A regular file."""
    return Entry(name, stat.S_IFREG | mode, data)


def tree(root: Path) -> list[Entry]:
    """Every file below a directory, and whether it may be executed; its directories are not made."""
    return [file(str(path.relative_to(root)), path.read_bytes(), 0o755 if path.stat().st_mode & 0o100 else 0o644)
            for path in sorted(root.rglob("*")) if path.is_file()]


def directory(name: str, mode: int = 0o755) -> Entry:
    """A directory."""
    return Entry(name, stat.S_IFDIR | mode)


def link(name: str, target: str) -> Entry:
    """A symbolic link."""
    return Entry(name, stat.S_IFLNK | 0o777, target.encode())


def devices() -> list[Entry]:
    """Nodes in dev/, for Linux; Cub would make those that are missing."""
    return [Entry(f"dev/{name}", stat.S_IFCHR | mode, device=(major, minor))
            for name, (major, minor, mode) in DEVICES.items()]


def programs(files: dict[str, Path], busybox: Path | None = None, applets: Iterable[str] = ()) -> list[Entry]:
    """A root directory: what programs expect to be there, these files, and busybox with its names."""
    entries = [directory(name) for name in DIRECTORIES] + devices()
    made = set(DIRECTORIES)
    for name, path in files.items():
        for parent in reversed(Path(name).parents):
            if str(parent) not in made | {"."}:
                entries.append(directory(str(parent)))
                made.add(str(parent))
        entries.append(file(name, path.read_bytes()))
    if busybox:
        entries.append(file("bin/busybox", busybox.read_bytes()))
        entries += [link(f"bin/{applet}", "busybox") for applet in applets
                    if applet != "busybox" and f"bin/{applet}" not in files]
    return entries


def main(argv: list[str]) -> int:
    """Write an archive of the named files."""
    out, *words = argv
    files = {}
    for word in words:
        name, _, path = word.rpartition("=")
        files[name or f"bin/{Path(path).name}"] = Path(path)
    Path(out).write_bytes(archive(programs(files)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
