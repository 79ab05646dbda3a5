"""Submissions: every form, what is taken from them, and every way to be hostile."""

import gzip
import io
import lzma
import os
import random
import shutil
import socket
import struct
import subprocess
import tarfile
import zipfile
import zlib

import pytest

from grader import build, intake, lab, markers, sandbox, stage, submission
from grader.intake import SubmissionError
from grader.tests import synthetic


@pytest.fixture
def reference(tmp_path, monkeypatch):
    return synthetic.make(tmp_path, monkeypatch)


@pytest.fixture
def student(tmp_path, reference):
    """What a student has: the starter, with exercise 1.1 written."""
    tree = tmp_path / "student"
    shutil.copytree(reference, tree)
    shutil.rmtree(tree / "lab1-boot/hidden")
    for name in ("lab1-boot/one.c", "lab1-boot/two.c"):
        (tree / name).write_text(markers.starter((reference / name).read_text(), name))
    one = tree / "lab1-boot/one.c"
    one.write_text(one.read_text().replace("\treturn 0;", "\treturn 42;"))
    return tree


@pytest.fixture
def take(reference):
    """take(source): takes, and gives the tree back at the end."""
    taken = []

    def go(source, **options):
        taken.append(submission.take(source, lab.load(reference, 1), reference, **options))
        return taken[-1]

    yield go
    for each in taken:
        stage.remove(each.tree)


def refused(take, source):
    with pytest.raises(SubmissionError) as error:
        take(source)
    assert "\n" not in str(error.value)
    return str(error.value)


def git(cwd, *args):
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *args], cwd=cwd, check=True,
                   capture_output=True)


def pack_zip(tree, path, prefix=""):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(tree.rglob("*")):
            archive.write(file, prefix + str(file.relative_to(tree)))
    return path


def pack_tar(tree, path, mode, top="student"):
    with tarfile.open(path, mode) as archive:
        archive.add(tree, top)
    return path


def pack_git(tree, bare=None):
    git(tree, "init", "-q", "-b", "main")
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", "work")
    if bare:
        git(tree.parent, "clone", "-q", "--bare", str(tree), str(bare))
    return bare or tree


# --- forms -----------------------------------------------------------------------


@pytest.mark.parametrize("form", ["directory", "zip", "zip with a top folder", "tar.gz", "tgz",
                                  "tar.xz", "tar", "git url", "bare", "bare url", "branch"])
def test_every_form_gives_the_same_tree(form, student, take, tmp_path):
    source = {
        "directory": lambda: student,
        "zip": lambda: pack_zip(student, tmp_path / "s.zip"),
        "zip with a top folder": lambda: pack_zip(student, tmp_path / "s.zip", "cub-main/"),
        "tar.gz": lambda: pack_tar(student, tmp_path / "s.tar.gz", "w:gz"),
        "tgz": lambda: pack_tar(student, tmp_path / "s.tgz", "w:gz", "."),
        "tar.xz": lambda: pack_tar(student, tmp_path / "s.tar.xz", "w:xz"),
        "tar": lambda: pack_tar(student, tmp_path / "s.tar", "w"),
        "git url": lambda: f"file://{pack_git(student)}",
        "bare": lambda: pack_git(student, tmp_path / "s.git"),
        "bare url": lambda: f"file://{pack_git(student, tmp_path / 's.git')}",
        "branch": lambda: f"file://{pack_git(student, tmp_path / 's.git')}#main",
    }[form]()
    taken = take(source)
    assert (taken.tree / "lab1-boot/one.c").read_text() == (student / "lab1-boot/one.c").read_text()
    assert (taken.tree / "lab1-boot/tests/one_test.c").exists()     # the grader's own
    assert sorted(taken.files) == ["lab1-boot/one.c", "lab1-boot/two.c"]
    assert taken.ignored == () and taken.notes == ()
    build.kernel(taken.tree, 1)


