"""The contract of the display's power, over a simulated light and a folder like the kernel's."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardware.display import BacklightDisplay
from hardware.errors import DisplayError
from tests.hardware.benches import DisplayBench
from tests.hardware.standins import BacklightFolder


def test_a_display_is_on_to_begin_with(light: DisplayBench) -> None:
    assert light.open().is_on


def test_a_display_goes_dark_and_comes_back(light: DisplayBench) -> None:
    display = light.open()
    display.off()
    display.off()
    assert not display.is_on
    display.on()
    assert display.is_on


def test_one_panel_of_two_left_on_is_on(tmp_path: Path) -> None:
    display = BacklightFolder(tmp_path).open()
    display.off()
    assert (tmp_path / "panel" / "bl_power").read_text() == "4"
    (tmp_path / "panel" / "bl_power").write_text("0\n")
    assert display.is_on


def test_a_screen_without_backlight_stays_lit_and_says_so(tmp_path: Path) -> None:
    display = BacklightDisplay(tmp_path / "none")
    display.off()
    assert display.is_on


def test_a_backlight_that_cannot_be_switched_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "panel" / "bl_power").mkdir(parents=True)
    display = BacklightDisplay(tmp_path)
    with pytest.raises(DisplayError, match="group “video”"):
        display.off()
    with pytest.raises(DisplayError, match="cannot be read"):
        _ = display.is_on
