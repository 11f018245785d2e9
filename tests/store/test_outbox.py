"""Invariant 7 on real servers: an alert is delivered, or known not to be."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from kiosk.errors import StoreError
from kiosk.guardian.alerts import Message
from kiosk.guardian.courier import Courier
from kiosk.guardian.incidents import Incidents, Outcome
from kiosk.guardian.outbox import MOST_HANGING, Outbox
from kiosk.guardian.paths import Delivery, PathTo
from kiosk.guardian.store import Store
from kiosk.guardian.telling import News, Progress

MESSAGE = Message("K7QM-2XVA", "Kiosk alert from Room 2", "Kiosk alert.\nReference K7QM-2XVA.\n")
SOON = 0.01  # s between tries


class Scene:
    """An outbox over a real store and real mail, and what it said."""

    def __init__(
        self,
        store: Store,
        deliver: Callable[[str, Message], Delivery] | None = None,
        patience: float = 10,
        backoff: float = SOON,
    ) -> None:
        self.store = store
        self.said: list[Progress] = []
        self.troubles: list[StoreError] = []
        self.outbox = Outbox(
            store,
            deliver or Courier(),
            lambda: datetime.now(UTC),
            self._hear,
            self.troubles.append,
            patience=patience,
            backoff=lambda tries: backoff,
        )
        self.heard = asyncio.Event()

    def _hear(self, progress: Progress) -> None:
        self.said.append(progress)
        self.heard.set()

    def incident(self) -> int:
        return Incidents(self.store).open("the red button", datetime.now(UTC), "Ms Ali", "Room 2", "")

    def states(self) -> list[str]:
        return [row["state"] for row in self.store.rows("SELECT state FROM delivery ORDER BY alert, place")]

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for what the outbox says next until `true`."""
        async with asyncio.timeout(20):
            while not true():
                self.heard.clear()
                await self.heard.wait()

    async def until_said(self, *states: News) -> Progress:
        await self.until(lambda: bool(self.said) and self.said[-1].state in states)
        return self.said[-1]

    async def until_recorded(self, *states: str) -> None:
        """Wait for the records; acceptance of a second path says nothing new, so they are asked again."""
        async with asyncio.timeout(20):
            while self.states() != list(states):
                await asyncio.sleep(SOON)


def playing(scene: Scene, act: Callable[[Scene], Awaitable[None]]) -> None:
    """Run the sender beside `act`."""

    async def both() -> None:
        sender = asyncio.create_task(scene.outbox.run())
        await act(scene)
        assert not sender.done()
        sender.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sender

    asyncio.run(both())


def paths(*servers: Any) -> Sequence[PathTo]:
    return [
        PathTo(name, server.url()) for name, server in zip(("Mrs Khan", "Mr Harvey"), servers, strict=False)
    ]


def test_a_queued_alert_is_sent_at_once_and_said_to_be_sent(store: Store, servers: Any) -> None:
    server = servers.accepting()

    async def act(scene: Scene) -> None:
        incident = scene.incident()
        scene.outbox.queue(incident, MESSAGE, paths(server))
        assert scene.states() == ["queued"], "written before the first try"
        sent = await scene.until_said(News.SENT)
        assert (sent.alert, sent.who, sent.path, sent.tries) == (MESSAGE.id, "Mrs Khan", "e-mail", 1)
        assert scene.states() == ["accepted"]
        assert scene.outbox.news(incident) == sent

    scene = Scene(store)
    playing(scene, act)
    assert [progress.state for progress in scene.said] == [News.SENDING, News.SENT]
    assert [letter["Subject"] for letter in server.mailbox.letters] == [MESSAGE.subject]
    assert scene.troubles == []


def test_a_stalled_path_holds_no_other_back(store: Store, servers: Any) -> None:
    stalling, accepting = servers.stalling(), servers.accepting()

    async def act(scene: Scene) -> None:
        scene.outbox.queue(scene.incident(), MESSAGE, paths(stalling, accepting))
        sent = await scene.until_said(News.SENT)
        assert sent.who == "Mr Harvey"
        assert scene.states() == ["queued", "accepted"]

    playing(Scene(store), act)


