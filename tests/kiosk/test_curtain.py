"""The curtain: a word to sway that waits for nothing; that it darkens the glass is seen in tests/e2e."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from kiosk.guardian.curtain import FALL, RISE, Curtain


class Compositor:
    """The other end: it hears commands, and answers only when it is told to."""

    def __init__(self, address: Path) -> None:
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(str(address))
        self._listening.listen(4)
        self._listening.settimeout(5)
        self.wire: socket.socket | None = None

    def hear(self) -> str:
        if self.wire is None:
            self.wire, _ = self._listening.accept()
            self.wire.settimeout(5)
        head = self.wire.recv(14, socket.MSG_WAITALL)
        length, kind = struct.unpack("=II", head[6:])
        assert (head[:6], kind) == (b"i3-ipc", 0)
        return self.wire.recv(length, socket.MSG_WAITALL).decode()

    def hang_up(self) -> None:
        assert self.wire is not None
        self.wire.close()
        self.wire = None

    def close(self) -> None:
        self._listening.close()
        if self.wire is not None:
            self.hang_up()


@pytest.fixture
def address(tmp_path: Path) -> Path:
    return tmp_path / "sway"


@pytest.fixture
def sway(address: Path) -> Iterator[Compositor]:
    with closing(Compositor(address)) as made:
        yield made


@pytest.fixture
def curtain(address: Path) -> Iterator[Curtain]:
    with closing(Curtain(address)) as made:
        yield made


def test_it_falls_and_rises_without_waiting_for_an_answer(sway: Compositor, curtain: Curtain) -> None:
    curtain.fall()
    curtain.rise()
    assert (sway.hear(), sway.hear()) == (FALL, RISE)


def test_a_sway_that_hung_up_is_found_again(sway: Compositor, curtain: Curtain) -> None:
    curtain.fall()
    assert sway.hear() == FALL
    sway.hang_up()
    curtain.fall()
    assert sway.hear() == FALL


def test_answers_that_nobody_reads_do_not_stop_it(sway: Compositor, curtain: Curtain) -> None:
    curtain.rise()
    sway.hear()
    assert sway.wire is not None
    sway.wire.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            sway.wire.send(b"x" * 4096)
    sway.wire.settimeout(5)
    curtain.fall()
    assert sway.hear() == FALL


def test_a_sway_that_reads_nothing_holds_nobody_up(sway: Compositor, curtain: Curtain) -> None:
    def forever() -> None:
        while True:
            curtain.rise()

    with pytest.raises(BlockingIOError):
        forever()
    assert curtain.ready


def test_a_sway_that_accepts_nobody_holds_nobody_up(tmp_path: Path) -> None:
    address = tmp_path / "busy"
    with socket.socket(socket.AF_UNIX) as full, ExitStack() as waiting:
        full.bind(str(address))
        full.listen(0)
        with suppress(BlockingIOError):
            while True:  # until the kernel has no place left in its line
                peer = waiting.enter_context(socket.socket(socket.AF_UNIX))
                peer.setblocking(False)
                peer.connect(str(address))
        with closing(Curtain(address)) as curtain:
            assert not curtain.ready
            with pytest.raises(BlockingIOError):
                curtain.fall()


def test_without_sway_it_is_not_ready_and_says_so(curtain: Curtain) -> None:
    assert not curtain.ready
    with pytest.raises(OSError, match="No such file"):
        curtain.fall()
