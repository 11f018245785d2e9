"""No session on a button that nobody has seen work (invariant 2, H3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kiosk.guardian.proof import Drills, Proof

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
WARN, REFUSE = Drills(untested="warn"), Drills(untested="refuse")


def after(days: float) -> Proof:
    return Proof(NOW - timedelta(days=days))


def test_a_button_that_was_never_tested_carries_no_session_whatever_is_configured() -> None:
    for drills in (WARN, REFUSE):
        assert not Proof().holds(drills, NOW)
        assert Proof().note(drills, NOW) == "Red button armed, never tested."


def test_a_tested_button_counts_for_as_many_days_as_configured() -> None:
    for drills in (WARN, REFUSE):
        assert after(7).holds(drills, NOW)
        assert not after(7).overdue(drills, NOW)
        assert after(2).note(drills, NOW) == "Red button armed. Tested 20 Nov, next test due 27 Nov."


def test_an_overdue_test_warns_or_refuses_as_configured() -> None:
    assert after(7.01).holds(WARN, NOW)
    assert not after(7.01).holds(REFUSE, NOW)
    assert after(8).note(WARN, NOW) == (
        "Red button armed. Tested 14 Nov; a test was due 21 Nov: please do one."
    )


def test_a_clock_that_was_put_back_makes_nothing_overdue() -> None:
    assert after(-30).holds(REFUSE, NOW)


def test_a_simulated_button_is_given_and_says_so() -> None:
    given = Proof(given=True)
    assert given.holds(REFUSE, NOW)
    assert given.note(REFUSE, NOW) == "Red button armed (simulated)."
