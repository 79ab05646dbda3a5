"""Debian's busybox-static, unmodified: its shell and its programs.

A script's output is compared with Linux's: recorded in transcripts/, from the host in a root
directory made of the same archive (linux.py). CUB_RECORD=1 records anew.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from grader import initrd
from grader import user as programs

linux = import_module("lab4-interrupts.tests.linux")
transcripts = import_module("lab4-interrupts.tests.transcripts")
HERE = Path(__file__).parent
SCRIPTS = {"tour": ("/bin/ash", 0), "sh": ("/bin/sh", 7)}       # who runs it, and how it ends

if not programs.BUSYBOX.exists():
    pytest.skip("Debian's busybox-static is not there", allow_module_level=True)


def script(name: str) -> str:
    return (HERE / f"scripts/{name}.sh").read_text()


def transcript(name: str) -> Path:
    return HERE / f"transcripts/{name}.txt"


@linux.on_the_host
@pytest.mark.parametrize("name", SCRIPTS)
def test_linux(request, tmp_path, name):
    shell, status = SCRIPTS[name]
    entries = programs.entries(Path(request.config.rootpath), 4) + [initrd.file("etc/script", script(name).encode())]
    said, ended = linux.run(entries, tmp_path, shell, "/etc/script")
    assert (ended, said) == (status, linux.recorded(transcript(name), said))


@pytest.mark.parametrize("name", SCRIPTS)
def test_cub(user, name):
    shell, status = SCRIPTS[name]
    right = transcript(name).read_text()
    transcripts.same(right, user(shell, "/etc/script", files={"etc/script": script(name)}, status=status).output)
