"""The curtain: a word to sway that waits for nothing; that it darkens the glass is seen in tests/e2e."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from kiosk.guardian import curtain as curtains
from kiosk.guardian.curtain import COMMAND, FALL, GET_VERSION, RISE, Curtain


class Compositor:
    """The other end: it hears commands, and answers only when it is told to."""

    def __init__(self, address: Path) -> None:
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(str(address))
        self._listening.listen(4)
        self._listening.settimeout(5)
        self.wire: socket.socket | None = None

    def hear(self) -> str:
        """The next command; what is only asked is passed over."""
        if self.wire is None:
            self.wire, _ = self._listening.accept()
            self.wire.settimeout(5)
        while True:
            head = self.wire.recv(14, socket.MSG_WAITALL)
            length, kind = struct.unpack("=II", head[6:])
            assert head[:6] == b"i3-ipc"
            if kind == COMMAND:
                return self.wire.recv(length, socket.MSG_WAITALL).decode()
            assert (kind, length) == (GET_VERSION, 0)

    def answer(self) -> None:
        assert self.wire is not None
        self.wire.send(b"i3-ipc" + struct.pack("=II", 2, GET_VERSION) + b"{}")

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


class Clock:
    """In the place of `time`: it stands still but for what is slept by it."""

    def __init__(self) -> None:
        self._now = 100.0

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(curtains, "time", made)
    return made


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


def test_a_sway_that_stops_answering_is_not_ready_whatever_the_kernel_takes_for_it(
    sway: Compositor, curtain: Curtain, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curtains, "ANSWERS_WITHIN", 0.3)
    curtain.rise()
    sway.hear()
    for _ in range(4):  # it answers, each time before it is looked at again
        sway.answer()
        assert curtain.ready
        assert curtain.silent == 0
        clock.sleep(0.1)
    assert curtain.ready, "one unanswered look is no fault"
    clock.sleep(0.3)
    assert not curtain.ready
    assert curtain.silent >= 0.3
    with pytest.raises(TimeoutError):
        curtain.fall()
    sway.answer()
    assert curtain.ready, "and it answers again"
    assert sway.hear() == FALL, "it was told all the same"


def test_a_sway_that_never_answered_is_not_ready_but_may_be_only_starting(
    sway: Compositor, curtain: Curtain, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curtains, "ANSWERS_WITHIN", 0.1)
    assert curtain.ready
    clock.sleep(0.15)
    assert not curtain.ready
    assert curtain.silent == 0


def test_a_new_sway_in_place_of_one_that_hung_is_asked_anew(
    sway: Compositor, curtain: Curtain, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curtains, "ANSWERS_WITHIN", 0.1)
    curtain.rise()
    sway.hear()
    clock.sleep(0.15)
    assert not curtain.ready
    sway.hang_up()
    assert not curtain.ready, "not before it has answered"
    curtain.rise()
    sway.hear()
    sway.answer()
    assert curtain.ready
