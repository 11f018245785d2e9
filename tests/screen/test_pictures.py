"""Pictures: ours obey the rasteriser, the nursery's come first, and a bad one never stops the screen."""

from __future__ import annotations

import re
from pathlib import Path

import pygame
import pytest
import yaml

import assets
from kiosk.protocol import Scene, Tile, View
from kiosk.screen.art import Art, PictureError, sized
from kiosk.screen.canvas import Canvas
from kiosk.screen.look import Look
from kiosk.screen.paper import NEXT
from kiosk.screen.scenes import paint
from kiosk.screen.units import Panel

OURS = sorted(assets.path("pictures").glob("*.svg"))
DROPPED = re.compile(r"<(clipPath|mask|filter|text|use|image|style|script|foreignObject)\b|\b(href|url\()")


@pytest.mark.parametrize("file", OURS, ids=lambda f: f.name)
def test_a_picture_of_ours_uses_nothing_that_the_rasteriser_drops(file: Path) -> None:
    svg = file.read_text(encoding="utf-8")
    assert DROPPED.search(svg) is None
    assert 'viewBox="' in svg


@pytest.mark.parametrize("file", OURS, ids=lambda f: f.name)
def test_a_picture_of_ours_can_be_drawn_and_is_not_empty(file: Path, art: Art) -> None:
    picture = art.picture(file.name, 120, 90)
    assert picture.get_size() == (120, 90)
    assert pygame.mask.from_surface(picture).count() > 300


def test_the_next_cards_are_there(art: Art) -> None:
    assert set(NEXT) == {"garden", "snack", "story", "blocks"}
    for name, _ in NEXT.values():
        assert art.find(name).is_file()


@pytest.mark.parametrize("name", ["builtin", "starter"])
def test_a_list_of_ours_names_only_pictures_that_are_there(name: str) -> None:
    sites = yaml.safe_load(assets.path("allowlist", f"{name}.yaml").read_text())["sites"]
    assert {site["picture"] for site in sites} <= {file.name for file in OURS}


def test_the_nursery_s_own_picture_comes_first(tmp_path: Path, art: Art) -> None:
    mine = pygame.Surface((40, 30))
    mine.fill((10, 20, 30))
    pygame.image.save(mine, str(tmp_path / "duck.png"))
    found = Art([tmp_path, assets.path("pictures")])
    assert found.find("duck.png").parent == tmp_path
    assert found.picture("duck.png", 80, 80, "slice").get_at((40, 40))[:3] == (10, 20, 30)
    assert found.find("duck.svg").parent != tmp_path


@pytest.mark.parametrize(
    "name", ["missing.svg", "../fonts/OFL.txt", "/etc/hostname", "broken.svg", "broken.png"]
)
def test_a_bad_picture_is_refused_with_a_sentence(tmp_path: Path, art: Art, name: str) -> None:
    (tmp_path / "broken.svg").write_text("this is not a picture")
    (tmp_path / "broken.png").write_bytes(b"neither is this")
    with pytest.raises(PictureError, match=r"\w+ .*\."):
        Art([tmp_path]).picture(name, 10, 10)


def test_a_tile_with_a_bad_picture_shows_the_hill_and_says_so_once(
    art: Art, capsys: pytest.CaptureFixture[str]
) -> None:
    panel = Panel(1280, 800, 217, 135.6)
    view = View(1, Scene.HOME, tiles=(Tile("x", "Farm", "no-such-picture.svg"),))
    for _ in range(2):
        paint(Canvas(pygame.Surface((1280, 800)), panel, art), view, Look())
    assert capsys.readouterr().err.count("no-such-picture.svg") == 1


def test_an_svg_is_given_a_size_and_keeps_its_viewbox() -> None:
    svg = '<?xml version="1.0"?><svg width="5" height="6" viewBox="0 0 5 6"><path d="M0 0"/></svg>'
    made = sized(svg, 50, 60, "none")
    assert '<svg viewBox="0 0 5 6" width="50" height="60" preserveAspectRatio="none">' in made
    assert made.endswith('<path d="M0 0"/></svg>')


def test_the_cache_does_not_grow_for_ever(art: Art) -> None:
    small = Art([assets.path("pictures")])
    for width in range(20, 320):
        small.disc(width, (1, 2, 3))
    assert len(small._kept) <= 160
