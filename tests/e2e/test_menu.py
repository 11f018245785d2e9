"""The adult menu as an adult uses it: by touch and badge, no keyboard; a practice on the real screens."""

from __future__ import annotations

from kiosk.protocol import Scene, Tap
from kiosk.screen.targets import Local
from tests.e2e.conftest import Observed, wait_until


def menu(kiosk: Observed, role: str) -> None:
    """From the locked screen: “Menu”, then a badge."""
    kiosk.tap(Tap.MENU)
    kiosk.until(Scene.LOCKED, lambda view: view.menu == "asked")
    kiosk.badge(role)
    kiosk.until(Scene.MENU)


def titled(kiosk: Observed, title: str) -> None:
    kiosk.until(Scene.MENU, lambda view: view.sheet is not None and title in view.sheet.title)


def test_a_practice_runs_the_whole_panic_under_its_band_and_its_times_are_kept(kiosk: Observed) -> None:
    menu(kiosk, "staff")
    kiosk.look("menu")
    kiosk.tap(Tap.MENU, "practice")
    titled(kiosk, "Practice")
    kiosk.tap(Tap.MENU, "waiting")
    kiosk.until(Scene.MENU, lambda view: view.practice)
    kiosk.look("menu-waiting")
    kiosk.control.ask("press", what="panic")
    kiosk.until(Scene.PANIC, lambda view: view.practice)
    kiosk.look("panic-practice")
    wait_until(kiosk.alerts)
    [mail] = kiosk.alerts()
    assert "Subject: DRILL Kiosk alert" in mail
    assert "Ms Ali" in mail
    wait_until(lambda: kiosk.control.ask("status").data["button_held"] is False)
    kiosk.badge("slt")
    kiosk.until(Scene.RESET, lambda view: view.practice)
    kiosk.tap(Tap.OUTCOME, "practice")
    view = kiosk.until(Scene.RESET, lambda view: view.facts is not None and bool(view.facts.outcome))
    assert view.facts is not None
    steps = {line.split(":")[0] for line in view.facts.times}  # each has a time of its own
    assert steps == {"internet gone", "Wi-Fi off", "on disk", "dark"}
    kiosk.look("reset-drill")
    kiosk.tap(Tap.UNLOCK)
    kiosk.until(Scene.LOCKED)
    menu(kiosk, "slt")
    kiosk.tap(Tap.MENU, "incidents")
    titled(kiosk, "Incidents")
    assert kiosk.view.sheet is not None
    assert "Practice, Ms Ali" in kiosk.view.sheet.lines[0].text
    kiosk.look("menu-incidents")
    kiosk.tap(Tap.MENU, "incident 1")
    titled(kiosk, "Incident 1")


def test_a_press_in_the_menu_that_nobody_announced_is_real_h3(kiosk: Observed) -> None:
    menu(kiosk, "staff")
    kiosk.tap(Tap.MENU, "practice")
    titled(kiosk, "Practice")
    kiosk.tap(Tap.MENU, "waiting")
    kiosk.until(Scene.MENU, lambda view: view.practice)
    kiosk.tap(Tap.LEAVE)
    kiosk.until(Scene.MENU, lambda view: not view.practice)
    kiosk.control.ask("press", what="panic")
    kiosk.until(Scene.PANIC, lambda view: not view.practice)
    wait_until(kiosk.alerts)
    assert "DRILL" not in kiosk.alerts()[0]


def test_staff_see_the_self_test_and_not_the_incidents_and_a_badge_alone_stays_a_session(
    kiosk: Observed,
) -> None:
    menu(kiosk, "staff")
    kiosk.tap(Tap.MENU, "incidents")
    wait_until(lambda: "SLT or ICT" in kiosk.control.said)
    kiosk.tap(Tap.MENU, "self_test")
    titled(kiosk, "Self-test: all is well")
    kiosk.look("menu-self-test")
    kiosk.tap(Tap.LEAVE)
    titled(kiosk, "Menu")
    kiosk.tap(Tap.LEAVE)
    kiosk.until(Scene.LOCKED)
    kiosk.tap(Local.PIN)
    kiosk.badge("staff")
    kiosk.until(Scene.HOME)
