"""The socket's end: real sockets, a guardian that comes, goes and talks nonsense."""

from __future__ import annotations

import queue
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.protocol import LONGEST_LINE, Message, Scene, View, decode, decode_view, encode, encode_view
from kiosk.screen.client import PATIENCE as PATIENT
from kiosk.screen.client import Arrival, Client, Lost

PATIENCE = 10.0


class Ends:
    """A client, and the guardian's end of it."""

    def __init__(self, folder: Path) -> None:
        self.address = folder / "guardian.sock"
        self.heard: queue.Queue[Arrival] = queue.Queue()
        self.client = Client(self.address, lambda: {"w": 1280, "h": 800, "bar": 148}, self.heard.put)
        self.listener: socket.socket | None = None

    def listen(self) -> None:
        self.address.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.settimeout(PATIENCE)
        self.listener.bind(str(self.address))
        self.listener.listen(1)

    def accept(self) -> socket.socket:
        assert self.listener is not None
        connection, _ = self.listener.accept()
        connection.settimeout(PATIENCE)
        return connection

    def next(self) -> Arrival:
        return self.heard.get(timeout=PATIENCE)

    def next_message(self) -> Message:
        while isinstance(arrival := self.next(), Lost):
            pass
        return arrival

    def until_welcome(self) -> list[Arrival]:
        """What came before it."""
        return [*iter(self.next, Message("welcome", {}))]


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    made = Ends(tmp_path)
    made.listen()
    made.client.start()
    yield made
    made.client.close()
    if made.listener is not None:
        made.listener.close()


def test_hello_says_what_the_glass_is(ends: Ends) -> None:
    with ends.accept() as guardian:
        hello = decode(guardian.makefile("rb").readline())
    assert hello == Message("hello", {"role": "screen", "w": 1280, "h": 800, "bar": 148})


def test_a_view_arrives_whole(ends: Ends) -> None:
    view = View(7, Scene.HOME, adult="Ms Ali")
    with ends.accept() as guardian:
        line = encode_view(view)
        guardian.sendall(line[:10])
        guardian.sendall(line[10:])
        message = ends.next()
    assert isinstance(message, Message)
    assert decode_view(message) == view


@pytest.mark.parametrize(
    "nonsense", [b"not json\n", b'{"v":99,"kind":"view"}\n', b"[]\n", b"x" * (LONGEST_LINE + 2)]
)
def test_nonsense_ends_the_connection_and_a_new_one_begins(ends: Ends, nonsense: bytes) -> None:
    with ends.accept() as guardian:
        guardian.sendall(nonsense)
        assert isinstance(ends.next(), Lost)
    with ends.accept() as guardian:
        guardian.sendall(encode("welcome"))
        assert ends.next_message().kind == "welcome"


def test_a_guardian_that_hangs_up_is_lost_and_found_again(ends: Ends) -> None:
    for _ in range(3):
        with ends.accept() as guardian:
            guardian.sendall(encode("welcome"))
            assert ends.next_message().kind == "welcome"
        assert isinstance(ends.next(), Lost)


def longest_pause(guardian: socket.socket) -> float:
    """Beats for longer than a silence may be; the longest pause between two, in s."""
    pauses = []
    for _ in range(5):
        before = time.monotonic()
        time.sleep(PATIENT / 4)
        guardian.sendall(encode("beat"))
        pauses.append(time.monotonic() - before)
    return max(pauses)


def test_a_guardian_that_falls_silent_is_lost_and_its_next_word_brings_the_view_back(ends: Ends) -> None:
    view = View(7, Scene.PAGE, browser=True)
    with ends.accept() as guardian:
        guardian.sendall(encode_view(view))
        assert decode_view(ends.next_message()) == view
        for _ in range(3):
            pause = longest_pause(guardian)
            guardian.sendall(encode("welcome"))
            heard = ends.until_welcome()
            if pause < PATIENT / 2:  # or it may have been a silence
                break
        assert heard == [], "a beat is nothing to be drawn"
        assert ends.next() == Lost("The guardian does not answer.")
        guardian.sendall(encode("beat") + encode("welcome"))
        [again] = ends.until_welcome()
        assert isinstance(again, Message)
        assert decode_view(again) == view


def test_after_a_silence_nothing_old_is_shown_before_what_is_new(ends: Ends) -> None:
    with ends.accept() as guardian:
        guardian.sendall(encode_view(View(7, Scene.PAGE, browser=True)))
        ends.next()
        assert isinstance(ends.next(), Lost)
        guardian.sendall(encode_view(View(8, Scene.PANIC)))
        assert decode_view(ends.next_message()).scene is Scene.PANIC


def test_a_guardian_that_comes_late_is_found(tmp_path: Path) -> None:
    late = Ends(tmp_path)
    late.client.start()
    lost = late.next()
    assert isinstance(lost, Lost)
    assert str(late.address) in lost.sentence
    late.listen()
    with late.accept() as guardian:
        guardian.sendall(encode("welcome"))
        assert late.next_message().kind == "welcome"
        late.client.close()
    assert late.listener is not None
    late.listener.close()


def test_what_is_touched_without_a_guardian_is_not_heard_later(ends: Ends) -> None:
    with ends.accept() as guardian:
        guardian.sendall(encode("welcome"))
        ends.next_message()
    assert isinstance(ends.next(), Lost)
    ends.client.send("tap", tap="tile")
    with ends.accept() as guardian:
        lines = guardian.makefile("rb")
        assert decode(lines.readline()).kind == "hello"
        guardian.sendall(encode("welcome"))
        ends.next_message()
        assert ends.client.send("tap", tap="home")
        assert decode(lines.readline()) == Message("tap", {"tap": "home"})


def test_renewing_says_hello_again(ends: Ends) -> None:
    with ends.accept() as guardian:
        guardian.sendall(encode("welcome"))
        ends.next_message()
        ends.client.renew()
    with ends.accept() as guardian:
        assert decode(guardian.makefile("rb").readline()).kind == "hello"
