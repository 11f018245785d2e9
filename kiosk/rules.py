"""What each event makes of an open, opening or closing session: one small function a row of the table.

Each takes the session and the event and gives the next session and its effects; none knows the time but by
`session.now`, and none does anything.
"""

from __future__ import annotations

from dataclasses import replace

from kiosk import effects as do
from kiosk import events as on
from kiosk.errors import NotNow
from kiosk.events import Choice, Event
from kiosk.faults import Internet, gravest, reference
from kiosk.state import ALL_DONE, Cover, Ending, Result, Session, State, leaving, locked, record

# Opening.


def open_session(s: Session, e: on.Identified) -> Result:
    """A session opens for a named adult with a current agreement, and only without a fault (invariant 2)."""
    if s.faults:
        fault = s.faults[gravest(s.faults)]
        return s, (do.Tell(f"{fault.sentence} {fault.todo}"), record("refused", e.adult, why=fault.code))
    if not e.adult.agreed:
        text = "Your acceptable-use agreement is not signed, or is over a year old. Please see ICT."
        return s, (do.Tell(text), record("refused", e.adult, why="agreement"))
    opened = Session(
        timing=s.timing,
        state=State.OPENING,
        internet=Internet.ON,
        now=s.now,
        adult=e.adult,
        until=s.now + s.timing.opening,
        seen_at=s.now,
    )
    return opened, (record("session_opening", e.adult), do.Say("waking"), do.Open())


def step_done(s: Session, e: on.StepDone) -> Result:
    return replace(s, steps=(*s.steps, e.name)), ()


def opened(s: Session, e: on.BrowserReady) -> Result:
    home = replace(s, state=State.HOME, browser_up=True, ends_at=s.now + s.timing.sun, seen_at=s.now)
    return home, (record("session_open", s.adult), do.Chime("open"), do.Say("home"))


def not_opened(s: Session, e: on.OpeningFailed) -> Result:
    return close(s, Ending.FAULT, trouble=e)


def opening_gone(s: Session, e: on.BrowserGone) -> Result:
    return close(s, Ending.FAULT, trouble=on.OpeningFailed("browser", detail=e.why))


def opening_tick(s: Session, e: on.Tick) -> Result:
    if s.now < s.until:
        return s, ()
    return close(s, Ending.FAULT, trouble=on.OpeningFailed("late"))


# Home and page.


def tile(s: Session, e: on.TileTapped) -> Result:
    page = replace(
        s,
        state=State.PAGE,
        site=e.site,
        url=e.url,
        loading=True,
        refused="",
        asleep="",
        back=False,
        until=s.now + s.timing.loading,
    )
    opening = (do.Navigate(e.url),) if s.browser_up else ()
    return page, (record("tile", s.adult, site=e.site), do.Say(f"tile-{e.site}"), *opening)


def restarted(s: Session, e: on.BrowserReady) -> Result:
    waiting = s.state is State.PAGE and s.loading
    return replace(s, browser_up=True), (do.Navigate(s.url),) if waiting else ()


def painted(s: Session, e: on.PagePainted) -> Result:
    """The page can be seen, unless a closed door stands before it: that goes by a touch alone."""
    page = replace(s, url=e.url, back=e.back, loading=False)
    return page, (record("page", s.adult, url=e.url),) if e.url != s.url or s.loading else ()


def moved(s: Session, e: on.PageMoved) -> Result:
    """A link was followed, or the page moved within itself: what is seen stays seen."""
    if e.url == s.url:
        return replace(s, back=e.back), ()
    return replace(s, url=e.url, back=e.back), (record("page", s.adult, url=e.url),)


def failed(s: Session, e: on.PageFailed) -> Result:
    """A page that does not come is asleep: a tile's takes us home, a link's leaves the page where it was, if
    it is there still."""
    log = record("page_failed", s.adult, url=e.url, why=e.why)
    if e.stays and not s.loading:
        return s, (log, do.Say("asleep"))
    return replace(at_home(s), asleep=s.site), (log, do.Blank(), do.Say("asleep"))


def refused(s: Session, e: on.LinkRefused) -> Result:
    """A closed door."""
    door, log = shut(s, e)
    return door, (log, *(() if s.refused else (do.Say("door-closed"),)))


def shut(s: Session, e: on.LinkRefused) -> tuple[Session, do.Effect]:
    """Where no page was painted yet, or none is there any more, there is none to go back to."""
    door = replace(s, refused=e.why, loading=s.loading or not e.stays, back=s.back and e.stays)
    return door, record("link_refused", s.adult, host=e.host, url=e.url, why=e.why)


