"""Reads what a student handed in: a directory, a .zip, a tar archive or a git repository.

Whatever the form, the result is a `Listing` held in memory: the regular files by
their path, and the names of things that are not regular files.  Nothing is ever
unpacked to disk, no link is followed, nothing of the submission is run: git is
asked with plumbing commands only, behind the sandbox, with hooks, filters,
remotes and submodules out of reach.  Each thing that cannot be read, and each
limit, is one line (SubmissionError).  Kinds of attacks: Snyk's "Zip Slip" and
D. Fifield's "A better zip bomb".
"""

from __future__ import annotations

import gzip
import lzma
import os
import stat
import struct
import subprocess
import tarfile
import tempfile
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from grader import sandbox

FILES = 20_000              # entries in a submission
NAME = 1000                 # characters of a path
FILE_BYTES = 1 << 20        # of one file that is looked at
TOTAL_BYTES = 64 << 20      # unpacked, without what is skipped
SKIPPED_BYTES = 2 << 30     # of what is skipped in a tar archive: it has to be read all the same
SECONDS = 60                # for git
GIT_MEMORY = 2048 * sandbox.MEBIBYTE
SKIPPED = {".git", "build", "__pycache__", ".pytest_cache", "__MACOSX", ".DS_Store"}


class SubmissionError(Exception):
    """A submission that cannot be graded; one line for a person."""


@dataclass
class Listing:
    """What is in a submission: regular files, and other things with their kind."""

    files: dict[str, bytes] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)    # path -> "a symbolic link"
    total: int = 0

    def add(self, name: str, size: int, read) -> None:
        """Takes in one regular file; `read(n)` gives at most n bytes of it."""
        self.count(name)
        if size > FILE_BYTES:
            self.others[name] = f"larger than {FILE_BYTES >> 20} MiB"
            return
        data = read(FILE_BYTES + 1)
        self.total += len(data)
        if self.total > TOTAL_BYTES:
            raise SubmissionError(f"it holds more than {TOTAL_BYTES >> 20} MiB")
        if len(data) > FILE_BYTES:          # the archive lied about the size
            self.others[name] = f"larger than {FILE_BYTES >> 20} MiB"
        else:
            self.others.pop(name, None)
            self.files[name] = data

    def other(self, name: str, kind: str) -> None:
        self.count(name)
        self.files.pop(name, None)
        self.others[name] = kind

    def count(self, name: str) -> None:
        if len(self.files) + len(self.others) >= FILES:
            raise SubmissionError(f"it holds more than {FILES} files")
        if len(name) > NAME:
            raise SubmissionError(f"it holds a path of more than {NAME} characters")


def read(source: str | Path) -> Listing:
    """Reads a submission of any kind; raises SubmissionError."""
    text = str(source)
    if text.startswith("file://") or "#" in text and not Path(text).exists():
        return _git(*_split_url(text))
    if "://" in text or text.startswith("git@"):
        raise SubmissionError(f"{shown(text)} is not on this disk: clone it first")
    path = Path(text)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        raise SubmissionError(f"there is no {shown(text)}") from None
    try:
        if stat.S_ISDIR(mode):
            return _git(path, "HEAD") if is_bare(path) else _directory(path)
        if stat.S_ISREG(mode):
            return _archive(path)
    except OSError as error:
        raise SubmissionError(f"{shown(path.name)} cannot be read: {error.strerror}") from None
    raise SubmissionError(f"{shown(text)} is neither a directory nor a file")


def shown(name: str) -> str:
    """A name from a submission, safe to print: no control characters, valid UTF-8."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def _checked(name: str) -> str:
    """An archive's path made plain; refuses one that leads out of the archive."""
    if "\0" in name or "\\" in name or name[1:2] == ":":
        raise SubmissionError(f"it names a path outside itself: {shown(name)}")
    _check_inside(name)
    return str(PurePosixPath(name))


def _check_inside(name: str) -> None:
    """Refuses a path that leads elsewhere once it is put behind another one."""
    if name.startswith("/") or ".." in name.split("/"):
        raise SubmissionError(f"it names a path outside itself: {shown(name)}")


# --- directories -----------------------------------------------------------------


