"""The kernel keeps the bounds, in a whole Debian 13 machine with systemd and cgroups of version 2."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pytest

from tests.vm import qemu
from tests.vm.image import image

TREE = Path(__file__).resolve().parents[2]
RUN = """#!/bin/sh
set -eu
cp -r /job/tree /run/tree
cd /run/tree
systemd-run --wait --pipe --quiet --property=Delegate=yes --working-directory=/run/tree \\
    --setenv=PYTHONDONTWRITEBYTECODE=1 --setenv=PYTHONPATH=/run/tree \\
    python3 tests/browser/in_a_cgroup.py >/out/found.json
"""


@pytest.mark.vm
@pytest.mark.timeout(1200)
def test_a_fork_bomb_meets_the_kernels_wall_and_over_its_memory_all_of_it_ends(tmp_path: Path) -> None:
    job, out = tmp_path / "job", tmp_path / "out"
    out.mkdir()
    for name in (
        "kiosk/__init__.py",
        "kiosk/guardian/__init__.py",
        "kiosk/guardian/browser_bounds.py",
        "tests/browser/in_a_cgroup.py",
    ):
        (job / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TREE / name, job / "tree" / name)
    (job / "run.sh").write_text(RUN)
    (job / "run.sh").chmod(0o755)
    outcome = qemu.run(image(), job, out, 120)
    assert outcome.status == 0, outcome.log[-4000:]
    found = json.loads((out / "found.json").read_text())
    assert found["bomb"] == found["hog"] == {"made": True}
    assert 90 <= found["children"] < 100  # of twice 50 tasks
    assert found["hog ended by"] == signal.SIGKILL
    assert not found["bomb left"]
    assert not found["hog left"]
