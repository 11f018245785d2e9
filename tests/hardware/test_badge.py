"""The contract of the badge reader, over every driver that this machine has; then what readers type."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hardware.badge import EvdevBadge, NoBadge
from hardware.errors import BadgeError
from hardware.wedge import DOWN, GAP, LONGEST, Wedge
from tests.hardware.benches import BadgeBench, Heard, until


def test_a_badge_held_to_the_reader_is_heard_off_the_callers_thread(reader: BadgeBench) -> None:
    badges = Heard[str]()
    driver = reader.open(badges)
    assert driver.present
    reader.tap("0004251337")
    assert badges.wait() == ["0004251337"]
    assert badges.threads != ["MainThread"]


def test_badges_are_heard_in_order(reader: BadgeBench) -> None:
    badges = Heard[str]()
    reader.open(badges)
    held = ["0004251337", "04A2B3C4", "0004251337"]
    for count, badge in enumerate(held, start=1):
        reader.tap(badge)
        badges.wait(count)
    assert badges.what == held


def test_a_number_is_heard_whole_or_not_at_all_however_fast_h9(reader: BadgeBench) -> None:
    badges = Heard[str]()
    reader.open(badges)
    for _ in range(20):  # more than the kernel keeps for a reader that is slow to read
        reader.tap("0004251337")

    def last_is_heard() -> bool:
        reader.tap("0004251338")
        return "0004251338" in badges.what

    until(last_is_heard)
    assert set(badges.what) <= {"0004251337", "0004251338"}


def test_a_callback_that_fails_is_kept_and_the_next_badge_is_heard(reader: BadgeBench) -> None:
    badges = Heard[str]()

    def fail(badge: str) -> None:
        badges(badge)
        raise ValueError("the guardian has a defect")

    driver = reader.open(fail)
    reader.tap("0004251337")
    badges.wait(1)
    reader.tap("0004251338")
    badges.wait(2)
    driver.close()
    assert "the guardian has a defect" in str(driver.error)


def test_a_reader_that_was_closed_is_closed_twice_without_harm(reader: BadgeBench) -> None:
    driver = reader.open(Heard[str]())
    driver.close()
    driver.close()


def typed(text: str, wedge: Wedge | None = None, gap: float = 0.01) -> str | None:
    wedge, at, badge = wedge or Wedge(), 100.0, None
    for character in text:
        at += gap
        name = "KEY_ENTER" if character == "\n" else f"KEY_{character}"
        badge = wedge.key(name, DOWN, at) or badge
    return badge


def test_a_number_and_enter_are_a_badge() -> None:
    assert typed("0004251337\n") == "0004251337"


def test_a_number_without_enter_is_none() -> None:
    assert typed("0004251337") is None


def test_the_keypads_digits_and_enter_count_too() -> None:
    wedge = Wedge()
    for name in ("KEY_KP4", "KEY_KP2", "KEY_KP0", "KEY_KP7"):
        assert wedge.key(name, DOWN, 1.0) is None
    assert wedge.key("KEY_KPENTER", DOWN, 1.0) == "4207"


@pytest.mark.parametrize("text", ["\n", "123\n", "1" * (LONGEST + 1) + "\n", "1" * 1000 + "\n"])
def test_too_short_or_too_long_is_dropped_whole(text: str) -> None:
    assert typed(text) is None


def test_half_a_number_is_forgotten_and_not_put_before_the_next() -> None:
    wedge = Wedge()
    for digit in "9999":
        wedge.key(f"KEY_{digit}", DOWN, 1.0)
    assert typed("0004251337\n", wedge) == "0004251337"


def test_a_person_typing_slowly_is_no_badge_h9() -> None:
    assert typed("0004251337\n", gap=GAP * 1.5) is None


def test_a_number_with_a_hole_in_it_is_dropped_and_the_next_is_heard() -> None:
    wedge = Wedge()
    assert typed("00042", wedge) is None
    wedge.lost(100.05)
    assert typed("1337\n", wedge) is None
    assert typed("0004251337\n", wedge) == "0004251337"


def test_a_hole_long_ago_spoils_nothing() -> None:
    wedge = Wedge()
    wedge.lost(100 - 2 * GAP)
    assert typed("0004251337\n", wedge) == "0004251337"


def test_keys_held_and_let_go_type_nothing() -> None:
    wedge = Wedge()
    for digit in "0004":
        for value in (DOWN, 2, 0):
            wedge.key(f"KEY_{digit}", value, 1.0)
    assert wedge.key("KEY_ENTER", DOWN, 1.0) == "0004"


def test_other_keys_are_left_out() -> None:
    wedge = Wedge()
    for name in ("KEY_LEFTSHIFT", "KEY_0", "KEY_4", "KEY_TAB", "KEY_A", "KEY_B", ""):
        wedge.key(name, DOWN, 1.0)
    assert wedge.key("KEY_ENTER", DOWN, 1.0) == "04AB"


def test_without_evdev_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "evdev", None)
    with pytest.raises(BadgeError, match="install python3-evdev"):
        EvdevBadge(Path("/dev/input/none"), Heard[str]())


def test_a_kiosk_without_a_reader_has_none_and_no_trouble() -> None:
    reader = NoBadge()
    reader.close()
    assert not reader.present
    assert reader.error is None
