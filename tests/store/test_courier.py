"""H15: a message leaves over verified TLS or not at all, and what went wrong is said in our own words."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from kiosk.guardian.addresses import check, service
from kiosk.guardian.alerts import Message
from kiosk.guardian.courier import Courier
from kiosk.guardian.paths import Delivery, kind_of

MESSAGE = Message(
    "K7QM-2XVA", "Kiosk alert from Room 2", "Kiosk alert: the red button.\nReference K7QM-2XVA.\n"
)


@pytest.fixture(scope="module")
def courier() -> Courier:
    return Courier()


def test_an_accepted_message_arrives_word_for_word(courier: Courier, servers: Any) -> None:
    server = servers.accepting()
    assert courier(server.url(), MESSAGE) == Delivery(True)
    letter = server.mailbox.wait(letters=1)[0]
    assert letter["Subject"] == MESSAGE.subject
    assert letter["To"] == "slt@nursery.example"
    assert letter.get_content_type() == "text/plain"
    assert letter.get_content().splitlines() == MESSAGE.body.splitlines()
    assert list(letter.iter_attachments()) == []


def test_a_refused_recipient_is_not_accepted_and_says_why(courier: Courier, servers: Any) -> None:
    delivery = courier(servers.refusing().url(), MESSAGE)
    assert not delivery.ok
    assert not delivery.never
    assert delivery.why == "127.0.0.1: it said no (550)"


def test_a_connection_cut_in_the_middle_of_the_letter_is_not_accepted(courier: Courier, servers: Any) -> None:
    server = servers.cutting_off()
    assert not courier(server.url(), MESSAGE).ok
    assert server.mailbox.letters == []


def test_nobody_listening_is_not_accepted(courier: Courier, servers: Any) -> None:
    delivery = courier("mailto://127.0.0.1:1/?from=kiosk@nursery.example&to=slt@nursery.example", MESSAGE)
    assert not delivery.ok
    assert delivery.why == "127.0.0.1: nobody listens there"


def test_an_address_that_cannot_work_is_never_tried_again(courier: Courier) -> None:
    assert courier("nonsense://somewhere", MESSAGE).never


def tls_for(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


NOT_TRUSTED = "localhost: its certificate is not trusted, or is another's"


@pytest.mark.parametrize("mode", ["ssl", "starttls"])
@pytest.mark.parametrize(
    ("certificate_for", "trusted", "why"),
    [("localhost", True, ""), ("localhost", False, NOT_TRUSTED), ("elsewhere.test", True, NOT_TRUSTED)],
)
def test_mail_goes_out_only_to_a_server_that_proves_its_name_h15(
    certificate_for: str,
    trusted: bool,
    why: str,
    mode: str,
    courier: Courier,
    servers: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority = trustme.CA()
    if trusted:
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    tls = tls_for(authority, certificate_for)
    server = servers.secured(tls) if mode == "ssl" else servers.upgrading(tls)
    url = f"mailtos://localhost:{server.port}/?mode={mode}&from=kiosk@nursery.example&to=slt@nursery.example"
    check(url)
    assert courier(url, MESSAGE) == Delivery(not why, why)
    assert len(server.mailbox.letters) == (not why)


def test_tls_is_not_given_up_for_a_server_that_offers_none_h15(courier: Courier, servers: Any) -> None:
    server = servers.accepting()
    url = f"mailtos://127.0.0.1:{server.port}/?from=kiosk@nursery.example&to=slt@nursery.example"
    assert courier(url, MESSAGE).why == "127.0.0.1: it speaks no TLS there"
    assert server.mailbox.letters == []


def test_a_name_that_is_not_found_is_said_to_be_that(courier: Courier) -> None:
    """`.invalid` resolves nowhere (RFC 2606)."""
    url = "mailtos://mail.invalid/?from=kiosk@nursery.example&to=slt@nursery.example"
    assert courier(url, MESSAGE).why == "mail.invalid: its name was not found (DNS)"


def test_a_webhook_that_sends_the_alert_elsewhere_is_not_followed(courier: Courier) -> None:
    with answering(302, "/elsewhere") as server:
        delivery = courier(f"json://127.0.0.1:{server.server_address[1]}/here", MESSAGE)
    assert delivery == Delivery(False, "127.0.0.1: it said no (302)")


def test_a_token_that_is_refused_is_said_to_be_that(courier: Courier) -> None:
    with answering(401) as server:
        delivery = courier(f"json://127.0.0.1:{server.server_address[1]}/", MESSAGE)
    assert delivery.why == "127.0.0.1: it refused the user name, password or token (401)"


def test_a_service_that_raises_is_a_try_that_failed_and_its_words_stay_unsaid(
    courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: object, **__: object) -> bool:
        raise ZeroDivisionError(SECRET)

    url = f"jsons://hook.example/{SECRET}"
    monkeypatch.setattr(type(service(url)), "send", stumble)
    assert SECRET not in (why := courier(url, MESSAGE).why)
    assert why


SECRET = "s3cr3tt0k3nabcdef1234567890abcdef"


@contextmanager
def answering(status: int, location: str = "") -> Iterator[HTTPServer]:
    """A webhook that answers one call."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        yield server
        thread.join(10)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mailto://u:p@gmail.com", "e-mail"),
        ("mailtos://u:p@mail.example", "e-mail"),
        ("twilio://a:b@c/d", "text message"),
        ("ntfys://topic", "push"),
        ("jsons://hook.example", "webhook"),
        ("msteams://a/b/c", "chat"),
        ("syslog://", "message"),
        ("MAILTOS://u:p@mail.example", "e-mail"),
    ],
)
def test_a_path_is_named_in_plain_words(url: str, words: str) -> None:
    assert kind_of(url) == words