def _directory(root: Path) -> Listing:
    """Walks a directory without following any link."""
    listing = Listing()
    pending = [root]
    while pending:
        for entry in sorted(os.scandir(pending.pop()), key=lambda e: e.name):
            name = os.path.relpath(entry.path, root)
            info = entry.stat(follow_symlinks=False)
            if entry.name in SKIPPED:
                continue
            if stat.S_ISDIR(info.st_mode):
                pending.append(Path(entry.path))
            elif stat.S_ISREG(info.st_mode):
                _add_opened(listing, name, entry.path)
            else:
                listing.other(name, _kind(info.st_mode))
    return listing


def _add_opened(listing: Listing, name: str, path: str) -> None:
    """Opens once, without following a link, and asks the opened file what it is."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        listing.other(name, f"unreadable ({error.strerror})")
        return
    with open(handle, "rb") as file:
        info = os.fstat(handle)
        if stat.S_ISREG(info.st_mode):
            listing.add(name, info.st_size, file.read)
        else:
            listing.other(name, _kind(info.st_mode))


def _kind(mode: int) -> str:
    kinds = [(stat.S_ISLNK, "a symbolic link"), (stat.S_ISFIFO, "a pipe"),
             (stat.S_ISSOCK, "a socket"), (stat.S_ISDIR, "a directory")]
    return next((kind for test, kind in kinds if test(mode)), "a device")


# --- archives --------------------------------------------------------------------


def _archive(path: Path) -> Listing:
    """Reads a .zip or a tar archive (.tar, .tar.gz, .tgz, .tar.xz), told by content."""
    with open(path, "rb") as file:
        head = file.read(6)
        file.seek(0)
        try:
            if head[:4] in (b"PK\3\4", b"PK\5\6"):
                return _zip(file)
            return _tar(file, head)
        except SubmissionError:
            raise
        except (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError,
                RuntimeError, MemoryError, OverflowError, struct.error, ValueError, IndexError, KeyError,
                OSError) as error:
            raise SubmissionError(f"{shown(path.name)} is no archive that can be read "
                                  f"({shown(str(error)) or type(error).__name__})") from None


def _zip(file: BinaryIO) -> Listing:
    listing = Listing()
    with zipfile.ZipFile(file) as archive:
        # Some tools write a\b for a/b, against the rules.
        entries = [(entry, entry.filename.replace("\\", "/")) for entry in archive.infolist()]
        if sum(entry.file_size for entry, path in entries if not _skipped(path)) > TOTAL_BYTES:
            raise SubmissionError(f"it unpacks to more than {TOTAL_BYTES >> 20} MiB")
        for entry, path in entries:
            name = _checked(path)
            mode = entry.external_attr >> 16
            if path.endswith("/") or _skipped(name):
                listing.count(name)
            elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                listing.other(name, _kind(mode))
            elif entry.flag_bits & 1:
                raise SubmissionError(f"the archive is encrypted ({shown(name)})")
            else:
                with archive.open(entry) as member:
                    listing.add(name, entry.file_size, member.read)
    return listing


class _Bounded:
    """A decompressing stream that ends in an error once it has given too much, or is read past its end."""

    def __init__(self, stream) -> None:
        self.stream, self.given, self.ends, self.skipped = stream, 0, 0, 0

    def read(self, size: int = -1) -> bytes:
        data = self.stream.read(size if 0 <= size <= 1 << 20 else 1 << 20)
        self.given += len(data)
        if self.given > TOTAL_BYTES + min(self.skipped, SKIPPED_BYTES):
            raise SubmissionError(f"it unpacks to more than {TOTAL_BYTES >> 20} MiB")
        self.ends += not data
        if self.ends > 8:       # tarfile would read on to wherever a header says that the next one is
            raise EOFError("it is cut short")
        return data


def _tar(file: BinaryIO, head: bytes) -> Listing:
    if head[:2] == b"\x1f\x8b":
        stream = gzip.GzipFile(fileobj=file)
    elif head == b"\xfd7zXZ\0":
        stream = lzma.LZMAFile(file)
    else:
        stream = file
    listing = Listing()
    bounded = _Bounded(stream)
    with tarfile.open(fileobj=bounded, mode="r|", errorlevel=2) as archive:
        for entry in archive:
            name = _checked(entry.name)
            if entry.isdir() or _skipped(name):
                listing.count(name)
                if entry.isreg() and not entry.issparse():
                    bounded.skipped += max(entry.size, 0)
            elif entry.isreg() and not entry.issparse():
                member = archive.extractfile(entry)
                listing.add(name, entry.size, member.read)
            else:
                listing.other(name, "a sparse file" if entry.issparse() else
                              "a link" if entry.islnk() else
                              "a symbolic link" if entry.issym() else "a device or pipe")
    return listing


def _skipped(name: str) -> bool:
    return not SKIPPED.isdisjoint(PurePosixPath(name).parts)


# --- git -------------------------------------------------------------------------


def is_bare(path: Path) -> bool:
    """Whether a directory is a git repository without a work tree."""
    return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()


def _split_url(text: str) -> tuple[Path, str]:
    """"file:///a/b#branch" -> (repository, branch)."""
    place, _, branch = text.removeprefix("file://").partition("#")
    path = Path(place)
    if not path.is_dir():
        raise SubmissionError(f"there is no git repository {shown(place)}")
    inner = path / ".git"
    if inner.is_dir() and not inner.is_symlink():
        path = inner
    if not is_bare(path):
        raise SubmissionError(f"{shown(place)} is no git repository")
    if branch.startswith("-"):
        raise SubmissionError(f"{shown(branch)} is no branch")
    return path, branch or "HEAD"


def _git(repository: Path, branch: str) -> Listing:
    """Reads a commit's files out of a repository, which is not trusted."""
    listing, wanted = Listing(), []
    tree = _run_git(repository, ["ls-tree", "-r", "-z", "-l", "--full-tree", f"{branch}^{{commit}}"])
    for line in tree.split(b"\0")[:-1]:
        about, _, raw = line.partition(b"\t")
        mode, kind, name_of, size = about.split()
        name = raw.decode("utf-8", "surrogateescape")
        _check_inside(name)         # a tree object can hold any name
        if _skipped(name):
            listing.count(name)
        elif kind != b"blob" or mode == b"120000":
            listing.other(name, "a symbolic link" if kind == b"blob" else "a submodule")
        elif not size.isdigit():
            raise SubmissionError(f"the git repository is damaged ({shown(name)})")
        elif int(size) > FILE_BYTES:
            listing.other(name, f"larger than {FILE_BYTES >> 20} MiB")
        else:
            wanted.append((name, name_of, int(size)))
    if sum(size for _, _, size in wanted) > TOTAL_BYTES:
        raise SubmissionError(f"it holds more than {TOTAL_BYTES >> 20} MiB")
    _add_blobs(listing, repository, wanted)
    return listing


