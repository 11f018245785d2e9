"""The adult menu: reached from the locked screen by “Menu” and then a badge or a PIN (CHILD_UI, scene 14).

A badge alone still starts a session, which stays the first and quickest choice. Nothing in the menu opens
anything: it shows, it tests, it announces a drill; the red button works in it like anywhere. Left alone for a
minute, it locks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kiosk import effects as do
from kiosk import events as on
from kiosk.events import MenuPage, Role
from kiosk.faults import NO_BUTTON, no_button
from kiosk.rules import open_session
from kiosk.state import Menu, Result, Session, State, locked, record

ROLES: Mapping[MenuPage, frozenset[Role]] = {
    MenuPage.INCIDENTS: frozenset({Role.SLT, Role.ICT}),
    MenuPage.INCIDENT: frozenset({Role.SLT, Role.ICT}),
}
"""Who may see a page; one that is not named here is any adult's."""

NOT_YOURS = "This needs an SLT or ICT badge."


def asked(s: Session, e: on.MenuAsked) -> Result:
    """The next badge or PIN opens the menu instead of a session."""
    return replace(s, menu_asked_until=s.now + s.timing.asking), ()


def locked_tick(s: Session, e: on.Tick) -> Result:
    return (replace(s, menu_asked_until=0) if s.now >= s.menu_asked_until > 0 else s), ()


def unasked(s: Session, e: on.MenuLeft) -> Result:
    return replace(s, menu_asked_until=0), ()


def identified(s: Session, e: on.Identified) -> Result:
    """At the locked screen: a session, unless the menu was asked for."""
    if s.menu_asked_until <= s.now:
        return open_session(s, e)
    return _at(s, Menu(e.adult)), (record("menu_opened", e.adult),)


def _at(s: Session, menu: Menu) -> Session:
    return replace(locked(s), state=State.MENU, menu=menu, until=s.now + s.timing.menu)


def _menu(s: Session) -> Menu:
    assert s.menu is not None, "there is a menu in its state"
    return s.menu


def _no_drill(menu: Menu) -> tuple[do.Effect, ...]:
    """Whoever leaves the page that waits for a press takes the announcement back: a press is real again."""
    return (do.AnnounceDrill(0),) if menu.page is MenuPage.WAITING else ()


def chose(s: Session, e: on.MenuChose) -> Result:
    """Another page, or something to hear. A drill is waited for as long as the page stands."""
    menu = _menu(s)
    if menu.adult.role not in ROLES.get(e.page, frozenset(Role)):
        return _at(s, menu), (do.Tell(NOT_YOURS), record("menu_refused", menu.adult, page=e.page))
    if e.page is MenuPage.CHIMES:
        return _at(s, replace(menu, page=MenuPage.SCREEN)), (do.Chime("open" if e.number == 0 else "tell"),)
    if e.page is MenuPage.WAITING and no_button(s.faults):
        return _at(s, menu), (do.Tell(NO_BUTTON),)
    if e.page is MenuPage.WAITING:
        waiting = _at(s, Menu(menu.adult, e.page))
        return waiting, (do.AnnounceDrill(s.timing.menu, menu.adult.id), do.Say("practice"))
    return _at(s, Menu(menu.adult, e.page, e.number)), _no_drill(menu)


def left(s: Session, e: on.MenuLeft) -> Result:
    """One page up; from the first page to the locked screen."""
    menu = _menu(s)
    if menu.page is MenuPage.TOP:
        return locked(s), ()
    up = MenuPage.INCIDENTS if menu.page is MenuPage.INCIDENT else MenuPage.TOP
    return _at(s, Menu(menu.adult, up)), _no_drill(menu)


def another(s: Session, e: on.Identified) -> Result:
    """Another adult's badge begins anew, with what they may see; one's own is no news."""
    menu = _menu(s)
    if menu.adult.id == e.adult.id:
        return _at(s, menu), ()
    return _at(s, Menu(e.adult)), (*_no_drill(menu), record("menu_opened", e.adult))


def interrupted(s: Session) -> Result:
    """Something new is wrong while a drill's press is waited for: perhaps it was not even announced, so the
    page that calls it a practice goes."""
    waits = s.menu is not None and s.menu.page is MenuPage.WAITING
    return (locked(s), (do.AnnounceDrill(0),)) if waits else (s, ())


def tick(s: Session, e: on.Tick) -> Result:
    if s.now < s.until:
        return s, ()
    return locked(s), _no_drill(_menu(s))
