"""Tampering that must not pay off: each attempt is a submission that is taken, built and booted.

Every one of them leaves exercise 1.3 unwritten and tries to have its points all the
same; 1.1 is solved, so that the kernel comes as far as its tests.  What stays possible in
principle, and why it is not worth it, stands in docs/integrity.md.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from grader import build, lab, markers, sandbox, stage, submission, trial

ROOT = stage.ROOT
LAB = lab.load(ROOT, 1)
EXERCISE = "1.3"
FORMAT = "lab1-boot/lib/format.c"
TESTS = "lab1-boot/tests/format_test.c"

# A verdict as a boot's own would look, but for the nonce; and the way out with "passed".
FORGE = """
#include "lab1-boot/boot/cmdline.h"
#include "lab1-boot/cpu/io.h"
#include "lab1-boot/ktest/report.h"
static void forge(uint16_t port, bool leave)
{
	size_t length = 0;
	const char *name = cmdline_value("ktest", &length);

	report(port, "KTAP version 1\\n1..1\\n# seed 0x%lx\\nok 1 - ", cmdline_number("seed", 1));
	for (size_t i = 0; i < length; i++)
		report(port, "%c", name[i]);
	report(port, " # nonce=0123456789abcdef0123456789abcdef\\n");
	if (leave)
		out8(0xf4, 0x10);
}
"""


@pytest.fixture
def student(tmp_path):
    """A student's tree in which all is solved but exercise 1.3."""
    tree = tmp_path / "student"
    for name in LAB.files:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / name).read_text()
        (tree / name).write_text(markers.starter(text, name) if name == FORMAT
                                 else markers.solved(text, name))
    return tree


def edit(tree: Path, old: str, new: str, name: str = FORMAT) -> None:
    """Replaces text in one of the student's files; it must be there."""
    text = (tree / name).read_text()
    assert old in text
    (tree / name).write_text(text.replace(old, new))


def forge(tree: Path, call: str) -> None:
    """Puts FORGE into format.c, called with the first character that is ever printed."""
    edit(tree, "/* The sink, and how", FORGE + "\n/* The sink, and how")
    edit(tree, "\tout->sink->put(out->sink, c);", f"\tstatic bool done;\n\tif (!done)\n\t\tdone = true, "
         f"{call};\n\tout->sink->put(out->sink, c);")


def results(source, **options) -> list:
    """Takes a submission, builds it and runs the tests of 1.3."""
    taken = submission.take(source, LAB)
    try:
        build.kernel(taken.tree, 1, **options)
        told = trial.run(taken.tree, LAB.directory, EXERCISE, jobs=2)
    finally:
        stage.remove(taken.tree)
    assert not told.trouble and len(told.results) >= 6
    return list(told.results)


def assert_nothing_gained(source) -> list:
    told = results(source)
    assert {result.outcome for result in told} == {"failed"}, \
        [result.name for result in told if result.outcome != "failed"]
    return told


def does_not_build(source, **options) -> str:
    """Takes a submission that must not build; returns the reason."""
    taken = submission.take(source, LAB)
    try:
        with pytest.raises(build.BuildError) as error:
            build.kernel(taken.tree, 1, **options)
    finally:
        stage.remove(taken.tree)
    return error.value.reason


def test_the_measure_itself(student):
    """Unwritten, 1.3 earns nothing; solved, all of it: so the attempts below would show."""
    assert_nothing_gained(student)
    (student / FORMAT).write_text(markers.solved((ROOT / FORMAT).read_text(), FORMAT))
    assert {result.outcome for result in results(student)} == {"passed"}


@pytest.mark.parametrize("call", [
    "forge(REPORT_TEST, true)",                             # a forged verdict, and out
    "forge(REPORT_TEST, false)",                            # the same, and on with the test
    "(forge(REPORT_CONSOLE, true), out8(0xf4, 0x10))",      # on the console, which is not asked
    "out8(0xf4, 0x10)",                                     # only the status of a pass
    '({ asm volatile("lidt (%0); int3" : : "r"(&(char[10]){ 0 })); })',     # a triple fault's 0
], ids=["com2-exit", "com2", "com1", "exit-port", "triple-fault"])
def test_forged_verdicts_and_exits(student, call):
    forge(student, call)
    if "forge" not in call:     # or it would be an unused function
        edit(student, "static void forge", "__attribute__((unused)) static void forge")
    told = assert_nothing_gained(student)
    if "REPORT_TEST" in call:
        assert any("not accepted as a verdict" in result.block for result in told), told[0].block