def test_only_what_changed_is_compiled(student, take):
    (student / "lab1-boot/two.c").write_text(synthetic.FILES["lab1-boot/two.c"])
    taken = take(student)
    obj = taken.tree / "build/lab1/test/obj/lab1-boot"
    before = {path.name: path.stat().st_mtime_ns for path in obj.glob("*.o")}
    assert before.keys() >= {"two.c.o", "floor.c.o"} and "one.c.o" not in before
    build.kernel(taken.tree, 1)
    changed = [path.name for path in obj.glob("*.o") if path.stat().st_mtime_ns != before.get(path.name)]
    assert changed == ["one.c.o"]


# --- what is taken, what is ignored ----------------------------------------------


def test_other_edits_and_new_files_are_listed_as_ignored(student, take):
    synthetic.write(student, {"Makefile": "all: evil\n", "lab1-boot/lab.toml": "points = 1000\n",
                              "lab1-boot/tests/one_test.c": "", "lab1-boot/floor.c": "int x;\n",
                              "lab1-boot/mine.c": "int mine;\n", "lab1-boot/extra/deep/x.c": "",
                              "compile_commands.json": "[]", "build/x": "", ".vscode/x": ""})
    taken = take(student)
    assert set(taken.ignored) == {
        "Makefile (edited)", "lab1-boot/lab.toml (edited)", "lab1-boot/tests/one_test.c (edited)",
        "lab1-boot/floor.c (edited)", "lab1-boot/mine.c (new file)",
        "lab1-boot/extra/deep/x.c (new file)"}
    assert (taken.tree / "lab1-boot/floor.c").read_text() == synthetic.FILES["lab1-boot/floor.c"]
    assert not (taken.tree / "lab1-boot/mine.c").exists()
    assert "forty-two" in (taken.tree / "lab1-boot/tests/one_test.c").read_text()


def test_extra_files_come_along(student, take):
    synthetic.write(student, {"lab1-boot/extra/own.c": "int own(void) { return 1; }\n",
                              "lab1-boot/extra/own.h": "int own(void);\n",
                              "lab1-boot/extra/$(shell id).c": "", "lab1-boot/extra/a.ld": ""})
    taken = take(student)
    assert {"lab1-boot/extra/own.c", "lab1-boot/extra/own.h"} < set(taken.files)
    assert sorted(os.listdir(taken.tree / "lab1-boot/extra")) == ["own.c", "own.h"]
    assert "lab1-boot/extra/$(shell id).c is not used: extra/ takes .c, .h and .S files only" \
        in taken.notes
    build.kernel(taken.tree, 1)


def test_extra_files_have_a_number(student, take):
    synthetic.write(student, {f"lab1-boot/extra/own{n}.c": "" for n in range(submission.EXTRAS)})
    assert len(take(student).files) == 2 + submission.EXTRAS
    synthetic.write(student, {"lab1-boot/extra/more.h": ""})
    assert refused(take, student) == "lab1-boot/extra/ holds more than 64 files"


def test_a_missing_file_is_replaced_by_the_starter_and_said(student, reference, take):
    (student / "lab1-boot/two.c").unlink()
    taken = take(student)
    assert taken.notes == ("lab1-boot/two.c is missing: the starter is used",)
    assert "return TWO" not in (taken.tree / "lab1-boot/two.c").read_text()


def test_isolate_puts_one_exercise_on_the_reference(student, reference, take):
    text = (student / "lab1-boot/one.c").read_text().replace("{ return 0; }", "{ return 666; }")
    (student / "lab1-boot/one.c").write_text(text)
    alone = submission.isolated(take(student), lab.load(reference, 1), "1.1", reference)
    one = (alone.tree / "lab1-boot/one.c").read_text()
    assert "return 42;" in one and "666" not in one and "return 7;" in one
    assert (alone.tree / "lab1-boot/two.c").read_text() == synthetic.FILES["lab1-boot/two.c"]
    stage.remove(alone.tree)


# --- what cannot be graded -------------------------------------------------------


