"""H18: the designated people, in order, until one of them takes the alert."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.guardian.alerts import Message
from kiosk.guardian.clocks import Uptime, uptime
from kiosk.guardian.courier import Courier
from kiosk.guardian.incidents import Incidents, Kind
from kiosk.guardian.outbox import Outbox
from kiosk.guardian.paths import Delivery, PathTo
from kiosk.guardian.store import Store
from kiosk.guardian.telling import (
    AGAIN,
    Alert,
    News,
    Progress,
    State,
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
)
from tests.waiting import until

AT = datetime(2026, 11, 22, 10, 42, 7, tzinfo=UTC)
MESSAGE = Message("K7QM-2XVA", "Kiosk alert", "body")
PATHS = (
    PathTo("Mrs Khan", "mailtos://a.example"),
    PathTo("Mrs Khan", "twilio://a"),
    PathTo("Mr Harvey", "mailtos://b.example"),
    PathTo("Ms Ali", "mailtos://c.example"),
)
ON = Uptime("a boot", 100.0)
ACCEPTED, FAILED, NEVER = Delivery(True), Delivery(False, "refused"), Delivery(False, "unknown", never=True)


@pytest.fixture
def alert() -> Alert:
    return new_alert(7, MESSAGE, PATHS, AT, ON, in_order=True)


def owed(alert: Alert) -> list[int]:
    return [place for place in range(len(alert.paths)) if alert.owes(place)]


def test_every_path_of_the_first_person_is_owed_it_and_nobody_elses(alert: Alert) -> None:
    assert owed(alert) == [0, 1]
    assert owed(new_alert(7, MESSAGE, PATHS, AT, ON)) == [0, 1, 2, 3], "without an order, all at once"


def test_acceptance_is_not_enough_the_next_persons_turn_comes_all_the_same(alert: Alert) -> None:
    sent = after_try(alert, 0, ACCEPTED, AT)
    assert next_turn(sent, False, AT, ON) == sent
    assert owed(next_turn(sent, True, AT, ON)) == [1, 2]


def test_once_a_person_has_taken_it_nobody_elses_turn_comes(alert: Alert) -> None:
    told = taken(alert, "Mrs Khan", AT)
    assert next_turn(told, True, AT, ON) == told
    assert until_next_turn(told, 60, ON) is None
    assert owed(told) == [0, 1], "what is owed goes on"


def test_where_every_path_of_a_person_is_dead_the_next_one_is_told_at_once(alert: Alert) -> None:
    one_dead = after_try(alert, 0, NEVER, AT)
    assert next_turn(one_dead, False, AT, ON) == one_dead
    assert owed(next_turn(after_try(one_dead, 1, NEVER, AT), False, AT, ON)) == [2]


def test_a_notice_waits_for_its_first_person_unless_that_one_cannot_be_reached(alert: Alert) -> None:
    notice = replace(alert, notice=True)
    assert next_turn(notice, True, AT, ON) == notice
    assert until_next_turn(notice, 60, ON) is None
    dead = after_try(after_try(notice, 0, NEVER, AT), 1, NEVER, AT)
    assert owed(next_turn(dead, False, AT, ON)) == [2]


@given(st.floats(-1e9, 1e9), st.floats(0, 3600))
def test_nobody_waits_longer_than_the_setting_wants(later: float, escalate_after: float) -> None:
    alert = new_alert(7, MESSAGE, PATHS, AT, ON, in_order=True)
    left = until_next_turn(alert, escalate_after, Uptime(ON.boot, ON.s + later))
    assert left is not None
    assert 0 <= left <= escalate_after


def test_the_wait_that_is_left_after_a_restart_is_what_was_left_before(alert: Alert) -> None:
    assert until_next_turn(alert, 60, Uptime(ON.boot, ON.s + 25)) == 35


def test_after_a_loss_of_power_of_unknown_length_the_next_turn_comes_at_once(alert: Alert) -> None:
    assert until_next_turn(alert, 60, Uptime("another boot", 3.0)) == 0


def everybody_told(alert: Alert) -> Alert:
    """Everybody has had their turn, and Mrs Khan's mail and Ms Ali's were accepted."""
    for _ in range(2):
        alert = next_turn(alert, True, AT, ON)
    return after_try(after_try(alert, 0, ACCEPTED, AT), 3, ACCEPTED, AT)


def test_after_the_last_person_everybody_is_told_again_until_somebody_takes_it_h18(alert: Alert) -> None:
    told = everybody_told(alert)
    assert next_turn(told, False, AT, ON) == told
    again = next_turn(told, True, AT, ON)
    assert owed(again) == [1, 2, 4, 5], "what was never accepted goes on, what was is sent once more"
    assert [path.to for path in again.paths[4:]] == [PATHS[0], PATHS[3]]
    once_more = next_turn(after_try(again, 4, ACCEPTED, AT), True, AT, ON)
    assert owed(once_more) == [1, 2, 5, 6], "an address that has not taken the second is not sent a third"
    assert next_turn(taken(again, "Mrs Khan", AT), True, AT, ON) == taken(again, "Mrs Khan", AT)


def test_an_alert_begun_anew_is_everybodys_at_once_and_what_may_be_said_of_it_begins_anew(
    alert: Alert,
) -> None:
    words = Message("K7QM-2XVA", "again", "again")
    sent = after_try(alert, 0, ACCEPTED, AT)
    for before in (alert, sent, taken(sent, "Mrs Khan", AT), next_turn(everybody_told(alert), True, AT, ON)):
        anew = begun_anew(before, words, PATHS, AT, ON)
        first = len(before.paths)
        assert owed(anew) == [first, first + 1, first + 2, first + 3]
        assert progress(anew).state is News.SENDING
        assert needs_a_way(anew)
        assert not anew.taken_by
        accepted = after_try(anew, first, ACCEPTED, AT)
        assert progress(accepted).state is News.SENT, "accepted since, and not before"
        assert until_next_turn(accepted, 60, ON) == 180
        assert progress(taken(accepted, "Mr Harvey", AT)).who == "Mr Harvey"
        kept = [path.to for path in anew.paths if path.state is State.ACCEPTED]
        assert kept == [path.to for path in before.paths if path.state is State.ACCEPTED], "that stays"


def test_a_try_that_was_under_way_as_its_alert_began_anew_brings_nothing_old_back(alert: Alert) -> None:
    anew = begun_anew(alert, Message("K7QM-2XVA", "again", "again"), PATHS, AT, ON)
    assert after_try(anew, 0, FAILED, AT) == anew
    assert after_try(anew, 0, ACCEPTED, AT).paths[0].state is State.ACCEPTED, "what was sent, was"


def test_it_comes_again_ever_more_rarely_and_never_more_often_than_people_have_turns(alert: Alert) -> None:
    told, waits = everybody_told(alert), []
    for _ in range(6):
        waits.append(until_next_turn(told, 60, ON))
        told = next_turn(told, True, AT, ON)
        for place in owed(told):
            told = after_try(told, place, ACCEPTED, AT)
    assert waits == [180, 360, 720, 1440, 1800, 1800]
    assert until_next_turn(everybody_told(alert), 3600, ON) == 3600


def test_nobody_is_told_again_of_what_nobody_was_told_and_of_no_notice(alert: Alert) -> None:
    for _ in range(2):
        alert = next_turn(alert, True, AT, ON)
    assert until_next_turn(alert, 60, ON) is None
    assert next_turn(alert, True, AT, ON) == alert
    notice = replace(everybody_told(alert), notice=True)
    assert until_next_turn(notice, 60, ON) is None
    assert next_turn(notice, True, AT, ON) == notice


def test_the_wait_for_an_answer_begins_when_there_is_something_to_answer(alert: Alert) -> None:
    later = Uptime(ON.boot, ON.s + 3600)
    assert answer_awaited(alert, later) == alert, "the next person is not kept waiting by it"
    assert until_next_turn(answer_awaited(everybody_told(alert), later), 60, later) == 180


def test_that_nobody_has_answered_is_said_with_the_second_sending_and_not_taken_back(alert: Alert) -> None:
    told = everybody_told(alert)
    assert progress(told).state is News.SENT
    again = next_turn(told, True, AT, ON)
    assert (progress(again).state, progress(again).who) == (News.UNANSWERED, "Mrs Khan")
    for delivery in (ACCEPTED, FAILED, NEVER):
        assert progress(after_try(again, 4, delivery, AT)).state is News.UNANSWERED
    assert needs_a_way(again)
    assert not needs_a_way(after_try(again, 4, ACCEPTED, AT))
    assert progress(taken(again, "Mr Harvey", AT)).state is News.TOLD


# The configuration has changed meanwhile.

CORRECTED = PathTo("Mrs Khan", "mailtos://khan.example")


def test_a_corrected_address_is_owed_the_alert_and_the_wrong_one_is_given_up(alert: Alert) -> None:
    failed = after_try(after_try(alert, 0, FAILED, AT), 1, ACCEPTED, AT)
    now = readdressed(failed, (CORRECTED, *PATHS[1:]), AT)
    assert owed(now) == [4]
    assert (now.paths[0].state, now.paths[0].why) == (State.DEAD, "no longer in the configuration")
    assert (now.paths[4].to, now.paths[4].turn) == (CORRECTED, 0)
    assert readdressed(now, (CORRECTED, *PATHS[1:]), AT) == now, "once is enough"
    assert owed(readdressed(now, PATHS, AT)) == [5], "and it may be put back"


def test_whoever_is_new_hears_at_once_and_whoever_had_not_had_their_turn_waits_for_it(alert: Alert) -> None:
    new, ali = PathTo("Mr New", "mailtos://n.example"), PathTo("Ms Ali", "mailtos://d.example")
    now = readdressed(alert, (*PATHS, new, ali), AT)
    assert owed(now) == [0, 1, 4]
    assert now.paths[5].turn == 2


def test_nobody_is_told_again_who_is_no_longer_to_be_told(alert: Alert) -> None:
    now = readdressed(everybody_told(alert), PATHS[1:], AT)
    assert progress(now).state is News.SENT, "what was accepted stays so"
    assert [path.to for path in next_turn(now, True, AT, ON).paths[4:]] == [PATHS[3]]


def test_a_configuration_that_nobody_could_read_gives_nothing_up_and_a_new_beginning_keeps_its_addresses(
    alert: Alert,
) -> None:
    tried = after_try(after_try(alert, 0, FAILED, AT), 1, NEVER, AT)
    assert readdressed(tried, (), AT) == tried
    anew = begun_anew(begun_anew(tried, MESSAGE, (), AT, ON), MESSAGE, (), AT, ON)
    assert [anew.paths[place].to for place in owed(anew)] == [PATHS[0], *PATHS[2:]]


def test_nobody_new_is_told_what_somebody_took(alert: Alert) -> None:
    assert readdressed(taken(alert, "Mrs Khan", AT), (*PATHS, CORRECTED), AT).paths == alert.paths


def test_an_address_given_up_untried_makes_nobody_wait_for_it(alert: Alert) -> None:
    tried = after_try(alert, 1, FAILED, AT)
    assert progress(tried).state is News.SENDING
    assert progress(readdressed(tried, PATHS[1:], AT)).state is News.NOT_TOLD


def test_not_told_does_not_become_sending_again_because_one_more_person_is_tried(alert: Alert) -> None:
    failed = after_try(after_try(alert, 0, FAILED, AT), 1, FAILED, AT)
    assert progress(failed).state is News.NOT_TOLD
    assert progress(next_turn(failed, True, AT, ON)).state is News.NOT_TOLD


def test_an_alert_needs_a_network_until_it_went_to_the_person_whose_turn_came_last(alert: Alert) -> None:
    assert needs_a_way(alert)
    sent = after_try(alert, 1, ACCEPTED, AT)
    assert not needs_a_way(sent), "Mrs Khan has it, if not by her first path"
    second = next_turn(sent, True, AT, ON)
    assert needs_a_way(second), "nobody took it, and Mr Harvey is to hear of it too"
    assert not needs_a_way(after_try(second, 2, ACCEPTED, AT))
    assert not needs_a_way(taken(second, "Mrs Khan", AT))


def test_a_path_that_has_not_accepted_is_owed_it_though_its_person_has_it_by_another(alert: Alert) -> None:
    assert is_owed(alert)
    sent = after_try(alert, 0, ACCEPTED, AT)
    assert is_owed(sent)
    assert not is_owed(taken(sent, "Mrs Khan", AT))
    assert not is_owed(replace(sent, notice=True)), "no radio goes on for a notice"
    assert not is_owed(after_try(sent, 1, NEVER, AT))
    both = after_try(sent, 1, ACCEPTED, AT)
    assert not is_owed(both)
    assert is_owed(next_turn(both, True, AT, ON))


def test_no_radio_goes_on_for_a_notice_or_for_addresses_that_cannot_work(alert: Alert) -> None:
    assert not needs_a_way(replace(alert, notice=True))
    assert not needs_a_way(after_try(after_try(alert, 0, NEVER, AT), 1, NEVER, AT))
    assert not needs_a_way(new_alert(7, MESSAGE, (), AT, ON))


def test_a_network_delivers_nothing_when_every_path_of_a_person_was_tried_in_vain(alert: Alert) -> None:
    once = after_try(after_try(alert, 0, FAILED, AT), 1, FAILED, AT)
    assert not fails(once, 2)
    one_of_two = after_try(once, 0, FAILED, AT)
    assert not fails(one_of_two, 2)
    assert fails(after_try(one_of_two, 1, FAILED, AT), 2)
    assert fails(after_try(one_of_two, 1, NEVER, AT), 2)
    assert not fails(after_try(after_try(one_of_two, 1, FAILED, AT), 0, ACCEPTED, AT), 2)


# The same, with real mail.


class Duty:
    """An outbox over a store, and what it said."""

    def __init__(
        self,
        store: Store,
        escalate_after: float,
        deliver: Callable[[str, Message], Delivery] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        backoff: float = 0.01,
        running: Callable[[], Uptime] = uptime,
        again: float = AGAIN,
        configured: Sequence[PathTo] | None = None,
    ) -> None:
        self.store = store
        self.said: list[Progress] = []
        self.outbox = Outbox(
            store,
            deliver or Courier(),
            clock,
            self.said.append,
            pytest.fail,
            escalate_after=escalate_after,
            backoff=lambda tries: backoff,
            uptime=running,
            again=again,
            configured=configured,
        )

    def raise_alert(self, paths: Sequence[PathTo], kind: Kind = Kind.PANIC) -> int:
        number = Incidents(self.store).open("by the red button", AT, "Ms Ali", "Room 2", "", kind=kind)
        self.outbox.queue(number, MESSAGE, paths, notice=kind is Kind.NOTICE)
        return number

    def states(self) -> list[str]:
        return [row["state"] for row in self.store.rows("SELECT state FROM delivery ORDER BY place")]


def on_duty(duty: Duty, act: Callable[[Duty], Awaitable[None]]) -> None:
    async def both() -> None:
        sender = asyncio.create_task(duty.outbox.run())
        async with asyncio.timeout(20):
            await act(duty)
        assert not sender.done()
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)

    asyncio.run(both())


def to(**servers: Any) -> list[PathTo]:
    return [PathTo(name.replace("_", " "), server.url()) for name, server in servers.items()]


def test_the_second_person_gets_it_after_the_wait_and_the_third_after_another(
    store: Store, servers: Any
) -> None:
    khan, harvey, ali = servers.accepting(), servers.accepting(), servers.accepting()
    arrived: list[float] = []

    async def act(duty: Duty) -> None:
        began = time.monotonic()
        duty.raise_alert(to(Mrs_Khan=khan, Mr_Harvey=harvey, Ms_Ali=ali))
        for server in (khan, harvey, ali):
            await asyncio.to_thread(server.mailbox.wait, 1)
            arrived.append(time.monotonic() - began)

    on_duty(Duty(store, escalate_after=0.3), act)
    assert arrived[1] >= 0.3
    assert arrived[2] >= 0.6


def test_everybody_gets_it_again_with_the_same_reference_until_one_takes_it_h18(
    path: Path, servers: Any
) -> None:
    khan, harvey = servers.accepting(), servers.accepting()

    async def first(duty: Duty) -> None:
        duty.raise_alert(to(Mrs_Khan=khan, Mr_Harvey=harvey))
        for server in (khan, harvey):
            await asyncio.to_thread(server.mailbox.wait, 2)
        await until(lambda: duty.said[-1].state is News.UNANSWERED)

    async def second(duty: Duty) -> None:
        for server in (khan, harvey):
            await asyncio.to_thread(server.mailbox.wait, 3)
        assert {progress.state for progress in duty.said} == {News.UNANSWERED}
        duty.outbox.take(1, "Mr Harvey", datetime.now(UTC))
        had = [len(server.mailbox.letters) for server in (khan, harvey)]
        await asyncio.sleep(0.5)  # more than twice the wait
        assert sum(len(server.mailbox.letters) for server in (khan, harvey)) <= sum(had) + 2

    for act in (first, second):
        store = Store.open(path)
        on_duty(Duty(store, escalate_after=0.1, again=0.2), act)
        store.close()
    letters = khan.mailbox.letters + harvey.mailbox.letters
    assert {letter["Subject"] for letter in letters} == {MESSAGE.subject}


def test_after_a_restart_an_alert_goes_to_the_address_that_ict_corrected(path: Path, servers: Any) -> None:
    right = servers.accepting()
    wrong = PathTo("Mrs Khan", servers.refusing().url())

    async def first(duty: Duty) -> None:
        duty.raise_alert([wrong])
        await until(lambda: duty.said[-1].state is News.NOT_TOLD)

    async def second(duty: Duty) -> None:
        await until(lambda: News.SENT in [progress.state for progress in duty.said])
        assert duty.states() == ["dead", "accepted"]

    for act, configured in ((first, [wrong]), (second, to(Mrs_Khan=right))):
        store = Store.open(path)
        on_duty(Duty(store, escalate_after=60, configured=configured), act)
        store.close()
    assert len(right.mailbox.letters) == 1


def test_nobody_else_is_troubled_once_somebody_took_it(store: Store, servers: Any) -> None:
    khan, harvey, ali = servers.accepting(), servers.accepting(), servers.accepting()

    async def act(duty: Duty) -> None:
        number = duty.raise_alert(to(Mrs_Khan=khan, Mr_Harvey=harvey, Ms_Ali=ali))
        await asyncio.to_thread(harvey.mailbox.wait, 1)
        duty.outbox.take(number, "Mr Harvey", datetime.now(UTC))
        await asyncio.sleep(3.2)  # more than the wait: the third person's turn would have come
        assert duty.states() == ["accepted", "accepted", "queued"]
        assert duty.said[-1].state is News.TOLD

    on_duty(Duty(store, escalate_after=3), act)
    assert ali.mailbox.letters == []


def test_a_first_person_who_cannot_be_reached_at_all_is_passed_over_at_once(
    store: Store, servers: Any
) -> None:
    harvey = servers.accepting()

    async def act(duty: Duty) -> None:
        duty.raise_alert([PathTo("Mrs Khan", "nonsense://x"), *to(Mr_Harvey=harvey)])
        await asyncio.to_thread(harvey.mailbox.wait, 1)
        await until(lambda: duty.said[-1].state is News.SENT)

    on_duty(Duty(store, escalate_after=3600), act)


def test_a_notice_goes_to_the_first_person_alone_and_is_closed_by_being_taken(
    store: Store, servers: Any
) -> None:
    khan, harvey = servers.accepting(), servers.accepting()

    async def act(duty: Duty) -> None:
        number = duty.raise_alert(to(Mrs_Khan=khan, Mr_Harvey=harvey), Kind.NOTICE)
        await asyncio.to_thread(khan.mailbox.wait, 1)
        await asyncio.sleep(0.3)  # three times the wait
        assert [incident.number for incident in Incidents(store).open_ones()] == [number]
        duty.outbox.take(number, "Mrs Khan", datetime.now(UTC))
        assert Incidents(store).open_ones() == ()

    on_duty(Duty(store, escalate_after=0.1), act)
    assert harvey.mailbox.letters == []


def test_turns_survive_a_restart(path: Path, servers: Any) -> None:
    khan, harvey, ali = servers.accepting(), servers.accepting(), servers.accepting()

    async def first(duty: Duty) -> None:
        duty.raise_alert(to(Mrs_Khan=khan, Mr_Harvey=harvey, Ms_Ali=ali))
        await asyncio.to_thread(harvey.mailbox.wait, 1)
        await until(lambda: duty.states() == ["accepted", "accepted", "queued"])

    async def second(duty: Duty) -> None:
        await asyncio.to_thread(ali.mailbox.wait, 1)

    for act, wait in ((first, 3), (second, 0.2)):
        store = Store.open(path)
        on_duty(Duty(store, escalate_after=wait), act)
        store.close()
    assert [len(server.mailbox.letters) for server in (khan, harvey, ali)] == [1, 1, 1]


@pytest.mark.parametrize("ticks", range(6))
def test_it_ends_when_it_is_told_to_whatever_has_just_woken_it(
    store: Store, servers: Any, ticks: int
) -> None:
    async def act() -> None:
        duty = Duty(store, escalate_after=3600)
        sender = asyncio.create_task(duty.outbox.run())
        number = duty.raise_alert(to(Mrs_Khan=servers.accepting(), Mr_Harvey=servers.accepting()))
        await until(lambda: duty.states() == ["accepted", "queued"])
        await asyncio.sleep(0.05)
        duty.outbox.queue(number, replace(MESSAGE, id="AAAA-BBBB"), [])
        for _ in range(ticks):
            await asyncio.sleep(0)
        sender.cancel()
        assert await asyncio.wait({sender}, timeout=5) == ({sender}, set())

    asyncio.run(act())


@pytest.mark.parametrize("years", [-30, 30])
def test_a_clock_that_jumps_changes_neither_the_next_try_nor_the_next_turn(
    store: Store, servers: Any, years: int
) -> None:
    """The wait for the second person is never over here; only a clock that is listened to would end it."""
    khan, harvey = servers.greylisting(3), servers.accepting()
    jumped = timedelta()

    async def act(duty: Duty) -> None:
        nonlocal jumped
        duty.raise_alert(to(Mrs_Khan=khan, Mr_Harvey=harvey))
        await asyncio.to_thread(khan.mailbox.wait, 0, 1)
        jumped = timedelta(days=365 * years)
        await until(lambda: duty.states() == ["accepted", "queued"])

    on_duty(Duty(store, escalate_after=3600, clock=lambda: datetime.now(UTC) + jumped), act)
    assert store.rows("SELECT tries FROM delivery")[0]["tries"] == 4


def test_once_somebody_took_it_nobody_waits_for_a_turn_and_the_sender_rests(
    store: Store, servers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would look for one without a pause, for as long as the kiosk is on."""
    khan = servers.accepting()
    looks: list[float] = []
    open_turns = Outbox._open_turns
    monkeypatch.setattr(Outbox, "_open_turns", lambda self: (looks.append(0), open_turns(self)))

    async def act(duty: Duty) -> None:
        incident = duty.raise_alert(to(Mrs_Khan=khan))
        await until(lambda: duty.states() == ["accepted"])
        assert duty.outbox.until_a_turn() is not None
        duty.outbox.take(incident, "Mrs Khan", AT)
        assert duty.outbox.until_a_turn() is None
        before = len(looks)
        await asyncio.sleep(0.5)
        assert len(looks) - before < 5

    on_duty(Duty(store, escalate_after=0.2, again=0.2), act)


