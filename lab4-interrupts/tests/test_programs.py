"""User programs from the initrd: what they write, and how they end."""

from __future__ import annotations


def test_hello(user):
    ran = user("/bin/hello", "one", "two")
    assert ran.output == "hello, world\nargument 0: /bin/hello\nargument 1: one\nargument 2: two\n"


def test_missing_program(user):
    ran = user("/bin/nothing", status=127)
    assert ran.output == "init: /bin/nothing: No such file or directory\n"
