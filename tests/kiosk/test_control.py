"""A control connection whose guardian goes: a sentence, whenever it is noticed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.demo.control import Control
from kiosk.errors import KioskError


@pytest.fixture
def guardian(tmp_path: Path) -> Iterator[socket.socket]:
    """Listens, and does nothing else."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "guardian.sock"))
        listener.listen()
        yield listener


def test_nobody_who_listens_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(KioskError, match=r"^No guardian answers at "):
        Control(tmp_path / "guardian.sock")


def test_a_guardian_that_has_gone_is_a_sentence(guardian: socket.socket) -> None:
    with Control(Path(guardian.getsockname())) as control:
        guardian.accept()[0].close()
        assert control.until(lambda view: True, 20) is None  # noticed
        with pytest.raises(KioskError, match=r"^The guardian has gone\.") as told:
            control.ask("status")
    assert told.value.todo


def test_one_that_goes_as_it_is_spoken_to_is_a_sentence(
    guardian: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = socket.socket.connect

    def and_gone(wire: socket.socket, address: str) -> None:
        connect(wire, address)
        guardian.accept()[0].close()

    monkeypatch.setattr(socket.socket, "connect", and_gone)
    with pytest.raises(KioskError, match=r"^The guardian has gone\."):
        Control(Path(guardian.getsockname()))
