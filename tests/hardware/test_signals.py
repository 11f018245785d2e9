"""The contract of lamp and sounder, over every driver that this machine has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hardware.errors import GpioError, SettingsError
from hardware.signals import LIGHTS, SILENCE, SOUND, Lamp, LampState, Sounder
from tests.hardware.benches import GpioBench, until

RGB = (5, 6, 13)


@pytest.fixture
def lamp(gpio: GpioBench) -> Iterator[Lamp]:
    lamp = Lamp((22,), gpio.factory)
    yield lamp
    lamp.close()


@pytest.fixture
def sounder(gpio: GpioBench) -> Iterator[Sounder]:
    sounder = Sounder(23, gpio.factory)
    yield sounder
    sounder.close()


def test_nothing_blinks_faster_than_once_a_second() -> None:
    assert all(light.dark == 0 or light.lit + light.dark >= 1 for light in LIGHTS.values())
    assert SOUND + SILENCE >= 1


def test_only_an_armed_button_has_a_steady_light() -> None:
    steady = {state for state, light in LIGHTS.items() if any(light.colour) and not light.dark}
    assert steady == {LampState.READY, LampState.OPEN}


def test_no_two_states_look_the_same() -> None:
    assert len(set(LIGHTS.values())) == len(LampState)


def test_a_new_lamp_is_dark(lamp: Lamp, gpio: GpioBench) -> None:
    assert lamp.state is LampState.OFF
    assert not gpio.lit(22)


@pytest.mark.parametrize("state", [LampState.READY, LampState.OPEN, LampState.PANIC, LampState.FAULT])
def test_every_state_is_lit_and_off_is_dark(lamp: Lamp, gpio: GpioBench, state: LampState) -> None:
    lamp.show(state)
    assert lamp.state is state
    until(lambda: gpio.lit(22))
    lamp.show(LampState.OFF)
    until(lambda: not gpio.lit(22))


def test_a_panic_blinks_and_ready_does_not_go_on_blinking(lamp: Lamp, gpio: GpioBench) -> None:
    lamp.show(LampState.PANIC)
    until(lambda: gpio.lit(22))
    until(lambda: not gpio.lit(22))
    lamp.show(LampState.READY)
    assert gpio.lit(22)


@pytest.mark.parametrize("state", LampState)
def test_a_lamp_of_three_colours_shows_each_states_colour(gpio: GpioBench, state: LampState) -> None:
    lamp = Lamp(RGB, gpio.factory)
    lamp.show(state)
    until(lambda: tuple(int(gpio.lit(pin)) for pin in RGB) == LIGHTS[state].colour)
    lamp.close()


def test_a_kiosk_without_lamp_and_sounder_remembers_what_they_would_say(gpio: GpioBench) -> None:
    lamp, sounder = Lamp((), gpio.factory), Sounder(None, gpio.factory)
    lamp.show(LampState.OPEN)
    sounder.start()
    assert (lamp.state, sounder.sounding) == (LampState.OPEN, True)
    lamp.close()
    sounder.close()


def test_a_lamp_of_two_colours_is_refused(gpio: GpioBench) -> None:
    with pytest.raises(SettingsError, match="one pin, or three"):
        Lamp((5, 6), gpio.factory)


def test_a_sounder_sounds_with_pauses_until_it_is_stopped(sounder: Sounder, gpio: GpioBench) -> None:
    assert not sounder.sounding
    sounder.start()
    sounder.start()
    until(lambda: gpio.lit(23))
    until(lambda: not gpio.lit(23))
    assert sounder.sounding
    sounder.stop()
    assert not sounder.sounding
    assert not gpio.lit(23)


def test_a_sounder_is_silent_at_once_when_stopped(sounder: Sounder, gpio: GpioBench) -> None:
    sounder.start()
    until(lambda: gpio.lit(23))
    sounder.stop()
    assert not gpio.lit(23)


def test_a_pin_that_is_taken_is_refused_with_a_sentence(lamp: Lamp, gpio: GpioBench) -> None:
    with pytest.raises(GpioError, match="in the config"):
        Sounder(22, gpio.factory)
    with pytest.raises(GpioError, match="in the config"):
        Lamp((22,), gpio.factory)
