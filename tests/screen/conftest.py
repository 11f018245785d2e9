"""Specimens of every scene, six panels, and a canvas to paint them on.

A test that takes `specimen` runs over every scene; one that takes `panel` over every panel; both, over all.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace

os.environ["SDL_VIDEODRIVER"] = "dummy"
os.environ["SDL_AUDIODRIVER"] = "dummy"

import pygame
import pytest

import assets
from kiosk.faults import TABLE, Internet
from kiosk.guardian.desk import LICENCES, PRACTICE, TOP, WAITING
from kiosk.menu import NOT_YOURS
from kiosk.protocol import Facts, Key, Line, PanicNews, Scene, Sheet, Step, Sun, Tile, Trouble, View
from kiosk.screen.art import Art
from kiosk.screen.canvas import Canvas, Written
from kiosk.screen.look import Look, PinLook
from kiosk.screen.scenes import paint
from kiosk.screen.stage import LOST
from kiosk.screen.units import Panel

PANELS = {
    "pi-7-inch": Panel(800, 480, 154.1, 92.5),
    "touch-display-2": Panel(1280, 720, 155, 87.2),
    "10-inch": Panel(1280, 800, 217, 135.6),
    "11-inch": Panel(1920, 1080, 257, 144.5),
    "15-inch": Panel(1920, 1080, 345, 194),
    "21-inch": Panel(1920, 1080, 476, 268),
}

TILES = (
    Tile("ducks", "Ducks", "duck.svg"),
    Tile("stories", "Stories", "book.svg"),
    Tile("painting", "Painting", "paint.svg"),
    Tile("songs", "Songs", "music.svg"),
    Tile("minibeasts", "Minibeasts", "ladybird.svg"),
    Tile("farm", "The farm", "farm.svg"),
)
MORE = (
    Tile("garden", "Garden", "leaf.svg"),
    Tile("shapes", "Shapes", "shapes.svg"),
    Tile("colours", "Colours", "colours.svg"),
    Tile("sea", "The sea", "sea.svg"),
    Tile("weather", "Weather", "rain.svg"),
    Tile("trains", "Trains", "train.svg"),
)
SUN = Sun(360, 600)
STEPS = (
    Step("network", True),
    Step("filter", True),
    Step("test of a blocked page", False),
    Step("browser", False),
)
CONTACTS = ("Local authority duty desk 01632 960 001", "Designated safeguarding lead Mrs Khan, extension 12")


@dataclass(frozen=True)
class Specimen:
    """A view and what the screen adds to it."""

    name: str
    view: View
    look: Look = field(default_factory=Look)


def _sun(share: float = 0.6, minutes: int = 6, **more: object) -> Look:
    return Look(sun=share, minutes=minutes, **more)  # type: ignore[arg-type]


def _panic(internet: str, alert: str, late: bool = False, tries: int = 1) -> tuple[View, Look]:
    news = PanicNews(internet, "10:42:07", alert, "10:42:09", "Mrs Khan", "e-mail", tries, CONTACTS)
    return View(7, Scene.PANIC, panic=news), Look(late=late)


_FACTS = Facts(
    "Mrs Khan",
    "10:42:07",
    "by the red button",
    "Sent, no answer yet: Mrs Khan, e-mail, 10:42:09",
    "Ms Ali",
    "hxxps://farm[.]example/animals/",
)
_TICKED = replace(_FACTS, outcome="upsetting", care=("comforted", "dsl"), reference="kiosk-1 12")
DUE = "Ready. Red button armed. Tested 14 Nov; a test was due 21 Nov: please do one by 28 Nov. "
DUE += "List has a mistake: that of 20 Nov is used."
SHEETS = {
    "top": TOP,
    "practice": Sheet(
        "Practice",
        PRACTICE,
        (
            Line(
                "Last practice: 20 Nov 09:30",
                "dark 3 ms · internet gone 9 ms · Wi-Fi off 14 ms · on disk 31 ms",
                "closed",
            ),
        ),
        (Key("waiting", "Start practice"),),
    ),
    "incidents": Sheet(
        "Incidents",
        "",
        (
            Line(
                "17 · 25 Nov 10:42 · Red button, Ms Ali", "Open: nobody has taken it", "open", "incident 17"
            ),
            Line("16 · 24 Nov 14:05 · Notice", "Taken by Mrs Khan", "taken", "incident 16"),
            Line("15 · 20 Nov 09:30 · Practice, Mr Harvey", "Closed: practice", "closed", "incident 15"),
            Line(
                "14 · 19 Nov 11:12 · Red button, Ms Ali",
                "Closed: pressed by mistake",
                "closed",
                "incident 14",
            ),
            Line(
                "13 · 18 Nov 10:01 · Red button, Ms Ali",
                "Closed: something wrong, but not seen",
                "closed",
                "incident 13",
            ),
        ),
        (Key("incidents 0", "Before"), Key("incidents 2", "More")),
    ),
    "incident": Sheet(
        "Incident 13, 18 Nov 10:01",
        "",
        (
            Line("What", "Stopped by the red button"),
            Line("Who", "Ms Ali, Rainbow room (kiosk-1)"),
            Line("Page", "hxxps://farm[.]example/animals/"),
            Line("Now", "Closed: an upsetting thing was seen, by Mrs Khan", "closed"),
            Line("Ticked", "child comforted, DSL knows, parents to be told"),
        ),
    ),
    "self-test": Sheet(
        "Self-test: 2 to mend",
        "",
        (
            *(
                Line(name, f"{TABLE[code].sentence} {TABLE[code].todo}", "bad")
                for name, code in (("Radio", "radio"), ("Button test", "button test"))
            ),
            Line("Screen", "", "ok"),
            Line("Clock", "", "ok"),
            Line("Disk", "", "ok"),
        ),
        (Key("self_test 1", "More"),),
    ),
    "screen": Sheet(
        "Sound and screen",
        "Hold a ruler to the line. If it is not exactly 100 mm, tell ICT: screen.width_mm.",
        keys=(Key("chimes 0", "Opening chime"), Key("chimes 1", "Telling chime")),
        ruler=100,
    ),
    "about": Sheet("About", "", (Line("kiosk-1, Rainbow room", "Level: nursery"), *LICENCES)),
}
TIMES = (
    "dark: 3 ms",
    "internet gone: 9 ms",
    "Wi-Fi off: 14 ms",
    "on disk: 31 ms",
)
_LOCKED = View(
    1, Scene.LOCKED, note="Ready. Red button armed. Tested 20 Nov, next test due 27 Nov.", menu="offered"
)
_HOME = View(3, Scene.HOME, adult="Ms Ali", tiles=TILES, sun=SUN)
_COVERED = View(5, Scene.COVERED, adult="Ms Ali", cover="told")
_FAULT = Trouble(
    "The setting's internet filter did not answer, so nobody knows what it lets through.",
    "Leave the kiosk off and tell ICT. Nothing was shown to a child.",
    "F22",
    Internet.OFF,
    reference="F22-251042",
)


def fault(name: str, **more: str) -> Trouble:
    row = TABLE[name]
    return Trouble(row.sentence, row.todo, row.number, no_button=row.no_button, **more)


SPECIMENS = (
    Specimen("locked", _LOCKED),
    Specimen("locked-due", replace(_LOCKED, note=DUE)),
    Specimen("locked-feedback", _LOCKED, Look(feedback="Not recognised. 4 tries left.")),
    Specimen("pin", _LOCKED, Look(pin=PinLook(digits=2))),
    Specimen("pin-wait", _LOCKED, Look(pin=PinLook(feedback="Not recognised.", wait=57))),
    Specimen("pin-panic", _panic("unconfirmed", "not_told")[0], Look(pin=PinLook(4, "SLT badge or PIN"))),
    Specimen("opening", View(2, Scene.OPENING, adult="Ms Ali", steps=STEPS)),
    Specimen("opening-late", View(2, Scene.OPENING, steps=STEPS[:1]), Look(late=True)),
    Specimen("home", _HOME, _sun()),
    Specimen("home-four", View(3, Scene.HOME, tiles=MORE[:4], sun=SUN, adult="Ms Ali"), _sun(1, 10)),
    Specimen("home-two", View(3, Scene.HOME, tiles=MORE[4:], sun=SUN, adult="Ms Ali"), _sun(0.2, 2)),
    Specimen("home-none", View(3, Scene.HOME, sun=SUN, adult="Ms Ali"), _sun()),
    Specimen(
        "home-asleep", View(3, Scene.HOME, tiles=TILES, asleep="songs", sun=SUN, adult="Ms Ali"), _sun()
    ),
    Specimen(
        "home-loading", View(3, Scene.HOME, tiles=TILES, loading="farm", sun=SUN, adult="Ms Ali"), _sun()
    ),
    Specimen(
        "home-nearly",
        View(3, Scene.HOME, tiles=TILES, nearly=True, next="snack", sun=SUN, adult="Ms Ali"),
        _sun(0.07, 1),
    ),
    Specimen("home-asking", View(3, Scene.HOME, tiles=TILES, asking=True, sun=SUN, adult="Ms Ali"), _sun()),
    Specimen(
        "page", View(4, Scene.PAGE, browser=True, adult="Ms Ali", sun=SUN, back=True, note="The farm"), _sun()
    ),
    Specimen(
        "page-door", View(4, Scene.PAGE, browser=True, adult="Ms Ali", sun=SUN, back=True), _sun(door=True)
    ),
    Specimen(
        "page-loading", View(4, Scene.PAGE, adult="Ms Ali", tiles=TILES, loading="ducks", sun=SUN), _sun()
    ),
    Specimen(
        "door",
        View(
            4,
            Scene.DOOR,
            adult="Ms Ali",
            sun=SUN,
            back=True,
            note="This page of farm.example is not on the list.",
        ),
        _sun(),
    ),
    Specimen("covered-told", _COVERED),
    Specimen("covered-choices", View(5, Scene.COVERED, adult="Ms Ali", cover="told", choices=True)),
    Specimen("covered-presence", View(5, Scene.COVERED, adult="Ms Ali", cover="presence")),
    Specimen("covered-asleep", View(5, Scene.COVERED, adult="Ms Ali", cover="asleep")),
    Specimen("finished", View(6, Scene.FINISHED, next="garden")),
    Specimen("finished-choices", View(6, Scene.FINISHED, next="garden", choices=True)),
    Specimen("finished-blocks", View(6, Scene.FINISHED, next="blocks")),
    Specimen("panic", *_panic("cutting", "sending")),
    Specimen("panic-well", *_panic("off", "told")),
    Specimen("panic-bad", *_panic("unconfirmed", "not_told", tries=4)),
    Specimen("panic-late", *_panic("off", "not_told", late=True, tries=4)),
    Specimen("panic-late-both", *_panic("unconfirmed", "not_told", late=True, tries=4)),
    Specimen("panic-unanswered", *_panic("off", "unanswered", late=True)),
    Specimen("reset", View(8, Scene.RESET, facts=_FACTS)),
    Specimen("reset-held", View(8, Scene.RESET, facts=replace(_FACTS, held=True))),
    Specimen("reset-refused", View(8, Scene.RESET, facts=_FACTS), Look(feedback="This needs an SLT badge.")),
    Specimen("reset-ticks", View(8, Scene.RESET, facts=_TICKED)),
    Specimen("reset-ticks-held", View(8, Scene.RESET, facts=replace(_TICKED, held=True, care=()))),
    Specimen(
        "reset-drill",
        View(8, Scene.RESET, facts=replace(_TICKED, outcome="practice", times=TIMES, care=()), practice=True),
    ),
    *(Specimen(f"menu-{name}", View(10, Scene.MENU, sheet=sheet)) for name, sheet in SHEETS.items()),
    Specimen("menu-refused", View(10, Scene.MENU, sheet=TOP), Look(feedback=NOT_YOURS)),
    Specimen("menu-no-button", View(10, Scene.MENU, sheet=TOP, no_button=True)),
    Specimen("finished-no-button", View(6, Scene.FINISHED, next="garden", no_button=True)),
    Specimen(
        "pin-no-button", View(9, Scene.FAULT, trouble=fault("button"), menu="asked"), Look(pin=PinLook())
    ),
    Specimen("menu-waiting", View(10, Scene.MENU, sheet=WAITING, practice=True)),
    Specimen("panic-practice", replace(_panic("off", "sent")[0], practice=True)),
    Specimen("locked-practice", replace(_LOCKED, practice=True)),
    Specimen("panic-no-button", replace(_panic("off", "told")[0], no_button=True)),
    Specimen("panic-practice-no-button", replace(_panic("off", "sent")[0], practice=True, no_button=True)),
    Specimen("reset-no-button", View(8, Scene.RESET, facts=_FACTS, no_button=True)),
    Specimen("locked-asked", replace(_LOCKED, menu="asked")),
    Specimen("pin-menu", replace(_LOCKED, menu="asked"), Look(pin=PinLook(2, "Grown-ups' menu"))),
    Specimen("fault", View(9, Scene.FAULT, trouble=_FAULT)),
    Specimen("fault-lost", LOST),
    Specimen("fault-no-button", View(9, Scene.FAULT, trouble=fault("button", reference="F05-251042"))),
)


SIZES = {
    "800x480": PANELS["pi-7-inch"],
    "1280x720": PANELS["touch-display-2"],
    "1280x800": PANELS["10-inch"],
    "1920x1080": PANELS["15-inch"],
}
ONE_SIZE = """
    locked-feedback locked-asked locked-due pin-wait pin-menu opening-late home-four home-two home-none
    home-asleep home-asking page-door page-loading covered-presence covered-asleep finished-blocks
    finished-choices menu-no-button finished-no-button pin-no-button panic
    panic-bad panic-late fault-lost fault-no-button reset-held reset-refused reset-ticks-held menu-refused
    menu-incident menu-about panic-unanswered locked-practice panic-no-button reset-no-button
