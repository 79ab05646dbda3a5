"""Mutants: which patches are accepted, and what counts as caught."""

import argparse
import re
import subprocess
from dataclasses import replace

import pytest

from grader import lab, markers, mutants, stage, trial
from grader.tests import synthetic
from grader.verdicts import Result

PATCH = """\
The answer is one too small.

--- a/lab1-boot/one.c
+++ b/lab1-boot/one.c
@@ -4,5 +4,5 @@
 \t// BEGIN SOLUTION 1.1
 \tint answer = 41;
 
-\treturn answer + 1;
+\treturn answer;
 \t// END SOLUTION 1.1 => return 0;
"""


@pytest.fixture
def reference(tmp_path, monkeypatch):
    tree = synthetic.make(tmp_path, monkeypatch)
    (tree / "lab1-boot/mutants").mkdir()
    return tree


def put(reference, text, name="1.1-too-small.patch"):
    path = reference / "lab1-boot/mutants" / name
    path.write_text(text)
    return path


def judged(reference, monkeypatch, results, trouble=""):
    """Judges the one mutant there is; `results` are what its tests are made to say."""
    def tests(tree, directory, exercise, **_):
        assert (directory, exercise) == ("lab1-boot", "1.1")
        assert "return answer;\n" in (tree / "lab1-boot/one.c").read_text()
        return trial.Trial(tuple(results), trouble)
    monkeypatch.setattr(trial, "run", tests)
    boot = lab.load(reference, 1)
    return mutants.judge(mutants.find(reference, boot)[0], reference, boot)


def result(name, outcome, reason=""):
    return Result("", name, 1, "1.1", "", outcome, reason)


def test_a_mutant_is_read_with_its_exercise_and_mistake(reference):
    put(reference, PATCH)
    [mutant] = mutants.find(reference, lab.load(reference, 1))
    assert (mutant.name, mutant.exercise, mutant.mistake, mutant.files) == \
        ("1.1-too-small", "1.1", "The answer is one too small.", ("lab1-boot/one.c",))
    assert mutants.find(reference, lab.load(reference, 1), "1.2") == []


@pytest.mark.parametrize("name, text, message", [
    ("too-small.patch", PATCH, "the name must look like 1.3-what-is-wrong.patch"),
    ("1.9-x.patch", PATCH, "lab 1 has no exercise 1.9"),
    ("1.1-x.patch", PATCH.split("\n\n", 1)[1], "a sentence on the mistake must stand before"),
    ("1.1-x.patch", "Nothing.\n", "there is no patch in it"),
    ("1.1-x.patch", PATCH.replace("one.c", "two.c"), "changes lab1-boot/two.c, which exercise 1.1"),
])
def test_a_mutant_that_is_written_wrongly_is_one_line(reference, name, text, message):
    put(reference, text, name)
    with pytest.raises(mutants.MutantError) as error:
        mutants.find(reference, lab.load(reference, 1))
    assert str(error.value).startswith(f"lab1-boot/mutants/{name}: ") and message in str(error.value)


def test_a_failing_test_catches_a_mutant(reference, monkeypatch):
    put(reference, PATCH)
    outcome = judged(reference, monkeypatch, [result("a", "passed"), result("b", "failed", "41 != 42")])
    assert (outcome.caught, outcome.manner, outcome.error) == ("b", "41 != 42", "")
    assert "caught by b: 41 != 42" in outcome.line(20)


def test_a_mutant_that_passes_or_whose_tests_do_not_run_is_not_caught(reference, monkeypatch):
    put(reference, PATCH)
    outcome = judged(reference, monkeypatch, [result("a", "passed"), result("b", "not-run")])
    assert not outcome.caught and not outcome.error
    assert "NOT CAUGHT: The answer is one too small." in outcome.line(20)
    assert judged(reference, monkeypatch, [], "pytest fails").error == "pytest fails"


def test_a_mutant_that_does_not_apply_or_build_is_in_error_not_caught(reference, monkeypatch):
    put(reference, PATCH.replace("int answer = 41;", "int answer = 40;"))
    assert "does not apply: patch failed: lab1-boot/one.c:4" in judged(reference, monkeypatch, []).error
    put(reference, PATCH.replace("+\treturn answer;", "+\treturn anwser;"))
    outcome = judged(reference, monkeypatch, [])
    assert outcome.error.startswith("does not build: lab1-boot/one.c:") and not outcome.caught