def test_a_second_alert_does_not_wait_for_a_stalled_one(store: Store, servers: Any) -> None:
    stalling, accepting = servers.stalling(), servers.accepting()

    async def act(scene: Scene) -> None:
        scene.outbox.queue(scene.incident(), MESSAGE, paths(stalling))
        await asyncio.to_thread(stalling.mailbox.holding.wait, 20)
        scene.outbox.queue(scene.incident(), Message("AAAA-BBBB", "second", "b"), paths(accepting))
        sent = await scene.until_said(News.SENT)
        assert sent.alert == "AAAA-BBBB"

    playing(Scene(store), act)


def test_a_try_that_is_too_slow_is_not_told_and_its_late_acceptance_still_counts(
    store: Store, servers: Any
) -> None:
    server = servers.stalling()

    async def act(scene: Scene) -> None:
        scene.outbox.queue(scene.incident(), MESSAGE, paths(server))
        missed = await scene.until_said(News.NOT_TOLD)
        assert missed.tries == 1
        row = store.row("SELECT state, why FROM delivery")
        assert (row["state"], row["why"]) == ("retrying", "no answer within 0.3 s")
        server.mailbox.release.set()
        await scene.until_said(News.SENT)
        assert scene.states() == ["accepted"]

    playing(Scene(store, patience=0.3, backoff=1000), act)
    assert len(server.mailbox.letters) == 1


def test_a_path_that_hangs_again_and_again_does_not_pile_up_threads(store: Store) -> None:
    release, begun = threading.Event(), []

    def hang(url: str, message: Message) -> Delivery:
        begun.append(url)
        release.wait(20)
        return Delivery(True)

    async def act(scene: Scene) -> None:
        scene.outbox.queue(scene.incident(), MESSAGE, [PathTo("Mrs Khan", "mailto://127.0.0.1")])
        await scene.until(lambda: scene.said[-1].tries >= 3 * MOST_HANGING)
        assert len(begun) == MOST_HANGING
        release.set()
        await scene.until_said(News.SENT)

    playing(Scene(store, hang, patience=0.01), act)


def test_a_refused_alert_is_not_told_and_is_tried_again_until_one_accepts(store: Store, servers: Any) -> None:
    refusing, later = servers.refusing(), servers.greylisting(4)

    async def act(scene: Scene) -> None:
        scene.outbox.queue(scene.incident(), MESSAGE, paths(refusing, later))
        await scene.until_said(News.NOT_TOLD)
        sent = await scene.until_said(News.SENT)
        assert (sent.who, sent.tries) == ("Mr Harvey", 5)
        refused = refusing.mailbox.tries
        await asyncio.to_thread(refusing.mailbox.wait, 0, refused + 2)
        assert scene.states() == ["retrying", "accepted"], "what is owed to Mrs Khan goes on"

    scene = Scene(store)
    playing(scene, act)
    told = [progress.state for progress in scene.said]
    assert told == sorted(told, key=[News.SENDING, News.NOT_TOLD, News.SENT].index)
    assert set(told) == {News.SENDING, News.NOT_TOLD, News.SENT}
    assert len(later.mailbox.letters) == 1


def test_a_connection_cut_in_the_letter_is_tried_again(store: Store, servers: Any) -> None:
    server = servers.cutting_off()

    async def act(scene: Scene) -> None:
        scene.outbox.queue(scene.incident(), MESSAGE, paths(server))
        sent = await scene.until_said(News.SENT)
        assert sent.tries == 2

    playing(Scene(store), act)
    assert len(server.mailbox.letters) == 1


