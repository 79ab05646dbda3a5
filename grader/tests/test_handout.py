"""The handout: what is in it, what is not, and that each verification finds its defect.

Most of it is shown on small synthetic labs; at the end the real one is made once with
everything verified, and once with a second lab on top.
"""

import os
import re
import shutil
import subprocess

import pytest

from grader import handout, handout_check, lab, stage, trial
from grader.handout import HandoutError, git
from grader.tests import synthetic
from grader.verdicts import Result

LONG = '"a hidden test that is quite long, ' + "and goes on, " * 12 + '"'
SECOND = {
    "lab2-memory/lab.toml": """
title = "Memory"
[[exercise]]
id = "2.1"
title = "Three"
points = 100
hours = 1
files = ["lab2-memory/three.c"]
""",
    "lab2-memory/three.c": """\
int three(void)
{
\t// BEGIN SOLUTION 2.1
\tint the_answer_to_the_third_and_last_question_that_anybody_asks = 3;

\treturn the_answer_to_the_third_and_last_question_that_anybody_asks;
\t// END SOLUTION 2.1 => return 0;
}
""",
    "lab2-memory/README.md": "# Lab 2\n",
    "lab2-memory/mutants/2.1-x.patch": "x\n",
    "lab3-threads/README.md": "A paragraph on what lab 3 will add.\n",
    ".ci/run": "#!/bin/sh\n",
    "grader/lab.py": "# the grader\n",
    "grader/tests/test_lab.py": "# its tests\n",
}


def commit(tree):
    git(tree, "init", "-q", "-b", "main")
    git(tree, "add", "-A")
    git(tree, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "x")


@pytest.fixture
def reference(tmp_path, monkeypatch):
    tree = synthetic.make(tmp_path, monkeypatch)
    synthetic.write(tree, SECOND)
    (tree / "run.sh").write_text("#!/bin/sh\n")
    (tree / "run.sh").chmod(0o755)
    commit(tree)
    return tree


@pytest.fixture
def made(reference, tmp_path):
    out = tmp_path / "out"
    handout.make(reference, out, verify=False)
    return out


def names(repository, branch):
    return git(repository, "ls-tree", "-r", "--name-only", branch).split()


def clone_of(repository):
    return handout_check._students_clone(repository, ["lab1-boot", "lab2-memory"])


# --- what is in it ---------------------------------------------------------------


def test_each_branch_adds_its_lab_to_the_one_before(made):
    first, second = names(made, "lab1-boot"), names(made, "lab2-memory")
    assert {"Makefile", "grader/lab.py", "lab1-boot/one.c", "lab1-boot/tests/one_test.c",
            "lab1-boot/lab.toml"} < set(first)
    assert set(second) - set(first) == {"lab2-memory/README.md", "lab2-memory/lab.toml",
                                        "lab2-memory/three.c"}
    assert set(first) < set(second)
    assert git(made, "branch", "--format=%(refname:short)").split() == \
        ["lab1-boot", "lab2-memory", "solution/lab1", "solution/lab2"]
    assert git(made, "branch", "--show-current").strip() == "lab1-boot"
    assert git(made, "status", "--short") == ""


def test_a_draft_is_not_handed_out(reference, tmp_path):
    """Neither as a branch nor among what all branches share."""
    path = reference / "lab2-memory/lab.toml"
    path.write_text("draft = true\n" + path.read_text())
    handout.make(reference, tmp_path / "out", verify=False)
    assert git(tmp_path / "out", "branch", "--format=%(refname:short)").split() == ["lab1-boot", "solution/lab1"]
    assert not list((tmp_path / "out").glob("lab2-*"))


def test_what_is_not_for_students_and_what_git_does_not_know_is_left_out(reference, tmp_path):
    (reference / "notes.txt").write_text("private")
    (reference / "lab1-boot/scratch.c").write_text("int private;")
    handout.make(reference, tmp_path / "out", verify=False)
    everything = names(tmp_path / "out", "lab2-memory") + names(tmp_path / "out", "solution/lab1") \
        + names(tmp_path / "out", "solution/lab2")
    for part in ("hidden/", "mutants/", "grader/tests", ".ci", "lab3-threads", "notes", "scratch"):
        assert not [name for name in everything if part in name], part


