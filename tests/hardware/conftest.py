"""Benches: one for each way that a part can be had, so that one contract suite runs over all of them.

On a developer's machine the simulated parts and stand-ins for the kernel's files are tested. Where
KIOSK_REAL_HARDWARE is set (the machine of tests/vm, or a Pi on a test jig), the kernel's own are, besides.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.hardware.benches import BadgeBench, DisplayBench, GpioBench, RadioBench
from tests.hardware.machine import GpioSim, RealRadios, UinputReader
from tests.hardware.standins import (
    BacklightFolder,
    MockGpio,
    MockReader,
    PromptStandIns,
    SimulatedLight,
    SimulatedRadios,
    StandInRadios,
)

REAL = bool(os.environ.get("KIOSK_REAL_HARDWARE"))

GPIO = {"simulated": MockGpio} | ({"gpio-sim": GpioSim} if REAL else {})
RADIOS = {"simulated": SimulatedRadios, "prompt": PromptStandIns} | (
    {"rfkill": RealRadios} if REAL else {"stand-in": StandInRadios}
)
READERS = {"simulated": MockReader} | ({"uinput": UinputReader} if REAL else {})


@pytest.fixture(params=GPIO)
def gpio(request: pytest.FixtureRequest) -> Iterator[GpioBench]:
    """Pins whose contacts a test can open and close, and whose outputs it can read."""
    bench = GPIO[request.param]()
    yield bench
    bench.close()


@pytest.fixture(params=RADIOS)
def radios(request: pytest.FixtureRequest) -> Iterator[RadioBench]:
    """Radios, and somebody else who can switch them too."""
    bench = RADIOS[request.param]()
    yield bench
    bench.close()


@pytest.fixture(params=["simulated", "sysfs"])
def light(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> DisplayBench:
    """A screen's backlight."""
    if request.param == "simulated":
        return SimulatedLight()
    return BacklightFolder(tmp_path_factory.mktemp("backlight"))


@pytest.fixture(params=READERS)
def reader(request: pytest.FixtureRequest) -> Iterator[BadgeBench]:
    """A badge reader and its badges."""
    bench = READERS[request.param]()
    yield bench
    bench.close()
