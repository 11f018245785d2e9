"""H15: what SLT really receives, read as it came out of a real mail server."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from typing import Any

import pytest

from kiosk.events import Adult
from kiosk.guardian import clocks
from kiosk.guardian.courier import Courier
from kiosk.guardian.emergency import Mark, Tripped
from kiosk.guardian.paths import PathTo
from kiosk.guardian.safekeeping import Place, Safekeeping
from kiosk.guardian.store import Store

AT = datetime.fromisoformat("2026-11-22T10:42:07+00:00")
MARKS = (
    Mark("latched", 0.1),
    Mark("curtain told to fall", 9.0),
    Mark("browser dead, internet cut", 12.0),
    Mark("radio off", 13.0),
    Mark("radio read back", 14.0),
)
LIVE = re.compile(r"https?://|ftp://|www\.\w|href|<a\b|farm\.example", re.IGNORECASE)
Send = Callable[..., EmailMessage]


@pytest.fixture
def send(store: Store, servers: Any) -> Send:
    """A panic with these words, and the letter that came of it."""
    server = servers.accepting()
    place = Place(
        "Rainbow room – “the ark” (kiosk-1)",
        (PathTo("Mrs Khan", server.url()),),
        ("Local authority duty desk 01234 567890", "IWF www.farm.example/report"),
    )
    records = Safekeeping(store, place, Courier(), lambda event: None)

    async def sent(adult: str, url: str, drill: bool) -> None:
        tripped = Tripped("by the red button", time.monotonic_ns(), True, True, MARKS)
        who = Adult("m.ali", adult) if adult else None
        records.latch("by the red button", AT, who, url, drill=drill, tripped=tripped)
        sender = asyncio.create_task(records.outbox.run())
        await asyncio.to_thread(server.mailbox.wait, 1)
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)

    def send(
        adult: str = "Ms Zoë Ali", url: str = "https://farm.example/a?b=1", drill: bool = False
    ) -> EmailMessage:
        asyncio.run(sent(adult, url, drill))
        letter: EmailMessage = server.mailbox.letters[0]
        return letter

    return send


def test_a_letter_says_where_who_when_what_was_done_and_whom_to_call(
    send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clocks, "is_confirmed", lambda: True)
    letter = send()
    local = AT.astimezone()
    body = letter.get_content().replace("\r\n", "\n")
    assert letter["Subject"].startswith("Kiosk alert from Rainbow room – “the ark” (kiosk-1) at ")
    assert body.startswith("Kiosk alert: stopped by the red button in Rainbow room")
    assert f"{local.day} {local:%B %Y} at {local:%H:%M}" in body
    assert "The adult was Ms Zoë Ali." in body
    for done in ("screen told to go dark", "browser closed and internet cut", "internet confirmed off"):
        assert re.search(rf"^- \d\d:\d\d:\d\d {done}$", body, re.MULTILINE)
    assert "hxxps://farm[.]example/a?b=1" in body
    assert "- Local authority duty desk 01234 567890" in body
    assert "not confirmed" not in body + letter["Subject"]
    assert re.search(r"Incident 1, reference [A-Z0-9]{4}-[A-Z0-9]{4}\.", body)


def test_a_letter_is_plain_text_to_one_person_with_nothing_live_in_it(send: Send) -> None:
    letter = send()
    assert letter.get_content_type() == "text/plain"
    assert not letter.is_multipart()
    assert letter.get_all("To") == ["slt@nursery.example"]
    assert letter["From"].addresses[0].addr_spec == "kiosk@nursery.example"
    said = "\n".join([*(f"{name}: {value}" for name, value in letter.items()), letter.get_content()])
    assert not LIVE.search(said), said


def test_a_page_that_tries_to_write_headers_or_letters_of_its_own_writes_nothing(send: Send) -> None:
    letter = send(url="https://farm.example/\r\nBcc: all@farm.example\r\n\r\n.\r\nhttp://evil.example/")
    assert letter["Bcc"] is None
    assert not LIVE.search(letter.get_content())
    assert "The kiosk stays closed" in letter.get_content(), "the letter goes on behind it"


def test_a_drill_says_so_first_and_asks_nobody_to_run(send: Send) -> None:
    letter = send(adult="", url="", drill=True)
    assert letter["Subject"].split()[0] == letter.get_content().split()[0] == "DRILL"
    assert "nobody has to come" in letter.get_content()
    assert "Please go" not in letter.get_content()


def test_a_clock_that_nobody_confirmed_is_said_in_the_subject(
    send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clocks, "is_confirmed", lambda: False)
    letter = send()
    assert letter["Subject"].endswith("(clock not confirmed)")
    assert "(clock not confirmed)" in letter.get_content()
