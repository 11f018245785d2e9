"""A dead man's switch: called over real HTTP and TLS, told of faults, and never in anybody's way."""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from kiosk.config import Alerts
from kiosk.guardian import heartbeat
from kiosk.guardian.heartbeat import Heartbeat, Way, call, day_by_day, failing
from tests.waiting import until

SECRET = "5e1f0c1a-2222-4444-8888-0123456789ab"


class Switch(ThreadingHTTPServer):
    """Answers `status` and keeps the paths that were called."""

    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.status = 200
        self.paths: list[str] = []
        self.called = threading.Condition()
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def wait(self, calls: int) -> list[str]:
        with self.called:
            assert self.called.wait_for(lambda: len(self.paths) >= calls, 20)
            return list(self.paths)

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller who does not trust us hangs up."""


class _Answer(BaseHTTPRequestHandler):
    server: Switch

    def do_GET(self) -> None:
        with self.server.called:
            self.server.paths.append(self.path)
            self.server.called.notify_all()
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Switch]:
    with Switch(tls) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(10)


@pytest.fixture
def switch() -> Iterator[Switch]:
    with serving() as server:
        yield server


class Notes:
    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def __call__(self, kind: str, **detail: object) -> None:
        self.lines.append((kind, detail))


class Cable:
    """A way that is always there."""

    is_off = False

    @asynccontextmanager
    async def woken(self, at_rest: Callable[[], bool]) -> AsyncIterator[None]:
        yield


def beating(
    url: str,
    faults: set[str],
    act: Callable[[Notes], Awaitable[None]],
    every: float = 0.01,
    way: Callable[[Notes], Way] = lambda notes: Cable(),
    at_rest: Callable[[], bool] | None = None,
) -> Notes:
    notes = Notes()

    async def both() -> None:
        beat = asyncio.create_task(Heartbeat(url, every, lambda: faults, notes, way(notes), at_rest).run())
        async with asyncio.timeout(20):
            await act(notes)
        assert not beat.done()
        beat.cancel()
        await asyncio.gather(beat, return_exceptions=True)

    asyncio.run(both())
    return notes


def test_it_calls_again_and_again_and_says_so_once(switch: Switch) -> None:
    async def act(notes: Notes) -> None:
        await asyncio.to_thread(switch.wait, 5)
        await until(lambda: bool(notes.lines))

    notes = beating(f"http://127.0.0.1:{switch.port}/{SECRET}", set(), act)
    assert set(switch.paths) == {f"/{SECRET}"}
    assert notes.lines == [("heartbeat", {"ok": True, "why": ""})]


def test_while_a_fault_stands_it_calls_fail_and_then_no_more(
    switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "STARTING", 0.05)
    faults = {"button"}

    async def act(notes: Notes) -> None:
        await asyncio.to_thread(switch.wait, 2)
        faults.clear()
        await until(lambda: switch.paths[-1] == f"/{SECRET}")

    beating(f"http://127.0.0.1:{switch.port}/{SECRET}", faults, act)
    assert switch.paths[0] == f"/{SECRET}/fail"


def test_what_is_missing_only_while_the_kiosk_starts_is_never_told(
    switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "LOOK", 0.01)
    faults = {"screen"}

    async def act(notes: Notes) -> None:
        asyncio.get_running_loop().call_later(0.3, faults.clear)
        await asyncio.to_thread(switch.wait, 3)

    beating(f"http://127.0.0.1:{switch.port}/{SECRET}", faults, act)
    assert set(switch.paths) == {f"/{SECRET}"}


def test_a_switch_that_fails_and_comes_back_is_two_lines_in_the_log(switch: Switch) -> None:
    switch.status = 500

    async def act(notes: Notes) -> None:
        await asyncio.to_thread(switch.wait, 3)
        switch.status = 200
        await until(lambda: len(notes.lines) == 2)

    notes = beating(f"http://127.0.0.1:{switch.port}/{SECRET}", set(), act)
    assert [detail for _, detail in notes.lines] == [
        {"ok": False, "why": "HTTP 500"},
        {"ok": True, "why": ""},
    ]


def test_a_dead_switch_is_one_line_however_it_is_dead(switch: Switch) -> None:
    async def act(notes: Notes) -> None:
        for status in (500, 404, 302, 503):
            switch.status = status
            await asyncio.to_thread(switch.wait, len(switch.paths) + 2)

    switch.status = 500
    notes = beating(f"http://127.0.0.1:{switch.port}/{SECRET}", set(), act)
    assert notes.lines == [("heartbeat", {"ok": False, "why": "HTTP 500"})]


def test_nobody_listening_is_a_line_in_the_log_and_no_secret_is_in_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def act(notes: Notes) -> None:
        await until(lambda: bool(notes.lines))

    with caplog.at_level(logging.DEBUG):
        notes = beating(f"http://127.0.0.1:1/{SECRET}", set(), act)
    assert notes.lines == [("heartbeat", {"ok": False, "why": "ConnectionError"})]
    assert SECRET not in caplog.text


def test_calls_that_never_end_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "LONGEST", 0.05)
    hanging = [threading.Event() for _ in range(heartbeat.MOST_HANGING + 3)]
    waiting = iter(hanging)

    def hang(url: str) -> str:
        next(waiting).wait(20)
        return ""

    async def act(notes: Notes) -> None:
        await until(lambda: hanging[heartbeat.MOST_HANGING - 1] not in left())
        await asyncio.sleep(0.3)
        assert len(left()) == 3
        hanging[0].set()
        await until(lambda: len(left()) == 2)

    def left() -> list[threading.Event]:
        return hanging[len(hanging) - waiting.__length_hint__() :]

    monkeypatch.setattr(heartbeat, "call", hang)
    beating("http://127.0.0.1:9/", set(), act)
    for event in hanging:
        event.set()


def test_a_redirect_is_not_followed_with_the_secret_in_hand(switch: Switch) -> None:
    switch.status = 302
    assert call(f"http://127.0.0.1:{switch.port}/{SECRET}") == "HTTP 302"
    assert switch.paths == [f"/{SECRET}"]


@pytest.mark.parametrize(("name", "why"), [("127.0.0.1", ""), ("elsewhere.test", "SSLError")])
def test_it_calls_only_a_switch_that_proves_its_name_h15(
    name: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(tls)
    with serving(tls) as switch:
        assert call(f"https://127.0.0.1:{switch.port}/{SECRET}") == why


def test_fail_goes_behind_the_path_and_before_the_question_mark() -> None:
    assert failing("https://ping.example/abc") == "https://ping.example/abc/fail"
    assert failing("https://ping.example/abc/?create=1") == "https://ping.example/abc/fail?create=1"


def test_the_address_is_masked_wherever_the_configuration_is_printed() -> None:
    alerts = Alerts.model_validate(
        {
            "people": [{"name": "Mrs Khan", "urls": ["mailtos://kiosk:p@mail.example"]}],
            "heartbeat": {"url": f"https://ping.example/{SECRET}"},
        }
    )
    assert SECRET not in repr(alerts) + str(alerts) + alerts.model_dump_json()


def test_the_log_has_a_line_every_day_with_what_is_missing() -> None:
    notes, faults = Notes(), {"disk", "button"}

    async def play() -> None:
        days = asyncio.create_task(day_by_day(lambda: faults, notes, every=0.01))
        await until(lambda: bool(notes.lines))
        faults.clear()
        await until(lambda: notes.lines[-1] == ("self_test", {"faults": []}))
        days.cancel()
        await asyncio.gather(days, return_exceptions=True)

    asyncio.run(play())
    assert notes.lines[0] == ("self_test", {"faults": ["button", "disk"]})
