"""Builds: the first error in one block, limits that cut, a lock that holds.

The compiler's messages are real ones, kept here as text, except where a small
synthetic tree with rules of its own shows more (the rules are swapped for that).
"""

import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from grader import build, sandbox

RULES = """\
BUILD ?= build/lab1/test
sources := $(patsubst %,$(BUILD)/obj/%.o,$(wildcard lab1-boot/*.c))
tests := $(patsubst %,$(BUILD)/obj/%.o,$(if $(TESTS),$(wildcard lab1-boot/tests/*_test.c)))
$(BUILD)/cub.elf: $(sources) $(tests)
\t@gcc -nostdlib -static -Wl,-e,main $^ -o $@
\t@echo linked >>$(BUILD)/links
$(BUILD)/obj/%.c.o: %.c
\t@mkdir -p $(@D)
\t@gcc -O1 -Wall -Werror -I. -c $< -o $@
prepared: $(tests)
compiled: $(sources)
"""


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A lab of two files and a test, with rules that stand in for kernel.mk."""
    rules = tmp_path / "rules" / "kernel.mk"
    rules.parent.mkdir()
    rules.write_text(RULES)
    monkeypatch.setattr(build, "RULES", rules)
    monkeypatch.setattr(build, "GRADER", rules.parent)
    tree = tmp_path / "tree"
    (tree / "lab1-boot/tests").mkdir(parents=True)
    (tree / "lab1-boot/a.c").write_text("int f(void);\nint main(void) { return f(); }\n")
    (tree / "lab1-boot/b.c").write_text("int f(void) { return 0; }\n")
    (tree / "lab1-boot/tests/f_test.c").write_text("const char answer[] = \"forty-two\";\n")
    return tree


def fails(tree, **options):
    with pytest.raises(build.BuildError) as error:
        build.kernel(tree, 1, **options)
    assert error.value.log.exists()
    return error.value.reason


def links(tree):
    return (tree / "build/lab1/test/links").read_text().count("linked")


def test_a_kernel_is_built_once_until_a_file_changes(tree):
    kernel = build.kernel(tree, 1)
    assert kernel.elf == tree / "build/lab1/test/cub.elf" and kernel.elf.exists()
    assert kernel.sym.name == "cub.sym"
    build.kernel(tree, 1)
    assert links(tree) == 1
    (tree / "lab1-boot/b.c").write_text("int f(void) { return 1; }\n")
    build.kernel(tree, 1)
    assert links(tree) == 2


def test_two_at_once_build_once(tree):
    threads = [threading.Thread(target=build.kernel, args=(tree, 1)) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert links(tree) == 1


def test_each_form_has_its_own_directory(tree):
    assert build.kernel(tree, 1, tests=False).elf == tree / "build/lab1/debug/cub.elf"
    assert build.kernel(tree, 1, debug=False, tests=False).elf == tree / "build/lab1/cub.elf"
    assert build.kernel(tree, 1, build=Path("build/own")).elf == tree / "build/own/cub.elf"


def test_the_compilers_first_error_is_one_block_with_relative_paths(tree):
    (tree / "lab1-boot/b.c").write_text("int f(void)\n{\n\treturn x;\n\treturn y;\n}\n")
    reason = fails(tree)
    assert reason.splitlines()[:3] == [
        "lab1-boot/b.c: In function 'f':",
        "lab1-boot/b.c:3:16: error: 'x' undeclared (first use in this function)",
        "    3 |         return x;"]
    assert "y" not in reason and str(tree) not in reason


def test_what_a_compiler_quotes_does_not_move_the_terminal(tree):
    (tree / "lab1-boot/b.c").write_text("#error \x1b]0;title\x07 \x1b[2Jred\n")
    reason = fails(tree)
    assert "#error ·]0;title· ·[2Jred" in reason and "\x1b" not in reason


def test_a_warning_is_an_error_and_is_shown(tree):
    (tree / "lab1-boot/b.c").write_text("int f(void) { int unused; return 0; }\n")
    assert "error: unused variable 'unused' [-Werror=unused-variable]" in fails(tree)


def test_a_missing_function_is_the_linkers_line(tree):
    (tree / "lab1-boot/b.c").write_text("\n")
    assert "undefined reference to `f'" in fails(tree) and "\n" not in fails(tree)


def test_a_second_definition_names_both_places(tree):
    (tree / "lab1-boot/c.c").write_text("int f(void) { return 2; }\n")
    reason = fails(tree)
    assert "multiple definition of `f'" in reason and "first defined here" in reason


def test_assembler_errors_are_found():
    log = ("lab1-boot/boot/longmode.S: Assembler messages:\n"
           "lab1-boot/boot/longmode.S:61: Error: no such instruction: `mvl %eax,%cr0'\n"
           "make: *** [grader/kernel.mk:78: build/lab1/obj/lab1-boot/boot/longmode.S.o] Error 1\n")
    assert build.first_error(log, Path("/t")) == \
        "lab1-boot/boot/longmode.S:61: Error: no such instruction: `mvl %eax,%cr0'"


def test_an_error_in_a_header_says_how_the_compiler_came_there():
    log = ("In file included from lab1-boot/a.h:1,\n                 from lab1-boot/a.c:2:\n"
           "lab1-boot/b.h:3:1: error: unknown type name 'foo'\n    3 | foo x;\n      | ^~~\n"
           "lab1-boot/b.h:4:1: error: unknown type name 'bar'\n")
    assert build.first_error(log, Path("/t")).splitlines() == log.splitlines()[:5]


def test_a_linker_scripts_assertion_is_shown():
    log = "ld: constructors and destructors are not run in a kernel: remove them\nmake: *** [x] Error 1\n"
    assert build.first_error(log, Path("/t")).startswith("constructors and destructors")


def test_a_missing_rule_and_silence_still_say_something():
    assert "No rule" in build.first_error("make: *** No rule to make target 'x'.  Stop.\n", Path("/t"))
    assert build.first_error("", Path("/t")) == "make said nothing"


def test_what_a_source_says_takes_a_moment_to_read(tree):
    began = time.process_time()
    assert not build.telling("/-" * 20_000)
    assert build._blame("*** [" * 20_000, 0) == ""
    assert time.process_time() - began < 2
    (tree / "lab1-boot/b.c").write_text("#error " + "*" * 50_000 + "\n")
    assert max(map(len, fails(tree).splitlines())) <= build.LONG


def test_a_build_that_runs_for_ever_is_cut(tree):
    (tree / "lab1-boot/b.c").write_text('#include "lab1-boot/b.c"\n#include "lab1-boot/b.c"\n')
    reason = fails(tree, sandbox=sandbox.Limits(cpu=1), wall=30)
    assert "nested" in reason or "the build was stopped: it used more than 1 s" in reason


def test_a_build_that_hangs_is_cut_by_the_clock(tree, monkeypatch):
    build.RULES.write_text("all:\n\tsleep 1000\nprepared compiled:\n\t@:\n")
    assert fails(tree, wall=0.5) == "the build was stopped: it ran longer than 0.5 s"


def test_a_build_that_eats_memory_is_cut_and_says_so(tree):
    (tree / "lab1-boot/b.c").write_text('#include "/dev/zero"\n')
    reason = fails(tree, sandbox=sandbox.Limits(memory=256 << 20, cpu=20))
    assert reason.startswith("the build was stopped: it needed more than 256 MiB of memory")
    assert "lab1-boot/b.c" in reason


def test_a_build_that_fills_the_disk_is_cut(tree):
    (tree / "lab1-boot/b.c").write_text('asm(".skip 0x40000000, 1");\nint f(void) { return 0; }\n')
    reason = fails(tree, sandbox=sandbox.Limits(file_size=4 << 20))
    assert reason.startswith("the build was stopped: it wrote a file larger than 4 MiB")


@pytest.mark.skipif(not sandbox.available(), reason="bubblewrap does not work here")
@pytest.mark.parametrize("reader", [
    '#include "lab1-boot/tests/f_test.c"\nconst char *stolen(void) { return answer; }\n',
    'asm(".pushsection .rodata\\n.incbin \\"lab1-boot/tests/f_test.c\\"\\n.popsection");\n',
    'asm(".pushsection .rodata\\n.incbin \\"build/lab1/test/obj/lab1-boot/tests/f_test.c.o\\"\\n.popsection");\n',
])
def test_a_students_file_cannot_read_a_test_while_it_is_compiled(tree, reader):
    """Not even when the test has been compiled before, nor when nothing is stale but it."""
    (tree / "lab1-boot/b.c").write_text(reader + "int f(void) { return 0; }\n")
    try:
        build.kernel(tree, 1)
    except build.BuildError as error:
        assert "'answer' undeclared" in error.reason or "file not found" in error.reason
        return
    stolen = (tree / "build/lab1/test/obj/lab1-boot/b.c.o").read_bytes()
    assert b"forty-two" not in stolen
    test = (tree / "build/lab1/test/obj/lab1-boot/tests/f_test.c.o").read_bytes()
    assert b"forty-two" in test


@pytest.mark.skipif(not sandbox.available(), reason="bubblewrap does not work here")
def test_a_build_cannot_write_outside_its_directory(tree):
    build.RULES.write_text("$(BUILD)/cub.elf:\n\t@echo x >evil; echo x >../evil; echo x >$@\n"
                           "prepared compiled:\n\t@:\n")
    build.kernel(tree, 1)
    assert not (tree / "evil").exists() and not (tree.parent / "evil").exists()


def test_a_copied_tree_with_its_objects_builds_only_what_changed(tree, tmp_path):
    build.kernel(tree, 1)
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-a", tree, copy], check=True)
    build.kernel(copy, 1)
    assert links(copy) == 1
    (copy / "lab1-boot/b.c").write_text("int f(void) { return 1; }\n")
    old = os.stat(copy / "build/lab1/test/obj/lab1-boot/a.c.o").st_mtime_ns
    build.kernel(copy, 1)
    assert links(copy) == 2
    assert os.stat(copy / "build/lab1/test/obj/lab1-boot/a.c.o").st_mtime_ns == old
