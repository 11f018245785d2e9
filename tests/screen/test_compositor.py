"""What sway is told, from trees as it reports them (sway-ipc(7))."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kiosk.screen.compositor import CompositorError, Sway, chosen, commands, settled, sway_config
from kiosk.screen.units import Rect

AREA = Rect(0, 148, 1280, 652)
GLASS = (0, 0, 1280, 800)
US = 100


def window(id: int, pid: int, name: str | None, place: tuple[int, ...], **more: Any) -> dict[str, Any]:
    rect = dict(zip(("x", "y", "width", "height"), place, strict=True))
    return {"id": id, "pid": pid, "type": "con", "app_id": name, "rect": rect, "nodes": [], **more}


def tree(*found: dict[str, Any]) -> dict[str, Any]:
    workspace = {"type": "workspace", "nodes": [found[0]], "floating_nodes": list(found[1:])}
    return {"type": "root", "nodes": [{"type": "output", "nodes": [workspace]}]}


def ours(focused: bool = True) -> dict[str, Any]:
    return window(5, US, "kiosk-screen", GLASS, visible=True, focused=focused)


def page(
    id: int = 7, visible: bool = True, place: tuple[int, ...] = AREA, name: str = "chromium"
) -> dict[str, Any]:
    return window(id, 200, name, place, visible=visible)


def test_nothing_is_told_when_the_page_is_where_it_should_be() -> None:
    there = tree(ours(), page())
    assert settled(there, US, AREA, shown=True)
    assert commands(there, US, AREA, shown=True) == []


def test_a_hidden_page_is_brought_back_placed_and_kept_from_the_keyboard() -> None:
    away = tree(ours(), page(visible=False, place=(115, 10, 1050, 780)))
    assert not settled(away, US, AREA, shown=True)
    told = commands(away, US, AREA, shown=True)
    assert told[-1] == "[con_id=5] focus"
    assert "[con_id=7] move container to workspace kiosk" in told
    assert "[con_id=7] resize set width 1280 px height 652 px" in told
    assert "[con_id=7] move absolute position 0 px 148 px" in told


@pytest.mark.parametrize("place", [(0, 0, 1280, 800), (0, 147, 1280, 652), (0, 148, 1280, 651)])
def test_a_page_in_another_place_is_not_as_wanted(place: tuple[int, ...]) -> None:
    assert not settled(tree(ours(), page(place=place)), US, AREA, shown=True)
    assert commands(tree(ours(), page(place=place)), US, AREA, shown=True)


def test_hiding_hides_every_window_that_is_not_ours_whatever_its_name() -> None:
    crowd = tree(ours(), page(7), page(8, name="Chromium-browser"), page(9, name="xdg-desktop-portal"))
    told = commands(crowd, US, AREA, shown=False)
    assert [f"[con_id={n}] opacity 0, move container to workspace hidden" for n in (7, 8, 9)] == told[:3]
    assert not settled(crowd, US, AREA, shown=False)
    assert settled(tree(ours(), page(visible=False)), US, AREA, shown=False)


def test_of_two_browser_windows_only_the_first_is_shown() -> None:
    two = tree(ours(), page(9), page(7))
    found = chosen(two, US)
    assert found is not None
    assert found["id"] == 7
    assert not settled(two, US, AREA, shown=True)
    assert "[con_id=9] opacity 0, move container to workspace hidden" in commands(two, US, AREA, shown=True)


def test_no_browser_is_not_shown() -> None:
    assert not settled(tree(ours()), US, AREA, shown=True)
    assert commands(tree(ours()), US, AREA, shown=True) == []


def test_the_keyboard_comes_back_to_us() -> None:
    assert commands(tree(ours(focused=False), page()), US, AREA, shown=True) == ["[con_id=5] focus"]


def test_an_x11_browser_is_known_by_its_class() -> None:
    old = window(7, 200, None, AREA, visible=True, window_properties={"class": "Chromium"})
    assert chosen(tree(ours(), old), US) is not None


def test_a_missing_sway_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CompositorError, match="cannot be reached"):
        Sway(tmp_path / "none.sock", 1)


def test_the_configuration_has_no_key_no_bar_and_no_second_display_server() -> None:
    made = sway_config(["python", "-m", "kiosk.screen", "--socket", "/run/a b.sock"], size=(1280, 800))
    lines = made.splitlines()
    assert not [
        line for line in lines if line.startswith(("bindsym", "bindcode", "bindswitch", "bar", "include"))
    ]
    assert "xwayland disable" in lines
    assert "output * scale 1" in lines
    assert "output * mode --custom 1280x800" in lines
    assert lines[-1] == "exec python -m kiosk.screen --socket '/run/a b.sock'"
    assert "exec" not in sway_config()