@pytest.mark.parametrize("years", [-30, 0, 30])
def test_a_restart_under_a_clock_that_has_jumped_waits_for_what_was_left(
    path: Path, servers: Any, years: int
) -> None:
    khan, harvey = servers.accepting(), servers.accepting()
    left: list[float] = []

    async def first(duty: Duty) -> None:
        duty.raise_alert(to(Mrs_Khan=khan, Mr_Harvey=harvey))
        await until(lambda: duty.states() == ["accepted", "queued"])

    async def second(duty: Duty) -> None:
        left.append(duty.outbox.until_a_turn() or 0)

    def life(act: Callable[[Duty], Awaitable[None]], later: float, jump: timedelta) -> None:
        store = Store.open(path)
        running = Uptime(ON.boot, ON.s + later)
        duty = Duty(
            store, escalate_after=3600, clock=lambda: datetime.now(UTC) + jump, running=lambda: running
        )
        on_duty(duty, act)
        store.close()

    life(first, 0, timedelta())
    life(second, 600, timedelta(days=365 * years))
    assert left == [pytest.approx(3000, abs=60)]
    assert harvey.mailbox.letters == []


def test_after_a_loss_of_power_the_next_person_hears_at_once(path: Path, servers: Any) -> None:
    khan, harvey = servers.accepting(), servers.accepting()

    async def first(duty: Duty) -> None:
        duty.raise_alert(to(Mrs_Khan=khan, Mr_Harvey=harvey))
        await until(lambda: duty.states() == ["accepted", "queued"])

    async def second(duty: Duty) -> None:
        await asyncio.to_thread(harvey.mailbox.wait, 1)

    for act, boot in ((first, "one boot"), (second, "another")):
        store = Store.open(path)
        on_duty(Duty(store, escalate_after=3600, running=lambda boot=boot: Uptime(boot, 5.0)), act)  # type: ignore[misc]
        store.close()
    assert len(khan.mailbox.letters) == 1, "and nobody twice"


def test_a_name_that_cannot_be_resolved_is_tried_again_and_the_next_person_hears_of_it(
    store: Store, servers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setting's DNS is dead; at once, for this machine's own may take its time over it."""
    look_up = socket.getaddrinfo

    def dead_end(host: Any, *more: Any, **named: Any) -> Any:
        if host == "mail.invalid":
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return look_up(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", dead_end)
    harvey = servers.accepting()
    dead = PathTo("Mrs Khan", "mailto://mail.invalid:25/?from=kiosk@nursery.example&to=slt@nursery.example")

    async def act(duty: Duty) -> None:
        duty.raise_alert([dead, *to(Mr_Harvey=harvey)])
        await until(lambda: duty.said[-1].state is News.NOT_TOLD)
        await until(lambda: duty.said[-1].state is News.SENT)
        assert duty.said[-1].who == "Mr Harvey"
        row = store.row("SELECT state, why FROM delivery WHERE place = 0")
        assert row["state"] == State.RETRYING.value
        assert row["why"]

    on_duty(Duty(store, escalate_after=3), act)
