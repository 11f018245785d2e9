"""No session on a button that nobody has seen work (invariant 2, H3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kiosk.guardian.proof import Drills, Proof

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
DRILLS = Drills(every=timedelta(days=7), refuse_after=timedelta(days=14))


def after(days: float) -> Proof:
    return Proof(NOW - timedelta(days=days))


def test_a_button_that_was_never_tested_carries_no_session() -> None:
    assert not Proof().holds(DRILLS, NOW)
    assert Proof().note(DRILLS, NOW) == "Red button armed, never tested."


def test_a_tested_button_counts_for_as_many_days_as_configured() -> None:
    assert after(7).holds(DRILLS, NOW)
    assert not after(7).overdue(DRILLS, NOW)
    assert after(2).note(DRILLS, NOW) == "Red button armed. Tested 20 Nov, next test due 27 Nov."


def test_an_overdue_test_warns_first_and_says_until_when() -> None:
    for days in (7.01, 14):
        assert after(days).holds(DRILLS, NOW)
        assert after(days).overdue(DRILLS, NOW)
    assert after(8).note(DRILLS, NOW) == (
        "Red button armed. Tested 14 Nov; a test was due 21 Nov: please do one by 28 Nov."
    )


def test_and_then_there_is_no_session() -> None:
    assert not after(14.01).holds(DRILLS, NOW)


def test_a_clock_that_was_put_back_makes_nothing_overdue() -> None:
    assert after(-30).holds(DRILLS, NOW)


def test_a_simulated_button_is_given_and_says_so() -> None:
    given = Proof(given=True)
    assert given.holds(DRILLS, NOW)
    assert given.note(DRILLS, NOW) == "Red button armed (simulated)."
