"""The outbox: an alert is delivered or known not to be (invariant 7).

It is written down before it is first tried (`deliveries`), each path goes its own way so that none holds
another back, each person has their turn (`telling`), and what is owed goes on after a restart. A crash
between acceptance and its record sends once more: at least once, with the same reference. On a disk that
cannot be written the alert is sent from memory all the same.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial

from kiosk.errors import StoreError
from kiosk.guardian import deliveries
from kiosk.guardian.alerts import Message
from kiosk.guardian.clocks import Uptime, uptime
from kiosk.guardian.incidents import Incidents
from kiosk.guardian.paths import Delivery, PathTo
from kiosk.guardian.store import Store
from kiosk.guardian.telling import (
    AGAIN,
    Alert,
    Progress,
    State,
    accepted_late,
    after_try,
    answer_awaited,
    begun_anew,
    fails,
    is_owed,
    needs_a_way,
    new_alert,
    next_turn,
    progress,
    readdressed,
    taken,
    until_next_turn,
    wait,
)
from kiosk.guardian.threads import in_thread

IN_VAIN = 2  # tries of every path to a person, after which a network counts as one that does not deliver
PATIENCE = 20.0  # s for one try; a mail server's whole conversation over a slow line
MOST_HANGING = 8
"""Tries of one alert to one address that were too slow and have not ended yet. With the pauses between them
the eighth begins after three minutes, and no resolver hangs so long: one that is mended is asked again."""

_jitter = random.SystemRandom()


class Outbox:
    """The alerts in a store and the task that sends them. All of it belongs to the event loop's thread.

    `escalate_after` seconds without anybody taking an alert, the next person gets it too; 0: all at once.
    `again` seconds after the last one, at first, everybody is told once more. `configured`: the addresses
    that count now, for what was owed before; none: as they were.
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
        escalate_after: float = 0,
        again: float = AGAIN,
        configured: Sequence[PathTo] = (),
        patience: float = PATIENCE,
        backoff: Callable[[int], float] = lambda tries: wait(tries, _jitter),
        uptime: Callable[[], Uptime] = uptime,
    ) -> None:
        self._store = store
        self._deliver = deliver
        self._clock = clock
        self._uptime = uptime
        self._on_progress = on_progress
        self._on_trouble = on_trouble
        self._patience = patience
        self._backoff = backoff
        self._escalate_after = escalate_after
        self._again = again
        self._configured = configured
        self._alerts: dict[str, Alert] = {}
        self._turns_at: dict[str, float] = {}  # the next turn of each alert, by the monotonic clock
        self._said: dict[str, Progress] = {}
        self._hanging: Counter[tuple[str, PathTo]] = Counter()
        self._carried: set[tuple[str, int]] = set()
        self._woken = asyncio.Event()
        self._hurried = asyncio.Event()
        for alert in deliveries.load(store):
            self._hold(alert)

    def queue(
        self, incident: int, message: Message, paths: Sequence[PathTo], *, notice: bool = False
    ) -> None:
        """Owe `message` to the people of `paths`, the first one's first, and wake the sender.

        Raises StoreError if it could not be written down, as without an incident (0) it cannot be; it is sent
        all the same, but until it is written (`record`) a power cut loses it.
        """
        in_order = self._escalate_after > 0
        alert = new_alert(
            incident, message, tuple(paths), self._clock(), self._uptime(), in_order=in_order, notice=notice
        )
        self._hold(alert)
        self._woken.set()
        try:
            self._store.urgently(lambda: deliveries.insert(self._store, alert))
        finally:
            self._say(alert)

    def message(self, key: str) -> Message:
        """What was sent under this reference last."""
        return self._alerts[key].message

    def again(self, message: Message, paths: Sequence[PathTo]) -> None:
        """Owe an alert anew, in these words, to everybody at once, as if nobody had it; no `paths`: to those
        it had. `record_anew` writes that down.
        """
        before = self._alerts[message.id]
        alert = begun_anew(before, message, tuple(paths), self._clock(), self._uptime())
        self._hold(alert)
        self._woken.set()
        self._say(alert)

    def record_anew(self, key: str) -> None:
        """Write down what an alert says by now, and that the time before is over. Raises StoreError."""
        deliveries.begin_anew(self._store, self._alerts[key])

    def record(self, key: str, incident: int) -> None:
        """Write down an alert that was sent from memory, as it stands now. Raises StoreError."""
        alert = replace(self._alerts[key], incident=incident)
        self._hold(alert)
        self._store.urgently(lambda: deliveries.insert(self._store, alert))

    def take(self, incident: int, by: str, at: datetime) -> None:
        """A person took it: told. What is still owed goes on, and nobody else's turn comes.

        Raises StoreError if it was not recorded.
        """
        incidents = Incidents(self._store)
        incidents.take(incident, by, at)
        first = incidents.show(incident)
        for key, alert in self._alerts.items():
            if alert.incident == incident:
                self._hold(taken(alert, first.taken_by, first.taken_at or at))
                self._say(self._alerts[key])

    def hurry(self) -> None:
        """Try everything owed now: a network has just come up."""
        self._hurried.set()
        self._hurried = asyncio.Event()

    def needs_a_way(self) -> bool:
        """Whether an alert has not gone to the person whose turn it is."""
        return any(map(needs_a_way, self._alerts.values()))

    def is_owed(self) -> bool:
        """Whether an alert is owed to any path, so that a network is worth finding for it."""
        return any(map(is_owed, self._alerts.values()))

    def fails(self) -> bool:
        """Whether an alert was tried in vain by whatever network there is."""
        return any(fails(alert, IN_VAIN) for alert in self._alerts.values())

    def news(self, incident: int) -> Progress | None:
        """What may be said of an incident's newest alert, if it has one that still matters."""
        return next((progress(a) for a in reversed(self._alerts.values()) if a.incident == incident), None)

    async def run(self) -> None:
        """Send until cancelled."""
        self._carried.clear()
        self._readdress()
        async with asyncio.TaskGroup() as group:
            while True:
                self._woken.clear()
                self._open_turns()
                for key, alert in list(self._alerts.items()):
                    self._say(alert)
                    for place in range(len(alert.paths)):
                        if alert.owes(place) and (key, place) not in self._carried:
                            self._carried.add((key, place))
                            group.create_task(self._carry(key, place))
                await _wait(self._woken, self.until_a_turn())

    def _readdress(self) -> None:
        """What was owed before this start goes to the addresses of today."""
        for alert in list(self._alerts.values()):
            now = readdressed(alert, self._configured, self._clock())
            self._hold(now)
            if now.paths != alert.paths:
                self._write(partial(deliveries.turn, self._store, now))

    def _open_turns(self) -> None:
        """Let every turn come that is to: after its time, or at once behind people who cannot be reached."""
        for key in list(self._alerts):
            while True:
                waited = time.monotonic() >= self._turns_at.get(key, float("inf"))
                alert = next_turn(self._alerts[key], waited, self._clock(), self._uptime())
                if alert is self._alerts[key]:
                    break
                self._hold(alert)
                self._write(partial(deliveries.turn, self._store, alert))

    def _hold(self, alert: Alert) -> None:
        """The alert as it is from now on. Its next turn is reckoned with it, or the sender would look for one
        that is over again and again.
        """
        self._alerts[alert.message.id] = alert
        left = until_next_turn(alert, self._escalate_after, self._uptime(), self._again)
        if left is None:
            self._turns_at.pop(alert.message.id, None)
        else:
            self._turns_at[alert.message.id] = time.monotonic() + left

    def until_a_turn(self) -> float | None:
        """Seconds until the next person of any alert has their turn; None if nobody waits for one."""
        first = min(self._turns_at.values(), default=None)
        return None if first is None else max(0.0, first - time.monotonic())

    async def _carry(self, key: str, place: int) -> None:
        """One path of one alert, until it is accepted or dead."""
        while self._alerts[key].owes(place):
            hurried = self._hurried
            delivery = await self._try(key, place)
            alert = after_try(self._alerts[key], place, delivery, self._clock())
            pause = self._backoff(alert.paths[place].tries)
            self._change(alert, place)
            if alert.owes(place):
                await _wait(hurried, pause)

    async def _try(self, key: str, place: int) -> Delivery:
        """One try in a thread of its own. One that is too slow is left to itself: it may be accepted yet."""
        alert = self._alerts[key]
        to, message = alert.paths[place].to, alert.message
        if self._hanging[key, to] >= MOST_HANGING:
            return Delivery(False, "earlier tries have not come to an end")
        outcome = in_thread(
            "alert", lambda: self._deliver(to.url, message), lambda why: Delivery(False, f"the kiosk {why}")
        )
        done, _ = await asyncio.wait({outcome}, timeout=self._patience)
        if done:
            return outcome.result()
        self._hanging[key, to] += 1
        outcome.add_done_callback(lambda late: self._came_late(key, place, late.result()))
        return Delivery(False, f"no answer within {self._patience:g} s")

    def _came_late(self, key: str, place: int, delivery: Delivery) -> None:
        self._hanging[key, self._alerts[key].paths[place].to] -= 1
        if delivery.ok and self._alerts[key].paths[place].state is not State.ACCEPTED:
            self._change(accepted_late(self._alerts[key], place, self._clock()), place)

    def _change(self, alert: Alert, place: int) -> None:
        accepted = alert.paths[place].state is State.ACCEPTED
        if accepted:
            alert = answer_awaited(alert, self._uptime())
        self._hold(alert)
        self._write(lambda: deliveries.update(self._store, alert, place))
        self._say(alert)
        if accepted or alert.paths[place].state is State.DEAD:
            self._woken.set()  # it may be somebody's turn, or later than it was

    def _write(self, record: Callable[[], None]) -> None:
        """Records that cannot be written are somebody's trouble, and stop no delivery."""
        try:
            record()
        except StoreError as error:
            self._on_trouble(error)

    def _say(self, alert: Alert) -> None:
        now = progress(alert)
        if self._said.get(alert.message.id) != now:
            self._said[alert.message.id] = now
            self._on_progress(now)


async def _wait(event: asyncio.Event, seconds: float | None) -> None:
    """For `event`, or so long. `asyncio.wait_for` loses a cancelling that comes together with the event."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
