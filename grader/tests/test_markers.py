"""The marks around exercises: starters, splices, and errors with file and line."""

import time

import pytest

from grader import markers

REFERENCE = """\
int one(void)
{
\t// BEGIN SOLUTION 2.1
\tint x = 1;

\treturn x;
\t// END SOLUTION 2.1 => todo("2.1; a"); for (;;) { a(); b(); } return 0;
}

// BEGIN SOLUTION 2.2
static int helper(void) { return 2; }
// END SOLUTION 2.2 =>

int two(void)
{
\t// BEGIN SOLUTION 2.2
\t// STARTER 2.2
\t// todo("2.2");
\t// if (1)
\t// \treturn 0;
\t//
\treturn helper();
\t// END SOLUTION 2.2
}
"""

STARTER = """\
int one(void)
{
\t// BEGIN YOUR CODE 2.1
\ttodo("2.1; a");
\tfor (;;) { a(); b(); } return 0;
\t// END YOUR CODE 2.1
}

// BEGIN YOUR CODE 2.2
// END YOUR CODE 2.2

int two(void)
{
\t// BEGIN YOUR CODE 2.2
\ttodo("2.2");
\tif (1)
\t\treturn 0;

\t// END YOUR CODE 2.2
}
"""


def test_the_starter_replaces_every_region_and_keeps_the_indentation():
    assert markers.starter(REFERENCE, "two.c") == STARTER


def test_one_exercise_alone_can_be_emptied():
    text = markers.starter(REFERENCE, "two.c", only="2.1")
    assert "// BEGIN YOUR CODE 2.1" in text and "int x" not in text
    assert "// BEGIN SOLUTION 2.2" in text and "return helper();" in text


def test_the_solution_is_published_between_a_students_marks_without_starters():
    text = markers.solved(REFERENCE, "two.c")
    assert "SOLUTION" not in text and "STARTER" not in text and "=>" not in text
    assert "\t// BEGIN YOUR CODE 2.1\n\tint x = 1;\n\n\treturn x;\n\t// END YOUR CODE 2.1\n" in text


def test_assembly_has_its_own_comment_sign():
    text = "f:\n    # BEGIN SOLUTION 1.1\n    ret\n    # END SOLUTION 1.1 => hlt; jmp f\n"
    assert markers.starter(text, "f.S") == \
        "f:\n    # BEGIN YOUR CODE 1.1\n    hlt;\n    jmp f\n    # END YOUR CODE 1.1\n"


def test_an_end_mark_goes_on_in_the_comment_lines_after_it():
    text = "\t// BEGIN SOLUTION 1.1\n\tx;\n\t// END SOLUTION 1.1 => a(b,\n\t// c); return\n" \
           "\t// 0;\n\n\t// another comment\n"
    assert markers.starter(text, "a.c") == \
        "\t// BEGIN YOUR CODE 1.1\n\ta(b, c);\n\treturn 0;\n\t// END YOUR CODE 1.1\n\n" \
        "\t// another comment\n"


@pytest.mark.parametrize("code, parts", [
    ('todo("2.1"); return NULL;', ['todo("2.1");', "return NULL;"]),
    ("for (i = 0; i < n; i++) f(); return;", ["for (i = 0; i < n; i++) f();", "return;"]),
    ("c = '\"'; d = '\\''; e", ["c = '\"';", "d = '\\'';", "e"]),
    ("", []),
])
def test_statements_are_split_for_layout_only_where_they_end(code, parts):
    assert markers.split_statements(code) == parts


@pytest.mark.parametrize("text, message", [
    ("\n// BEGIN SOLUTION 2.1\n", "a.c:2: BEGIN SOLUTION 2.1 without its END"),
    ("// END SOLUTION 2.1 => x;\n", "a.c:1: END SOLUTION 2.1 without its BEGIN"),
    ("// BEGIN SOLUTION 2.1\n// BEGIN SOLUTION 2.2\n",
     "a.c:2: BEGIN SOLUTION 2.2 inside SOLUTION 2.1 of line 1"),
    ("// BEGIN SOLUTION 2.1\n// END SOLUTION 2.2 => x;\n",
     "a.c:2: END SOLUTION 2.2 ends SOLUTION 2.1 of line 1"),
    ("// BEGIN SOLUTION 2.1\nx;\n// END SOLUTION 2.1\n",
     "a.c:3: END SOLUTION 2.1 has no starter (=> code, or a STARTER block)"),
    ("// BEGIN SOLUTION 2.9\n// END SOLUTION 2.9 => x;\n",
     "a.c:1: SOLUTION 2.9: there is no such exercise"),
    ("// BEGIN SOLUTION\n", "a.c:1: this mark is not understood: // BEGIN SOLUTION"),
    ("// BEGIN SOLUTION 2.1\n// STARTER 2.1\n// x;\n// END SOLUTION 2.1 => y;\n",
     "a.c:4: exercise 2.1 has both => and a STARTER block here"),
    ("// BEGIN SOLUTION 2.1\n// STARTER 2.2\n// x;\n// END SOLUTION 2.1\n",
     "a.c:2: STARTER 2.2 inside SOLUTION 2.1"),
    ("// BEGIN YOUR CODE 2.1\n// END YOUR CODE 2.1 => y;\n",
     "a.c:2: text after END YOUR CODE 2.1: => y;"),
])
def test_marks_that_do_not_fit_are_named_with_file_and_line(text, message):
    with pytest.raises(markers.MarkerError) as error:
        markers.parse(text, "a.c", known={"2.1", "2.2"})
    assert str(error.value) == message


def test_blanks_in_a_mark_take_a_moment():
    began = time.process_time()
    text = "// BEGIN YOUR CODE 2.1 \t\n// END YOUR CODE 2.1 a" + " " * 100_000 + "b \t"
    with pytest.raises(markers.MarkerError, match="text after END YOUR CODE 2.1: a +b$"):
        markers.parse(text, "two.c")
    assert time.process_time() - began < 2


def test_isolate_takes_the_other_regions_from_the_reference():
    student = STARTER.replace('todo("2.1; a");', "return 41;").replace(
        'todo("2.2");', "broken!").replace("int two(void)", "int own_helper;\nint two(void)")
    text, note = markers.spliced(student, REFERENCE, "two.c", own="2.1")
    assert note == ""
    assert "return 41;" in text and "own_helper" in text        # the student's, marks or not
    assert "broken!" not in text and "return helper();" in text  # the reference's
    assert "static int helper" in text


def test_isolate_uses_the_whole_file_when_marks_are_gone_and_says_so():
    student = "int one(void) { return 1; }\n"
    text, note = markers.spliced(student, REFERENCE, "two.c", own="2.1")
    assert text == student
    assert note == "two.c: the YOUR CODE marks are not those of the handout; the whole file is used"
    text, note = markers.spliced("// BEGIN YOUR CODE 2.1\n", REFERENCE, "two.c", own="2.1")
    assert note == "two.c:1: BEGIN YOUR CODE 2.1 without its END; the whole file is used"
