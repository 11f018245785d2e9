"""The keys, presses and scripts that do nothing in the kiosk do something in a Chromium as it comes.

Without this, `test_breakout` could be pressing keys that nobody means.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator

import pytest

from tests.e2e.breakout.conftest import RUNNER, START, TRAP_COLOUR
from tests.e2e.breakout.desk import Desk, desk
from tests.e2e.breakout.escapes import MOVES, SAID, STAYS
from tests.e2e.breakout.test_breakout import KEYS
from tests.e2e.breakout.trap import Trap, page, pdf
from tests.e2e.conftest import comes

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


def test_control_f12_opens_the_tools_of_a_developer(chromium: Desk) -> None:
    """In a demonstration it is the red button (`test_after_all_of_it`): no other press can be tried there."""
    chromium.tidy()
    assert chromium.changes("key", "F12")


def test_control_a_pdf_is_shown_in_a_viewer(chromium: Desk) -> None:
    """So it is a whole one: `test_breakout` offers it by a link, in frames and embedded."""
    chromium.tidy()
    assert not chromium.views("data:text/plain,x", patience=1)
    assert chromium.views(f"data:application/pdf;base64,{b64encode(pdf()).decode()}")


def test_control_a_file_that_is_dropped_opens(chromium: Desk) -> None:
    """In the kiosk: tests/browser/test_page.py."""
    chromium.tidy()
    assert chromium.drops("/usr/lib/os-release")


def test_control_alt_f4_ends_it(chromium: Desk) -> None:
    chromium.tidy()
    assert chromium.changes("key", "alt+F4")


SCRIPTS = STAYS | MOVES
UNSEEN = {
    "frame of another site moves the top": "Chromium refuses it to a frame that no finger was on",
    "keyboard lock": "it holds in full screen only",
    "bluetooth": "Chromium has none on Linux",
    "share": "Chromium has none on Linux",
    "payment": "only ways to pay whose manifest is served are shown",
    "password": "none is kept",
    "moving the window": "Chromium moves only windows that a script opened",
    "storage": "it is answered without a question",
    "forward in history": "nothing lies there",
    "far in history": "nothing lies there",
}
"""Scripts of which nothing is to be seen there either, and why."""


@pytest.fixture(scope="module")
def hostile() -> Iterator[tuple[Desk, Trap]]:
    """The page of `test_breakout` that runs scripts, in a Chromium as it comes."""
    with Trap() as trap:
        trap.pages[START] = page(RUNNER)
        with desk(f"{trap.origin}{START}") as made:
            yield made, trap


def tells(hostile: tuple[Desk, Trap], name: str, code: str, patience: float = 10, quiet: float = 0.3) -> bool:
    """Whether a finger that runs this changes anything there, or it hears other words than in the kiosk."""
    made, trap = hostile
    made.tidy()
    trap.runs(name, code, f"http://evil.localhost:{trap.port}/", trap.port, trap.port)
    before = made.settled(quiet)
    made.xdotool("click", "1")

    def differs() -> bool:
        said = trap.told.get(name)
        other = said is not None and not re.match(SAID.get(name, "done"), said)
        return other or made.state() != before or made.covered(TRAP_COLOUR)

    return comes(differs, patience)


@pytest.mark.parametrize("code", ["", "add('form', {action: '/ok/', method: 'post'}).submit()"])
def test_control_what_does_nothing_is_seen_to_do_nothing(hostile: tuple[Desk, Trap], code: str) -> None:
    # Three, for a form leads to a page, which may still be coming after so long.
    assert any(not tells(hostile, "nothing", code, patience=2, quiet=1) for _ in range(3))
    assert hostile[1].told["nothing"] == "done"


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name not in UNSEEN])
def test_control_a_script_does_something_elsewhere(hostile: tuple[Desk, Trap], name: str) -> None:
    assert tells(hostile, name, SCRIPTS[name])
