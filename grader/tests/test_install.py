"""The tool check: what is missing is installed with apt, or named in one line."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = """\
# a comment, and a blank line

build  coreutils    cat
build  no-such-one  cub-no-such-program
test   no-such-two  /no/such/file
"""


@pytest.fixture
def check(tmp_path):
    """Runs install.sh on a list of our own, with programs of our own in front of it."""
    shutil.copy(ROOT / "grader/install.sh", tmp_path)
    (tmp_path / "packages.txt").write_text(PACKAGES)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("cat", "dirname", "sh", "mktemp", "rm", "tail", "env"):
        (tools / name).symlink_to(shutil.which(name))

    def run(*groups, **programs):
        for name, text in programs.items():
            path = tools / name.replace("_", "-")
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(0o755)
        return subprocess.run([tmp_path / "install.sh", *groups], text=True, capture_output=True,
                              env={"PATH": str(tools), "LOG": str(tmp_path / "log")})

    return run


def test_without_apt_one_line_names_the_programs(check):
    done = check("build", "test", id="echo 0")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "cub-no-such-program" in done.stderr and "no-such-two" in done.stderr
    assert "coreutils" not in done.stderr


def test_apt_installs_what_is_missing_and_says_so(check, tmp_path):
    done = check("build", id="echo 0", apt_get='echo "$@" >>"$LOG"')
    assert done.returncode == 0 and done.stdout == "cub: installing with apt: no-such-one\n"
    assert (tmp_path / "log").read_text().splitlines() == [
        "update", "install -y --no-install-recommends no-such-one"]


def test_who_is_not_root_uses_sudo(check, tmp_path):
    done = check("build", id="echo 1000", sudo='echo "sudo $@" >>"$LOG"', apt_get="exit 1")
    assert done.returncode == 0
    assert all(line.startswith("sudo ") for line in (tmp_path / "log").read_text().splitlines())


def test_apt_that_fails_is_told(check):
    done = check("build", id="echo 0", apt_get="echo no network >&2; exit 1")
    assert done.returncode == 2
    assert "no network" in done.stderr and "could not install: no-such-one" in done.stderr


def test_nothing_missing_says_nothing(check):
    done = check("run", id="echo 0")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_real_list_is_well_formed_and_complete_here():
    rows = [line.split() for line in (ROOT / "grader/packages.txt").read_text().splitlines()
            if line and not line.startswith("#")]
    assert all(len(row) == 3 and row[0] in ("build", "run", "user", "test") for row in rows)
    assert len({row[1] for row in rows}) == len(rows)
    for _, package, shows in rows:
        assert os.path.exists(shows) if shows.startswith("/") else shutil.which(shows), package


def test_the_devcontainer_uses_the_same_list():
    text = (ROOT / ".devcontainer/Dockerfile").read_text()
    assert "grader/packages.txt" in text and "install.sh build run user test" in text
