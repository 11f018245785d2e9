"""The simulated button and badge reader: gpiozero's own mock pins, wired as a real button is, and a finger.

On a Pi an edge arrives in the driver's thread, never in the caller's. So a simulated press is only ordered
here, and the pin is moved, and `on_trip` called, by a thread that stands for the driver's.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from gpiozero.pins.mock import MockFactory, MockPin

from hardware.callbacks import Kept
from hardware.wiring import OPEN, ButtonSettings, Levels, pressed, rest


class WiredPin(MockPin):  # type: ignore[misc]  # gpiozero has no types
    """A mock pin with a contact to ground on it, which beats the pin's pull-up when it is closed."""

    grounded = False

    def wire(self, level: bool) -> None:
        """Opens (True) or closes (False) the contact; what is listening hears the edge in this thread."""
        self.grounded = not level
        if level:
            self.drive_high()
        else:
            self.drive_low()

    def _set_pull(self, value: str) -> None:
        self._pull = value
        self._change_state(value == "up" and not self.grounded)


class Finger:
    """Presses, holds and releases the simulated button, and cuts its wire. Calls return at once.

    Make it before the circuit, so that the contacts are at rest when the circuit first looks.
    """

    def __init__(self, settings: ButtonSettings, factory: MockFactory) -> None:
        self._settings = settings
        self._pins = [factory.pin(pin, pin_class=WiredPin) for pin in settings.pins]
        self._orders: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._kept = Kept()
        self._move(rest(settings.wiring))
        self._driver = threading.Thread(target=self._drive, name="simulated-gpio", daemon=True)
        self._driver.start()

    def press(self, seconds: float = 0.3) -> None:
        """Presses for `seconds` and lets go."""

        def press() -> None:
            self._move(pressed(self._settings.wiring))
            self._closing.wait(seconds)
            self._move(rest(self._settings.wiring))

        self._orders.put(press)

    def hold(self) -> None:
        """Presses and stays."""
        self.contacts(pressed(self._settings.wiring))

    def release(self) -> None:
        """Lets go, and mends the wire if it was cut."""
        self.contacts(rest(self._settings.wiring))

    def cut_wire(self) -> None:
        """Cuts the cable: every contact reads open. With normally-open wiring nothing can notice that."""
        self.contacts((OPEN,) * len(self._pins))

    def contacts(self, levels: Levels) -> None:
        """Sets each contact's level, in the order of the settings' pins."""
        self._orders.put(lambda: self._move(levels))

    @property
    def error(self) -> Exception | None:
        """The first failure of the driver's thread, or None."""
        return self._kept.error

    def close(self) -> None:
        """Ends the driver's thread after the orders given so far."""
        self._closing.set()
        self._orders.put(None)
        if threading.current_thread() is not self._driver:
            self._driver.join()

    def _move(self, levels: Levels) -> None:
        for pin, level in zip(self._pins, levels, strict=True):
            pin.wire(level)

    def _drive(self) -> None:
        while order := self._orders.get():
            with self._kept:
                order()


class SimulatedBadge:
    """A reader that is always there; `tap` holds a badge to it."""

    present = True

    def __init__(self, on_badge: Callable[[str], None]) -> None:
        self._on_badge = on_badge
        self._kept = Kept()
        self._orders: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="simulated-badge", daemon=True)
        self._thread.start()

    @property
    def error(self) -> Exception | None:
        """The first failure of `on_badge`, or None."""
        return self._kept.error

    def tap(self, badge: str) -> None:
        """Holds the badge `badge` to the reader; `on_badge` is called from the reader's thread."""
        self._orders.put(badge)

    def close(self) -> None:
        """Ends the reader's thread after the taps so far. Does nothing the second time."""
        self._orders.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while (badge := self._orders.get()) is not None:
            with self._kept:
                self._on_badge(badge)
