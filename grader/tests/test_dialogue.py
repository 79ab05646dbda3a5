"""The matcher: it consumes, in order, and says what it missed."""

from __future__ import annotations

import re
import time

import pytest

from grader.dialogue import Dialogue, Expected, clean


class Script:
    """A driver that hands out prepared pieces of output, then stands still."""

    def __init__(self, *pieces: str) -> None:
        self.pieces = list(pieces)
        self.sent = b""
        self.console = Dialogue("console", self)

    def run_until(self, met, limit, patience):
        while not met(False):
            if not self.pieces:
                return "" if met(True) else "the machine stands still"
            self.console.feed(self.pieces.pop(0).encode())
        return ""

    def transmit(self, port, data):
        self.sent += data


def test_one_line_satisfies_one_expectation():
    console = Script("ok\n").console
    console.expect("ok")
    with pytest.raises(Expected):
        console.expect("ok")


def test_expectations_are_met_in_their_order():
    console = Script("second\nfirst\n").console
    console.expect("first")
    with pytest.raises(Expected):
        console.expect("second")


def test_text_is_taken_literally():
    console = Script("a.c\nabc\n").console
    console.expect("abc")
    with pytest.raises(Expected):
        console.expect("a.c")


def test_a_newline_may_come_with_carriage_return():
    Script("one\r\ntwo\r\n").console.expect("one\ntwo\n")


def test_pieces_are_put_together():
    Script("cu", "b", "> ").console.expect("cub> ")


def test_a_pattern_waits_until_its_match_cannot_grow():
    script = Script("value 1", "23\n")
    assert script.console.expect(re.compile(r"value (\d+)"))[1] == "123"


def test_a_pattern_at_the_very_end_matches_when_nothing_more_comes():
    assert Script("value 12").console.expect(re.compile(r"value (\d+)"))[1] == "12"


def test_a_failure_says_what_was_expected_what_came_and_why():
    console = Script("boot\r\n\x1b[1mpanic: no\x1b[0m\r\n").console
    with pytest.raises(Expected) as told:
        console.expect("cub> ")
    error = told.value
    assert error.expected == "'cub> ' on the console"
    assert "panic: no" in error.seen and "\x1b" not in str(error)
    assert error.why == "the machine stands still"
    assert "last lines:\nboot\npanic: no" in str(error)


def test_settle_takes_all():
    console = Script("a", "b", "c").console
    assert console.settle() == "abc"
    assert console.rest == ""


def test_a_character_that_is_cut_in_two_is_put_together():
    script = Script()
    script.console.feed("ä".encode()[:1])
    script.console.feed("ä".encode()[1:])
    assert script.console.text == "ä"


def test_send_passes_bytes_on():
    script = Script()
    script.console.send("help\r")
    script.console.send(b"\x1b[A")
    assert script.sent == b"help\r\x1b[A"


def test_clean_shows_no_control_characters():
    assert clean("a\x07b\x1b[31mred\x1b[0m\r\n\x00") == "a·bred\n·"
    assert clean("\x9b2J\t\xe4") == "·2J\t\xe4"


def test_clean_takes_a_moment_for_a_kernel_that_only_returns():
    began = time.process_time()
    assert clean("a\r\r\nb" + "\r" * 200_000) == "a\nb"
    assert time.process_time() - began < 2
