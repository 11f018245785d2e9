"""The panic circuit: edges trip it in the driver's own thread, and its level is read besides, always.

gpiozero reports changes only, so a button that is already held, or a wire that is already cut, when we start
would never be heard of; and an edge can be lost. A second thread therefore reads the level from the first
moment on, every `poll` seconds. Neither thread waits for anything before it calls `on_trip`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

from gpiozero import InputDevice
from gpiozero.pins import Factory

from hardware.callbacks import Kept
from hardware.errors import GpioError
from hardware.gpio import gpio_or
from hardware.press import SECOND, Press, Released, Trip
from hardware.wiring import TABLE, ButtonSettings, Cause, Contact

__all__ = ["ButtonSettings", "Cause", "Contact", "PanicCircuit", "Trip"]

AGAIN = "start the kiosk again"
STALE = 1.0  # s; a circuit not read for this long is not armed


class PanicCircuit:
    """Watches the red button from the moment it is made until `close`.

    `on_trip` is called once per press, within `poll` seconds at the latest, in the driver's or the watching
    thread, never in the caller's; it may come before the constructor has returned. `on_release` follows when
    the button has been at rest for `quiet` seconds and `on_trip` has returned. What they raise is kept in
    `error`, and then the circuit is no longer `armed`, though it goes on watching.

    Raises GpioError if a pin cannot be had.
    """

    def __init__(
        self,
        settings: ButtonSettings,
        factory: Factory,
        on_trip: Callable[[Trip], None],
        on_release: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._factory = factory
        self._on_trip = on_trip
        self._on_release = on_release
        self._kept = Kept()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._inputs: list[InputDevice] = []
        try:
            self._take_pins()
        except GpioError:
            self._give_pins_back()
            raise
        self._watch = threading.Thread(target=self._keep_looking, name="panic-circuit", daemon=True)
        self._watch.start()

    @property
    def state(self) -> Contact:
        """What the button is doing, read now. PRESSED until a release is certain, BROKEN if unreadable."""
        contact = self._read()
        with self._lock:
            return self._press.state(contact, time.monotonic_ns())

    @property
    def cause(self) -> Cause | None:
        """Why the circuit is tripped as far as is known by now, or None if it is not."""
        with self._lock:
            return self._press.cause

    @property
    def armed(self) -> bool:
        """Whether a press now would be heard: at rest and being watched."""
        return self.watched and self.state is Contact.CLEAR and self.cause is None

    @property
    def watched(self) -> bool:
        """Whether a change would be heard, at rest or not: it is being read, and no callback has failed."""
        fresh = time.monotonic_ns() - self._looked_ns < STALE * SECOND
        return fresh and self._watch.is_alive() and not self._closing.is_set() and self.error is None

    @property
    def circuit(self) -> str:
        """Which button this is (`ButtonSettings.circuit`)."""
        return self._settings.circuit

    @property
    def error(self) -> Exception | None:
        """The first failure of a callback or of reading a pin, or None."""
        return self._kept.error

    def close(self) -> None:
        """Stops watching and gives the pins back, once. Raises GpioError if the chip is gone."""
        if self._closing.is_set():
            return
        self._closing.set()
        if threading.current_thread() is not self._watch:
            self._watch.join()
        self._give_pins_back()

    def _take_pins(self) -> None:
        with gpio_or(
            f"The panic button's pins {self._settings.pins} cannot be used",
            "check the pin numbers in the config, and that no other program holds them",
        ):
            for pin in self._settings.pins:
                self._inputs.append(InputDevice(pin, pull_up=True, pin_factory=self._factory))
            self._looked_ns = time.monotonic_ns()
            self._press = Press(self._settings, self._looked_ns)  # before the first edge can come
            for device in self._inputs:
                device.pin.when_changed = self._edge

    def _give_pins_back(self) -> None:
        with gpio_or("The panic button's pins cannot be given back", AGAIN), ExitStack() as devices:
            for device in self._inputs:
                devices.callback(device.close)
                devices.callback(setattr, device.pin, "when_changed", None)  # the last in runs first

    def _edge(self, ticks: float, _level: int) -> None:
        """Called by the driver, in its thread, at every change of a contact."""
        with self._kept:
            at_ns = self._stamp(ticks)
            with self._lock:
                trip = self._press.edge(at_ns)
            self._tell(trip)

    def _keep_looking(self) -> None:
        self._look()
        while not self._closing.wait(self._settings.poll):
            self._look()

    def _look(self) -> None:
        contact = self._read()
        with self._lock:
            self._looked_ns = time.monotonic_ns()
            news = self._press.look(contact, self._looked_ns)
        if isinstance(news, Released):
            with self._kept:
                self._on_release()
        else:
            self._tell(news)

    def _tell(self, trip: Trip | None) -> None:
        if trip is None:
            return
        with self._kept:
            self._on_trip(trip)
        with self._lock:
            self._press.told()

    def _read(self) -> Contact:
        with self._kept:
            levels = tuple(bool(device.pin.state) for device in self._inputs)
            return TABLE[self._settings.wiring][levels]
        return Contact.BROKEN  # a pin could not be read

    def _stamp(self, ticks: float) -> int:
        """The driver's time stamp as `time.monotonic_ns`; now, if the driver's makes no sense."""
        now = time.monotonic_ns()
        age = self._factory.ticks_diff(self._factory.ticks(), ticks)
        return now - int(age * SECOND) if 0 <= age < STALE else now