def _add_blobs(listing: Listing, repository: Path, wanted: list) -> None:
    """Asks for all contents at once; the answer is "ID blob SIZE\\n", bytes, "\\n" each."""
    answer = _run_git(repository, ["cat-file", "--batch"],
                      b"".join(name_of + b"\n" for _, name_of, _ in wanted))
    at = 0
    for name, name_of, size in wanted:
        head = b"%s blob %d\n" % (name_of, size)
        if not answer.startswith(head, at):
            raise SubmissionError("the git repository is damaged")
        data = answer[at + len(head):at + len(head) + size]
        at += len(head) + size + 1
        listing.add(name, size, lambda _, data=data: data)


def _run_git(repository: Path, command: list[str], given: bytes = b"") -> bytes:
    """One git command, bounded in time and output, that can run nothing else.

    The repository's own configuration is in force, so what in it could start a
    program or reach another place is switched off, and the sandbox stands behind.
    """
    argv = ["git", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false",
            "-c", "safe.directory=*", "-c", "protocol.allow=never",
            f"--git-dir={repository.resolve()}", *command]
    env = sandbox.environment() | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
                                   "GIT_ALLOW_PROTOCOL": "none", "GIT_OPTIONAL_LOCKS": "0",
                                   "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1",
                                   "GIT_NO_REPLACE_OBJECTS": "1"}
    limits = sandbox.Limits(cpu=SECONDS, memory=GIT_MEMORY, file_size=TOTAL_BYTES * 2)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as into:
        into.write(given)
        into.seek(0)
        process = subprocess.Popen(sandbox.wrap(argv, cwd=repository, limits=limits), env=env,
                                   stdin=into, stdout=out, stderr=subprocess.PIPE,
                                   cwd=repository, start_new_session=True)
        try:
            _, said = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            raise SubmissionError(f"git took longer than {SECONDS} s to read it") from None
        finally:
            sandbox.kill_group(process)
        if process.returncode != 0:
            lines = said.decode("utf-8", "replace").strip().splitlines() or ["git fails"]
            raise SubmissionError(f"git cannot read it: {shown(lines[0].removeprefix('fatal: '))}")
        out.seek(0)
        return out.read()
