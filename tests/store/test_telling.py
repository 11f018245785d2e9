"""Invariant 7, the pure part: what is owed to whom, and exact words for it."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.guardian.alerts import Message
from kiosk.guardian.clocks import Uptime
from kiosk.guardian.paths import Delivery, PathTo
from kiosk.guardian.telling import (
    FIRST_WAIT,
    LONGEST_WAIT,
    MOST_TRIES,
    OWED,
    Alert,
    News,
    Progress,
    State,
    accepted_late,
    after_try,
    new_alert,
    progress,
    taken,
    wait,
)
from kiosk.protocol import PanicNews

KHAN = PathTo("Mrs Khan", "mailtos://u:p@mail.example?to=slt@nursery.example")
HARVEY = PathTo("Mr Harvey", "twilio://a:b@c/d")
MESSAGE = Message("K7QM-2XVA", "subject", "body")
ON = Uptime("a boot", 100.0)
ACCEPTED, FAILED, NEVER = Delivery(True), Delivery(False, "refused"), Delivery(False, "unknown", never=True)


@pytest.fixture
def alert(now: datetime) -> Alert:
    return new_alert(7, MESSAGE, (KHAN, HARVEY), now, ON)


@given(st.integers(1, 10**6), st.integers())
def test_a_wait_doubles_up_to_the_longest_and_is_spread_by_at_most_half(tries: int, seed: int) -> None:
    seconds = wait(tries, random.Random(seed))
    full = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(tries - 1, 60))
    assert full / 2 <= seconds <= full


@given(st.integers())
def test_many_kiosks_do_not_knock_at_the_same_moment(seed: int) -> None:
    rng = random.Random(seed)
    assert len({wait(9, rng) for _ in range(20)}) > 10


def test_before_the_first_round_is_over_it_is_sending(alert: Alert, now: datetime) -> None:
    assert progress(alert) == Progress("K7QM-2XVA", News.SENDING, "", "", now, 0)
    one_failed = after_try(alert, 0, FAILED, now)
    assert progress(one_failed).state is News.SENDING


def test_after_a_full_round_of_failures_it_is_not_told(alert: Alert, now: datetime) -> None:
    later = now + timedelta(seconds=3)
    failed = after_try(after_try(alert, 0, FAILED, now), 1, FAILED, later)
    assert progress(failed) == Progress("K7QM-2XVA", News.NOT_TOLD, "", "", later, 1)
    assert {path.why for path in failed.paths} == {"refused"}


def test_the_first_acceptance_is_sent_and_says_to_whom_by_what(alert: Alert, now: datetime) -> None:
    later = now + timedelta(seconds=3)
    sent = after_try(after_try(alert, 1, ACCEPTED, now), 0, ACCEPTED, later)
    assert progress(sent) == Progress("K7QM-2XVA", News.SENT, "Mr Harvey", "text message", now, 1)


def test_an_alert_that_is_owed_to_nobody_is_not_told(now: datetime) -> None:
    assert progress(new_alert(7, MESSAGE, (), now, ON)).state is News.NOT_TOLD


def test_told_is_only_what_a_person_took(alert: Alert, now: datetime) -> None:
    told = taken(after_try(alert, 0, ACCEPTED, now), "Mr Harvey", now)
    assert progress(told) == Progress("K7QM-2XVA", News.TOLD, "Mr Harvey", "", now, 1)
    assert taken(told, "Mrs Khan", now) == told


def test_a_late_acceptance_counts_and_a_late_failure_does_not_undo_it(alert: Alert, now: datetime) -> None:
    failed = after_try(alert, 0, FAILED, now)
    late = accepted_late(failed, 0, now)
    assert late.paths[0].state is State.ACCEPTED
    assert after_try(late, 0, FAILED, now) == late


def test_an_address_that_cannot_work_is_dead_and_the_other_goes_on(alert: Alert, now: datetime) -> None:
    after = after_try(after_try(alert, 0, NEVER, now), 1, FAILED, now)
    assert [path.state for path in after.paths] == [State.DEAD, State.RETRYING]
    assert progress(after).state is News.NOT_TOLD


def test_a_path_is_not_given_up_while_nobody_has_the_message(alert: Alert, now: datetime) -> None:
    for _ in range(MOST_TRIES + 5):
        alert = after_try(alert, 0, FAILED, now)
    assert alert.paths[0].state is State.RETRYING
    alert = after_try(after_try(alert, 1, ACCEPTED, now), 0, FAILED, now)
    assert alert.paths[0].state is State.DEAD


def test_giving_up_does_not_hang_on_the_clock_of_a_pi(alert: Alert, now: datetime) -> None:
    accepted = after_try(alert, 1, ACCEPTED, now)
    fifty_years_on = after_try(accepted, 0, FAILED, now + timedelta(days=365 * 50))
    assert fifty_years_on.paths[0].state is State.RETRYING


@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from([ACCEPTED, FAILED, NEVER])), max_size=20))
def test_what_was_accepted_never_becomes_less_again(tries: list[tuple[int, Delivery]]) -> None:
    now = datetime.fromisoformat("2026-11-22T10:42:07+00:00")
    alert = new_alert(7, MESSAGE, (KHAN, HARVEY), now, ON)
    accepted: set[int] = set()
    for place, delivery in tries:
        if alert.paths[place].state not in OWED:
            continue
        alert = after_try(alert, place, delivery, now)
        accepted |= {place} if delivery.ok else set()
        states = {place for place, path in enumerate(alert.paths) if path.state is State.ACCEPTED}
        assert states == accepted
        assert (progress(alert).state is News.SENT) == bool(accepted)


def test_the_words_are_those_the_screen_knows() -> None:
    assert PanicNews().alert == News.SENDING.value
    assert {news.value for news in News} == {"sending", "sent", "unanswered", "told", "not_told"}


def test_a_path_does_not_print_its_secrets() -> None:
    assert repr(KHAN) == "PathTo('Mrs Khan', 'e-mail')"
    assert "u:p" not in repr(
        new_alert(7, MESSAGE, (KHAN,), datetime.fromisoformat("2026-11-22T10:42:07Z"), ON)
    )
