"""The outbox: an alert is delivered or known not to be (invariant 7).

It is written down before it is first tried, each path goes its own way so that none holds another back, and
what is owed goes on after a restart. A crash between acceptance and its record sends once more: at least
once, with the same reference. On a disk that cannot be written the alert is sent from memory all the same.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from kiosk.errors import StoreError
from kiosk.guardian.alerts import Message
from kiosk.guardian.incidents import Incidents
from kiosk.guardian.paths import Delivery, PathTo
from kiosk.guardian.records import moment, timestamp
from kiosk.guardian.store import Store
from kiosk.guardian.telling import (
    OWED,
    Alert,
    Path,
    Progress,
    State,
    accepted_late,
    after_try,
    new_alert,
    progress,
    taken,
    wait,
)

PATIENCE = 20.0  # s for one try; a mail server's whole conversation over a slow line
_MOST_HANGING = 3  # tries of one path that were too slow and have not ended yet

_jitter = random.SystemRandom()


class Outbox:
    """The alerts in a store and the task that sends them. All of it belongs to the event loop's thread.

    `deliver` blocks and is called in threads of its own. `on_progress` hears of every change in what may be
    said of an alert; `on_trouble` of records that could not be written, which stops no delivery. Neither may
    raise.
    """

    def __init__(
        self,
        store: Store,
        deliver: Callable[[str, Message], Delivery],
        clock: Callable[[], datetime],
        on_progress: Callable[[Progress], None],
        on_trouble: Callable[[StoreError], None],
        *,
        patience: float = PATIENCE,
        backoff: Callable[[int], float] = lambda tries: wait(tries, _jitter),
    ) -> None:
        self._store = store
        self._deliver = deliver
        self._clock = clock
        self._on_progress = on_progress
        self._on_trouble = on_trouble
        self._patience = patience
        self._backoff = backoff
        self._alerts = {alert.message.id: alert for alert in _load(store)}
        self._said: dict[str, Progress] = {}
        self._hanging: Counter[tuple[str, int]] = Counter()
        self._unstarted = list(self._alerts)
        self._woken = asyncio.Event()
        self._hurried = asyncio.Event()

    def queue(self, incident: int, message: Message, paths: Sequence[PathTo]) -> None:
        """Owe `message` to every path and wake the sender.

        Raises StoreError if it could not be written down; it is sent all the same, but a power cut loses it.
        """
        alert = new_alert(incident, message, tuple(paths), self._clock())
        self._alerts[message.id] = alert
        self._unstarted.append(message.id)
        self._woken.set()
        try:
            self._store.urgently(lambda: _insert(self._store, alert))
        finally:
            self._say(alert)

    def take(self, incident: int, by: str, at: datetime) -> None:
        """A person took it: told. What is still owed goes on. Raises StoreError if it was not recorded."""
        incidents = Incidents(self._store)
        incidents.take(incident, by, at)
        first = incidents.show(incident)
        for key, alert in self._alerts.items():
            if alert.incident == incident:
                self._alerts[key] = taken(alert, first.taken_by, first.taken_at or at)
                self._say(self._alerts[key])

    def hurry(self) -> None:
        """Try everything owed now: a network has just come up."""
        self._hurried.set()
        self._hurried = asyncio.Event()

    def news(self, incident: int) -> Progress | None:
        """What may be said of an incident's newest alert, if it has one that still matters."""
        return next((progress(a) for a in reversed(self._alerts.values()) if a.incident == incident), None)

    async def run(self) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._woken.clear()
                while self._unstarted:
                    key = self._unstarted.pop(0)
                    self._say(self._alerts[key])
                    for place, path in enumerate(self._alerts[key].paths):
                        if path.state in OWED:
                            group.create_task(self._carry(key, place))
                await self._woken.wait()

    async def _carry(self, key: str, place: int) -> None:
        """One path of one alert, until it is accepted or dead."""
        while self._alerts[key].paths[place].state in OWED:
            hurried = self._hurried
            delivery = await self._try(key, place)
            alert = after_try(self._alerts[key], place, delivery, self._clock())
            pause = self._backoff(alert.paths[place].tries)
            self._change(alert, place, pause)
            if alert.paths[place].state in OWED:
                with suppress(TimeoutError):
                    await asyncio.wait_for(hurried.wait(), pause)

    async def _try(self, key: str, place: int) -> Delivery:
        """One try in a thread of its own. One that is too slow is left to itself: it may be accepted yet."""
        if self._hanging[key, place] >= _MOST_HANGING:
            return Delivery(False, "earlier tries have not come to an end")
        alert = self._alerts[key]
        outcome = _in_thread(self._deliver, alert.paths[place].to.url, alert.message)
        done, _ = await asyncio.wait({outcome}, timeout=self._patience)
        if done:
            return outcome.result()
        self._hanging[key, place] += 1
        outcome.add_done_callback(lambda late: self._came_late(key, place, late.result()))
        return Delivery(False, f"no answer within {self._patience:g} s")

    def _came_late(self, key: str, place: int, delivery: Delivery) -> None:
        self._hanging[key, place] -= 1
        if delivery.ok and self._alerts[key].paths[place].state is not State.ACCEPTED:
            self._change(accepted_late(self._alerts[key], place, self._clock()), place, 0)

    def _change(self, alert: Alert, place: int, pause: float) -> None:
        self._alerts[alert.message.id] = alert
        try:
            _update(self._store, alert, place, pause)
        except StoreError as error:
            self._on_trouble(error)
        self._say(alert)

    def _say(self, alert: Alert) -> None:
        now = progress(alert)
        if self._said.get(alert.message.id) != now:
            self._said[alert.message.id] = now
            self._on_progress(now)