def test_things_that_are_no_submission(student, take, tmp_path):
    assert "there is no " in refused(take, tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert refused(take, tmp_path / "empty") == "it is empty"
    (tmp_path / "text").write_text("hello")
    assert "text is no archive that can be read" in refused(take, tmp_path / "text")
    os.mkfifo(tmp_path / "fifo")
    assert "neither a directory nor a file" in refused(take, tmp_path / "fifo")
    assert "is not on this disk" in refused(take, "https://example.org/x.git")
    assert "is not on this disk" in refused(take, "git@example.org:x.git")
    assert "is no git repository" in refused(take, f"file://{student}")
    assert "there is no git repository" in refused(take, "file:///nowhere")
    assert refused(take, "a\0b").startswith("there is no a\\x00b")
    shutil.rmtree(student / "lab1-boot/extra", ignore_errors=True)
    (student / "lab1-boot").rename(student / "lab9-boot")
    assert refused(take, student) == "there is no lab1-boot/ in it"
    (student / "lab1-boot").mkdir()
    (student / "lab1-boot/x").write_text("")
    assert refused(take, student) == "none of the files of lab 1's exercises is in it"


@pytest.mark.parametrize("form", ["zip", "tar.gz", "tar.xz", "tar"])
def test_a_truncated_or_broken_archive_is_one_line(form, student, take, tmp_path):
    path = tmp_path / f"s.{form}"
    pack_zip(student, path) if form == "zip" else \
        pack_tar(student, path, "w:" + form.partition(".")[2])
    whole = path.read_bytes()
    for cut in (5, len(whole) // 3, len(whole) // 2):
        path.write_bytes(whole[:cut])
        refused(take, path)
    noise = random.Random(1)
    for _ in range(60):
        broken = bytearray(whole)
        for _ in range(noise.randrange(1, 20)):
            broken[noise.randrange(len(broken))] = noise.randrange(256)
        path.write_bytes(broken)
        try:
            intake.read(path)
        except SubmissionError as error:
            assert "\n" not in str(error)


def test_an_encrypted_zip_is_said_to_be_so(student, take, tmp_path):
    path = pack_zip(student, tmp_path / "s.zip")
    data = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = data.find(magic)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(magic, at + 4)
    path.write_bytes(data)
    assert refused(take, path).startswith("the archive is encrypted")


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "lab1-boot/../../evil", "C:\\evil",
                                  "lab1-boot\\..\\evil"])
