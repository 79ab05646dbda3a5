"""What programs say on Linux: cutting it out of a console, and where there is no Linux."""

import pytest

from grader import emulator as emu, linux, transcripts, user

SAID = """[    0.1] Linux version 6.1
=== one ===
== part
x = -1 Bad address
[    1.234567] one[70]: segfault at 8 ip 0
part: exit 0
=== status 0 ===
=== two ===
=== status 143 ===
"""


def test_a_programs_part_of_the_console(monkeypatch, tmp_path):
    monkeypatch.setattr(transcripts.linux, "boot", lambda image, append: SAID)
    monkeypatch.setattr(transcripts.user, "entries", lambda tree, lab: [])
    assert transcripts.recorded(tmp_path, 4, ["one"]) == {"one": "== part\nx = -1 Bad address\npart: exit 0\n"}
    with pytest.raises(emu.EmulatorError, match="two ended with status 143 on Linux"):
        transcripts.recorded(tmp_path, 4, ["one", "two"])
    with pytest.raises(emu.EmulatorError, match="three did not run to its end"):
        transcripts.recorded(tmp_path, 4, ["three"])


def test_transcripts_lie_beside_the_tests_of_the_programs_lab():
    assert transcripts.place(emu.ROOT, 4, "regions") == emu.ROOT / "lab4-interrupts/tests/regions.expected"
    with pytest.raises(user.UserError, match="no lab up to 3 has a program regions"):
        transcripts.place(emu.ROOT, 3, "regions")


def test_without_linux_it_is_said_why(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("CUB_LINUX", str(tmp_path / "none"))
    with pytest.raises(linux.NoLinux, match="which is no file"):
        linux.image()
    monkeypatch.delenv("CUB_LINUX")
    monkeypatch.setattr(linux.emu, "ROOT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(linux.NoLinux, match="there is no apt-cache"):
        linux.image()
    assert linux.main(["initrd"]) == 2
    assert capsys.readouterr().err == "linux: there is no apt-cache\n"
    assert not (tmp_path / "build/linux").exists()
