"""Staged trees: which are swept, and when."""

from __future__ import annotations

import os
import time

import pytest

from grader import lab, stage
from grader.tests import synthetic


@pytest.fixture
def reference(tmp_path, monkeypatch):
    return synthetic.make(tmp_path, monkeypatch)


def aged(tree, seconds: float):
    """That tree, so old."""
    tree.mkdir(parents=True, exist_ok=True)
    os.utime(tree, (time.time() - seconds,) * 2)
    return tree


def test_what_a_killed_run_left_goes_though_nothing_new_is_built(reference):
    boot = lab.load(reference, 1)
    warm = stage.warm(reference, boot)
    left = aged(reference / "build/stage/submission-left", stage.LEFT + 60)
    at_work = aged(reference / "build/stage/submission-at-work", stage.KEPT + 60)
    older = aged(reference / "build/warm/lab2-0123456789abcdef", stage.KEPT + 60)
    assert stage.warm(reference, boot) == warm
    assert not left.exists() and at_work.exists() and older.exists()


def test_warm_trees_of_earlier_states_go_when_a_new_one_is_built(reference):
    boot = lab.load(reference, 1)
    warm = aged(stage.warm(reference, boot), stage.KEPT + 60)
    at_work = aged(reference / "build/stage/submission-at-work", stage.KEPT + 60)
    assert stage.warm(reference, boot) == warm      # it was unused for long, and is still good
    aged(warm, stage.KEPT + 60)
    (reference / "lab1-boot/floor.c").write_text("int floor_(void) { return 1; }\n")
    assert stage.warm(reference, boot).exists()
    assert not warm.exists() and at_work.exists()
