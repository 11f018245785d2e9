"""Radios that hang: nobody waits for one longer than agreed, and what was switched off is off in the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from hardware.errors import RadioError
from hardware.prompt import PromptRadio
from hardware.radio import SimulatedRadio
from tests.hardware.benches import until

SOON = 0.05  # s
LONG = 60.0  # s, as nobody waits who need not


class Stuck(SimulatedRadio):
    """A radio that can be made to hang in any call, as where a driver holds the kernel's lock."""

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()
        self.free.set()
        self.hanging = False
        self.orders: list[str] = []

    def block(self) -> None:
        self._wait()
        self.orders.append("off")
        super().block()

    def unblock(self) -> None:
        self._wait()
        self.orders.append("on")
        super().unblock()

    def blocked(self) -> bool:
        self._wait()
        return super().blocked()

    def _wait(self) -> None:
        self.hanging = not self.free.is_set()
        self.free.wait()


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    radio = Stuck()
    yield radio
    radio.free.set()


@pytest.fixture
def prompt(stuck: Stuck) -> Iterator[PromptRadio]:
    radio = PromptRadio(lambda: stuck, SOON)
    until(lambda: answers(radio))
    yield radio
    stuck.free.set()
    radio.close()


def refused(call: Callable[[], object]) -> float:
    """That a call says that the radio hangs; how long it took, in seconds."""
    began = time.monotonic()
    with pytest.raises(RadioError, match="does not answer: unplug the kiosk"):
        call()
    return time.monotonic() - began


def hanging(stuck: Stuck, call: Callable[[], object]) -> bool:
    """Whether this call, refused again, hangs in the radio: one given up before its turn never gets there."""
    refused(call)
    return stuck.hanging


def test_what_a_radio_answers_is_the_answer_and_what_it_raises_is_raised() -> None:
    class Deaf(SimulatedRadio):
        def unblock(self) -> None:
            raise RadioError("Its driver is gone.")

    radio = PromptRadio(Deaf, LONG)
    radio.block()
    assert radio.blocked()
    assert radio.present
    with pytest.raises(RadioError, match="driver is gone"):
        radio.unblock()
    radio.close()


def test_one_call_waits_a_moment_and_all_others_not_at_all(stuck: Stuck, prompt: PromptRadio) -> None:
    stuck.free.clear()
    assert SOON <= refused(prompt.blocked) < LONG / 2
    until(lambda: hanging(stuck, prompt.blocked))
    prompt._patience = LONG
    for call in (prompt.block, prompt.unblock, prompt.blocked):
        assert refused(call) < LONG / 2
    stuck.free.set()
    until(lambda: stuck.orders == ["off"])
    until(lambda: answers(prompt))
    assert prompt.blocked()


def answers(radio: PromptRadio) -> bool:
    try:
        return radio.blocked() or True
    except RadioError:
        return False


def test_an_order_to_switch_on_that_came_too_late_is_followed_by_the_one_to_switch_off(
    stuck: Stuck, prompt: PromptRadio
) -> None:
    stuck.free.clear()
    until(lambda: hanging(stuck, prompt.unblock))
    refused(prompt.block)
    refused(prompt.block)
    stuck.free.set()
    until(lambda: stuck.orders == ["on", "off"])


def test_a_switch_that_hangs_as_it_is_opened_is_there_when_it_has_opened() -> None:
    opened = threading.Event()
    stuck = Stuck()

    def opening() -> Stuck:
        opened.wait()
        return stuck

    radio = PromptRadio(opening, SOON)
    refused(radio.block)
    opened.set()
    until(lambda: stuck.orders == ["off"])
    radio.close()


def test_one_that_cannot_be_opened_says_why_and_leaves_no_thread_behind() -> None:
    def gone() -> SimulatedRadio:
        raise RadioError("There is no radio switch.")

    before = set(threading.enumerate())
    with pytest.raises(RadioError, match="no radio switch"):
        PromptRadio(gone, LONG)
    assert set(threading.enumerate()) <= before
