"""The panic's first milliseconds: every step is tried, in order, in the thread that felt the edge."""

from __future__ import annotations

import threading
import time

from hardware.errors import RadioError
from hardware.radio import SimulatedRadio
from kiosk.guardian.emergency import Emergency, Tripped


class DeafRadio(SimulatedRadio):
    """A radio that neither obeys nor answers, as a broken driver would."""

    def block(self) -> None:
        raise RadioError("The radio does not answer.")


def test_it_latches_then_cuts_then_blocks_then_reads_back_then_tells() -> None:
    order: list[str] = []
    told: list[Tripped] = []
    radio = SimulatedRadio()
    radio.unblock()

    def cut() -> None:
        assert emergency.tripped.is_set()
        assert not radio.blocked()
        order.append(threading.current_thread().name)

    emergency = Emergency(radio, cut, told.append)
    driver = threading.Thread(
        target=emergency.trip, args=("by the red button", time.monotonic_ns()), name="driver"
    )
    driver.start()
    driver.join()
    assert order == ["driver"]
    assert radio.blocked()
    assert told[0].confirmed
    assert [mark.name for mark in told[0].marks] == [
        "latched",
        "browser dead, internet cut",
        "radio off",
        "radio read back",
    ]
    times = [mark.ms for mark in told[0].marks]
    assert times == sorted(times)


def test_a_step_that_fails_stops_none_after_it_and_nothing_is_claimed() -> None:
    told: list[Tripped] = []

    def cut() -> None:
        raise OSError("no such process")

    radio = DeafRadio()
    radio.unblock()
    Emergency(radio, cut, told.append).trip("by the red button", time.monotonic_ns())
    assert not told[0].confirmed
    errors = [mark.error for mark in told[0].marks]
    assert errors[1].startswith("OSError")
    assert "does not answer" in errors[2]
    assert errors[3] == ""
