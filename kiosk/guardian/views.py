"""What is to be seen, as a pure function of the session: no state of its own, nothing decided here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kiosk import events as on
from kiosk.faults import TABLE, Internet, gravest, no_button, reference
from kiosk.guardian.alerts import defang
from kiosk.protocol import Facts, Line, PanicNews, Scene, Sheet, Step, Sun, Tile, Trouble, View
from kiosk.state import Cover, Ending, Panic, Session, State

FILTER = "filter"
STEPS = ("network", FILTER, "door", "browser", "test of a blocked page")
"""The real steps of waking up, in the order in which they are done."""

ALERT_WORDS: Mapping[str, str] = {
    "sending": "Nobody told yet: still sending",
    "sent": "Sent, no answer yet:",
    "unanswered": "Sent again, and nobody has answered:",
    "told": "Told:",
    "not_told": "SLT NOT told",
}


LONGEST_PAGE = 60  # characters of a page's address
LONGEST_NOTE = 80  # characters of a line on the smallest panel


@dataclass(frozen=True)
class Setting:
    """What views need to know of the configuration. `titles`: the tiles' titles by site id;
    `steps`: those of STEPS that this kiosk takes."""

    tiles: tuple[Tile, ...] = ()
    next: str = "garden"
    contacts: tuple[str, ...] = ()
    ready: str = "Ready"
    titles: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[str, ...] = STEPS
    device: str = ""
    times: tuple[str, ...] = ()  # what was measured of the latest panic
    sheet: Sheet | None = None  # of the menu, while there is one
    about: tuple[Line, ...] = ()  # this kiosk, for the menu
    announced: bool = False  # a drill: a press now is one


def view_of(session: Session, setting: Setting, serial: int = 0) -> View:
    """The view of this session. Panic before everything, then the session's own state."""
    view = (_panic if session.panic is Panic.LATCHED else _armed)(session, setting, serial)
    dead = view.scene is not Scene.FAULT and bool(no_button(session.faults))
    return replace(view, no_button=dead, practice=view.practice or setting.announced)


def _armed(session: Session, setting: Setting, serial: int) -> View:
    if session.menu is not None:
        return View(
            serial,
            Scene.MENU,
            adult=session.menu.adult.name,
            sheet=setting.sheet,
            practice=session.menu.page is on.MenuPage.WAITING,
        )
    if session.state is State.LOCKED:
        return _locked(session, setting, serial)
    if session.state is State.CLOSING:
        return _closing(session, setting, serial)
    return _session(session, setting, serial)


def _panic(s: Session, setting: Setting, serial: int) -> View:
    alarm = s.alarm
    news = PanicNews(contacts=setting.contacts)
    if alarm.cut is not None:
        news = PanicNews(
            internet=_internet(alarm.cut),
            internet_at=alarm.cut.at,
            contacts=setting.contacts,
        )
    if alarm.alert is not None:
        a = alarm.alert
        news = PanicNews(
            news.internet, news.internet_at, a.state, a.at, a.who, a.path, a.tries, setting.contacts
        )
    if alarm.resetter is None:
        return View(serial, Scene.PANIC, panic=news, practice=alarm.drill)
    told = ALERT_WORDS[alarm.alert.state if alarm.alert else "sending"]
    if alarm.alert and alarm.alert.who:
        told = f"{told} {', '.join(filter(None, (alarm.alert.who, alarm.alert.path, alarm.alert.at)))}"
    facts = Facts(
        by=alarm.resetter.name,
        at=alarm.at,
        cause=alarm.cause,
        told=told,
        adult=alarm.adult.name if alarm.adult else "",
        page=shortened(defang(alarm.url), LONGEST_PAGE)
        + (f", left {alarm.left} s before" if alarm.left else ""),
        outcome=alarm.outcome or "",
        care=tuple(care for care in on.Care if care in alarm.care),
        reference=f"{setting.device} {alarm.incident}".strip() if alarm.incident else "",
        held=alarm.held,
        times=setting.times if alarm.drill else (),
    )
    return View(serial, Scene.RESET, panic=news, facts=facts, practice=alarm.drill)


def shortened(text: str, longest: int) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def ending_in_full(sentence: str, longest: int) -> str:
    """A sentence of at most so many characters. What is long in it is a host, and who owns a host stands at
    its end; so its beginning goes.
    """
    over = len(sentence) - longest
    host = max(sentence.split(" "), key=len)
    return sentence.replace(host, f"…{host[over + 1 :]}") if over > 0 else sentence


def _internet(cut: on.InternetCut) -> str:
    if cut.alert_only:
        return "alert_only" if cut.fenced else "alert"
    return "off" if cut.confirmed else "unconfirmed"


def _locked(s: Session, setting: Setting, serial: int) -> View:
    menu = "asked" if s.menu_asked_until else "offered"
    if not s.faults:
        return View(serial, Scene.LOCKED, note=setting.ready, menu=menu)
    return View(serial, Scene.FAULT, trouble=_trouble(s, s.faults[gravest(s.faults)]), menu=menu)


def _trouble(s: Session, wrong: on.FaultRaised | on.OpeningFailed) -> Trouble:
    """What an adult reads. Another fault that takes the button away is said beside this one."""
    row = TABLE[wrong.code]
    internet = s.internet if row.vouched else Internet.UNCONFIRMED
    line = no_button((wrong.code, *s.faults))
    said = reference(wrong.code, wrong.at)
    return Trouble(wrong.sentence, wrong.todo, row.number, internet, line, said)


def _closing(s: Session, setting: Setting, serial: int) -> View:
    adult = s.adult.name if s.adult else ""
    if s.trouble is not None:
        return View(serial, Scene.FAULT, adult=adult, trouble=_trouble(s, s.trouble))
    if s.ending is Ending.FINISHED:
        return View(serial, Scene.LOCKED, note="Closing the session…")
    return View(serial, Scene.FINISHED, adult=adult, next=setting.next, choices=s.chooser is not None)


def _session(s: Session, setting: Setting, serial: int) -> View:
    scene = {
        State.OPENING: Scene.OPENING,
        State.HOME: Scene.HOME,
        State.PAGE: Scene.DOOR if s.refused else Scene.PAGE,
        State.COVERED: Scene.COVERED,
    }[s.state]
    browsing = s.state in (State.HOME, State.PAGE)
    page = s.state is State.PAGE
    return View(
        serial,
        scene,
        browser=s.page_visible,
        adult=s.adult.name if s.adult else "",
        tiles=setting.tiles if s.state is not State.OPENING else (),
        asleep=s.asleep,
        loading=s.site if page and s.loading and not s.refused else "",
        sun=Sun(max(0.0, s.ends_at - s.now), s.timing.sun) if s.state is not State.OPENING else None,
        nearly=browsing and s.nearly,
        next=setting.next,
        back=page and (s.back or bool(s.refused and not s.loading)),
        note=_note(s, setting),
        steps=_steps(s, setting) if s.state is State.OPENING else (),
        cover=s.cover.value if s.cover else "",
        choices=s.chooser is not None and s.cover is Cover.TOLD,
        asking=s.asking_until is not None,
    )


def _note(s: Session, setting: Setting) -> str:
    if s.refused:
        return ending_in_full(s.refused, LONGEST_NOTE)
    return setting.titles.get(s.site, "") if s.state is State.PAGE else ""


def _steps(s: Session, setting: Setting) -> tuple[Step, ...]:
    return tuple(Step(name, name in s.steps) for name in setting.steps)
