"""The lists that come with the product reach whoever writes a kiosk's own."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from allowlist.decision import Allowlist
from kiosk.cli import main
from kiosk.guardian.settings import MOST_TILES


@pytest.mark.parametrize(("name", "counted"), [("builtin", MOST_TILES), ("starter", 0)])
def test_they_are_printed_as_a_list_that_a_kiosk_can_be_given(
    name: str, counted: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["allowlist", "list", f"--{name}"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("#"), "with the words on how to use it"
    (tmp_path / "allowlist.yaml").write_text(printed)
    read = Allowlist.read(tmp_path / "allowlist.yaml")
    assert len(read.sites) >= MOST_TILES
    assert len(read.policy("nursery", date(2026, 11, 22)).sites) == counted, "proposed is seen by no child"