"""
VARIANTS = frozenset(ONE_SIZE.split())  # a golden of one size is enough
GOLDENS = [
    (specimen, size, panel)
    for size, panel in SIZES.items()
    for specimen in SPECIMENS
    if size == "1280x800" or specimen.name not in VARIANTS
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "specimen" in metafunc.fixturenames:
        metafunc.parametrize("specimen", SPECIMENS, ids=[s.name for s in SPECIMENS])
    if "panel" in metafunc.fixturenames:
        metafunc.parametrize("panel", list(PANELS.values()), ids=list(PANELS))
    if "golden" in metafunc.fixturenames:
        metafunc.parametrize("golden", GOLDENS, ids=[f"{s.name}-{size}" for s, size, _ in GOLDENS])


@pytest.fixture
def golden_names() -> frozenset[str]:
    """Every golden there has to be."""
    return frozenset(f"{size}/{specimen.name}" for specimen, size, _ in GOLDENS)


@pytest.fixture(scope="session")
def art() -> Art:
    pygame.display.init()
    pygame.font.init()
    pygame.display.set_mode((64, 64))
    return Art([assets.path("pictures")])


Render = Callable[..., Canvas]
Words = Callable[..., list[Written]]


@pytest.fixture
def render(art: Art) -> Render:
    """Paints a specimen on a panel and gives the canvas back."""

    def paint_it(
        specimen: Specimen, panel: Panel, lengthen: Callable[[str], str] = lambda text: text
    ) -> Canvas:
        canvas = Canvas(pygame.Surface((panel.width, panel.height)), panel, art, lengthen)
        paint(canvas, specimen.view, specimen.look)
        return canvas

    return paint_it


def longer(text: str) -> str:
    """The same words, each 30 % longer."""
    return "\n".join(" ".join(_stretched(word) for word in line.split(" ")) for line in text.split("\n"))


def _stretched(word: str) -> str:
    return word + "n" * round(sum(c.isalpha() for c in word) * 0.3)


@pytest.fixture(scope="session")
def words(art: Art) -> Words:
    """What is written in a specimen on a panel, as it is or 30 % longer. Painted once for all tests."""
    known: dict[object, list[Written]] = {}

    def written(specimen: Specimen, panel: Panel, long: bool = False) -> list[Written]:
        key = specimen.name, panel, long
        if key not in known:
            surface = pygame.Surface((panel.width, panel.height))
            canvas = Canvas(surface, panel, art, longer if long else lambda text: text)
            paint(canvas, specimen.view, specimen.look)
            known[key] = canvas.written
        return known[key]

    return written