def _in_thread(
    deliver: Callable[[str, Message], Delivery], url: str, message: Message
) -> asyncio.Future[Delivery]:
    """What `deliver` answers, as a future. The thread is a daemon: it must not hold up the guardian's end."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Delivery] = loop.create_future()

    def settle(delivery: Delivery) -> None:
        if not future.done():
            future.set_result(delivery)

    def work() -> None:
        delivery = Delivery(False, "the sending program stopped unexpectedly")
        try:
            delivery = deliver(url, message)
        finally:
            with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                loop.call_soon_threadsafe(settle, delivery)

    try:
        threading.Thread(target=work, name="alert", daemon=True).start()
    except RuntimeError:
        settle(Delivery(False, "the kiosk has no thread left to send with"))
    return future


def _load(store: Store) -> list[Alert]:
    """The alerts that are owed to somebody or belong to an open incident, oldest first."""
    found = store.rows(
        "SELECT alert.*, taken_by, taken_at FROM alert JOIN incident ON incident.number = alert.incident"
        " WHERE outcome = '' OR EXISTS (SELECT 1 FROM delivery WHERE delivery.alert = alert.id"
        " AND state IN ('queued', 'retrying')) ORDER BY alert.rowid"
    )
    return [
        Alert(
            incident=row["incident"],
            message=Message(row["id"], row["subject"], row["body"]),
            queued_at=moment(row["queued_at"]),
            paths=tuple(
                Path(
                    PathTo(path["person"], path["url"]),
                    moment(path["changed_at"]),
                    State(path["state"]),
                    path["tries"],
                    path["why"],
                )
                for path in store.rows("SELECT * FROM delivery WHERE alert = ? ORDER BY place", row["id"])
            ),
            taken_by=row["taken_by"],
            taken_at=moment(row["taken_at"]) if row["taken_at"] else None,
        )
        for row in found
    ]


def _insert(store: Store, alert: Alert) -> None:
    message, at = alert.message, timestamp(alert.queued_at)
    store.run(
        "INSERT INTO alert (id, incident, subject, body, queued_at) VALUES (?, ?, ?, ?, ?)",
        message.id,
        alert.incident,
        message.subject,
        message.body,
        at,
    )
    for place, path in enumerate(alert.paths):
        store.run(
            "INSERT INTO delivery (alert, place, person, url, state, next_try, changed_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            message.id,
            place,
            path.to.person,
            path.to.url,
            path.state.value,
            at,
            at,
        )


def _update(store: Store, alert: Alert, place: int, pause: float) -> None:
    path = alert.paths[place]
    next_try = timestamp(path.at + timedelta(seconds=pause)) if path.state in OWED else ""
    with store.transaction():
        store.run(
            "UPDATE delivery SET state = ?, tries = ?, next_try = ?, changed_at = ?, why = ?"
            " WHERE alert = ? AND place = ?",
            path.state.value,
            path.tries,
            next_try,
            timestamp(path.at),
            path.why,
            alert.message.id,
            place,
        )
