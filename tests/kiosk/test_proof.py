"""No session on a button that nobody has seen work (invariant 2, H3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hardware.wiring import ButtonSettings, Wiring
from kiosk.guardian.proof import UNTESTED, Drills, Proof
from kiosk.guardian.records import timestamp

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
DRILLS = Drills(every=timedelta(days=7), refuse_after=timedelta(days=14))


WIRED, REWIRED = (ButtonSettings(pin).circuit for pin in (17, 5))


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


def test_a_clock_that_was_put_back_a_little_makes_nothing_overdue() -> None:
    assert after(-1).holds(DRILLS, NOW)
    assert not after(-1).overdue(DRILLS, NOW)


def test_a_test_that_is_yet_to_come_was_made_under_a_wrong_clock_and_counts_as_none() -> None:
    """Or a button tested once under a clock that is years ahead would never have to be tested again."""
    assert not after(-1.01).holds(DRILLS, NOW)
    assert after(-1.01).overdue(DRILLS, NOW)


def test_a_test_is_one_of_the_circuit_that_was_tested() -> None:
    kept = Proof.kept(NOW, WIRED)
    assert Proof.read(kept, WIRED).holds(DRILLS, NOW)
    assert Proof.read(kept, WIRED).exact == ""
    assert not Proof.read(kept, REWIRED).holds(DRILLS, NOW)
    assert Proof.read(kept, REWIRED).exact == UNTESTED
    assert Proof.read(kept, None).at == NOW, "where nobody knows the wiring, what is known is told"


def test_a_second_pin_belongs_to_the_circuit_only_where_it_is_used() -> None:
    assert ButtonSettings(second_pin=5).circuit == WIRED
    both = [ButtonSettings(17, Wiring.TWO_CONTACTS, second).circuit for second in (5, 6)]
    assert len({*both, WIRED}) == 3


def test_a_time_alone_as_an_older_kiosk_kept_it_proves_no_circuit() -> None:
    old = timestamp(NOW)
    assert not Proof.read(old, WIRED).holds(DRILLS, NOW)
    assert Proof.read(old, None).at == NOW
    assert Proof.read(None, WIRED) == Proof()


def test_a_simulated_button_is_given_and_says_so() -> None:
    given = Proof(given=True)
    assert given.holds(DRILLS, NOW)
    assert given.note(DRILLS, NOW) == "Red button armed (simulated)."
