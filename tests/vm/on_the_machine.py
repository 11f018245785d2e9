"""What only the machine of tests/vm can show, beyond the contract: the real panel, and parts that go away.

`job.sh` names this file to pytest; elsewhere it is not collected. The chip goes away last.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import evdev
import pytest

from hardware.badge import EvdevBadge
from hardware.button import ButtonSettings, Cause, Trip
from hardware.errors import MissingParts
from hardware.panel import HardwareSettings, LampState, Panel, SimulatedPanel, open_panel
from hardware.wiring import CLOSED, OPEN
from tests.hardware.benches import Heard, until
from tests.hardware.machine import GpioSim, UinputReader


@pytest.fixture
def jig() -> Iterator[GpioSim]:
    """The contacts, at rest, without holding a pin."""
    bench = GpioSim()
    bench.close()
    bench.wire(17, CLOSED)
    yield bench
    bench.wire(17, CLOSED)


@pytest.fixture
def chip(jig: GpioSim) -> int:
    """The number of the chip."""
    return jig.chip


def open_real(chip: int, on_trip: Heard[Trip], badge: Path | None = None) -> Panel:
    settings = HardwareSettings(button=ButtonSettings(quiet=0.05), gpio_chip=chip, badge=badge)
    panel = open_panel(settings, False, on_trip, Heard[None](), Heard[str]())
    until(lambda: panel.panic.armed)
    return panel


def test_the_real_panel_opens_and_a_press_cuts_the_radios_in_the_drivers_thread(
    jig: GpioSim, chip: int
) -> None:
    panels: list[Panel] = []
    cut = Heard[Trip]()

    def on_trip(trip: Trip) -> None:
        panels[0].radio.block()
        panels[0].lamp.show(LampState.PANIC)
        cut(trip)

    settings = HardwareSettings(gpio_chip=chip)
    panels.append(open_panel(settings, False, on_trip, Heard[None](), Heard[str]()))
    panel = panels[0]
    assert not isinstance(panel, SimulatedPanel)
    until(lambda: panel.panic.armed)
    panel.radio.unblock()
    assert not panel.radio.blocked()
    jig.wire(17, OPEN)
    assert cut.wait()[0].cause is Cause.BUTTON
    assert panel.radio.blocked()
    until(lambda: jig.lit(22))
    assert panel.panic.error is None
    panel.close()
    assert not jig.lit(22)


def test_the_real_panel_can_be_closed_and_opened_again(chip: int) -> None:
    for _ in range(3):
        open_real(chip, Heard[Trip]()).close()


def test_loading_the_gpio_library_leaves_nothing_in_the_current_folder() -> None:
    assert Path.cwd() == Path("/run/tree")
    assert not list(Path.cwd().glob(".lgd*"))


def test_a_pin_that_another_program_holds_is_refused_with_a_sentence(jig: GpioSim, chip: int) -> None:
    lgpio = importlib.import_module("lgpio")  # the jig has loaded it, in its own folder
    other = lgpio.gpiochip_open(chip)
    lgpio.gpio_claim_input(other, 17)
    lgpio.gpio_claim_output(other, 23)
    with pytest.raises(MissingParts) as caught:
        open_real(chip, Heard[Trip]())
    assert caught.value.parts[0].startswith("The sounder's pin 23 cannot be used ('GPIO busy')")
    lgpio.gpiochip_close(other)
    open_real(chip, Heard[Trip]()).close()


def test_a_reader_is_ours_alone_so_a_badge_is_never_typed_into_a_page_s3() -> None:
    bench, badges = UinputReader(), Heard[str]()
    bench.open(badges)
    eavesdropper = evdev.InputDevice(bench.path)
    bench.tap("0004251337")
    badges.wait()
    assert eavesdropper.read_one() is None
    eavesdropper.close()
    bench.close()


def test_a_reader_that_is_unplugged_is_missing_and_found_again_when_plugged_in(tmp_path: Path) -> None:
    link = tmp_path / "reader"
    badges = Heard[str]()
    driver = EvdevBadge(link, badges)
    assert not driver.present
    for count in (1, 2):
        bench = UinputReader()
        link.symlink_to(bench.path)
        until(lambda: driver.present)
        bench.tap("0004251337")
        badges.wait(count)
        link.unlink()
        bench.unplug()
        until(lambda: not driver.present)
    assert driver.error is None
    driver.close()


def test_an_id_survives_shift_as_readers_with_letters_type_it() -> None:
    bench, badges = UinputReader(), Heard[str]()
    bench.open(badges)
    bench.key("KEY_LEFTSHIFT", 1)
    bench.tap("04A2B3C4")
    bench.key("KEY_LEFTSHIFT", 0)
    assert badges.wait() == ["04A2B3C4"]
    bench.close()


def test_without_the_right_to_radio_and_pins_the_panel_does_not_open(chip: int) -> None:
    script = f"""
from hardware.panel import HardwareSettings, open_panel
open_panel(HardwareSettings(gpio_chip={chip}), False, print, print, print)
"""
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c", script]
    refused = subprocess.run(as_nobody, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "The radio switch /dev/rfkill cannot be opened (Permission denied)" in refused.stderr
    assert "The GPIO pins cannot be opened" in refused.stderr


def test_a_chip_that_goes_away_is_a_broken_wire_and_the_rest_is_closed() -> None:
    """In a process of its own: once its chip is gone, lgpio's own thread complains without end."""
    check = [sys.executable, "-m", "tests.vm.chip_goes_away"]
    done = subprocess.run(check, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    assert done.stdout.split() == ["wire", "broken", "unarmed", "kept", "closed"]
