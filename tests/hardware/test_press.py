"""The memory of a press, alone: no pins, threads or clock."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardware.errors import SettingsError
from hardware.press import SECOND, Press, Released, Trip
from hardware.wiring import TABLE, ButtonSettings, Cause, Contact, Wiring, pressed, rest

SETTINGS = ButtonSettings(settle=0.1, quiet=0.15)
MS = SECOND // 1000
START = 1000 * SECOND


def tripped(contact: Contact = Contact.PRESSED) -> Press:
    press = Press(SETTINGS, START)
    assert isinstance(press.look(contact, START), Trip)
    press.told()
    return press


def test_only_one_combination_of_contacts_means_at_rest() -> None:
    for wiring, meanings in TABLE.items():
        assert len(meanings) == 2 ** len(ButtonSettings(wiring=wiring).pins)
        assert list(meanings.values()).count(Contact.CLEAR) == 1
        assert meanings[rest(wiring)] is Contact.CLEAR
        assert meanings[pressed(wiring)] is Contact.PRESSED


@pytest.mark.parametrize("wiring", [Wiring.NORMALLY_CLOSED, Wiring.TWO_CONTACTS])
def test_a_pulled_plug_never_looks_like_rest(wiring: Wiring) -> None:
    contacts = ButtonSettings(wiring=wiring).pins
    assert TABLE[wiring][(True,) * len(contacts)] is not Contact.CLEAR


def test_an_edge_at_rest_is_a_trip_at_its_own_time() -> None:
    press = Press(SETTINGS, START)
    assert press.edge(START + 5) == Trip(Cause.BUTTON, START + 5)
    assert press.cause is Cause.BUTTON


def test_an_edge_that_arrives_late_belongs_to_the_press_that_is_over() -> None:
    press = tripped()
    press.look(Contact.CLEAR, START + 1 * MS)
    assert press.look(Contact.CLEAR, START + 200 * MS) == Released()
    assert press.edge(START + 100 * MS) is None
    assert press.edge(START + 201 * MS) is not None


def test_rest_must_last_to_be_a_release() -> None:
    press = tripped()
    assert press.look(Contact.CLEAR, START + 10 * MS) is None
    assert press.look(Contact.CLEAR, START + 159 * MS) is None
    assert press.state(Contact.CLEAR, START + 159 * MS) is Contact.PRESSED
    assert press.look(Contact.CLEAR, START + 160 * MS) == Released()
    assert press.state(Contact.CLEAR, START + 160 * MS) is Contact.CLEAR
    assert press.cause is None


@pytest.mark.parametrize("chatter", ["edge", "level"])
def test_chatter_starts_the_wait_for_rest_again(chatter: str) -> None:
    press = tripped()
    press.look(Contact.CLEAR, START + 10 * MS)
    if chatter == "edge":
        assert press.edge(START + 100 * MS) is None
    else:
        assert press.look(Contact.PRESSED, START + 100 * MS) is None
    assert press.look(Contact.CLEAR, START + 170 * MS) is None
    assert press.look(Contact.CLEAR, START + 320 * MS) == Released()


def test_a_press_ends_only_after_the_trip_has_been_acted_on() -> None:
    press = Press(SETTINGS, START)
    press.edge(START)
    assert press.look(Contact.CLEAR, START + SECOND) is None
    assert press.look(Contact.CLEAR, START + 2 * SECOND) is None
    press.told()
    assert press.look(Contact.CLEAR, START + 3 * SECOND) is None
    assert press.look(Contact.CLEAR, START + 4 * SECOND) == Released()


def test_a_changeover_button_on_its_way_is_no_broken_wire() -> None:
    press = Press(SETTINGS, START)
    press.look(Contact.CLEAR, START)
    assert press.look(Contact.BROKEN, START + 10 * MS) == Trip(Cause.BUTTON, START + 10 * MS)
    assert press.state(Contact.BROKEN, START + 20 * MS) is Contact.PRESSED
    assert press.look(Contact.PRESSED, START + 30 * MS) is None
    assert press.cause is Cause.BUTTON


def test_contacts_that_go_on_contradicting_each_other_are_a_broken_wire() -> None:
    press = Press(SETTINGS, START)
    press.look(Contact.CLEAR, START)
    press.look(Contact.BROKEN, START + 10 * MS)
    press.look(Contact.BROKEN, START + 110 * MS)
    assert press.cause is Cause.WIRE
    assert press.state(Contact.BROKEN, START + 110 * MS) is Contact.BROKEN


def test_a_wire_broken_from_the_start_trips_as_a_wire() -> None:
    assert Press(SETTINGS, START).look(Contact.BROKEN, START + 1) == Trip(Cause.WIRE, START + 1)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # an emulated machine is slow
@given(st.lists(st.tuples(st.sampled_from(["edge", *Contact]), st.integers(0, 300)), max_size=60))
def test_trips_and_releases_alternate_and_nothing_but_rest_goes_without_a_trip(
    steps: list[tuple[str | Contact, int]],
) -> None:
    press, now, news = Press(SETTINGS, START), START, []
    for what, wait in steps:
        now += wait * MS
        said = press.look(what, now) if isinstance(what, Contact) else press.edge(now)
        if isinstance(said, Trip):
            press.told()
        if said is not None:
            news.append(type(said))
        assert what is Contact.CLEAR or press.trip is not None
        assert press.state(Contact.CLEAR, now) is (Contact.PRESSED if press.trip else Contact.CLEAR)
    assert all(kind is (Trip if n % 2 == 0 else Released) for n, kind in enumerate(news))


def test_two_contacts_on_one_pin_are_refused() -> None:
    with pytest.raises(SettingsError, match="two different pins"):
        ButtonSettings(pin=17, second_pin=17, wiring=Wiring.TWO_CONTACTS)


@pytest.mark.parametrize("poll", [0, -1, 0.6])
def test_a_circuit_that_is_hardly_ever_read_is_refused(poll: float) -> None:
    with pytest.raises(SettingsError, match="poll"):
        ButtonSettings(poll=poll)
