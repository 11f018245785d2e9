"""Scene 12, word for word: two facts that can each fail alone (H3, S9)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest

from kiosk.protocol import PanicNews, Scene, View
from kiosk.screen import theme
from kiosk.screen.band import PRACTICE
from kiosk.screen.canvas import Canvas
from kiosk.screen.look import Look
from kiosk.screen.scenes.panic import facts
from kiosk.screen.units import Panel

INTERNET = {
    "cutting": ("Turning the internet off…", ""),
    "off": ("Internet OFF (checked 10:42:07)", ""),
    "alert": ("Browser stopped. Wi-Fi is on for a moment, to tell SLT.", ""),
    "alert_only": ("Browser stopped. Wi-Fi is on to tell SLT, and for nothing else.", ""),
    "unconfirmed": ("Internet NOT confirmed off.", "Unplug the kiosk."),
}
ALERT = {
    "sending": ("Telling SLT…", ""),
    "sent": ("Sent 10:42:09, no answer yet", ""),
    "unanswered": (
        "NOBODY has answered.",
        "Sent 10:42:09. Take the child with you and tell SLT now.",
    ),
    "told": ("SLT told 10:42:09 – Mrs Khan", ""),
    "not_told": ("SLT NOT told.", "Take the child with you and tell SLT now."),
}

BOTH = list(itertools.product(INTERNET, ALERT))


def view(internet: str, alert: str) -> View:
    return View(
        1, Scene.PANIC, panic=PanicNews(internet, "10:42:07", alert, "10:42:09", "Mrs Khan", "e-mail")
    )


@pytest.mark.parametrize(("internet", "alert"), BOTH)
def test_each_fact_has_its_exact_words(internet: str, alert: str) -> None:
    first, second = facts(view(internet, alert))
    assert (first.line, first.todo) == INTERNET[internet]
    assert (second.line, second.todo) == ALERT[alert]


@pytest.mark.parametrize(("internet", "alert"), BOTH)
def test_told_is_never_said_of_sent(internet: str, alert: str) -> None:
    told = "told" in facts(view(internet, alert))[1].line
    assert told == (alert in ("told", "not_told"))


@pytest.mark.parametrize(("internet", "alert"), BOTH)
@pytest.mark.parametrize("late", [False, True])
def test_only_a_failure_becomes_large_and_only_after_15_s(
    internet: str, alert: str, late: bool, render: Callable[..., Canvas]
) -> None:
    panel = Panel(1280, 800, 217, 135.6)
    specimen = type("Specimen", (), {"view": view(internet, alert), "look": Look(late=late)})()
    large = {w.text for w in render(specimen, panel).written if w.size >= panel.u(theme.ALERT.size)}
    failures = {fact.line for fact in facts(view(internet, alert)) if fact.bold}
    assert large == (failures if late else set())


def test_the_contacts_stand_on_the_panic_screen_s9(render: Callable[..., Canvas]) -> None:
    news = PanicNews(contacts=("Local authority duty desk 01632 960 001",))
    specimen = type("Specimen", (), {"view": View(1, Scene.PANIC, panic=news), "look": Look()})()
    words = [w.text for w in render(specimen, Panel(800, 480, 154.1, 92.5)).written]
    assert "Local authority duty desk 01632 960 001" in words
    assert "Stay with the child. SLT resets this screen." in words


def test_what_is_known_is_never_pushed_off_the_glass_by_whom_to_call(render: Callable[..., Canvas]) -> None:
    news = PanicNews("off", "10:42:07", "not_told", tries=9, contacts=tuple(f"Desk {n}" for n in range(40)))
    look = Look(late=True, feedback="This needs an SLT badge.")
    specimen = type("Specimen", (), {"view": View(1, Scene.PANIC, panic=news), "look": look})()
    written = render(specimen, Panel(800, 480, 154.1, 92.5)).written
    assert all(w.ink.y > 0 for w in written)
    words = {w.text for w in written}
    assert {"Internet OFF (checked 10:42:07)", "This needs an SLT badge.", "SLT NOT told.", "Desk 0"} <= words
    assert "Desk 39" not in words


@pytest.mark.parametrize(("internet", "alert"), BOTH)
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("practice", [False, True])
def test_every_word_of_both_facts_is_on_the_glass_and_the_band_on_a_practice_alone(
    internet: str, alert: str, late: bool, practice: bool, panel: Panel, render: Callable[..., Canvas]
) -> None:
    shown = replace(view(internet, alert), practice=practice)
    specimen = type("Specimen", (), {"view": shown, "look": Look(late=late)})()
    written = render(specimen, panel).written
    assert all(w.fits for w in written)
    said = " ".join(w.text for w in written)
    for line, todo in (INTERNET[internet], ALERT[alert]):
        assert line in said
        assert todo in said
    assert (PRACTICE in said) == practice
    if practice:
        band = next(w for w in written if w.text == PRACTICE)
        assert all(w.ink.y >= band.box.bottom for w in written if w is not band)


def test_panic_is_black_but_for_its_words(render: Callable[..., Canvas]) -> None:
    specimen = type("Specimen", (), {"view": view("off", "told"), "look": Look()})()
    canvas = render(specimen, Panel(1280, 800, 217, 135.6))
    top = min(w.ink.y for w in canvas.written)
    assert not any(canvas.surface.subsurface((0, 0, 1280, top - 10)).copy().get_buffer().raw.strip(b"\0\xff"))
    assert top > 400
