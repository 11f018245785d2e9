"""Takes the GPIO chip away from an open panel, in the machine, and prints what the panel says of it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from hardware.button import Cause, Contact, Trip
from hardware.errors import HardwareError
from hardware.panel import HardwareSettings, open_panel
from hardware.wiring import CLOSED
from tests.hardware.benches import Heard, until
from tests.hardware.machine import GpioSim


def main() -> None:
    jig = GpioSim()
    jig.close()
    jig.wire(17, CLOSED)
    trips = Heard[Trip]()
    panel = open_panel(HardwareSettings(gpio_chip=jig.chip), False, trips, Heard[None](), Heard[str]())
    until(lambda: panel.panic.armed)
    Path("/sys/kernel/config/gpio-sim/kiosk/live").write_text("0")
    trips.wait()
    until(lambda: panel.panic.cause is Cause.WIRE)
    print("wire")
    print("broken" if panel.panic.state is Contact.BROKEN else panel.panic.state)
    print("armed" if panel.panic.armed else "unarmed")
    print("forgotten" if panel.panic.error is None else "kept")
    with contextlib.suppress(HardwareError):  # the pins cannot be given back to a chip that is gone
        panel.close()
    try:
        panel.radio.block()
    except HardwareError:
        print("closed", flush=True)
    os._exit(0)  # gpiozero's own clean-up at exit would fail on the missing chip


if __name__ == "__main__":
    main()
