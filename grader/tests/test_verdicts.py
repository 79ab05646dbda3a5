"""What results say of each other once the exercise that others need has ended."""

from collections import Counter

from grader.verdicts import Result, settled

EXPECTED = Counter({"1.1": 2, "1.2": 1, "1.3": 1})


def result(name, exercise, outcome, *needs):
    return Result(f"t.c::{name}", name, 1, exercise, name, outcome, "why", needs=needs)


def outcomes(results):
    return {r.name: r.outcome for r in settled(results, EXPECTED)}


def test_what_ran_before_the_needed_exercise_failed_is_not_run():
    early = [result("b", "1.2", "passed", "1.1"), result("c", "1.3", "failed", "1.2"), result("a", "1.1", "failed")]
    assert outcomes(early) == {"a": "failed", "b": "passed", "c": "failed"}      # 1.1 has not ended
    after = settled([*early, result("a2", "1.1", "failed")], EXPECTED)
    assert {r.name: r.outcome for r in after} == {"a": "failed", "a2": "failed", "b": "not-run", "c": "not-run"}
    assert [r.reason for r in after if r.exercise == "1.3"] == ["not run: needs 1.2"]


def test_an_exercise_that_fails_in_part_is_told_and_no_more():
    after = settled([result("a", "1.1", "failed"), result("a2", "1.1", "passed"),
                     result("b", "1.2", "failed", "1.1")], EXPECTED)
    assert [r.outcome for r in after] == ["failed", "passed", "failed"]
    assert "exercise 1.1, which this one needs, fails in some of its tests too" in after[2].block
    assert not after[0].block


def test_what_the_host_lacks_makes_no_exercise_useless():
    after = settled([result("a", "1.1", "skipped"), result("a2", "1.1", "skipped"),
                     result("b", "1.2", "failed", "1.1")], EXPECTED)
    assert [r.outcome for r in after] == ["skipped", "skipped", "failed"]
