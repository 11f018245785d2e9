"""One guardian for one run folder, and never two."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.errors import KioskError
from kiosk.guardian.claim import claimed

HOLDER = """
import sys, time
from pathlib import Path
from kiosk.guardian.claim import claimed
with claimed(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_guardian_is_told_so_and_may_come_when_the_first_has_ended(tmp_path: Path) -> None:
    with claimed(tmp_path):
        with pytest.raises(KioskError, match="Another guardian already holds"), claimed(tmp_path):
            pass
        with pytest.raises(KioskError, match="--run"), claimed(tmp_path):
            pass
    with claimed(tmp_path):
        pass


def test_a_killed_guardians_claim_is_taken_over(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(KioskError), claimed(tmp_path):
            pass
        holder.kill()
        holder.wait(10)
        with claimed(tmp_path):
            pass
