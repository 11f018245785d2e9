"""What becomes of a way out that does not open: the screen has an adult's words, the log a technician's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from hardware.errors import RadioError
from kiosk import events as on
from kiosk.errors import BrowserError, FilterError
from kiosk.faults import TABLE
from kiosk.guardian import browser_events as web
from kiosk.guardian.browsing import Browsing, bare, host
from tests.waiting import until


def opening(error: Exception, first: bool = True) -> list[on.Event]:
    """What is answered where a way out cannot be made."""
    told: list[on.Event] = []

    def none(_: object) -> None:
        raise error

    async def act() -> None:
        async with asyncio.TaskGroup() as tasks:
            browsing = Browsing(none, lambda: None, lambda: True, told.append, tasks.create_task)  # type: ignore[arg-type]
            browsing.open(first)

    asyncio.run(act())
    return [event for event in told if not isinstance(event, on.StepDone)]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (
            BrowserError("Chromium did not come up: Target.attachToTarget (SIGTRAP)", "kiosk doctor"),
            "browser",
        ),
        (RadioError("ioctl(RFKILL) failed: [Errno 19]"), "radio"),
        (OSError(24, "Too many open files"), "session"),
    ],
)
def test_the_screen_has_the_faults_own_words_and_the_log_the_errors(error: Exception, code: str) -> None:
    (failed,) = opening(error)
    assert isinstance(failed, on.OpeningFailed)
    assert (failed.sentence, failed.todo) == (TABLE[code].sentence, TABLE[code].todo)
    assert failed.detail == str(error)
    assert opening(error, first=False) == [on.BrowserGone(str(error))]


def test_what_the_filters_check_found_is_said_as_it_was_found_h21() -> None:
    found = "The setting's internet filter is not in the path.", "Tell ICT: 192.0.2.1 lets it through."
    (failed,) = opening(FilterError(*found))
    assert isinstance(failed, on.OpeningFailed)
    assert (failed.code, failed.sentence, failed.todo) == ("filter", *found)


class Made:
    """A way out whose every call hangs until it is cut, as those to a page that hangs do."""

    def __init__(self, hear: Callable[[web.BrowserEvent], None]) -> None:
        self.hear = hear
        self.browser = self
        self.dead = asyncio.Event()

    async def open(self, step: Callable[[str], None]) -> None:
        await asyncio.sleep(0)
        if self.dead.is_set():
            raise BrowserError("It was stopped.")

    async def hangs(self) -> None:
        await self.dead.wait()
        raise BrowserError("Its control channel ended.")

    def cut(self) -> None:
        self.dead.set()

    async def closed(self) -> None:
        await asyncio.sleep(0.01)


class Session:
    """A Browsing whose session opens another browser for each that died, as the real one does."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.made: list[Made] = []
        self.told: list[on.Event] = []
        self.open = True
        self.browsing = Browsing(self.make, lambda: None, lambda: self.open, self.post, tasks.create_task)  # type: ignore[arg-type]

    def make(self, hear: Callable[[web.BrowserEvent], None]) -> Made:
        self.made.append(Made(hear))
        return self.made[-1]

    def post(self, event: on.Event) -> None:
        self.told.append(event)
        if isinstance(event, on.BrowserGone):
            self.browsing.open(first=False)

    def many(self, kind: type[on.Event]) -> int:
        return sum(isinstance(event, kind) for event in self.told)


def dies_twice(session: Session) -> None:
    session.browsing.act(lambda browser: browser.hangs())  # type: ignore[attr-defined]
    session.browsing.act(lambda browser: browser.hangs())  # type: ignore[attr-defined]
    session.made[-1].hear(web.Gone("Its page hangs."))


def reopens_into_a_reopening(session: Session) -> None:
    session.made[-1].hear(web.Gone("It ended."))
    session.browsing.open(first=False)


def ends_and_begins_while_it_is_reopened(session: Session) -> None:
    session.made[-1].hear(web.Gone("It ended."))
    session.browsing.close()
    session.browsing.open(first=True)


@pytest.mark.parametrize(
    "happens", [dies_twice, reopens_into_a_reopening, ends_and_begins_while_it_is_reopened]
)
def test_there_are_never_two_ways_out_and_no_death_is_told_twice(happens: Callable[[Session], None]) -> None:
    async def act() -> None:
        async with asyncio.TaskGroup() as tasks:
            session = Session(tasks)
            session.browsing.open(first=True)
            await until(lambda: session.many(on.BrowserReady) == 1, 10)
            happens(session)
            await until(lambda: session.many(on.BrowserReady) == 2, 10)
            await asyncio.sleep(0.1)  # and no more
            assert session.many(on.BrowserGone) == 1
            assert session.many(on.BrowserReady) == 2
            assert [way_out.dead.is_set() for way_out in session.made] == [True, False]
            session.browsing.cut()
            assert session.made[-1].dead.is_set()

    asyncio.run(act())


def test_what_was_replaced_has_nothing_more_to_say() -> None:
    async def act() -> None:
        async with asyncio.TaskGroup() as tasks:
            session = Session(tasks)
            session.browsing.open(first=True)
            await until(lambda: session.many(on.BrowserReady) == 1, 10)
            too_late = session.browsing.ending("The screen did not confirm.")
            old = session.made[0]
            old.hear(web.Gone("It ended."))
            await until(lambda: session.many(on.BrowserReady) == 2, 10)
            told = len(session.told)
            old.hear(web.Painted("https://farm.example/", True))
            old.hear(web.Gone("It ended again."))
            too_late()
            assert len(session.told) == told
            assert not session.made[1].dead.is_set()

    asyncio.run(act())


@pytest.mark.parametrize(
    ("url", "name", "logged"),
    [
        ("https://farm.example/a/cow?child=Ann#x", "farm.example", "https://farm.example/a/cow"),
        ("https://me:secret@farm.example/a", "farm.example", "https://farm.example/a"),
        ("https://[/?q", "https://[/?q", "https://[/"),
        ("javascript:alert(1)?x", "javascript:alert(1)?x", "javascript:alert(1)"),
    ],
)
def test_a_refused_address_is_logged_without_its_query(url: str, name: str, logged: str) -> None:
    assert host(url) == name
    assert bare(url) == logged
    assert len(bare(f"https://farm.example/{'a' * 5000}")) == 300
