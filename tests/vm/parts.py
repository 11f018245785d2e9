"""What the tests inside the machine see and do: a screen without a picture, button, switches, disk."""

from __future__ import annotations

import json
import os
import pwd
import re
import select
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import TracebackType

from hardware.radio import EVENT_SIZE, RFKILL, Operation, RfkillEvent, RfkillRadio
from hardware.wiring import CLOSED, OPEN
from kiosk.demo.control import Control
from kiosk.errors import KioskError
from kiosk.guardian.log import Head, Log
from kiosk.guardian.store import Store
from kiosk.protocol import Scene, View, decode, decode_view, encode

SOCKET = Path("/run/kiosk/guardian.sock")
DATABASE = Path("/var/lib/kiosk/kiosk.db")
BENCH = Path("/etc/kiosk-bench")  # what the host gave the tests
OUT = Path("/out")  # the host's
BUTTON = 17
PATIENCE = 120.0  # s; an emulated machine is slow, and nothing here is a measure of time


def until(what: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Waits until `what` is true; AssertionError if it never is."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "It did not happen."
        time.sleep(0.05)


def said(*command: str) -> str:
    """What a command prints; AssertionError with its complaint if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout.strip()


def measured(name: str, value: object) -> None:
    """One line for the host's report."""
    with (OUT / "measured").open("a") as file:
        file.write(json.dumps({name: value}) + "\n")


# The button, on the kernel's simulated chip.

_LINES = Path("/sys/devices/platform")


def button(level: bool) -> None:
    pin = next(_LINES.glob(f"gpio-sim.*/gpiochip*/sim_gpio{BUTTON}/pull"))
    pin.write_text("pull-up" if level else "pull-down")


def press() -> None:
    """Opens the contact, as a press does, and a cut wire too: normally closed wiring knows no difference."""
    button(OPEN)


def release() -> None:
    button(CLOSED)


# Radios and links, as the kernel tells them.


def radios_off() -> bool:
    """As /dev/rfkill says; sysfs hides a radio that lives in another network namespace."""
    radio = RfkillRadio()
    with closing(radio):
        assert radio.present
        return radio.blocked()


def link(name: str) -> str:
    return Path(f"/sys/class/net/{name}/operstate").read_text().strip()


def cable() -> str:
    """The name of the machine's Ethernet interface."""
    return next(
        path.name
        for path in Path("/sys/class/net").iterdir()
        if (path / "device/driver").exists() and (path / "device/driver").resolve().name == "virtio_net"
    )


def milliseconds_to_radio_off(act: Callable[[], None]) -> float:
    """From just before `act` to the kernel's own event that a radio went off, heard by us, in ms."""
    fd = os.open(RFKILL, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with suppress(BlockingIOError):
            while os.read(fd, EVENT_SIZE):
                pass
        start = time.monotonic_ns()
        act()
        while select.select([fd], [], [], PATIENCE)[0]:
            event = RfkillEvent.unpack(os.read(fd, EVENT_SIZE))
            if event.operation == Operation.CHANGE and event.soft:
                return (time.monotonic_ns() - start) / 1e6
        raise AssertionError("No radio went off.")
    finally:
        os.close(fd)


# The records, as they are on the disk.


def _one(query: str) -> int:
    with closing(sqlite3.connect(f"file:{DATABASE}?mode=ro", uri=True)) as db:
        return int(db.execute(query).fetchone()[0])


def latched() -> bool:
    return bool(_one("SELECT latched FROM latch"))


def incidents() -> int:
    return _one("SELECT count(*) FROM incident")


def seal() -> str:
    """The log's last record and its seal, as alerts carry it."""
    with closing(Store.reading(DATABASE)) as store:
        head = Log(store).head()
        return f"{head.serial}:{head.seal}"


def unbroken(known: str) -> bool:
    """Whether the log is whole, and still has the record that `known` is the seal of."""
    serial, _, tag = known.partition(":")
    with closing(Store.reading(DATABASE)) as store:
        return Log(store).verify(Head(int(serial), tag)).ok


def references(inbox: Path) -> set[str]:
    """The reference of every mail in a folder."""
    found = (re.search(r"reference ([A-Z0-9-]+)", m.read_text(), re.IGNORECASE) for m in inbox.glob("*.eml"))
    return {match[1] for match in found if match}


# The guardian, and who speaks with it.


class Screen:
    """A screen without a picture: shows at once whatever it is told to, and types PINs."""

    def __init__(self) -> None:
        self.views: list[View] = []
        self._changed = threading.Condition()
        self._wire = _connected()
        self._wire.sendall(encode("hello", role="screen", w=1280, h=800, bar=78))
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Screen:
        self.until(lambda view: True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._wire.shutdown(socket.SHUT_RDWR)
        self._wire.close()

    @property
    def view(self) -> View:
        return self.views[-1]

    def until(self, what: Callable[[View], bool]) -> View:
        with self._changed:
            found = self._changed.wait_for(lambda: self.views and what(self.view), PATIENCE)
            assert found, f"still {self.views[-1:]}"
            return self.view

    def type_pin_of(self, role: str) -> None:
        pins = json.loads((BENCH / "pins.json").read_text())
        self._wire.sendall(encode("pin", pin=pins[role]))

    def open_session(self) -> None:
        """A session that begins to open, with the radio on: it looks for its filter for some 20 s."""
        self.until(lambda view: view.scene is Scene.LOCKED)
        self.type_pin_of("staff")
        self.until(lambda view: view.scene is Scene.OPENING)
        until(lambda: not radios_off())

    def reset(self) -> None:
        """SLT's. A touch on a picture that news has just replaced counts for nothing, so it is repeated."""
        self.type_pin_of("slt")
        view = self.until(lambda view: view.scene is Scene.RESET)
        while view.scene in (Scene.RESET, Scene.PANIC):
            chosen = view.facts is not None and view.facts.outcome
            tap, name = ("unlock", "") if chosen else ("outcome", "practice")
            self._wire.sendall(encode("tap", tap=tap, id=name, serial=view.serial))
            view = self.until(lambda later, than=view.serial: later.serial > than)  # type: ignore[misc]

    def _read(self) -> None:
        with suppress(OSError), self._wire.makefile("rb") as lines:
            for line in lines:
                message = decode(line)
                if message.kind == "view":
                    with self._changed:
                        self.views.append(decode_view(message))
                        self._changed.notify_all()
                    self._wire.sendall(encode("shown", serial=self.view.serial))


def _connected() -> socket.socket:
    """As the screen's user: the kernel tells the guardian who was here when the connection was made."""
    wire = socket.socket(socket.AF_UNIX)
    os.seteuid(pwd.getpwnam("kiosk-screen").pw_uid)
    try:
        wire.connect(str(SOCKET))
    finally:
        os.seteuid(0)
    return wire


def pid() -> int:
    return int(said("systemctl", "show", "--value", "--property=MainPID", "kiosk-guardian"))


@contextmanager
def attached() -> Iterator[tuple[Screen, Control]]:
    """A screen and an administrator, as soon as there is a guardian."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            screen, control = Screen(), Control(SOCKET)
            break
        except (OSError, KioskError):
            assert time.monotonic() < end, said("journalctl", "-u", "kiosk-guardian", "-n", "40")
            time.sleep(0.1)
    with screen, control:
        yield screen, control
