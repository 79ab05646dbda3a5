"""Labs' READMEs: their tables of exercises say what lab.toml does, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from grader import lab as labs

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"(?m)^\| \[(\S+) (.+?)\]\(#([\w-]+)\) \| (\d+) \| (\d+) \| (.+) \|$")
LINK = re.compile(r"\]\(([^)\s#]*)(?:#([^)\s]+))?\)")


def anchors(text: str) -> set[str]:
    """What GitHub makes of the headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"(?m)^#+ (.+)$", text)}


def sources(lab, exercise) -> list[str]:
    """An exercise's files, without headers, as the lab's own README names them."""
    return [file.removeprefix(f"{lab.directory}/") for file in exercise.files if not file.endswith(".h")]


@pytest.mark.parametrize("lab", labs.labs(ROOT), ids=lambda lab: lab.directory)
def test_table_of_exercises(lab):
    text = (ROOT / lab.directory / "README.md").read_text()
    rows = {id: (title, int(points), int(hours), re.findall(r"`([^`]+)`", files))
            for id, title, _, points, hours, files in ROW.findall(text)}
    assert rows == {each.id: (each.title, each.points, each.hours, sources(lab, each))
                    for each in lab.exercises}


@pytest.mark.parametrize("lab", labs.labs(ROOT), ids=lambda lab: lab.directory)
def test_links(lab):
    """Within the README, and to other files of the tree."""
    here = ROOT / lab.directory / "README.md"
    for path, anchor in LINK.findall(here.read_text()):
        if "://" in path:
            continue
        there = (here.parent / path).resolve() if path else here
        assert there.exists(), path
        assert not anchor or anchor in anchors(there.read_text()), f"{path}#{anchor}"
