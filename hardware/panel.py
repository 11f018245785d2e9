"""Every part of the device, opened together: all of them or none, and whatever is missing is said at once."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal, TypeVar, overload

from gpiozero.pins import Factory
from gpiozero.pins.mock import MockFactory

from hardware.absent import NoCircuit, NoRadio
from hardware.badge import BadgeReader, EvdevBadge, NoBadge
from hardware.button import AGAIN, PanicCircuit, Trip
from hardware.display import BACKLIGHTS, BacklightDisplay, DisplayPower, SimulatedDisplay
from hardware.errors import HardwareError, MissingParts, SettingsError
from hardware.gpio import gpio_or, open_gpio
from hardware.prompt import PromptRadio
from hardware.radio import RFKILL, Radio, RfkillRadio, SimulatedRadio
from hardware.signals import Lamp, LampState, Sounder
from hardware.simulated import Finger, SimulatedBadge
from hardware.wiring import ButtonSettings

__all__ = ["HardwareSettings", "LampState", "Panel", "SimulatedPanel", "open_panel", "open_what_is_there"]

OnTrip = Callable[[Trip], None]
OnRelease = Callable[[], None]
OnBadge = Callable[[str], None]


@dataclass(frozen=True)
class HardwareSettings:
    """What is connected where. Pins are BCM numbers. Raises SettingsError if two parts share a pin."""

    button: ButtonSettings = field(default_factory=ButtonSettings)
    lamp: tuple[int, ...] = (22,)  # one pin, or three for red, green and blue; () for no lamp
    sounder: int | None = 23  # None for no sounder
    badge: Path | None = None  # the reader, e.g. /dev/input/by-id/usb-…-event-kbd; None for PINs only
    gpio_chip: int | None = None  # N of /dev/gpiochipN; None chooses by the model of Pi
    rfkill: Path = RFKILL
    backlights: Path = BACKLIGHTS

    def __post_init__(self) -> None:
        pins = [*self.button.pins, *self.lamp, *(() if self.sounder is None else (self.sounder,))]
        shared = sorted({pin for pin in pins if pins.count(pin) > 1})
        if shared:
            raise SettingsError(
                f"Two parts share GPIO {shared[0]}: give the button, lamp and sounder their own."
            )
        unknown = [pin for pin in pins if not 0 <= pin <= 27]
        if unknown:
            raise SettingsError(f"There is no GPIO {unknown[0]}: use BCM numbers from 0 to 27.")


@dataclass
class Panel:
    """The parts, in use until `close`. Every part that is missing has a stand-in that says so when used."""

    panic: PanicCircuit | NoCircuit
    radio: Radio
    display: DisplayPower
    lamp: Lamp
    sounder: Sounder
    badge: BadgeReader
    factory: Factory
    missing: tuple[str, ...] = field(default=(), kw_only=True)  # a sentence for each part that is not there
    mended: Callable[[], bool] = field(default=lambda: True, kw_only=True)
    """Whether every part that was missing could be had now. It looks, and keeps none."""

    proven: ClassVar[bool] = False
    """Whether the button needs no test: only one without a wire, in memory, is known to work."""

    @property
    def circuit(self) -> str:
        """Which button this is; "" for none."""
        return self.panic.circuit

    def close(self) -> None:
        """Gives everything back: lamp dark, sounder silent. The radios stay as they are.

        All parts are closed even if one of them fails; then its error is raised.
        """
        with gpio_or("The GPIO pins cannot be given back", AGAIN), ExitStack() as parts:
            # The last is closed first, so no callback comes to a part that is closed.
            for part in (self.factory, self.radio, self.lamp, self.sounder, self.badge, self.panic):
                parts.callback(part.close)


@dataclass
class SimulatedPanel(Panel):
    """Parts that exist in memory, and what a hand can do to them. Nothing here waits for its effect."""

    finger: Finger
    reader: SimulatedBadge

    proven: ClassVar[bool] = True

    @property
    def circuit(self) -> str:
        """None of a device: a test of it proves no wire, though the state folder be moved to one."""
        return f"simulated {self.panic.circuit}"

    def press(self, seconds: float = 0.3) -> None:
        """Presses the button for `seconds`."""
        self.finger.press(seconds)

    def hold(self) -> None:
        """Presses the button and stays on it."""
        self.finger.hold()

    def release(self) -> None:
        """Lets go of the button, or mends its wire."""
        self.finger.release()

    def cut_wire(self) -> None:
        """Cuts the button's cable."""
        self.finger.cut_wire()

    def tap_badge(self, badge: str) -> None:
        """Holds the badge `badge` to the reader."""
        self.reader.tap(badge)

    def close(self) -> None:
        """Lets go of everything."""
        self.finger.close()
        super().close()


