"""H15: an address that would not be safe, or reach nobody, is refused where it is read, and never quoted."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowlist.document import Problems, Wrong, parse
from kiosk.config import Config
from kiosk.guardian.addresses import check, check_heartbeat, masked

SECRET = "s3cr3tt0k3nabcdef1234567890"  # as short as a real one


def wrong(url: str) -> str:
    """What is said of an address, "" if it may be used."""
    try:
        check(url)
    except Wrong as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "url",
    [
        "mailtos://u:p@mail.example?to=slt@nursery.example",
        "mailtos://u:p@mail.example?to=slt@nursery.example,dsl@nursery.example",
        "mailtos://u:p@mail.example:465?mode=ssl&to=slt@nursery.example",
        "mailto://u:p@gmail.com",  # Apprise knows that this one speaks TLS
        "mailto://127.0.0.1:2525?from=k@nursery.example&to=slt@nursery.example",
        "mailto://u:p@127.0.0.1:2525?from=k@nursery.example&to=slt@nursery.example&mode=insecure",
        "json://localhost:8000/hook",
        "jsons://hook.example",
        "ntfy://topic",  # at ntfy's own servers, over https
        "ntfys://push.example/topic",
        "smseagles://token@10.0.0.2/07700900123",
        f"twilio://AC{'a' * 32}:{'b' * 32}@+441234567890/+441234567891",
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    ],
)
def test_a_safe_address_of_somebody_may_be_used(url: str) -> None:
    assert wrong(url) == ""


@pytest.mark.parametrize(
    ("url", "instead"),
    [
        ("json://hook.example", "jsons://"),
        ("mailto://u:p@mail.example?to=slt@nursery.example", "mailtos://"),
        ("mailtos://u:p@mail.example?to=slt@nursery.example&mode=insecure", "without “mode=”"),
        ("mailtos://u:p@gmail.com?mode=insecure", "without “mode=”"),
        ("mailto://127.0.0.1?smtp=mail.example&from=k@n.example&to=slt@n.example", "mailtos://"),
        ("ntfy://push.example/topic", "ntfys://"),
        ("smseagle://token@10.0.0.2/07700900123", "smseagles://"),
        ("apprise://hub.example/token", "apprises://"),
        (f"kavenegar://{'a' * 20}/+441234567890/", "no TLS"),  # its own page is http://
        ("syslog://", "no TLS"),
    ],
)
def test_what_would_go_out_in_the_clear_is_refused_with_what_to_write_h15(url: str, instead: str) -> None:
    assert wrong(url).startswith("This address would send in the clear (H15).")
    assert instead in wrong(url)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("jsons://hook.example?verify=no", "switches off the check of the server's certificate"),
        ("mailtos://u:p@mail.example?to=a@b.example&verify=maybe", "switches off the check"),
        ("jsons://hook.example?redirect=yes", "lets its server send the alert elsewhere"),
        ("mailtos://u:p@mail.example:465?to=slt@nursery.example", "Port 465 speaks TLS from the first byte"),
        ("mailts://u:p@mail.example", "Did you mean “mailtos://”?"),
        ("https://hook.example/x", "For a webhook write jsons://"),
        ("mail.example", "no address of a service"),
        ("", "no address of a service"),
        ("mailtos://", "has no host"),
        ("mailtos://u:p@", "has no host"),
        ("jsons://", "has no host"),
        ("mailtos://u:p/w@mail.example", "“/” as %2F"),
        ("mailtos://u:p@mail.example?to=nobody", "no recipient, or one that is none"),
        ("mailtos://u:p@mail.example?to=slt@nursery.example,dsl", "no recipient, or one that is none"),
        ("ntfys://push.example/", "no recipient, or one that is none"),
        (f"twilio://AC{'a' * 32}:{'b' * 32}@+441234567890", "no recipient, or one that is none"),
    ],
)
def test_what_could_not_work_is_refused_with_what_to_do(url: str, sentence: str) -> None:
    assert sentence in wrong(url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"https://ping.example/{SECRET}", ""),
        ("http://127.0.0.1:8000/x", ""),
        (f"http://ping.example/{SECRET}", "in the clear"),
        ("ping.example", "not an address"),
        ("https://[", "not an address"),
        ("https://ping.example:port/", "not an address"),
    ],
)
def test_a_heartbeat_that_would_not_be_safe_is_refused_h15(url: str, words: str) -> None:
    said = ""
    try:
        check_heartbeat(url)
    except Wrong as error:
        said = str(error)
    assert words in said
    assert bool(words) == bool(said)
    assert SECRET not in said


@pytest.fixture
def whole_log() -> Iterator[StringIO]:
    """All that reaches the root logger, in detail. (caplog also hears loggers that reach nobody.)"""
    text, root = StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(text), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


SECRETS = [
    f"mailtos://kiosk:{SECRET}@mail.nursery.example:587/?from=k@nursery.example&to=slt@nursery.example",
    f"jsons://user:{SECRET}@hook.example/a/b",
    f"jsons://hook.example/{SECRET}/?+X-Token={SECRET}",
    f"ntfys://{SECRET}",
    f"ntfys://push.example/{SECRET}",
    f"tgram://123456789:{SECRET}/12315544/",
    f"pover://{SECRET}@{SECRET}",
    f"gotifys://push.example/{SECRET[:15]}",
    f"twilio://AC{SECRET}abcde:{SECRET}abcde@+441234567890/+441234567891",
    f"unheard://{SECRET}@host.example/{SECRET}",
    f"{SECRET}://host.example",
    f"{SECRET}",
    f"mailto://kiosk:{SECRET}@mail.example",
    f"mailtos://kiosk:{SECRET}/@mail.example",
    f"mailtos://kiosk:p@mail.example?to={SECRET}",
    f"mailtos://kiosk:{SECRET}@mail.example?verify=no",
]


@pytest.mark.parametrize("url", SECRETS)
def test_nothing_that_is_said_of_an_address_holds_a_secret(
    url: str, capfd: pytest.CaptureFixture[str], whole_log: StringIO
) -> None:
    said = masked(url) + wrong(url)
    printed = capfd.readouterr()
    assert SECRET[:12] not in said + printed.out + printed.err + whole_log.getvalue()


def test_a_masked_address_still_says_what_it_is() -> None:
    assert [masked(url) for url in SECRETS[:3]] == [
        "mailtos://mail.nursery.example/…",
        "jsons://hook.example/…",
        "jsons://hook.example/…",
    ]


@given(st.text(max_size=60))
def test_anything_at_all_can_be_masked_and_checked(text: str) -> None:
    assert masked(text).count("://") == 1
    long = f"json://u:{'Q' * 20}{text}@host.example/"
    assert (masked(long) + wrong(long)).count("QQQQ") == 0


# In kiosk.yaml, with lines.

HEAD = "device: kiosk-1\nroom: Rainbow room\n"
KHAN = f"mailtos://kiosk:{SECRET}@mail.example/?to=slt@nursery.example"


def problems(alerts: str) -> list[str]:
    """What is wrong with a kiosk.yaml whose third line and more are these."""
    with pytest.raises(Problems) as caught:
        parse((HEAD + alerts).encode(), Config, "kiosk.yaml")
    assert SECRET not in str(caught.value) + repr(caught.value)
    return [str(problem) for problem in caught.value.problems]


def test_an_address_is_checked_where_it_stands() -> None:
    said = problems(
        "alerts:\n  people:\n    - name: Mrs Khan\n      urls:\n"
        f"        - {KHAN}\n        - mailto://kiosk:{SECRET}@mail.example\n        - mailts://{SECRET}\n"
        f"  heartbeat:\n    url: http://ping.example/{SECRET}\n"
    )
    assert [line.split(":")[1] for line in said] == ["8", "9", "11"]


@pytest.mark.parametrize(
    ("alerts", "line", "sentence"),
    [
        ("", 1, "“alerts” is missing"),
        ("alerts:\n  people: []\n", 4, "“people” is empty. Write at least 1."),
        ("alerts:\n  people:\n    - {name: Mrs Khan, urls: []}\n", 5, "“urls” is empty. Write at least 1."),
        (
            f"alerts:\n  people:\n    - {{name: Mrs Khan, urls: ['{KHAN}']}}\n"
            f"    - {{name: Mrs Khan, urls: ['{KHAN}x']}}\n",
            6,
            "“Mrs Khan” is here twice",
        ),
        (
            f"alerts:\n  people:\n    - {{name: Mrs Khan, urls: ['{KHAN}']}}\n"
            f"    - {{name: Mr Harvey, urls: ['{KHAN}']}}\n",
            6,
            "This address is here twice",
        ),
        (
            f"alerts:\n  people:\n    - name: Mrs Khan\n      urls:\n"
            f"        - '{KHAN}'\n        - '{KHAN}'\n",
            8,
            "This address is here twice",
        ),
        (
            f"alerts: {{people: [{{name: A, urls: ['{KHAN}']}}]}}\npanic: {{test_every: 20}}\n",
            4,
            "is less than",
        ),
    ],
)
def test_mistakes_of_the_alert_list_have_their_lines_h18(alerts: str, line: int, sentence: str) -> None:
    [said] = problems(alerts)
    assert said.startswith(f"kiosk.yaml:{line}: ")
    assert sentence in said


@pytest.mark.parametrize(
    "alerts",
    [
        f"alerts: {{people: [{{name: A, urls: '{KHAN}'}}]}}\n",  # no list
        f"alerts: {{people: [{{name: A, urls: {SECRET}}}]}}\n",
        f"alerts: {{people: [{{name: A, urls: [[{SECRET}]]}}]}}\n",
        f"alerts: {{people: [{{name: A, '{KHAN}': x, '{KHAN}': y, urls: ['{KHAN}']}}]}}\n",  # as a key
        f"alerts: {{people: '{KHAN}'}}\n",
        f"alerts: '{KHAN}'\n",
        f"alerts: {{people: [{{name: A, urls: ['{KHAN}]}}]}}\n",  # a quote that does not end
        f"alerts: {{people: [{{name: A, urls: [{KHAN.replace('?', ' #')}]}}]}}\n",
        f"alerts: {{people: [{{name: A, urls: ['{KHAN}']}}], heartbeat: https://ping.example/{SECRET}}}\n",
        f"'{KHAN}': x\n",
    ],
)
def test_whatever_is_wrong_around_a_secret_it_is_not_quoted(alerts: str) -> None:
    assert problems(alerts)


def test_a_configuration_prints_no_secret(tmp_path: Path) -> None:
    text = f"{HEAD}alerts:\n  people: [{{name: Mrs Khan, urls: ['{KHAN}']}}]\n"
    config = parse(text.encode(), Config, "kiosk.yaml")
    assert SECRET not in repr(config) + str(config) + config.model_dump_json()
