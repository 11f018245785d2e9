"""A whole Debian 13 machine runs the hardware's contract suite on the real kernel's devices.

Needs `apt-get install mmdebstrap qemu-system-x86` (no recommends needed). The first run makes the image.
"""

from __future__ import annotations

import json
import shutil
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.vm import qemu
from tests.vm.image import image

TREE = Path(__file__).resolve().parents[2]
SUITE = 480  # s, at most; under software emulation


def job_with_tree(folder: Path) -> Path:
    """A folder with the job's script, and of the tree only what the job needs."""
    job = folder / "job"
    without = shutil.ignore_patterns("__pycache__", ".*")
    for part in ("hardware", "tests/hardware", "tests/vm"):
        shutil.copytree(TREE / part, job / "tree" / part, ignore=without)
    shutil.copy(TREE / "pyproject.toml", job / "tree")
    shutil.copy(TREE / "tests/vm/job.sh", job / "run.sh")
    return job


@pytest.mark.vm
@pytest.mark.timeout(1200)
def test_the_hardware_keeps_its_contract_on_a_real_kernel(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    start = time.monotonic()
    made = image()
    making = time.monotonic() - start
    outcome = qemu.run(made, job_with_tree(tmp_path), out, SUITE)
    assert outcome.status == 0, outcome.log[-8000:]

    suite = ET.parse(out / "junit.xml").getroot()[0]
    names = [case.attrib["name"] for case in suite.iter("testcase")]
    assert len(names) > 0
    assert {key: int(suite.attrib[key]) for key in ("failures", "errors", "skipped")} == {
        "failures": 0,
        "errors": 0,
        "skipped": 0,
    }
    for driver in ("gpio-sim", "rfkill", "uinput"):
        assert [name for name in names if f"[{driver}" in name], f"no test ran on {driver}"

    measured = json.loads((out / "measured.json").read_text())
    assert measured["button"]["presses"] == 200
    with capsys.disabled():
        print(f"\nimage {making:.0f} s, boot {outcome.boot_seconds:.0f} s, job {outcome.job_seconds:.0f} s")
        print(f"{len(names)} tests passed in the machine; measured, in ms: {json.dumps(measured, indent=1)}")