@overload
def open_panel(
    settings: HardwareSettings,
    simulated: Literal[True],
    on_trip: OnTrip,
    on_release: OnRelease,
    on_badge: OnBadge,
) -> SimulatedPanel: ...
@overload
def open_panel(
    settings: HardwareSettings, simulated: bool, on_trip: OnTrip, on_release: OnRelease, on_badge: OnBadge
) -> Panel: ...
def open_panel(
    settings: HardwareSettings, simulated: bool, on_trip: OnTrip, on_release: OnRelease, on_badge: OnBadge
) -> Panel:
    """Opens every part. Callbacks come in other threads; `on_trip` may come before this has returned.

    Raises MissingParts, with one sentence for each part that is missing or wrong; nothing stays open then.
    """
    if simulated:
        return _simulated(settings, on_trip, on_release, on_badge)
    return _real(settings, on_trip, on_release, on_badge)


def _simulated(
    settings: HardwareSettings, on_trip: OnTrip, on_release: OnRelease, on_badge: OnBadge
) -> SimulatedPanel:
    factory = MockFactory()
    lamp, sounder = Lamp(settings.lamp, factory), Sounder(settings.sounder, factory)
    finger = Finger(settings.button, factory)
    reader = SimulatedBadge(on_badge)
    return SimulatedPanel(
        radio=PromptRadio(SimulatedRadio),
        display=SimulatedDisplay(),
        lamp=lamp,
        sounder=sounder,
        badge=reader,
        factory=factory,
        finger=finger,
        reader=reader,
        panic=PanicCircuit(settings.button, factory, on_trip, on_release),
    )


Part = TypeVar("Part")


def open_what_is_there(
    settings: HardwareSettings | None, on_trip: OnTrip, on_release: OnRelease, on_badge: OnBadge
) -> Panel:
    """Opens the real parts that can be had; `missing` names the others. For a kiosk that stays closed.

    Without `settings` nobody knows the wiring, so no pin is touched, and the radios are all there is.
    """
    parts = _Opening()
    panel = _opened(parts, settings, on_trip, on_release, on_badge)
    panel.missing, panel.mended = tuple(parts.missing), parts.mended
    return panel


class _Opening:
    """Opens parts, and remembers which did not open, how to try again, and how to close those that did."""

    def __init__(self) -> None:
        self.missing: list[str] = []
        self._again: list[Callable[[], None]] = []
        self._opened: list[Callable[[], None]] = []

    def part(self, make: Callable[[], Part], close: Callable[[Part], None]) -> Part | None:
        try:
            part = make()
        except HardwareError as error:
            self.missing.append(str(error))
            self._again.append(lambda: close(make()))
            return None
        self._opened.append(lambda: close(part))
        return part

    def mended(self) -> bool:
        """Whether all that did not open would open now."""
        try:
            for again in self._again:
                again()
        except HardwareError:
            return False
        finally:
            gc.collect()  # as in `undo`
        return True

    def undo(self) -> None:
        for close in reversed(self._opened):
            close()
        gc.collect()  # a half-made gpiozero device keeps its pin reserved for as long as it is in memory


def _real(settings: HardwareSettings, on_trip: OnTrip, on_release: OnRelease, on_badge: OnBadge) -> Panel:
    opening = _Opening()
    panel = _opened(opening, settings, on_trip, on_release, on_badge)
    if opening.missing:
        opening.undo()
        raise MissingParts(tuple(opening.missing))
    return panel


def _opened(
    opening: _Opening,
    settings: HardwareSettings | None,
    on_trip: OnTrip,
    on_release: OnRelease,
    on_badge: OnBadge,
) -> Panel:
    """The button comes last, because it may call `on_trip` at once."""
    wired = settings or HardwareSettings()
    radio = opening.part(lambda: PromptRadio(lambda: RfkillRadio(wired.rfkill)), PromptRadio.close)
    badge = opening.part(lambda: _badge(wired.badge, on_badge), lambda reader: reader.close())
    lamp = sounder = panic = factory = None
    if settings is not None:
        factory = opening.part(lambda: open_gpio(wired.gpio_chip), lambda chip: chip.close())
    if factory is not None:
        lamp = opening.part(lambda: Lamp(wired.lamp, factory), Lamp.close)
        sounder = opening.part(lambda: Sounder(wired.sounder, factory), Sounder.close)
        panic = opening.part(
            lambda: PanicCircuit(wired.button, factory, on_trip, on_release), PanicCircuit.close
        )
    nothing = factory or MockFactory()  # on no pin of it
    return Panel(
        panic or NoCircuit(),
        radio or NoRadio(),
        BacklightDisplay(wired.backlights),
        lamp or Lamp((), nothing),
        sounder or Sounder(None, nothing),
        badge or NoBadge(),
        nothing,
    )


def _badge(device: Path | None, on_badge: OnBadge) -> BadgeReader:
    return NoBadge() if device is None else EvdevBadge(device, on_badge)