def part_refused(s: Session, e: on.PartRefused) -> Result:
    """Nothing of it is seen, and whoever checks the list has to know what a page lacks."""
    return s, (record("part_refused", s.adult, host=e.host, url=e.url, why=e.why),)


def home(s: Session, e: Event) -> Result:
    """Leaving a page of one's own will: whatever ailed earlier pages is over, so crashes count anew."""
    if s.now >= s.ends_at:
        return close(s, Ending.TIME_UP)
    return at_home(replace(s, crashes=0)), (do.Blank(), do.Say("home"))


def back(s: Session, e: on.BackTapped) -> Result:
    if s.refused and not s.loading:
        return replace(s, refused=""), ()
    if s.refused or not s.back:
        raise NotNow("There is nothing behind this page.")
    return s, (do.GoBack(),)


def at_home(s: Session) -> Session:
    """The tiles, whatever page there was forgotten."""
    return replace(
        s,
        state=State.HOME,
        site="",
        url="",
        left=leaving(s),
        back=False,
        loading=False,
        refused="",
        cover=None,
        chooser=None,
    )


def gone(s: Session, e: on.BrowserGone) -> Result:
    """The browser died: kindly back to the tiles and a new browser; the third in a row ends the session."""
    crashes = s.crashes + 1
    log = record("browser_gone", s.adult, why=e.why, in_a_row=crashes)
    if crashes >= 3:
        closing, effects = close(s, Ending.FAULT, trouble=on.OpeningFailed("crashes"))
        return closing, (log, *effects)
    if s.state is State.COVERED:
        return replace(s, browser_up=False, crashes=crashes, under=State.HOME), (log, do.Restart())
    home = replace(at_home(s), browser_up=False, crashes=crashes, asleep=s.site)
    return home, (log, do.Say("asleep"), do.Restart())


def here(s: Session, e: on.Identified) -> Result:
    """The adult is still there, or hands over to another who signed (H1, H10)."""
    if not e.adult.agreed:
        text = "Your acceptable-use agreement is not signed, so you can't take over."
        return s, (do.Tell(text), record("refused", e.adult, why="agreement"))
    present = replace(s, seen_at=s.now, asking_until=None, adult=e.adult)
    if s.adult is not None and s.adult.id == e.adult.id:
        return present, (do.Tell(f"Thank you, {e.adult.name}.", refused=False), record("present", e.adult))
    was = s.adult.name if s.adult else ""
    text = f"Thank you, {e.adult.name}. This session is yours now."
    return present, (do.Tell(text, refused=False), record("hand_over", e.adult, was=was))


def browsing_tick(s: Session, e: on.Tick) -> Result:
    """Home and page: a page that does not come, the sun's end, its last minute, the presence check."""
    page = s.state is State.PAGE
    if page and s.loading and not s.refused and s.now >= s.until:
        asleep = replace(at_home(s), asleep=s.site)
        return asleep, (do.Blank(), do.Say("asleep"), record("page_asleep", s.adult, site=s.site))
    if s.now >= s.ends_at + (s.timing.grace if page else 0):
        return close(s, Ending.TIME_UP)
    effects: list[do.Effect] = []
    if s.nearly and not s.warned:
        s = replace(s, warned=True)
        effects += [do.Chime("open"), do.Say("one-more-look")]
    if s.asking_until is not None and s.now >= s.asking_until:
        covered, more = cover(s, Cover.PRESENCE, s.timing.presence_cover, "find-grown-up")
        return covered, (*effects, *more)
    if s.asking_until is None and s.now >= s.seen_at + s.timing.presence_every:
        s = replace(s, asking_until=s.now + s.timing.presence_ask)
        effects.append(do.Chime("tell"))
    return s, tuple(effects)


# The cover.


def cover(s: Session, why: Cover, limit: float, line: str) -> Result:
    covered = replace(
        s,
        state=State.COVERED,
        cover=why,
        under=s.state,
        chooser=None,
        asking_until=None,
        until=s.now + limit,
    )
    return covered, (
        do.Mute(True),
        do.Chime("tell"),
        do.Say(line),
        record("covered", s.adult, why=why, url=s.url, **({"times": s.tells} if why is Cover.TOLD else {})),
    )


def told(s: Session, e: on.TellTapped) -> Result:
    """The same praise however often; the log counts (H8)."""
    return cover(replace(s, tells=s.tells + 1), Cover.TOLD, s.timing.told, "well-done")


def answered(s: Session, e: on.Identified) -> Result:
    """An adult at the cover: a presence check is answered; a child who told is looked after by choosing."""
    present, effects = here(s, e)
    if not e.adult.agreed:
        return present, effects
    if s.cover is Cover.PRESENCE:
        back, more = uncover(present)
        return back, (*effects, *more)
    return replace(present, chooser=e.adult), effects


