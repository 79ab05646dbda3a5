"""lab.toml: what is read, and that every mistake is one line that names it."""

import pytest

from grader import lab

GOOD = """
title = "Boot"
replaces = []
[machine]
memory = "64M"
cpus = 1
[[exercise]]
id = "1.1"
title = "Long mode"
points = 60
hours = 4
files = ["lab1-boot/a.S"]
functions = ["enter"]
[[exercise]]
id = "1.2"
title = "Serial"
points = 40
hours = 2.5
files = ["lab1-boot/b.c", "lab1-boot/a.S"]
needs = ["1.1"]
hints = ["lab1-boot/README.md#x"]
"""


@pytest.fixture
def tree(tmp_path):
    directory = tmp_path / "lab1-boot"
    directory.mkdir()
    for name in ("a.S", "b.c"):
        (directory / name).touch()
    (tmp_path / "lab2-memory").mkdir()
    (directory / "lab.toml").write_text(GOOD)
    return tmp_path


def test_a_good_file_is_read_whole(tree):
    boot = lab.load(tree, 1)
    assert (boot.number, boot.directory, boot.title) == (1, "lab1-boot", "Boot")
    assert boot.machine == {"memory": "64M", "cpus": 1}
    assert [e.id for e in boot.exercises] == ["1.1", "1.2"]
    assert boot.exercise("1.2").needs == ("1.1",)
    assert boot.files == ("lab1-boot/a.S", "lab1-boot/b.c")


def test_only_labs_with_a_lab_toml_count(tree):
    assert [found.number for found in lab.labs(tree)] == [1]
    assert list(lab.directories(tree)) == [1, 2]


def test_a_draft_is_no_finished_lab(tree):
    path = tree / "lab1-boot/lab.toml"
    assert [found.number for found in lab.finished(tree)] == [1]
    path.write_text("draft = true\n" + path.read_text())
    assert lab.load(tree, 1).draft and lab.finished(tree) == [] and len(lab.labs(tree)) == 1


@pytest.mark.parametrize("old, new, message", [
    ('title = "Boot"', 'title = "Boot"\ndraft = "yes"', "the lab: draft = 'yes' has the wrong type"),
    ("points = 60", "points = 50", "lab1-boot/lab.toml: the points add up to 90, not 100"),
    ("points = 60", 'points = "x"', "exercise 1.1: points = 'x' has the wrong type"),
    ("points = 60", "points = true", "exercise 1.1: points = True has the wrong type"),
    ("points = 60", "points = 0", "exercise 1.1: points and hours must be above 0"),
    ("points = 60", "", "exercise 1.1 has no points"),
    ("hours = 4", "hors = 4", "exercise 1.1: unknown key 'hors'"),
    ('id = "1.2"', 'id = "1.1"', "exercise 1.1 is there twice"),
    ('id = "1.2"', 'id = "2.2"', 'exercise 2.2: the id must look like "1.1"'),
    ("lab1-boot/b.c", "lab1-boot/c.c", "exercise 1.2: there is no file lab1-boot/c.c"),
    ("lab1-boot/b.c", "../b.c", "../b.c must be written from the root of the tree"),
    ("lab1-boot/b.c", "lab1-boot/a.S", "exercise 1.2: files names something twice"),
    ('needs = ["1.1"]', 'needs = ["1.7"]', "needs 1.7, which is no other exercise here"),
    ('functions = ["enter"]', 'needs = ["1.2"]', "exercises need each other in a circle: 1.1, 1.2"),
    ("replaces = []", 'replaces = ["lab0/x.c"]', "replaces: there is no file lab0/x.c"),
    ('title = "Boot"', 'title = "Boot"\ncolour = 1', "the lab: unknown key 'colour'"),
    ("cpus = 1", 'cpus = "1"', "[machine]: cpus = '1' has the wrong type"),
    ("title = ", "title ", "lab1-boot/lab.toml: Expected '='"),
])
def test_each_mistake_is_one_line(tree, old, new, message):
    assert old in GOOD
    (tree / "lab1-boot/lab.toml").write_text(GOOD.replace(old, new, 1))
    with pytest.raises(lab.LabError) as error:
        lab.load(tree, 1)
    assert message in str(error.value) and "\n" not in str(error.value)
    assert str(error.value).startswith("lab1-boot/lab.toml: ")


def test_missing_labs_and_files_are_named(tree):
    with pytest.raises(lab.LabError, match="there is no lab 7 in"):
        lab.load(tree, 7)
    with pytest.raises(lab.LabError, match="lab2-memory/lab.toml is missing"):
        lab.load(tree, 2)
    with pytest.raises(lab.LabError, match=r"lab 1 has no exercise 1.9 \(it has 1.1, 1.2\)"):
        lab.load(tree, 1).exercise("1.9")
    (tree / "lab2-memories").mkdir()
    with pytest.raises(lab.LabError, match="lab 2 is there twice"):
        lab.labs(tree)
