"""A real file, a fixed moment and a real mail server on loopback for the tests of the records."""

from __future__ import annotations

import asyncio
import email
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from kiosk.guardian.secret import Secret
from kiosk.guardian.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kiosk.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store.open(path)
    yield opened
    opened.close()


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 22, 10, 42, 7, 123456, tzinfo=UTC)


@pytest.fixture(scope="session")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Secret:
    return Secret.load(tmp_path_factory.mktemp("state") / "secret")


class Mailbox:
    """Accepts mail and keeps it. Subclasses refuse, stall and cut."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.letters: list[EmailMessage] = []
        self.tries = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        with self._changed:
            self.tries += 1
            self._changed.notify_all()
        return await self.recipient(envelope, address)

    async def recipient(self, envelope: Any, address: str) -> str:
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        letter = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(letter, EmailMessage)
        with self._changed:
            self.letters.append(letter)
            self._changed.notify_all()
        return "250 OK"

    def wait(self, letters: int = 0, tries: int = 0) -> list[EmailMessage]:
        """Wait until so many have come."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.letters) >= letters and self.tries >= tries, 20)
            return list(self.letters)


class Refusing(Mailbox):
    """Knows no such person."""

    async def recipient(self, envelope: Any, address: str) -> str:
        return "550 5.1.1 no such mailbox here"


class Greylisting(Mailbox):
    """Says “later” to the first so many tries."""

    def __init__(self, first: int) -> None:
        super().__init__()
        self._first = first

    async def recipient(self, envelope: Any, address: str) -> str:
        if self.tries <= self._first:
            return "451 4.7.1 greylisted, try again later"
        return await super().recipient(envelope, address)


class Stalling(Mailbox):
    """Takes the letter and does not answer until released."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()
        self.holding = threading.Event()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.holding.set()
        await asyncio.get_running_loop().run_in_executor(None, self.release.wait, 20)
        return await super().handle_DATA(server, session, envelope)


class CutsOff(SMTP):
    """Closes the connection in the middle of the first letter; then behaves."""

    async def smtp_DATA(self, arg: str) -> None:
        if self.event_handler.tries > 1:
            await super().smtp_DATA(arg)
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        await self._reader.readline()
        self.transport.close()


class MailServer:
    """Use as a context manager; `port` is on 127.0.0.1."""

    def __init__(
        self,
        mailbox: Mailbox,
        kind: type[SMTP] = SMTP,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
        upgrade: ssl.SSLContext | None = None,
    ) -> None:
        self.mailbox = mailbox
        self.port = port
        self._kind = kind
        self._tls = tls
        self._upgrade = upgrade
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            self._loop.create_server(
                lambda: self._kind(
                    self.mailbox,
                    hostname="mail.test",
                    loop=self._loop,
                    tls_context=self._upgrade,
                    require_starttls=self._upgrade is not None,
                ),
                "127.0.0.1",
                self.port,
                ssl=self._tls,
            )
        )
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    def __enter__(self) -> MailServer:
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            self.stop()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def url(self, to: str = "slt@nursery.example") -> str:
        """The path to this server, as Apprise writes it."""
        return f"mailto://127.0.0.1:{self.port}/?from=kiosk@nursery.example&to={to}"


class Servers:
    """Starts mail servers of each temper."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def _start(self, server: MailServer) -> MailServer:
        return self._stack.enter_context(server)

    def accepting(self, port: int = 0) -> MailServer:
        return self._start(MailServer(Mailbox(), port=port))

    def refusing(self) -> MailServer:
        return self._start(MailServer(Refusing()))

    def greylisting(self, first: int) -> MailServer:
        return self._start(MailServer(Greylisting(first)))

    def stalling(self) -> MailServer:
        mailbox = Stalling()
        self._stack.callback(mailbox.release.set)
        server = self._start(MailServer(mailbox))
        self._stack.callback(mailbox.release.set)
        return server

    def cutting_off(self) -> MailServer:
        return self._start(MailServer(Mailbox(), kind=CutsOff))

    def secured(self, tls: ssl.SSLContext) -> MailServer:
        return self._start(MailServer(Mailbox(), tls=tls))

    def upgrading(self, tls: ssl.SSLContext) -> MailServer:
        return self._start(MailServer(Mailbox(), upgrade=tls))


@pytest.fixture
def servers() -> Iterator[Servers]:
    with ExitStack() as stack:
        yield Servers(stack)
