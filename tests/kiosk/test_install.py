"""install.sh where it cannot go on: one sentence that says what to do, and nothing done.

Its world is a folder of programs: the ordinary ones, and an apt and an id of the test's.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ORDINARY = ("bash", "cat", "cut", "dirname", "env", "readlink", "sort", "uname")


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A machine with nothing that a kiosk needs. Python and Chromium are looked for in their own places."""
    for name in ORDINARY:
        found = shutil.which(name)
        assert found
        (tmp_path / name).symlink_to(found)
    return tmp_path


def have(programs: Path, name: str, script: str) -> None:
    (programs / name).write_text(f"#!/bin/bash\n{script}\n")
    (programs / name).chmod(0o755)


def install(programs: Path) -> subprocess.CompletedProcess[str]:
    # Its own /usr/sbin and /sbin would find what the test has taken away.
    text = (ROOT / "install.sh").read_text().replace(":/usr/sbin:/sbin", "")
    script = programs / "install.sh"
    script.write_text(text)
    return subprocess.run(
        ["bash", str(script), "try"],
        env={"PATH": str(programs), "HOME": str(programs)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_an_ordinary_user_without_sudo_is_told_the_whole_command_for_root(programs: Path) -> None:
    have(programs, "id", "echo 1000")
    have(programs, "apt-get", "echo it ran >&2; exit 1")
    done = install(programs)
    assert done.returncode == 2
    assert "Ask root to run: apt-get update && apt-get install sway" in done.stderr
    assert "bubblewrap" in done.stderr
    assert "it ran" not in done.stderr


def test_where_apt_has_no_chromium_it_says_why_and_installs_nothing(programs: Path) -> None:
    have(programs, "id", "echo 0")
    have(programs, "apt-get", 'echo "ran $*" >&2')
    have(programs, "apt-cache", '[ "$2" = xvfb ] || echo "$2 | 1.0 | somewhere"')
    done = install(programs)
    assert done.returncode == 2
    assert "apt has no package xvfb" in done.stderr
    assert "ran update" in done.stderr
    assert "ran install" not in done.stderr


def test_without_apt_it_names_what_is_needed(programs: Path) -> None:
    have(programs, "id", "echo 0")
    done = install(programs)
    assert done.returncode == 2
    assert "no apt-get" in done.stderr


def test_ubuntus_snap_is_named(programs: Path) -> None:
    text = (ROOT / "install.sh").read_text()
    start, end = text.index("unavailable() {"), text.index("# Where the kiosk's own Python lives")
    script = 'die() { echo "$*" >&2; exit 2; }\n' + text[start:end] + "unavailable chromium"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 2
    assert "snap" in done.stderr
