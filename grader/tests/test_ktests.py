"""Finding kernel tests in source: right ones, and clear words for wrong ones."""

from __future__ import annotations

import pytest

from grader import ktests


def parse(text):
    return ktests.parse(text, "lab1-boot/tests/a_test.c")


def test_a_whole_one():
    [test] = parse('''
/* KTEST(not_this, "", "in a comment") */
// KTEST(nor_this, "", "in another")
KTEST(page_split, "2.1", "a \\"large\\" block, "
      "split",
      .limit = 10, .needs = "1.2 1.3", /* why */ .panics = "no (more) pages")
{
	say("KTEST(nor, this)");
}
''')
    assert test == ktests.Ktest("page_split", "2.1", 'a "large" block, split', 10, ("1.2", "1.3"),
                                "no (more) pages", False, "lab1-boot/tests/a_test.c:4")


def test_defaults_probes_and_the_macro_itself():
    tests = parse('#define KTEST(name, ...) x\nKTEST(a, "", "t")\n{\n}\nKPROBE(b)\n{\n}\n')
    assert [(t.name, t.limit, t.needs, t.probe) for t in tests] == [("a", 2, (), False), ("b", 2, (), True)]


@pytest.mark.parametrize("text, words", [
    ('KTEST(a)', "a has no exercise"),
    ('KTEST(a, "1.1")', "a has no title"),
    ('KTEST(a, "1.1", "")', "empty title"),
    ('KTEST(a, "one", "t")', 'should be like "1.3"'),
    ('KTEST(a, 1.1, "t")', "should be a string"),
    ('KTEST("a", "1.1", "t")', "is no name for a test"),
    ('KTEST(a, "1.1", "t", .limits = 3)', "unknown option 'limits'"),
    ('KTEST(a, "1.1", "t", 3)', "unknown option '3'"),
    ('KTEST(a, "1.1", "t", .limit = "3")', "in whole seconds"),
    ('KTEST(a, "1.1", "t"', "never closed"),
    ('KTEST a;', "without its arguments"),
    ('KTEST(a, "", "t")\nKTEST(a, "", "t")', "another test named a"),
    ('KTEST(a, "", "t")\nKPROBE(a)', "another test named a"),
])
def test_wrong_ones_are_named(text, words):
    with pytest.raises(ktests.KtestError) as told:
        parse(text)
    assert words in str(told.value)
    assert str(told.value).startswith("lab1-boot/tests/a_test.c:") and "\n" not in str(told.value)


def test_a_name_is_used_once_in_a_lab(tmp_path):
    for kind in ("tests", "hidden"):
        (tmp_path / "lab1-x" / kind).mkdir(parents=True)
        (tmp_path / "lab1-x" / kind / "a_test.c").write_text('KTEST(a, "", "t")\n{\n}\n')
    with pytest.raises(ktests.KtestError, match="another test named a"):
        ktests.of_lab(tmp_path / "lab1-x")
