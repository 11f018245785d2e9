"""The keys and presses that do nothing in the kiosk do something in a Chromium as it comes.

Without this, `test_breakout` could be pressing keys that nobody means.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.breakout.desk import Desk, desk
from tests.e2e.breakout.test_breakout import KEYS

MEANT = (
    *(
        "ctrl+n",
        "ctrl+t",
        "ctrl+shift+n",
        "ctrl+o",
        "ctrl+p",
        "ctrl+s",
        "ctrl+u",
        "ctrl+l",
        "ctrl+h",
        "ctrl+j",
    ),
    *(
        "ctrl+f",
        "ctrl+plus",
        "shift+Escape",
        "F1",
        "F3",
        "F6",
        "F11",
        "Menu",
        "alt+Home",
    ),
    *("alt+d", "ctrl+shift+c", "ctrl+shift+j", "ctrl+shift+i"),
)
POINTER = {
    "right": ("click", "3"),
    "middle": ("click", "2"),
    "ctrl": ("keydown", "ctrl", "click", "1", "keyup", "ctrl"),
    "shift": ("keydown", "shift", "click", "1", "keyup", "shift"),
    "zoom": ("keydown", "ctrl", "click", "4", "keyup", "ctrl"),
}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Desk]:
    with desk() as made:
        yield made


@pytest.mark.parametrize("key", MEANT)
def test_control_a_key_does_something_elsewhere(chromium: Desk, key: str) -> None:
    assert key in KEYS
    chromium.tidy()
    assert chromium.changes("key", key)


@pytest.mark.parametrize("words", POINTER.values(), ids=POINTER)
def test_control_a_press_does_something_elsewhere(chromium: Desk, words: tuple[str, ...]) -> None:
    chromium.tidy()
    assert chromium.changes(*words)


def test_control_alt_f4_ends_it(chromium: Desk) -> None:
    chromium.tidy()
    assert chromium.changes("key", "alt+F4")
