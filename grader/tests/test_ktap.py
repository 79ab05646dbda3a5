"""Reading transcripts (whole boots are in test_machine.py)."""

from __future__ import annotations

from grader import ktap

WHOLE = """KTAP version 1
1..1
# seed 0x000000000000002a
# todo 1.3: format_number (lab1-boot/lib/format.c:88)
# reply 000000ff|12
# reply
# lab1-boot/tests/a.c:31: KT_EQ(got, 4): 3 (0x3) != 4 (0x4)
# panic: page fault at 0x0
#   page_split+0x12
not ok 1 - page_split # nonce=8f3a
"""


def test_every_kind_of_line():
    said = ktap.read(WHOLE)
    assert (said.version, said.plan, said.seed) == (True, True, 0x2a)
    assert said.todos == ["1.3: format_number (lab1-boot/lib/format.c:88)"]
    assert said.replies == ["000000ff|12", ""]
    assert said.panic == "page fault at 0x0"
    assert said.trace == ["page_split+0x12"]
    assert said.strange == []
    assert ktap.judge(said, "page_split", "8f3a", 35).kind == "panicked"


def test_replies_keep_their_spaces():
    assert ktap.read("# reply   a  b \n").replies == ["  a  b "]


def test_a_line_without_end_is_strange():
    assert ktap.read("KTAP version 1\n1..1\nok 1 - a # nonce=1").strange


def test_a_kernel_without_that_test_says_so():
    verdict = ktap.judge(ktap.read("KTAP version 1\n1..1\nBail out! no such test\n"), "a", "1", 35)
    assert (verdict.kind, verdict.detail) == ("ended-early", "no such test")


def test_no_prefix_of_a_good_transcript_passes():
    good = "KTAP version 1\n1..1\n# seed 0x1\nok 1 - a # nonce=1\n"
    assert ktap.judge(ktap.read(good), "a", "1", 33).kind == "passed"
    for length in range(len(good)):
        assert ktap.judge(ktap.read(good[:length]), "a", "1", 33).kind != "passed"


def test_no_single_changed_character_passes():
    good = "KTAP version 1\n1..1\nok 1 - a # nonce=1\n"
    for at in range(len(good)):
        for other in "x 0\n#":
            changed = good[:at] + other + good[at + 1:]
            if changed != good:
                assert ktap.judge(ktap.read(changed), "a", "1", 33).kind != "passed", changed