def uncover(s: Session) -> Result:
    """What was covered is seen again; a page that was still coming gets its whole time anew."""
    seen = replace(s, state=s.under, cover=None, chooser=None, until=s.now + s.timing.loading)
    return seen, (do.Mute(False),)


def chose(s: Session, e: on.Chose) -> Result:
    if s.chooser is None:
        raise NotNow("Only an adult who has used their badge or PIN may choose.")
    if e.choice is Choice.SUN:
        raise NotNow("Another sun is for when this one is down.")
    log = record("cover_choice", s.chooser, choice=e.choice, url=s.url)
    if e.choice is Choice.STOP:
        return s, (log, do.Trip("from the screen"))
    if e.choice is Choice.TOGETHER:
        session, effects = uncover(s)
    elif e.choice is Choice.CLOSE:
        session, effects = at_home(s), (do.Blank(), do.Mute(False))
    else:
        session, effects = close(s, Ending.FINISHED)
    return session, (log, *effects)


def covered_page(s: Session, e: on.PagePainted | on.PageMoved | on.LinkRefused | on.PageFailed) -> Result:
    """A page that goes on beneath the cover is remembered, never shown and never heard."""
    if isinstance(e, on.LinkRefused):
        door, log = shut(s, e)
        return door, (log,)
    if isinstance(e, on.PageFailed):
        under = s if e.stays else replace(s, under=State.HOME, asleep=s.site)
        return under, (record("page_failed", s.adult, url=e.url, why=e.why),)
    loading = s.loading and not isinstance(e, on.PagePainted)
    page = replace(s, url=e.url, back=e.back, loading=loading)
    return page, (record("page", s.adult, url=e.url, covered=True),) if e.url != s.url else ()


def covered_tick(s: Session, e: on.Tick) -> Result:
    if s.now < s.until:
        return s, ()
    closing, effects = close(s, Ending.ABSENT)
    name = s.adult.name if s.adult else "nobody"
    text = f"Nobody answered at the kiosk, so the session of {name} was ended."
    return closing, (*effects, do.Notify("A session ended without its adult", text))


# Closing.


def close(s: Session, why: Ending, trouble: on.OpeningFailed | None = None) -> Result:
    closing = Session(
        timing=s.timing,
        state=State.CLOSING,
        faults=s.faults,
        internet=Internet.TURNING_OFF,
        now=s.now,
        adult=s.adult,
        left=leaving(s),
        until=s.now + s.timing.finished,
        ending=why,
        trouble=trouble,
    )
    said = (do.Say("all-done"),) if why in ALL_DONE else ()
    detail: dict[str, str] = {}
    if trouble is not None:
        quoted = reference(trouble.code, trouble.at)
        detail = {"trouble": trouble.sentence, "code": trouble.code, "reference": quoted}
        if trouble.detail:
            detail["detail"] = trouble.detail
    return closing, (do.Close(), record("session_closed", s.adult, why=why, **detail), *said)


def stopped(s: Session, e: on.BrowserStopped) -> Result:
    return (locked(s) if s.state is State.CLOSING and s.ending is Ending.FINISHED else s), ()


def put_away(s: Session, e: on.FinishTapped) -> Result:
    """A fault that was read. A session that is done is put away by badge alone."""
    return (locked(s) if s.ending is Ending.FAULT else s), ()


def identified_at_the_end(s: Session, e: on.Identified) -> Result:
    """When the sun is down a badge asks what now, and hands over if it is another's (H10)."""
    if s.ending not in ALL_DONE:
        return open_session(s, e)
    present, effects = here(s, e)
    if not e.adult.agreed:
        return s, effects
    return replace(present, chooser=e.adult, until=s.now + s.timing.finished), effects


def chose_at_the_end(s: Session, e: on.Chose) -> Result:
    """Finish, or another sun: as long as the first, with everything that opening a session asks for."""
    if s.chooser is None or e.choice not in (Choice.FINISH, Choice.SUN):
        raise NotNow("An adult who has used their badge or PIN may finish, or give another sun.")
    log = record("end_choice", s.chooser, choice=e.choice)
    session, effects = (
        (locked(s), ()) if e.choice is Choice.FINISH else open_session(s, on.Identified(s.chooser))
    )
    return session, (log, *effects)


def closing_tick(s: Session, e: on.Tick) -> Result:
    return (locked(s) if s.now >= s.until else s), ()


def stay(s: Session, e: Event) -> Result:
    return s, ()