def test_paths_that_lead_out_are_refused(name, take, tmp_path):
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        entry = zipfile.ZipInfo("x")
        entry.filename = name
        archive.writestr(entry, "x")
    with tarfile.open(tmp_path / "s.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo(name))
    for path in ("s.zip", "s.tar"):
        assert "names a path outside itself" in refused(take, tmp_path / path)


def test_bombs_are_stopped_by_what_they_unpack_to(take, tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "TOTAL_BYTES", 2 << 20)
    zeros = bytes(8 << 20)
    with zipfile.ZipFile(tmp_path / "s.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("lab1-boot/one.c", zeros)
    with tarfile.open(tmp_path / "plain.tar", "w") as archive:
        entry = tarfile.TarInfo("lab1-boot/one.c")
        entry.size = len(zeros)
        archive.addfile(entry, io.BytesIO(zeros))
    tar = (tmp_path / "plain.tar").read_bytes()
    (tmp_path / "s.tar.gz").write_bytes(gzip.compress(tar))
    (tmp_path / "s.tar.xz").write_bytes(lzma.compress(tar))
    for name in ("s.zip", "s.tar.gz", "s.tar.xz"):
        assert "it unpacks to more than 2 MiB" in refused(take, tmp_path / name)


@pytest.mark.parametrize("form", ["zip", "tar.gz"])
def test_what_is_skipped_does_not_count(form, student, take, tmp_path, monkeypatch):
    """Who packs the whole tree packs build/ and .git/, too."""
    monkeypatch.setattr(intake, "TOTAL_BYTES", 2 << 20)
    synthetic.write(student, {"build/lab1/cub.elf": "x" * (3 << 20), ".git/objects/pack/x.pack": "x" * (3 << 20)})
    source = tmp_path / f"s.{form}"
    pack_zip(student, source) if form == "zip" else pack_tar(student, source, "w:gz")
    assert "lab1-boot/one.c" in take(source).files
    monkeypatch.setattr(intake, "SKIPPED_BYTES", 1 << 20)       # a tar has to be read to its end: no bomb there either
    if form == "tar.gz":
        assert "it unpacks to more than 2 MiB" in refused(take, source)


def test_a_long_name_is_no_way_round_the_limit(take, tmp_path, monkeypatch):
    """A link in build/ has no bytes to be skipped: what it claims does not make room for a header of that size."""
    monkeypatch.setattr(intake, "TOTAL_BYTES", 2 << 20)
    claims = header("build/x", tarfile.SYMTYPE, 64 << 20) + header("long", tarfile.GNUTYPE_LONGNAME, 8 << 20)
    (tmp_path / "s.tar.gz").write_bytes(gzip.compress(claims + bytes(8 << 20)))
    assert "it unpacks to more than 2 MiB" in refused(take, tmp_path / "s.tar.gz")


def test_a_zip_with_backslashes_is_read(student, take, tmp_path):
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        for path in sorted(student.rglob("*")):
            entry = zipfile.ZipInfo("x")
            entry.filename = str(path.relative_to(student)).replace("/", "\\") + ("\\" if path.is_dir() else "")
            archive.writestr(entry, path.read_bytes() if path.is_file() else "")
    taken = take(tmp_path / "s.zip")
    assert sorted(taken.files) == ["lab1-boot/one.c", "lab1-boot/two.c"] and taken.ignored == taken.notes == ()


def header(name, kind=tarfile.REGTYPE, size=0):
    """A tar header of 512 bytes, whose size may be larger than tarfile writes one."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.size = kind, size
    return entry.tobuf(tarfile.GNU_FORMAT)


def test_a_tar_whose_next_header_lies_far_behind_its_end_is_one_line(take, tmp_path):
    for data in (header("lab1-boot/x", size=1 << 70), gzip.compress(header("lab1-boot/x", size=1 << 70))):
        (tmp_path / "s.tar").write_bytes(data)
        assert "it is cut short" in refused(take, tmp_path / "s.tar")


def test_archives_that_break_their_reader_are_one_line(take, tmp_path):
    (tmp_path / "chain.tar").write_bytes((header("long", tarfile.GNUTYPE_LONGNAME, 1) + b"x".ljust(512, b"\0")) * 2000)
    with zipfile.ZipFile(tmp_path / "far.zip", "w") as archive:
        archive.writestr("lab1-boot/one.c", "x")
        archive.infolist()[0].header_offset = (1 << 64) - 1
    for name in ("chain.tar", "far.zip"):
        assert "is no archive that can be read" in refused(take, tmp_path / name)


def test_names_that_are_no_file_names(student, take, tmp_path):
    with zipfile.ZipFile(tmp_path / "dot.zip", "w") as archive:
        archive.writestr(".", "x")
    assert refused(take, tmp_path / "dot.zip") == "there is no lab1-boot/ in it"
    long = pack_zip(student, tmp_path / "long.zip")
    with zipfile.ZipFile(long, "a") as archive:
        archive.writestr("lab1-boot/" + "n" * 300, "x")
        archive.writestr("lab1-boot/extra/" + "n" * 300 + ".c", "x")
    taken = take(long)
    assert "lab1-boot/" + "n" * 300 + " (new file)" in taken.ignored
    assert [note.split("is not used: ")[1] for note in taken.notes] == ["extra/ takes names of at most 100 characters"]
    with tarfile.open(tmp_path / "huge.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("lab1-boot" + "/.b" * 400_000 + "\n\nx"))
    assert refused(take, tmp_path / "huge.tar") == "it holds a path of more than 1000 characters"


def test_a_zip_that_lies_about_a_size_is_bounded_too(take, tmp_path):
    path = tmp_path / "s.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("lab1-boot/one.c", bytes(8 << 20))
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\1\2")
    struct.pack_into("<I", data, at + 24, 10)
    path.write_bytes(data)
    listing = None
    try:
        listing = intake.read(path)
    except SubmissionError:
        pass
    assert listing is None or all(len(d) <= intake.FILE_BYTES for d in listing.files.values())


def test_too_many_and_too_large_files(student, take, tmp_path, monkeypatch):
    (student / "lab1-boot/one.c").write_bytes(b"x" * (intake.FILE_BYTES + 1))
    assert take(student).notes == ("lab1-boot/one.c is larger than 1 MiB: the starter is used",)
    assert take(pack_zip(student, tmp_path / "s.zip")).notes
    with open(student / "disk.img", "wb") as sparse:
        sparse.truncate(1 << 40)
    assert "disk.img (larger than 1 MiB)" in take(student).ignored
    monkeypatch.setattr(intake, "FILES", 5)
    assert refused(take, student) == "it holds more than 5 files"


# --- links, devices, names -------------------------------------------------------


def test_links_out_of_a_directory_are_never_followed(student, take, tmp_path):
    secret = tmp_path / "secret.c"
    secret.write_text("int secret;\n")
    (student / "lab1-boot/one.c").unlink()
    (student / "lab1-boot/one.c").symlink_to(secret)
    (student / "lab1-boot/extra").symlink_to(tmp_path)
    (student / "etc").symlink_to("/etc")
    os.mkfifo(student / "pipe")
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(str(student / "sock"))
    taken = take(student)
    assert taken.notes == ("lab1-boot/one.c is a symbolic link: the starter is used",)
    assert "secret" not in (taken.tree / "lab1-boot/one.c").read_text()
    assert not (taken.tree / "lab1-boot/extra").exists()
    assert {"etc (a symbolic link)", "pipe (a pipe)", "sock (a socket)"} < set(taken.ignored)


def test_a_lab_directory_that_is_a_link_is_not_there(student, take, tmp_path):
    (student / "lab1-boot").rename(tmp_path / "elsewhere")
    (student / "lab1-boot").symlink_to(tmp_path / "elsewhere")
    assert refused(take, student) == "there is no lab1-boot/ in it"


def test_links_in_archives_are_never_followed(student, take, tmp_path):
    with tarfile.open(tmp_path / "s.tar", "w") as archive:
        archive.add(student / "lab1-boot/two.c", "lab1-boot/two.c")
        for name, kind in (("one.c", tarfile.LNKTYPE), ("sym", tarfile.SYMTYPE),
                           ("null", tarfile.CHRTYPE), ("fifo", tarfile.FIFOTYPE)):
            entry = tarfile.TarInfo(f"lab1-boot/{name}")
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
    taken = take(tmp_path / "s.tar")
    assert taken.notes == ("lab1-boot/one.c is a link: the starter is used",)
    assert len(taken.ignored) == 3
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.write(student / "lab1-boot/two.c", "lab1-boot/two.c")
        entry = zipfile.ZipInfo("lab1-boot/one.c")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    taken = take(tmp_path / "s.zip")
    assert taken.notes == ("lab1-boot/one.c is a symbolic link: the starter is used",)


def test_names_that_are_not_utf_8_or_would_write_to_the_terminal(student, take, tmp_path):
    for name in (b"caf\xe9", b"\x1b[2Jclear", b"two\nlines"):
        open(os.fsencode(student) + b"/" + name, "w").close()
    for source in (student, pack_tar(student, tmp_path / "s.tar", "w")):
        assert set(take(source).ignored) == {"caf\\xe9 (new file)", "\\x1b[2Jclear (new file)",
                                             "two\\x0alines (new file)"}


# --- hostile repositories --------------------------------------------------------


def test_a_repositorys_hooks_filters_and_remotes_run_nothing(student, take, tmp_path):
    mark = tmp_path / "ran"
    command = f"touch {mark}"
    (student / ".gitattributes").write_text("*.c filter=evil diff=evil export-subst ident\n")
    repository = pack_git(student, tmp_path / "s.git")
    for key, value in {"filter.evil.smudge": command, "filter.evil.clean": command,
                       "filter.evil.process": command, "diff.evil.textconv": command,
                       "core.fsmonitor": command, "core.pager": command, "core.sshCommand": command,
                       "core.hooksPath": str(repository / "hooks"), "core.editor": command,
                       "protocol.ext.allow": "always", "protocol.allow": "always",
                       "extensions.partialClone": "evil", "remote.evil.promisor": "true",
                       "remote.evil.url": f"ext::sh -c '{command}'",
                       "core.repositoryFormatVersion": "1"}.items():
        git(repository, "config", key, value)
    for hook in ("post-checkout", "pre-commit", "post-index-change", "reference-transaction"):
        (repository / "hooks" / hook).write_text(f"#!/bin/sh\n{command}\n")
        (repository / "hooks" / hook).chmod(0o755)
    assert "lab1-boot/one.c" in take(f"file://{repository}").files
    blob = subprocess.run(["git", "rev-parse", "HEAD:lab1-boot/two.c"], cwd=student, text=True,
                          capture_output=True).stdout.strip()
    (repository / "objects" / blob[:2] / blob[2:]).unlink()     # git would fetch it: ext::sh ...
    refused(take, f"file://{repository}")
    assert not mark.exists()


def test_links_and_submodules_in_a_repository_are_not_followed(student, take, tmp_path):
    (student / "lab1-boot/one.c").unlink()
    (student / "lab1-boot/one.c").symlink_to("/etc/passwd")
    git(student, "init", "-q", "-b", "main")
    git(student, "update-index", "--add", "--cacheinfo", "160000," + "1" * 40 + ",sub")
    git(student, "add", "lab1-boot")
    git(student, "commit", "-qm", "x")
    taken = take(f"file://{student}")
    assert taken.notes == ("lab1-boot/one.c is a symbolic link: the starter is used",)
    assert taken.ignored == ("sub (a submodule)",)


@pytest.mark.parametrize("name", [b"/etc/passwd", b"../s.git/HEAD"])
def test_a_name_in_a_tree_object_may_not_lead_out(name, student, take, tmp_path):
    repository = pack_git(student, tmp_path / "s.git")

    def ask(*args, given=None):
        return subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *args], cwd=repository, check=True,
                              input=given, capture_output=True).stdout.strip()

    blob = bytes.fromhex(ask("rev-parse", "HEAD:lab1-boot/one.c").decode())
    tree = ask("hash-object", "-t", "tree", "--literally", "-w", "--stdin", given=b"100644 " + name + b"\0" + blob)
    ask("update-ref", "HEAD", ask("commit-tree", tree.decode(), "-m", "x").decode())
    assert "names a path outside itself" in refused(take, f"file://{repository}")


@pytest.mark.skipif(not sandbox.available(), reason="bubblewrap does not work here")
def test_an_object_that_inflates_without_end_ends_in_a_line(student, take, tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "GIT_MEMORY", 256 << 20)
    repository = pack_git(student, tmp_path / "s.git")
    data = b"commit %d\0tree " % (512 << 20) + bytes(512 << 20)
    at = repository / "objects" / "ab" / ("1" * 38)
    at.parent.mkdir(exist_ok=True)
    at.write_bytes(zlib.compress(data, 1))
    (repository / "refs/heads/main").write_text("ab" + "1" * 38 + "\n")
    assert "memory" in refused(take, f"file://{repository}#main")


def test_a_damaged_repository_and_a_missing_branch_are_one_line(student, take, tmp_path):
    repository = pack_git(student, tmp_path / "s.git")
    assert refused(take, f"file://{repository}#nowhere").startswith("git cannot read it: ")
    assert "is no branch" in refused(take, f"file://{repository}#--output=x")
    git(repository, "repack", "-adq")
    for pack in repository.rglob("*.pack"):
        pack.chmod(0o644)
        pack.write_bytes(pack.read_bytes()[:100])
    refused(take, f"file://{repository}")


@pytest.mark.skipif(not sandbox.available(), reason="bubblewrap does not work here")
def test_a_repository_cannot_borrow_anothers_objects(student, take, tmp_path):
    other = pack_git(student, tmp_path / "other.git")
    git(tmp_path, "clone", "-q", "--bare", "--shared", str(other), str(tmp_path / "s.git"))
    refused(take, f"file://{tmp_path / 's.git'}")


# --- exercise headers ------------------------------------------------------------


@pytest.fixture
def with_header(tmp_path, monkeypatch):
    (tmp_path / "h").mkdir()
    return synthetic.make(tmp_path / "h", monkeypatch, header=True)


@pytest.mark.parametrize("text, message", [
    ("#define KT_EQ(a, b) 1\n", "redefines KT_EQ, which the tests use"),
    ("#undef KT_EQ\n", "redefines KT_EQ, which the tests use"),
    ("#define kt_equal(a, b) 1\n", "redefines kt_equal, which the tests use"),
    ("#define E _EQ\n#pragma push_macro(\"KT_EQ\")\n#undef KT_EQ\n#define KT_EQ(...) 2\n",
     "redefines KT_EQ"),
    ('asm(".inc" "bin \\"lab1-boot/tests/one_test.c\\"");\n', "incbin"),
    ('#include "lab1-boot/nowhere.h"\n', "cannot be read by the compiler"),
])
def test_a_header_may_not_bend_the_tests(with_header, tmp_path, text, message):
    student = tmp_path / "s"
    shutil.copytree(with_header, student)
    header = student / "lab1-boot/two.h"
    header.write_text(header.read_text() + text)
    with pytest.raises(SubmissionError) as error:
        submission.take(student, lab.load(with_header, 1), with_header)
    assert str(error.value).startswith("lab1-boot/two.h ") and message in str(error.value)
    assert not list((with_header / "build/stage").glob("*"))


def test_an_honest_header_is_taken(with_header, tmp_path):
    student = tmp_path / "s"
    shutil.copytree(with_header, student)
    (student / "lab1-boot/two.h").write_text("#pragma once\n#define TWO 3\nint more;\n")
    taken = submission.take(student, lab.load(with_header, 1), with_header)
    assert "lab1-boot/two.h" in taken.files
    stage.remove(taken.tree)


@pytest.mark.parametrize("line", [
    'asm(".inc" "bin \\"x\\"");', 'asm(".inc" /**/ "bin \\"x\\"");', 'asm(".INCBIN \\"x\\"");',
    "#define X <stdint.h>\n#include X", '#include "lab1-boot/tests/one_test.c"', '#include "../../reference/x.c"',
    '#include "/autograder/source/cub/lab1-boot/one.c"', '%:include "/x.c"', '#/**/include "/x.c"',
    'const char a[] = "/*";\n#/**/include "/x.c"\nconst char b[] = "*/";', '#inc\\\r\nlude "/x.c"',
    '#inc\\ \nlude "/x.c"', '#\0include "/x.c"', '#import "/x.c"', '#include <.//x.c>',
    'asm(".include \\"/x.S\\"");', 'asm(".inc" "lude \\"/x.S\\"");'])
def test_without_a_sandbox_a_file_that_could_read_tests_is_refused(student, take, monkeypatch, line):
    monkeypatch.setattr(sandbox, "available", lambda: False)
    one = student / "lab1-boot/one.c"
    one.write_text(one.read_text() + line + "\n", newline="")
    assert "includes what it may not" in refused(take, student)


def test_without_a_sandbox_honest_includes_are_taken(student, take, monkeypatch):
    monkeypatch.setattr(sandbox, "available", lambda: False)
    (student / "lab1-boot/extra").mkdir()
    (student / "lab1-boot/extra/own.c").write_text(
        '#include "own_stuff.h"\n#include "Util.h"\n#include "./own2.h"\n#include <x86intrin.h>\n'
        '# include  <stdint.h>\n#include <linux/errno.h>\n#include "lab1-boot/two.h" /* of exercise 1.2 */\n')
    assert "lab1-boot/extra/own.c" in take(student).files