def test_the_verb_fails_unless_all_are_caught(reference, monkeypatch, capsys):
    put(reference, PATCH)
    put(reference, PATCH, "1.1-too.patch")
    says = {True: [result("b", "failed", "41 != 42")], False: [result("b", "passed")]}

    def verb(caught, *options):
        monkeypatch.setattr(trial, "run", lambda *_, **__: trial.Trial(tuple(says[caught])))
        parser = argparse.ArgumentParser()
        mutants.add_arguments(parser)
        return mutants.run(parser.parse_args([*options, "--reference", str(reference)]))

    assert verb(True, "--no-baseline") == 0
    assert "2 of 2 mutants caught\n" in capsys.readouterr().out
    assert verb(False, "--no-baseline", "--sample", "1", "--seed", "7") == 1
    assert "0 of 1 mutants caught; not: 1.1-too" in capsys.readouterr().out
    assert verb(True) == 1      # the reference "fails", so nothing is proved
    assert capsys.readouterr().err == "mutants: the reference itself fails: b: 41 != 42\n"
    assert verb(True, "--exercise", "1.7") == 2
    assert capsys.readouterr().err == "mutants: lab 1 has no exercise 1.7 (it has 1.1, 1.2)\n"


# --- the mutants that are there ---------------------------------------------------

LABS = lab.labs(stage.ROOT)


@pytest.mark.parametrize("each", LABS, ids=lambda each: each.directory)
def test_every_exercise_has_at_least_six_mutants_and_a_lab_forty(each):
    found = mutants.find(stage.ROOT, each)
    for exercise in each.exercises:
        assert sum(m.exercise == exercise.id for m in found) >= 6, exercise.id
    assert len(found) >= 40


@pytest.mark.parametrize("each", LABS, ids=lambda each: each.directory)
def test_every_mutant_applies_exactly_and_changes_a_solution(each, tmp_path):
    """And only there: what surrounds the hole is not the student's to write."""
    for name in each.files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    for mutant in mutants.find(stage.ROOT, each):
        for name in mutant.files:
            (tmp_path / name).write_bytes((stage.ROOT / name).read_bytes())
        mutants.apply(mutant, tmp_path)
        for name in mutant.files:
            ours, wrong = (stage.ROOT / name).read_text(), (tmp_path / name).read_text()
            assert wrong != ours, mutant.name
            assert markers.starter(wrong, name) == markers.starter(ours, name), mutant.name


def test_a_real_mutant_is_caught_by_a_booted_test():
    """End to end, once: the verb on one mutant of lab 1."""
    boot = LABS[0]
    name = mutants.find(stage.ROOT, boot, "1.3")[0]
    outcome = mutants.judge(name, stage.ROOT, boot)
    assert outcome.caught and not outcome.error
    assert re.fullmatch(r"\w+", outcome.caught)


def test_a_mutant_has_to_be_caught_each_time(reference, monkeypatch):
    """By the test that caught it before, or by another one."""
    put(reference, PATCH)
    [mutant] = mutants.find(reference, lab.load(reference, 1))
    first, second = (replace(result(name, "failed", "wrong"), id=f"t::{name}") for name in ("first", "other"))
    bad, good = [first], [replace(first, outcome="passed")]
    other = [second]
    alone = first.id

    def judged(*told):
        told, begun = list(told), []

        def tests(*_, only="", without="", **__):
            begun.append(only or f"not {without}" if only or without else "all")
            return trial.Trial(tuple(told.pop(0)))
        monkeypatch.setattr(trial, "run", tests)
        return mutants.judge(mutant, reference, lab.load(reference, 1), runs=3), begun

    outcome, begun = judged(bad, bad, good, good)
    assert outcome.error == "caught 2 times, and then not" and begun == ["all", alone, alone, f"not {alone}"]
    outcome, begun = judged(bad, bad, bad)
    assert outcome.caught == "first" and begun == ["all", alone, alone]
    outcome, begun = judged(bad, good, other, other)
    assert outcome.caught == "other" and begun == ["all", alone, f"not {alone}", second.id]