def test_a_wrong_certificate_is_not_delivered_and_said_so_and_the_other_path_goes_on(
    store: Store, servers: Any
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(tls)  # of an authority that nobody trusts
    impostor, accepting = servers.secured(tls), servers.accepting()
    secured = f"mailtos://localhost:{impostor.port}/?mode=ssl&from=kiosk@nursery.example&to=a@nursery.example"

    async def act(scene: Scene) -> None:
        scene.outbox.queue(
            scene.incident(), MESSAGE, [PathTo("Mrs Khan", secured), PathTo("Mr Harvey", accepting.url())]
        )
        assert (await scene.until_said(News.SENT)).who == "Mr Harvey"
        await scene.until_recorded("retrying", "accepted")

    playing(Scene(store, backoff=1000), act)
    why = store.row("SELECT why FROM delivery WHERE place = 0")["why"]
    assert why == "localhost: its certificate is not trusted, or is another's"
    assert impostor.mailbox.letters == []


def test_a_server_that_comes_back_gets_what_it_is_owed(store: Store, servers: Any) -> None:
    away = servers.accepting()
    away.stop()

    async def act(scene: Scene) -> None:
        scene.outbox.queue(scene.incident(), MESSAGE, paths(away))
        await scene.until_said(News.NOT_TOLD)
        servers.accepting(port=away.port)
        await scene.until_said(News.SENT)

    playing(Scene(store), act)


def test_hurrying_tries_what_is_owed_at_once(store: Store, servers: Any) -> None:
    server = servers.greylisting(1)

    async def act(scene: Scene) -> None:
        scene.outbox.queue(scene.incident(), MESSAGE, paths(server))
        await scene.until_said(News.NOT_TOLD)
        scene.outbox.hurry()
        await scene.until_said(News.SENT)

    playing(Scene(store, backoff=1000), act)


def test_nobody_to_tell_is_said_at_once(store: Store) -> None:
    async def act(scene: Scene) -> None:
        scene.outbox.queue(scene.incident(), MESSAGE, [])
        assert scene.said[-1].state is News.NOT_TOLD

    playing(Scene(store), act)


def test_an_address_that_cannot_work_is_dead_and_not_told(store: Store) -> None:
    async def act(scene: Scene) -> None:
        scene.outbox.queue(scene.incident(), MESSAGE, [PathTo("Mrs Khan", "nonsense://x")])
        await scene.until_said(News.NOT_TOLD)
        assert scene.states() == ["dead"]

    playing(Scene(store), act)


def test_told_is_when_a_person_takes_it_and_what_is_owed_goes_on(store: Store, servers: Any) -> None:
    slow, quick = servers.greylisting(3), servers.accepting()

    async def act(scene: Scene) -> None:
        incident = scene.incident()
        scene.outbox.queue(incident, MESSAGE, paths(slow, quick))
        await scene.until_said(News.SENT)
        at = datetime.now(UTC)
        scene.outbox.take(incident, "Mr Harvey", at)
        told = scene.said[-1]
        assert (told.state, told.who, told.at) == (News.TOLD, "Mr Harvey", at)
        await scene.until_recorded("accepted", "accepted")
        assert scene.said[-1].state is News.TOLD
        assert Incidents(store).show(incident).taken_by == "Mr Harvey"

    playing(Scene(store), act)


def test_who_took_it_first_stays_also_if_that_was_elsewhere(store: Store) -> None:
    async def act(scene: Scene) -> None:
        incident = scene.incident()
        scene.outbox.queue(incident, MESSAGE, [])
        earlier = datetime.now(UTC)
        Incidents(store).take(incident, "Mrs Khan", earlier)
        scene.outbox.take(incident, "Mr Harvey", datetime.now(UTC))
        assert (scene.said[-1].who, scene.said[-1].at) == ("Mrs Khan", earlier)

    playing(Scene(store), act)


def test_after_a_restart_what_is_owed_goes_on_and_only_that(path: Path, servers: Any) -> None:
    owed, done = servers.greylisting(1), servers.accepting()

    async def first(scene: Scene) -> None:
        scene.outbox.queue(scene.incident(), MESSAGE, paths(owed, done))
        await scene.until_recorded("retrying", "accepted")

    async def second(scene: Scene) -> None:
        assert scene.outbox.news(1) is not None
        await scene.until_recorded("accepted", "accepted")
        assert {progress.state for progress in scene.said} == {News.SENT}

    for act in (first, second):
        store = Store.open(path)
        playing(Scene(store, backoff=1000), act)
        store.close()
    assert len(owed.mailbox.letters) == len(done.mailbox.letters) == 1
    assert "K7QM-2XVA" in owed.mailbox.letters[0].get_content()


def test_a_resolved_incident_leaves_nobody_who_is_owed_it_without_it(path: Path, servers: Any) -> None:
    owed = servers.greylisting(1)

    async def first(scene: Scene) -> None:
        incident = scene.incident()
        scene.outbox.queue(incident, MESSAGE, paths(owed))
        await scene.until_said(News.NOT_TOLD)
        Incidents(scene.store).resolve(incident, Outcome.MISTAKE, "Mrs Khan", datetime.now(UTC))

    async def second(scene: Scene) -> None:
        await scene.until_said(News.SENT)

    for act in (first, second):
        store = Store.open(path)
        playing(Scene(store, backoff=1000), act)
        store.close()
    assert len(owed.mailbox.letters) == 1


def test_an_alert_that_cannot_be_written_down_is_sent_all_the_same(store: Store, servers: Any) -> None:
    server = servers.accepting()

    async def act(scene: Scene) -> None:
        incident = scene.incident()
        store.run("PRAGMA query_only = ON")
        with pytest.raises(StoreError, match="cannot be written"):
            scene.outbox.queue(incident, MESSAGE, paths(server))
        await scene.until_said(News.SENT)

    scene = Scene(store)
    playing(scene, act)
    assert len(server.mailbox.letters) == 1
    assert len(scene.troubles) == 1


def test_a_sender_that_breaks_is_a_failed_try_and_not_the_end(
    store: Store, servers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda said: broken.append(said.exc_type))
    courier, server = Courier(), servers.accepting()

    def break_once(url: str, message: Message) -> Delivery:
        if not broken:
            raise ZeroDivisionError
        return courier(url, message)

    async def act(scene: Scene) -> None:
        scene.outbox.queue(scene.incident(), MESSAGE, paths(server))
        await scene.until_said(News.NOT_TOLD)
        await scene.until_said(News.SENT)

    playing(Scene(store, break_once), act)
    assert broken == [ZeroDivisionError]


PRESSES_UNTIL_KILLED = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from kiosk.guardian.alerts import Message
from kiosk.guardian.courier import Courier
from kiosk.guardian.incidents import Incidents
from kiosk.guardian.outbox import MOST_HANGING, Outbox
from kiosk.guardian.store import Store
from kiosk.guardian.paths import PathTo

async def main(path, url, presses):
    store = Store.open(Path(path))
    now = lambda: datetime.now(UTC)
    outbox = Outbox(store, Courier(), now, lambda news: None, print, backoff=lambda tries: 0.05)
    sender = asyncio.create_task(outbox.run())
    def press():
        number = Incidents(store).open("the red button", now(), "Ms Ali", "Room 2", "")
        outbox.queue(number, Message(f"ALERT-{number}", f"alert {number}", "body"), [PathTo("Mrs Khan", url)])
        return number
    for _ in range(int(presses)):
        print("pressed", store.urgently(press), flush=True)
        await asyncio.sleep(0.005)
    while store.rows("SELECT 1 FROM delivery WHERE state <> 'accepted'"):
        await asyncio.sleep(0.01)
    print("done", 0, flush=True)
    await sender

asyncio.run(main(*sys.argv[1:]))
"""


def test_however_often_it_is_killed_every_alert_that_was_raised_arrives(path: Path, servers: Any) -> None:
    server = servers.greylisting(5)
    raised: set[int] = set()
    for kill_after in (1, 2, 3, 5, 8):
        raised |= press_and_kill(path, server.url(), presses=10, lines=kill_after)
    raised |= press_and_kill(path, server.url(), presses=0, lines=1)
    arrived = {int(letter["Subject"].split()[1]) for letter in server.mailbox.letters}
    assert arrived >= raised
    assert len(raised) >= 19
    store = Store.open(path)
    assert {row["state"] for row in store.rows("SELECT state FROM delivery")} == {"accepted"}
    store.close()


def press_and_kill(path: Path, url: str, presses: int, lines: int) -> set[int]:
    """Run a guardian's outbox until it has said so many lines; returns the incidents that it had raised."""
    arguments = [sys.executable, "-c", PRESSES_UNTIL_KILLED, str(path), url, str(presses)]
    child = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    said = [child.stdout.readline() for _ in range(lines)]
    assert all(said), "It ended by itself."
    child.kill()
    rest, _ = child.communicate(timeout=20)
    words = [line.split() for line in said + rest.splitlines(keepends=True) if line.endswith("\n")]
    return {int(number) for word, number in words if word == "pressed"}
