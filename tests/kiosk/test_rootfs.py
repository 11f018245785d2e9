"""What is installed beside the package: files that mirror /, in the README, and a unit that keeps its word.

Whether systemd understands them, and what the kernel makes of them, is seen in the whole machine (tests/vm).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from allowlist.arrivals import FILES_EACH, FILES_OF_OTHERS, MOST
from kiosk.guardian import __main__ as guardian

TREE = Path(__file__).resolve().parents[2]
ROOTFS = TREE / "assets" / "rootfs"
FILES = [str(path.relative_to(ROOTFS)) for path in sorted(ROOTFS.rglob("*")) if path.is_file()]
UNIT = (ROOTFS / "etc/systemd/system/kiosk-guardian.service").read_text().replace("\\\n", " ")


def setting(key: str) -> list[str]:
    """Every value that the guardian's unit gives to a key."""
    return re.findall(rf"^{key}=(.*)$", UNIT, re.MULTILINE)


@pytest.mark.parametrize("file", FILES)
def test_every_installed_file_is_in_the_readme(file: str) -> None:
    assert f"`/{file}`" in (TREE / "README.md").read_text()


def test_the_unit_says_nothing_to_the_guardian_that_it_does_not_understand() -> None:
    usage = subprocess.run(
        [sys.executable, "-m", "kiosk.guardian", "--help"], capture_output=True, text=True, check=True
    ).stdout
    flags = re.findall(r"--[a-z-]+", setting("ExecStart")[0])
    assert "--browser-user" in flags
    assert not [flag for flag in flags if flag not in usage]


def test_a_guardian_whose_installation_has_lost_its_version_begins_all_the_same(tmp_path: Path) -> None:
    for installed in Path(sysconfig.get_path("purelib")).iterdir():
        if not installed.name.startswith("supervised_kiosk"):
            (tmp_path / installed.name).symlink_to(installed)
    world = os.environ | {"PYTHONPATH": f"{TREE}:{tmp_path}"}
    asks = "from kiosk.guardian import __main__, desk; print(desk.LICENCES[0].small)"
    said = subprocess.run([sys.executable, "-S", "-c", asks], env=world, capture_output=True, text=True)
    assert said.stdout.strip() == "Its version is not known: install it again", said.stderr


def test_a_guardian_that_hangs_is_ended_by_a_signal_that_nothing_can_hold_up() -> None:
    assert setting("Type") == ["notify"]
    assert setting("WatchdogSec") == ["10"]
    assert setting("WatchdogSignal") == ["SIGKILL"]
    assert setting("KillMode") == ["control-group"]


def test_it_goes_before_everybody_and_whatever_it_starts_cannot() -> None:
    assert setting("CPUSchedulingPolicy") == ["rr"]
    assert int(setting("CPUSchedulingPriority")[0]) > 1  # sway asks for 1
    assert setting("RestrictRealtime") == ["yes"]


def test_whatever_ends_a_guardian_another_one_starts_and_the_radios_are_off_in_between() -> None:
    assert setting("Restart") == ["always"]
    assert setting("StartLimitIntervalSec") == ["0"]
    assert any("rfkill block all" in line for line in setting("ExecStopPost"))
    assert any("rfkill block all" in line for line in setting("ExecStartPre"))


def test_the_flag_of_a_panic_outlives_the_guardian_that_put_it_up() -> None:
    assert setting("RuntimeDirectory") == ["kiosk"]
    assert setting("RuntimeDirectoryPreserve") == ["yes"]
    assert "--run /run/kiosk " in setting("ExecStart")[0]


def test_it_has_files_for_a_full_door_and_for_all_else_also_where_a_machine_gives_few_unasked() -> None:
    assert setting("LimitNOFILE") == [str(guardian.FILES)]
    assert MOST * FILES_EACH + FILES_OF_OTHERS <= guardian.FILES
    asks = (
        "import resource; from allowlist.arrivals import room; from kiosk.guardian import __main__ as it;"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 2048)); few = room(); it.take_files();"
        "print(few, room(), *resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    said = subprocess.run([sys.executable, "-c", asks], cwd=TREE, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["109", "256", "2048", "2048"]


def test_no_core_of_a_guardian_is_ever_written_for_it_holds_the_alerts_passwords() -> None:
    assert setting("LimitCORE") == ["0"]
