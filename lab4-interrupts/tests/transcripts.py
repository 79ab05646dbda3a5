"""Programs whose output on Linux is known: the same bytes are run here, and have to say the same.

What Linux has said stands in NAME.expected, in parts that begin with "== PART", and was recorded by
grader/transcripts.py; hostile's by test_transcripts.py.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
KERNEL = re.compile(r"(?m)^(?:console: |\S+: there is no system call ).*\n")     # what the kernel says between


def parts_of(text: str) -> dict[str, str]:
    """What was said, by the parts that said it."""
    return dict(re.findall(r"(?ms)^== (\w+)\n(.*?)(?=^== |\Z)", text))


def expected(program: str) -> dict[str, str]:
    """A program's parts, and what Linux said of each."""
    return parts_of((HERE / f"{program}.expected").read_text())


def run(user, *words: str, **options) -> str:
    """What a program says."""
    return KERNEL.sub("", user(*words, **options).output)


def same(right: str, cub: str) -> None:
    """Fails with the lines that differ, if Cub has not said what Linux did."""
    if right != cub:
        pytest.fail("\n".join(difflib.unified_diff(right.splitlines(), cub.splitlines(), "Linux", "Cub", n=1,
                                                   lineterm="")), pytrace=False)


def agree(user, program: str, part: str, **options) -> None:
    """Runs one part of a program, and compares."""
    said = run(user, f"/bin/{program}", part, **options)
    assert said.partition(f"== {part}\n")[2] == expected(program)[part]
