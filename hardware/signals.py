"""The lamp and the sounder: steady light means armed and nothing else does; nothing blinks faster than 1 Hz.

Colour is never alone: each state also has its own rhythm, so that a single-colour lamp, and an adult who does
not tell red from green, can read it. gpiozero's own threads keep the rhythm.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import Enum

from gpiozero import LED, RGBLED, Buzzer
from gpiozero.pins import Factory

from hardware.errors import SettingsError
from hardware.gpio import gpio_or

Colour = tuple[int, int, int]


class LampState(Enum):
    """What the lamp beside the button can say."""

    OFF = "off"
    READY = "ready"  # armed, no session
    OPEN = "open"  # armed, a session is open
    PANIC = "panic"
    FAULT = "fault"


@dataclass(frozen=True)
class Light:
    """How a state looks: its colour, and seconds lit and dark; `dark` 0 is steady."""

    colour: Colour
    lit: float = 1.0
    dark: float = 0.0


LIGHTS: dict[LampState, Light] = {
    LampState.OFF: Light((0, 0, 0)),
    LampState.READY: Light((0, 1, 0)),
    LampState.OPEN: Light((0, 0, 1)),
    LampState.PANIC: Light((1, 1, 0), lit=1.0, dark=1.0),
    LampState.FAULT: Light((1, 0, 0), lit=0.5, dark=2.5),
}

CHECK = "check the pin numbers in the config, and that no other program holds them"
SOUND, SILENCE = 0.5, 1.5  # s: heard through a door, and not a siren to a child


class Lamp:
    """A lamp on no pin, one pin, or three (red, green, blue). Raises GpioError if a pin cannot be had."""

    def __init__(self, pins: tuple[int, ...], factory: Factory) -> None:
        self._lock = threading.Lock()
        self._state = LampState.OFF
        self._led: LED | None = None
        self._rgb: RGBLED | None = None
        if len(pins) not in (0, 1, 3):
            raise SettingsError("A lamp has one pin, or three (red, green, blue): change `lamp`.")
        with gpio_or(f"The lamp's pins {pins} cannot be used", CHECK):
            if len(pins) == 1:
                self._led = LED(pins[0], pin_factory=factory)
            elif pins:
                self._rgb = RGBLED(*pins, pwm=False, pin_factory=factory)

    @property
    def state(self) -> LampState:
        """What it shows."""
        return self._state

    def show(self, state: LampState) -> None:
        """Shows `state`, at once. Any thread may call this. Raises GpioError if the pins fail."""
        with self._lock:
            if state is self._state:
                return
            with gpio_or("The lamp cannot be switched", "start the kiosk again"):
                if self._led is not None:
                    _show_single(self._led, LIGHTS[state])
                if self._rgb is not None:
                    _show_colour(self._rgb, LIGHTS[state])
            self._state = state

    def close(self) -> None:
        """Dark, and the pins given back."""
        self.show(LampState.OFF)
        for device in (self._led, self._rgb):
            if device is not None:
                device.close()


def _show_single(led: LED, light: Light) -> None:
    if not any(light.colour):
        led.off()
    elif light.dark:
        led.blink(on_time=light.lit, off_time=light.dark)
    else:
        led.on()


def _show_colour(rgb: RGBLED, light: Light) -> None:
    if light.dark:
        rgb.blink(on_time=light.lit, off_time=light.dark, on_color=light.colour)
    else:
        rgb.value = light.colour


class Sounder:
    """A buzzer on a pin, or none. Raises GpioError if the pin cannot be had."""

    def __init__(self, pin: int | None, factory: Factory) -> None:
        self._lock = threading.Lock()
        self._sounding = False
        self._buzzer: Buzzer | None = None
        if pin is None:
            return
        with gpio_or(f"The sounder's pin {pin} cannot be used", CHECK):
            self._buzzer = Buzzer(pin, pin_factory=factory)

    @property
    def sounding(self) -> bool:
        """Whether it was started and not stopped since."""
        return self._sounding

    def start(self) -> None:
        """Sounds, half a second in every two, until `stop`. Any thread may call this."""
        with self._lock:
            with gpio_or("The sounder cannot be started", "tell SLT yourself"):
                if self._buzzer is not None and not self._sounding:
                    self._buzzer.beep(on_time=SOUND, off_time=SILENCE)
            self._sounding = True

    def stop(self) -> None:
        """Silent at once."""
        with self._lock:
            with gpio_or("The sounder cannot be stopped", "start the kiosk again"):
                if self._buzzer is not None:
                    self._buzzer.off()
            self._sounding = False

    def close(self) -> None:
        """Silent, and the pin given back."""
        self.stop()
        if self._buzzer is not None:
            self._buzzer.close()