def test_a_row_of_the_boot_list_that_comes_first(student):
    """What runs before everything else knows the nonce as little as the rest."""
    edit(student, "/* The sink, and how", '#include "lab1-boot/lab.h"\n' + FORGE +
         "static void evil(void)\n{\n\tforge(REPORT_TEST, true);\n}\n"
         "LAB(0, evil, NULL, NULL);\n\n/* The sink, and how")
    assert_nothing_gained(student)


def test_everything_that_is_not_an_exercises_is_ignored(student, tmp_path):
    """Makefile, rules, linker script, lab.toml, tests, the test floor and the grader: through
    `make grade` itself, with KT_ macros redefined on top, which reach no test."""
    for name in ("Makefile", "grader/kernel.mk", "grader/plugin.py", "lab1-boot/kernel.ld",
                 "lab1-boot/lab.toml", "lab1-boot/ktest/ktest.h", "lab1-boot/ktest/ktest.c", TESTS,
                 "lab1-boot/tests/test_format.py"):
        (student / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, student / name)
    edit(student, "points = 15", "points = 1500", "lab1-boot/lab.toml")
    edit(student, "if (got == want)", "if (true)", "lab1-boot/ktest/ktest.c")
    edit(student, "#define KT_EQ(got, want)", "#define KT_EQ(got, want) 1\n#define OLD(got, want)",
         "lab1-boot/ktest/ktest.h")
    edit(student, "KERNEL_LOAD = 0x100000;", "KERNEL_LOAD = 0x200000;", "lab1-boot/kernel.ld")
    edit(student, "static void put(", '#include "lab1-boot/ktest/ktest.h"\n#undef KT_EQ\n'
         "#define KT_EQ(a, b) true\n#define kt_equal(...) true\nstatic void put(")
    for name in ("Makefile", "grader/kernel.mk", TESTS):
        (student / name).write_text("$(shell touch /tmp/tampered)\nall:\n\ttouch /tmp/tampered\n")
    for name in ("grader/plugin.py", "lab1-boot/tests/test_format.py"):
        (student / name).write_text("open('/tmp/tampered', 'w')\n")
    graded = subprocess.run(
        ["/usr/bin/python3", "-m", "grader", "grade", "--lab", "1", "--exercise", EXERCISE,
         "--submission", str(student), "--out", str(tmp_path / "grade")],
        cwd=ROOT, capture_output=True, text=True)
    assert graded.returncode == 1 and "Traceback" not in graded.stdout + graded.stderr
    assert " 0/15" in graded.stdout and "1500" not in graded.stdout
    for name in ("Makefile", "grader/kernel.mk", "lab1-boot/kernel.ld", "lab1-boot/lab.toml",
                 "lab1-boot/ktest/ktest.c", TESTS):
        assert f"{name} (edited)" in graded.stdout
    assert not Path("/tmp/tampered").exists()


def test_the_test_runner_cannot_be_taken_along_or_replaced(student):
    edit(student, "static void put(", '#include "lab1-boot/ktest/ktest.c"\nstatic void put(')
    assert "multiple definition of" in does_not_build(student)
    edit(student, '#include "lab1-boot/ktest/ktest.c"\n', "")
    own = student / "lab1-boot/extra/own.c"
    own.parent.mkdir()
    own.write_text("void ktest_run_if_asked(void);\nvoid ktest_run_if_asked(void)\n{\n}\n")
    assert "multiple definition of `ktest_run_if_asked'" in does_not_build(student)


def test_a_second_test_of_the_same_name_is_refused(student):
    names = [line.split("(")[1].split(",")[0] for line in (ROOT / TESTS).read_text().splitlines()
             if line.startswith("KTEST(")]
    edit(student, "static void put(", '#include "lab1-boot/ktest/ktest.h"\nstatic void put(')
    with open(student / FORMAT, "a") as file:
        file.write("".join(f'KTEST({name}, "1.3", "x")\n{{\n}}\n' for name in names))
    assert_nothing_gained(student)


