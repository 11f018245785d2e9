"""What a child hears, scene by scene (CHILD_UI 3, “voice”), and that every sentence was recorded."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import assets
import kiosk
from kiosk.lines import CHILD, SAFETY, SILENT, answer, later, spoken
from kiosk.protocol import Scene, Tile, View
from kiosk.screen.paper import NEXT

SCRIPT = yaml.safe_load(assets.path("sounds", "script.yaml").read_text())["kiosk"]
TILES = (Tile("farm", "Farm", "farm.svg", "our-farm.ogg"), Tile("pond", "Pond", "duck.svg"))


def view(scene: Scene, say: str = "") -> View:
    return View(2, scene, say=say, tiles=TILES, next="story")


HEARD = {
    (Scene.OPENING, "waking"): "I'm waking up the internet.",
    (Scene.HOME, "home"): "What shall we look at?",
    (Scene.HOME, "asleep"): "That one is asleep. Try another.",
    (Scene.HOME, "one-more-look"): "One more look.",
    (Scene.PAGE, "one-more-look"): "One more look.",
    (Scene.PAGE, "asleep"): "That one is asleep.",
    (Scene.PAGE, "door-closed"): "That door is closed.",
    (Scene.PAGE, "tile-pond"): "The duck pond.",
    (Scene.DOOR, "door-closed"): "That door is closed. Let's go home.",
    (Scene.COVERED, "well-done"): "Well done for telling. I've hidden it. Your grown-up will help.",
    (Scene.COVERED, "find-grown-up"): "Let's find your grown-up.",
    (Scene.FINISHED, "all-done"): "All done. Next is a story.",
}


@pytest.mark.parametrize(("scene", "say"), HEARD)
def test_a_scene_is_heard_in_the_words_of_the_script(scene: Scene, say: str) -> None:
    heard = spoken(view(Scene.HOME), view(scene, say))
    assert " ".join(SCRIPT[line]["words"] for line in heard) == HEARD[scene, say]


@pytest.mark.parametrize("scene", Scene)
def test_a_view_that_says_nothing_new_is_silent(scene: Scene) -> None:
    assert spoken(view(scene), view(scene)) == ()


@pytest.mark.parametrize("scene", sorted(SILENT))
def test_panic_and_its_reset_never_speak(scene: Scene) -> None:
    assert spoken(view(Scene.PAGE), view(scene, "well-done")) == ()


@pytest.mark.parametrize("before", Scene)
def test_a_fault_is_told_once_and_only_to_a_child_who_is_there(before: Scene) -> None:
    assert (spoken(view(before), view(Scene.FAULT)) == ("resting",)) is (before in CHILD)
    assert spoken(view(Scene.FAULT), view(Scene.FAULT)) == ()


def test_a_nursery_s_own_recording_names_its_tile() -> None:
    assert spoken(view(Scene.HOME), view(Scene.PAGE, "tile-farm")) == ("our-farm.ogg",)


@pytest.mark.parametrize("scene", Scene)
def test_only_home_asks_again_and_only_a_late_start_speaks_by_itself(scene: Scene) -> None:
    words = {Scene.HOME: (10, "What shall we look at?"), Scene.OPENING: (12, "Still coming.")}
    due = later(view(scene))
    assert (due and (due.after, SCRIPT[due.lines[0]]["words"])) == words.get(scene)


@pytest.mark.parametrize("scene", Scene)
def test_home_at_home_says_so_and_nothing_else_answers(scene: Scene) -> None:
    heard = [SCRIPT[line]["words"] for line in answer(view(scene), "home")]
    assert heard == (["You're home."] if scene is Scene.HOME else [])
    assert answer(view(scene), "tell") == ()


@pytest.mark.parametrize("chosen", NEXT)
def test_every_next_can_be_said(chosen: str) -> None:
    (_, line) = spoken(view(Scene.PAGE), View(2, Scene.FINISHED, say="all-done", next=chosen))
    assert line in SCRIPT


def test_whatever_the_session_says_was_recorded() -> None:
    source = "".join(file.read_text() for file in Path(kiosk.__file__).parent.glob("*.py"))
    named = set(re.findall(r'do\.Say\("([a-z-]+)"\)', source)) | SAFETY
    assert {"waking", "home", "well-done", "find-grown-up"} <= named
    assert named <= set(SCRIPT)


def test_every_tile_of_the_built_in_site_has_its_name_recorded() -> None:
    sites = yaml.safe_load(assets.path("allowlist", "builtin.yaml").read_text())["sites"]
    assert {f"tile-{site['id']}" for site in sites} <= set(SCRIPT)
