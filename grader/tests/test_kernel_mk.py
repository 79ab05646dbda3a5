"""The kernel's build rules: what is made again, what is linked, and what the image holds."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A copy of the tree with lab 1's kernel built in it."""
    tree = tmp_path_factory.mktemp("tree")
    shutil.copytree(ROOT / "lab1-boot", tree / "lab1-boot")
    (tree / "grader").mkdir()
    for name in ("kernel.mk", "symtab.py", "font.py"):
        shutil.copy(ROOT / "grader" / name, tree / "grader")
    make(tree)
    return tree


def make(tree, *arguments, check=True):
    done = subprocess.run(["make", "-s", "-j2", "-f", "grader/kernel.mk", "LAB=1", *arguments],
                          cwd=tree, text=True, capture_output=True)
    assert not check or done.returncode == 0, done.stderr
    return done


def objects(tree):
    return {path: path.stat().st_mtime_ns for path in tree.glob("build/lab1/obj/**/*.o")}


def remade(tree, *arguments):
    """The names of the objects that a make makes again."""
    before = objects(tree)
    make(tree, *arguments)
    return {path.name for path, time in objects(tree).items() if before.get(path) != time}


def test_nothing_changed_nothing_made(built):
    assert remade(built) == set()


def test_a_changed_file_is_made_again_and_the_symbol_table_with_it(built):
    os.utime(built / "lab1-boot/console/screen.c")
    assert remade(built) == {"screen.c.o", "symtab0.o", "symtab.o"}


def test_a_changed_header_makes_again_who_includes_it(built):
    os.utime(built / "lab1-boot/console/screen.h")
    again = remade(built)
    assert {"screen.c.o", "vga.c.o", "framebuffer.c.o", "console.c.o"} <= again
    assert "memmap.c.o" not in again


def test_changed_flags_make_everything_again(built):
    again = remade(built, "warnings=-Wall")
    assert {"memmap.c.o", "screen.c.o", "entry.S.o"} <= again
    make(built)


def test_a_deleted_source_is_linked_no_more(built):
    extra = built / "lab1-boot/extra"
    extra.mkdir()
    (extra / "mine.c").write_text("void mine(void);\nvoid mine(void)\n{\n}\n")
    assert remade(built) == {"mine.c.o", "symtab0.o", "symtab.o"}
    assert " mine\n" in (built / "build/lab1/cub.sym").read_text()
    shutil.rmtree(extra)
    make(built)
    assert " mine\n" not in (built / "build/lab1/cub.sym").read_text()


def test_the_image_holds_its_own_functions(built):
    image = (built / "build/lab1/cub.elf").read_bytes()
    for name in (b"kmain", b"memmap_clean", b"monitor_main"):
        assert image.count(b"\0" + name + b"\0") >= 2, "once for debuggers, once for the kernel"


def test_compile_commands_name_every_c_file(built):
    commands = json.loads((built / "build/lab1/compile_commands.json").read_text())
    named = {entry["file"] for entry in commands}
    there = {str(p.relative_to(built)) for p in (built / "lab1-boot").rglob("*.c")}
    assert named == there
    assert all("-mcmodel=kernel" in entry["command"] for entry in commands)


def test_a_constructor_is_refused(built):
    extra = built / "lab1-boot/extra"
    extra.mkdir()
    (extra / "first.c").write_text(
        "static void __attribute__((constructor)) first(void)\n{\n\tasm volatile(\"cli\");\n}\n")
    done = make(built, check=False)
    shutil.rmtree(extra)
    assert done.returncode != 0 and "constructors" in done.stderr


def test_a_stand_in_is_left_out_once_a_higher_lab_replaces_it(built):
    """Whoever replaces the spin lock must define all of it: what is forgotten does not link."""
    lab = built / "lab2-memory"
    lab.mkdir()
    (lab / "lab.toml").write_text('replaces = ["lab1-boot/standin/spinlock.c"]\n')
    done = make(built, "LAB=2", check=False)
    assert done.returncode != 0 and "undefined reference to `spin_lock_irqsave'" in done.stderr
    shutil.copy(built / "lab1-boot/standin/spinlock.c", lab / "spinlock.c")
    make(built, "LAB=2")
    shutil.rmtree(lab)
