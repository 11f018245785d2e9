"""The GPIO chip is opened in one place, which also undoes what lgpio does to the process on import.

lgpio, when it is imported, makes a named pipe in `$LG_WD` (or in the current folder, if it may write there)
and changes the process's current folder to it. We give it a folder of its own and go back to ours.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from gpiozero import GPIOZeroError
from gpiozero.pins import Factory

from hardware.errors import GpioError, HardwareError


def open_gpio(chip: int | None = None) -> Factory:
    """The pin factory of this Pi. `chip` is the number in /dev/gpiochipN; None lets gpiozero choose by model.

    Raises GpioError, with what to do, if lgpio is not installed or there is no chip that we may use.
    """
    _load_lgpio()
    from gpiozero.pins.lgpio import LGPIOFactory  # imports lgpio, so not before its folder is settled

    with gpio_or(
        "The GPIO pins cannot be opened",
        "run this on a Raspberry Pi as a member of the group “gpio”, or choose simulated hardware",
    ):
        return LGPIOFactory(chip=chip)


@contextmanager
def gpio_or(what: str, todo: str) -> Iterator[None]:
    """Turns what the GPIO libraries raise inside into a GpioError: “`what` (…): `todo`.”

    lgpio's error is of no family; it can only come where lgpio has been loaded.
    """
    lgpio = sys.modules.get("lgpio")
    refusals = (GPIOZeroError, OSError, *((lgpio.error,) if lgpio else ()))
    try:
        yield
    except HardwareError:
        raise  # a sentence already
    except refusals as error:
        raise GpioError(f"{what} ({error}): {todo}.") from error


def _load_lgpio() -> None:
    try:
        with _elsewhere():
            importlib.import_module("lgpio")
    except (ImportError, OSError) as error:
        raise GpioError(
            f"The GPIO library lgpio cannot be loaded ({error}): install python3-lgpio with apt."
        ) from error


@contextmanager
def _elsewhere() -> Iterator[None]:
    """A private folder for lgpio's pipe, and our own current folder back afterwards.

    The pipe stays as long as the process, so the folder is only removed at the end of it.
    """
    if "lgpio" in sys.modules:
        yield
        return
    ours = os.environ.get("LG_WD")
    home = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.environ["LG_WD"] = ours or _private_folder()
        yield
    finally:
        os.fchdir(home)
        os.close(home)
        if not ours:
            del os.environ["LG_WD"]  # it is read once; the processes that we start need not know it


def _private_folder() -> str:
    runtime = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]  # systemd's, gone when the service ends
    return runtime or _temporary()


_folders: list[tempfile.TemporaryDirectory[str]] = []  # kept, so that they are removed when the process ends


def _temporary() -> str:
    _folders.append(tempfile.TemporaryDirectory(prefix="kiosk-gpio-"))
    return _folders[-1].name