def test_solutions_are_starters_and_modes_are_kept(made):
    assert (made / "lab1-boot/one.c").read_text().count("YOUR CODE") == 4
    assert "41" not in (made / "lab1-boot/one.c").read_text()
    assert os.access(made / "run.sh", os.X_OK) and not os.access(made / "Makefile", os.X_OK)


def test_solution_branches_hold_one_directory_solved(made):
    assert all(name.startswith("lab1-boot/") for name in names(made, "solution/lab1"))
    text = git(made, "show", "solution/lab1:lab1-boot/one.c")
    assert "// BEGIN YOUR CODE 1.1\n\tint answer = 41;" in text and "SOLUTION" not in text
    assert git(made, "rev-list", "--count", "solution/lab2").strip() == "1"


def test_the_same_reference_gives_the_same_hashes(reference, made, tmp_path):
    subprocess.run(["cp", "-r", reference, tmp_path / "copy"], check=True)
    handout.make(tmp_path / "copy", tmp_path / "again", verify=False)
    show = ("for-each-ref", "--format=%(refname) %(objectname)")
    assert git(made, *show) == git(tmp_path / "again", *show)


def test_a_directory_that_is_not_empty_is_refused(reference, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    handout.make(reference, tmp_path / "empty", verify=False)
    with pytest.raises(HandoutError, match="is there already and not empty"):
        handout.make(reference, tmp_path / "empty", verify=False)
    (tmp_path / "file").touch()
    with pytest.raises(HandoutError, match="is there already"):
        handout.make(reference, tmp_path / "file", verify=False)


# --- what is verified ------------------------------------------------------------


def test_a_good_handout_has_no_defect(reference, made, monkeypatch):
    """Nothing is found by any check that looks at the repository."""
    everything = lab.labs(reference)
    with clone_of(made) as clone:
        assert list(handout_check.leaks(reference, clone, everything)) == []
        assert list(handout_check.changes(clone, ["lab1-boot", "lab2-memory"])) == []
        assert list(handout_check.conflicts(clone, everything)) == []


@pytest.mark.parametrize("name, text, origin", [
    ("lab1-boot/README.md", "see:\n\n    int  the_answer_to_the_third_and_last_question_that_anybody_asks =   3;\n", "three.c:3"),
    ("docs/x.md", "return the_answer_to_the_third_and_last_question_that_anybody_asks; int the_answer_to_the_third_and_last_question_that_anybody_asks = 3;",
     "three.c:3"),
    ("Makefile", f"const char hidden[] =\n{LONG};", "hidden/two_test.c"),
    ("lab1-boot/floor.c", "\treturn mutated_answer_to_the_third_and_really_last_question - 1;", "mutants/2.1-x.patch"),
])
def test_a_secret_in_any_object_is_found(reference, tmp_path, name, text, origin):
    synthetic.write(reference, {
        name: text, "lab1-boot/hidden/two_test.c": f"const char hidden[] = {LONG};\n",
        "lab2-memory/mutants/2.1-x.patch": "x\n+\treturn mutated_answer_to_the_third_and_really_last_question - 1;\n"})
    git(reference, "add", "-A")
    handout.make(reference, tmp_path / "out", verify=False)
    with clone_of(tmp_path / "out") as clone:
        [defect] = handout_check.leaks(reference, clone, lab.labs(reference))
    assert defect.startswith(f"{name} holds what ") and f"{origin} should keep" in defect


def test_what_a_starter_has_anyway_is_no_secret(reference, tmp_path):
    """A starter that is to be mended shares lines with the solution; the others stay secret."""
    shared, told = "int shared_by_the_starter_of_it_and_by_the_solution_of_it = 3;", "int what_the_solution_alone_knows_of_it_and_nobody_else_does = 4;"
    synthetic.write(reference, {"lab2-memory/three.c": f"""\
int three(void)
{{
\t// BEGIN SOLUTION 2.1
\t// STARTER 2.1
\t// {shared}
\t// return shared_by_the_starter_of_it_and_by_the_solution_of_it;
\t{shared}
\t{told}

\treturn shared_by_the_starter_of_it_and_by_the_solution_of_it;
\t// END SOLUTION 2.1
}}
""", "docs/x.md": f"{shared}\n", "docs/y.md": f"{told}\n"})
    git(reference, "add", "-A")
    handout.make(reference, tmp_path / "out", verify=False)
    with clone_of(tmp_path / "out") as clone:
        [defect] = handout_check.leaks(reference, clone, lab.labs(reference))
    assert defect.startswith("docs/y.md holds what lab2-memory/three.c:3 should keep")
    assert handout_check._to_be_mended(reference, lab.load(reference, 2).exercises[0])
    assert not any(handout_check._to_be_mended(reference, e) for e in lab.load(reference, 1).exercises)


def test_what_given_files_have_in_common_is_no_secret(reference):
    """A habit does not count, and a single line only if it is long."""
    lock, unlock = ("int habit_of_everybody_who_does_it = lock();", "unlock(habit_of_everybody_who_does_it);")
    files = {f"lab1-boot/{name}.c": f"{lock}\n{unlock}\n" for name in ("one_user", "another_user")}
    synthetic.write(reference, files)
    habits = handout_check.habits_of(reference, lab.labs(reference))
    assert list(handout_check.telling([lock, unlock])) == [handout_check.squeezed(lock + unlock)]
    assert list(handout_check.telling([lock, unlock], habits=habits)) == []
    assert list(handout_check.telling([lock])) == []
    assert list(handout_check.telling([lock + lock])) == [handout_check.squeezed(lock + lock)]


def test_marks_that_were_left_are_found(reference, monkeypatch, tmp_path):
    monkeypatch.setattr(handout.markers, "starter", lambda text, name, only=None: text)
    handout.make(reference, tmp_path / "out", verify=False)
    with clone_of(tmp_path / "out") as clone:
        defects = list(handout_check.leaks(reference, clone, lab.labs(reference)))
    assert "lab1-boot/one.c still has SOLUTION marks" in defects
    assert any(d.startswith("lab2-memory/three.c holds what lab2-memory/three.c:3") for d in defects)


def test_a_branch_that_changes_another_labs_file_is_found_and_its_merge_conflicts(reference, tmp_path,
                                                                                  monkeypatch):
    honest = handout.branches

    def meddling(tree):
        found = honest(tree)
        found["lab2-memory"]["lab1-boot/one.c"] = handout.File(b"int one;\n")
        found["lab2-memory"]["new.txt"] = handout.File(b"")
        return found

    monkeypatch.setattr(handout, "branches", meddling)
    handout.make(reference, tmp_path / "out", verify=False)
    with clone_of(tmp_path / "out") as clone:
        assert list(handout_check.changes(clone, ["lab1-boot", "lab2-memory"])) == [
            "branch lab2-memory changes lab1-boot/one.c, which is not its own",
            "branch lab2-memory changes new.txt, which is not its own"]
        [defect] = handout_check.conflicts(clone, lab.labs(reference))
        assert defect.startswith("merging lab2-memory into a student's work fails: git merge: ")


def test_a_starter_with_a_warning_is_found(reference, tmp_path):
    text = SECOND["lab2-memory/three.c"].replace("=> return 0;", "=> int unused; return 0;")
    synthetic.write(reference, {"lab2-memory/three.c": text})
    handout.make(reference, tmp_path / "out", verify=False)
    git(tmp_path / "out", "checkout", "-q", "lab2-memory")
    [defect] = handout_check.build_failures(tmp_path / "out", lab.load(reference, 2))
    assert defect.startswith("the starter of lab2-memory does not build: lab2-memory/three.c")
    assert "unused variable" in defect


def judged(reference, monkeypatch, say):
    """The defects when tests say what say(emptied exercise or None) returns."""
    def tests(tree, directory, exercise=None, **_):
        assert "YOUR CODE" in (tree / "lab1-boot/one.c").read_text()
        return trial.Trial(tuple(say(exercise)))
    monkeypatch.setattr(trial, "run", tests)
    return list(handout_check.points_for_nothing(reference, lab.load(reference, 1), jobs=1))


def result(name, exercise, outcome, block="todo:     1.1: one (x) todo 1.2: two (y)"):
    return Result("", name, 1, exercise, "", outcome, "", block)


def test_every_test_of_an_unwritten_exercise_must_fail(reference, monkeypatch):
    def honest(exercise):
        return [result("a", exercise or "1.1", "failed"), result("b", "1.2", "not-run")] \
            if not exercise else [result("a", exercise, "failed")]
    assert judged(reference, monkeypatch, honest) == []

    def lazy(exercise):
        return [result("a", exercise or "1.1", "failed"),
                result("b", exercise or "1.2", "not-run" if exercise == "1.2" else "passed"),
                result("c", "", "passed")] if exercise != "1.1" else [result("a", "1.1", "failed", "")]
    assert judged(reference, monkeypatch, lazy) == [
        "no test shows that exercise 1.1 says todo",
        "b does not fail while exercise 1.2 is unwritten (not-run)",
        "c does not fail while exercise 1.2 is unwritten (passed)",
        "b earns points for the starter (passed)"]


def test_a_handout_with_a_defect_is_not_written(reference, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(handout_check, "all_defects", lambda *_: iter(["a defect"]))
    arguments = handout.argparse.ArgumentParser()
    handout.add_arguments(arguments)
    before = sorted(os.listdir(tmp_path))
    assert handout.run(arguments.parse_args(
        ["--out", str(tmp_path / "out"), "--reference", str(reference)])) == 1
    assert capsys.readouterr().err == "handout: the handout has 1 defect and was not written\n"
    assert sorted(os.listdir(tmp_path)) == before
    assert handout.run(arguments.parse_args(["--out", ""])) == 2


# --- the real one ----------------------------------------------------------------


@pytest.fixture
def copy(tmp_path):
    """A copy of this repository's files, committed."""
    tree = tmp_path / "cub"
    for name in git(stage.ROOT, "ls-files", "-co", "--exclude-standard").splitlines():
        if (stage.ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-p", stage.ROOT / name, tree / name], check=True)
    return tree


def broken_links(tree):
    """Links of a tree's pages to files that are not in it."""
    pages = [page for page in tree.rglob("*.md") if "build" not in page.parts]
    links = [(page, link) for page in pages
             for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())]
    assert len(links) > 10
    return [f"{page.relative_to(tree)}: {link}" for page, link in links
            if not (page.parent / link).exists()]


@pytest.mark.slow
def test_a_second_lab_on_the_real_first_one(copy, tmp_path):
    """Merged into a student's work without a conflict, and it links on lab 1."""
    shutil.rmtree(copy / "lab2-memory")     # a small one takes its place
    for higher in copy.glob("lab[3-6]-*"):
        shutil.rmtree(higher)
    synthetic.write(copy, {name: text for name, text in SECOND.items() if name.startswith("lab2")})
    three = copy / "lab2-memory/three.c"
    three.write_text("int three(void);\n" + three.read_text())
    commit(copy)
    handout.make(copy, tmp_path / "out", verify=False)
    everything = lab.labs(copy)
    assert [each.number for each in everything] == [1, 2]
    with clone_of(tmp_path / "out") as clone:
        assert list(handout_check.leaks(copy, clone, everything)) == []
        assert list(handout_check.changes(clone, ["lab1-boot", "lab2-memory"])) == []
        assert list(handout_check.conflicts(clone, everything)) == []
        git(clone, "checkout", "-q", "-f", "--detach", "origin/lab2-memory")
        assert handout_check.build_failures(clone, everything[1]) == []


@pytest.mark.slow
def test_the_real_handout_is_made_and_verified(copy, tmp_path, capsys):
    """Everything that `make handout` verifies; then a student's first `make grade` gives 0."""
    commit(copy)
    handout.make(copy, tmp_path / "out", jobs=2)
    told = capsys.readouterr().out
    assert told and "DEFECT" not in told
    grade = subprocess.run(["/usr/bin/python3", "-m", "grader", "grade", "--lab", "1",
                            "--exercise", "1.1"],
                           cwd=tmp_path / "out", capture_output=True, text=True)
    assert grade.returncode == 1, grade.stderr
    assert "total" in grade.stdout and " 0/20\n" in grade.stdout
    assert broken_links(tmp_path / "out") == []
    assert not handout.has_solutions(tmp_path / "out") and handout.has_solutions(copy)
    assert git(tmp_path / "out", "status", "--short") == ""