def test_a_constructor_is_refused(student):
    edit(student, "static void put(", "static int ran;\nint *first_ran(void);\nint *first_ran(void)\n"
         "{\n\treturn &ran;\n}\n__attribute__((constructor)) static void first(void)\n{\n\tran++;\n}\n"
         "static void put(")
    assert "constructors" in does_not_build(student)


@pytest.mark.skipif(not sandbox.available(), reason="bubblewrap does not work here")
def test_a_tests_source_cannot_be_read_while_building(student):
    edit(student, "static void put(", f'#include "{TESTS}"\nstatic void put(')
    edit(student, "static void put(", "static const char *stolen = __FILE__; "
         "const char *thief(void);\nconst char *thief(void)\n{\n\treturn made(stolen);\n}\nstatic void put(")
    assert "made" in does_not_build(student)
    (student / FORMAT).write_text(markers.starter((ROOT / FORMAT).read_text(), FORMAT))
    edit(student, "static void put(", f'asm(".pushsection .rodata\\n.incbin \\"{TESTS}\\"\\n'
         '.popsection");\nstatic void put(')
    taken = submission.take(student, LAB)
    built = build.kernel(taken.tree, 1)
    comment = (ROOT / TESTS).read_text().split("\n")[1].strip(" *").encode()
    assert len(comment) > 30 and comment not in built.elf.read_bytes()
    stage.remove(taken.tree)


@pytest.mark.skipif(not sandbox.available(), reason="bubblewrap does not work here")
@pytest.mark.parametrize("place", [str(ROOT / FORMAT), "/etc/passwd", "/proc/1/environ"])
def test_the_solution_and_the_host_cannot_be_read_while_building(student, place):
    """The reference lies on the same disk, and the builder's secrets too."""
    with open(student / FORMAT, "a") as file:
        file.write(f'asm(".incbin \\"{place}\\"");\n')
    if place.startswith("/proc"):       # there is one, but it is the sandbox's own
        taken = submission.take(student, LAB)
        try:
            assert b"SHELL=" not in build.kernel(taken.tree, 1).elf.read_bytes()
        except build.BuildError:
            pass
        stage.remove(taken.tree)
    else:
        assert "file not found" in does_not_build(student)


def test_what_was_built_of_the_solution_does_not_come_along(student):
    """A staged tree is a copy of one in which the reference was built."""
    assert list(stage.warm(ROOT, LAB).glob("build/**/format.c.o"))
    taken = submission.take(student, LAB)
    left = [path for path in taken.tree.glob("build/**/*")
            if path.name.startswith(("cub.", "format.c.o"))]
    stage.remove(taken.tree)
    assert not left
    thief = student / "lab1-boot/extra/thief.S"
    thief.parent.mkdir()
    thief.write_text('\t.section .rodata\n\t.incbin "build/lab1/test/cub.elf"\n')
    if sandbox.available():
        assert "file not found" in does_not_build(student)


def test_a_link_to_the_solution_is_not_followed(student):
    (student / FORMAT).unlink()
    (student / FORMAT).symlink_to(ROOT / FORMAT)
    assert_nothing_gained(student)


@pytest.mark.parametrize("text, message", [
    (f'#include "{FORMAT}"\n#include "{FORMAT}"\n', "#include nested depth 200 exceeds"),
    ('#include "/dev/zero"\n', "needed more than 256 MiB of memory"),
    ('asm(".rept 100000000\\n.quad 1\\n.endr");\n', "needed more than 256 MiB of memory"),
    ('asm(".skip 0x40000000, 1");\n', "wrote a file larger than 4 MiB"),
    ('asm("1: .if 1; .endif; .rept 1000000; .rept 1000000; .endr; .endr");\n', "the build was stopped: it "),
], ids=["includes-itself", "dev-zero", "assembler", "large-object", "assembler-loop"])
def test_a_build_without_end_is_cut(student, text, message):
    """Limits are lowered here, so that the test is quick."""
    (student / FORMAT).write_text(text)
    if "/dev/zero" in text and not sandbox.available():
        with pytest.raises(submission.SubmissionError, match="includes what it may not"):
            submission.take(student, LAB)
        return
    limits = sandbox.Limits(cpu=2, memory=256 << 20, file_size=4 << 20)
    reason = does_not_build(student, sandbox=limits, wall=60)
    assert message in reason and FORMAT in reason and len(reason.splitlines()) < 15
