"""The installed kiosk on a whole Debian 13 machine: unit, button, radio, and the power cut under it.

One disk, three starts: the first day, after the power went in an opening session, after it went in a panic.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.vm import nursery
from tests.vm.image import image
from tests.vm.qemu import CABLE, WORDS, Machine

TREE = Path(__file__).resolve().parents[2]
PRODUCT = ("allowlist", "assets", "hardware", "kiosk")
TESTS = ("tests/hardware", "tests/vm")
STAGE = 420  # s, at most, for the tests of one start


class Kiosk:
    """One machine's disk, and what its starts share with the host."""

    def __init__(self, folder: Path) -> None:
        self._image = image()
        self._disk, self._job, self.out = folder / "disk.img", folder / "job", folder / "out"
        subprocess.run(["cp", "--sparse=always", self._image.disk, self._disk], check=True)
        _copy(PRODUCT, folder / "product")
        _wheel(folder / "product", self._job / "wheels")
        _copy(TESTS, self._job / "tree")
        shutil.copy(TREE / "tests/vm/kiosk.sh", self._job / "run.sh")
        self.inbox, self.config, self.bench = self.out / "inbox", self._job / "config", self._job / "bench"
        for made in (self.inbox, self.config, self.bench):
            made.mkdir(parents=True)
        self.seconds: list[int] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[Machine]:
        """Power on, with the tests of that name to run; off at the end, whatever runs."""
        for sign in ("booted", "power", "status", *WORDS):
            (self.out / sign).unlink(missing_ok=True)
        (self._job / "stage").write_text(name)
        with Machine(self._image, self._job, self.out, self._disk, CABLE) as machine:
            self.seconds.append(round(machine.boot_seconds))
            yield machine

    def cut_power_when_asked(self, stage: str) -> None:
        """Run a stage that ends in the middle of something."""
        with self.stage(stage) as machine:
            machine.wait_for("power", STAGE)

    def run_to_its_end(self, stage: str) -> None:
        """Run a stage whose tests all pass."""
        with self.stage(stage) as machine:
            machine.wait_for("status", STAGE)
            machine.wait_for_the_end()
        assert (self.out / "status").read_text().strip() == "0", machine.last_words()

    def measured(self) -> dict[str, Any]:
        """What the tests inside wrote down; of the same name the latest."""
        found: dict[str, Any] = {}
        for line in (self.out / "measured").read_text().splitlines():
            found |= json.loads(line)
        return found


def _copy(parts: tuple[str, ...], to: Path) -> None:
    without = shutil.ignore_patterns("__pycache__", ".*")
    for part in parts:
        shutil.copytree(TREE / part, to / part, ignore=without)
    for file in ("pyproject.toml", "README.md"):
        shutil.copy(TREE / file, to)


def _wheel(source: Path, into: Path) -> None:
    """What `install.sh` installs: the package as it is built, with what its metadata says, and no more."""
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(into))
    subprocess.run([*pip, str(source)], check=True)


@pytest.mark.vm
@pytest.mark.timeout(1500)
def test_the_kiosk_keeps_its_promises_under_systemd_on_real_switches_and_when_its_power_goes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kiosk = Kiosk(tmp_path)
    start = time.monotonic()
    with nursery.mail_server(kiosk.inbox, kiosk.bench) as mail:
        nursery.write(kiosk.config, kiosk.bench, mail.port)
        kiosk.cut_power_when_asked("first_day")
        mail.holds, accepted = True, len(list(kiosk.inbox.iterdir()))
        kiosk.cut_power_when_asked("after_a_session")
        assert len(list(kiosk.inbox.iterdir())) == accepted  # both its alerts are still owed
        mail.holds = False
        kiosk.run_to_its_end("after_a_press")
    found = kiosk.measured()
    opened = found["incidents when a session's power goes"], found["incidents after its power came back"]
    assert opened[1] == opened[0] + 1
    assert found["incidents when a panic's power goes"] == found["incidents at the end"] == opened[1] + 1
    with capsys.disabled():
        print(f"\nthree starts in {time.monotonic() - start:.0f} s, boots {kiosk.seconds} s")
        print(f"measured in the machine: {json.dumps(found, indent=1)}")
