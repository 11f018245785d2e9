"""H15: a message leaves over verified TLS or not at all, and no secret is ever printed."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from kiosk.guardian.alerts import Message
from kiosk.guardian.courier import Courier, masked, problem
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
    assert "failed" in delivery.why


def test_a_connection_cut_in_the_middle_of_the_letter_is_not_accepted(courier: Courier, servers: Any) -> None:
    server = servers.cutting_off()
    assert not courier(server.url(), MESSAGE).ok
    assert server.mailbox.letters == []


def test_nobody_listening_is_not_accepted(courier: Courier, servers: Any) -> None:
    delivery = courier("mailto://127.0.0.1:1/?from=kiosk@nursery.example&to=slt@nursery.example", MESSAGE)
    assert not delivery.ok
    assert "127.0.0.1" in delivery.why, "which server it was may be said"


def test_an_address_that_cannot_work_is_never_tried_again(courier: Courier) -> None:
    assert courier("nonsense://somewhere", MESSAGE).never


def tls_for(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.mark.parametrize(
    ("certificate_for", "trusted", "accepted"),
    [("localhost", True, True), ("localhost", False, False), ("elsewhere.test", True, False)],
)
def test_mail_goes_out_only_to_a_server_that_proves_its_name_h15(
    certificate_for: str,
    trusted: bool,
    accepted: bool,
    courier: Courier,
    servers: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority = trustme.CA()
    if trusted:
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    server = servers.secured(tls_for(authority, certificate_for))
    url = f"mailtos://localhost:{server.port}/?mode=ssl&from=kiosk@nursery.example&to=slt@nursery.example"
    assert problem(url) == ""
    assert courier(url, MESSAGE).ok == accepted
    assert len(server.mailbox.letters) == accepted


def test_tls_is_not_given_up_for_a_server_that_offers_none_h15(courier: Courier, servers: Any) -> None:
    server = servers.accepting()
    url = (
        f"mailtos://127.0.0.1:{server.port}/?mode=starttls&from=kiosk@nursery.example&to=slt@nursery.example"
    )
    assert not courier(url, MESSAGE).ok
    assert server.mailbox.letters == []


SECRET = "s3cr3tt0k3nabcdef1234567890abcdef"  # 33 characters
SECRETS = [
    f"mailtos://kiosk:{SECRET}@mail.nursery.example:587/?from=k@nursery.example&to=slt@nursery.example",
    f"jsons://user:{SECRET}@hook.example/a/b",
    f"jsons://hook.example/{SECRET}/?+X-Token={SECRET}",
    f"ntfys://{SECRET}",
    f"ntfys://push.example/{SECRET}",
    f"tgram://123456789:{SECRET}/12315544/",
    f"pover://{SECRET[:30]}@{SECRET[:30]}",
    f"gotifys://push.example/{SECRET[:15]}",
    f"twilio://AC{SECRET[:32]}:{SECRET[:32]}@+441234567890/+441234567891",
    f"unheard://{SECRET}@host.example/{SECRET}",
    f"{SECRET}",
]


@pytest.mark.parametrize("url", SECRETS)
def test_a_masked_path_holds_no_secret(url: str) -> None:
    assert SECRET[:12] not in masked(url)


def test_a_masked_path_still_says_what_it_is() -> None:
    assert [masked(url) for url in SECRETS[:3]] == [
        "mailtos://mail.nursery.example/…",
        "jsons://hook.example/…",
        "jsons://hook.example/…",
    ]


@given(st.text(max_size=60))
def test_anything_at_all_can_be_masked(text: str) -> None:
    assert masked(text).count("://") == 1
    assert masked(f"json://u:{'Q' * 20}{text}@host.example/").count("QQQQ") == 0


def test_why_a_delivery_failed_has_its_secrets_blotted_out(courier: Courier, servers: Any) -> None:
    delivery = courier(servers.refusing().url(to=f"{SECRET}@nursery.example"), MESSAGE)
    assert SECRET not in delivery.why
    assert "…" in delivery.why


def test_why_a_delivery_failed_names_no_secret_and_nothing_reaches_the_logs(
    courier: Courier, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    for url in (
        f"mailto://kiosk:{SECRET}@127.0.0.1:1/?from={SECRET}@nursery.example&to={SECRET}@nursery.example",
        f"json://user:{SECRET}@127.0.0.1:1/{SECRET}?+X-Token={SECRET}",
    ):
        with caplog.at_level(logging.DEBUG):
            delivery = courier(url, MESSAGE)
        assert not delivery.ok
        assert SECRET not in delivery.why
    printed = capfd.readouterr()
    assert SECRET not in caplog.text + printed.out + printed.err


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


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mailtos://u:p@mail.example?to=slt@nursery.example", ""),
        ("mailto://127.0.0.1:2525?from=k@nursery.example&to=slt@nursery.example", ""),
        ("mailto://u:p@gmail.com", ""),
        ("ntfys://topic", ""),
        ("nonsense://x", "That is not an address Apprise knows."),
        ("jsons://hook.example?verify=no", "It switches off the check of the server's certificate (H15)."),
        ("json://hook.example", "It would send in the clear (H15)."),
        ("mailto://u:p@mail.example?to=slt@nursery.example", "It would send in the clear (H15)."),
        ("mailtos://u:p@mail.example:465?to=slt@nursery.example", "Port 465 speaks TLS from the first byte."),
        ("mailtos://u:p@mail.example:465?mode=ssl&to=slt@nursery.example", ""),
    ],
)
def test_a_path_that_would_not_be_safe_is_told_before_it_is_needed_h15(url: str, sentence: str) -> None:
    assert problem(url).startswith(sentence)
    assert bool(problem(url)) == bool(sentence)
