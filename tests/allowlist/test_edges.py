"""The parser edges of the door, fuzzed: what arrives is read, refused or waited for, never a crash."""

from __future__ import annotations

import ssl
import sys

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowlist.greetings import RETRY, Greetings, Stopped
from allowlist.requests import BadRequest, Connect, Fetch, read_request
from allowlist.tls import LARGEST_HELLO, Hello, NoHello

LINES = st.lists(
    st.sampled_from(
        [
            b"GET http://farm.example/ HTTP/1.1",
            b"CONNECT farm.example:443 HTTP/1.1",
            b"Host: farm.example",
            b"Host: farm.example:443",
            b"Content-Length: 3",
            b"Transfer-Encoding: chunked",
            b" folded",
            b"X: \xff",
            b"",
            b"\0",
        ]
    ),
    max_size=6,
)
ENDS = st.sampled_from([b"\r\n", b"\n", b"\r", b"\r\n\r\n"])


@given(st.binary(max_size=200) | st.tuples(LINES, ENDS).map(lambda made: made[1].join(made[0]) + b"\r\n\r\n"))
def test_a_request_is_read_refused_or_waited_for(data: bytes) -> None:
    try:
        request = read_request(data)
    except BadRequest:
        return
    if request is None:
        assert b"\r\n\r\n" not in data
    elif isinstance(request, Fetch):
        assert request.url.scheme == "http"
        assert isinstance(request.http, h11.Connection)
    else:
        assert isinstance(request, Connect)
        assert 0 < request.port < 65536


@given(st.binary(max_size=80), st.integers(0, 400))
def test_a_request_is_read_alike_in_one_piece_and_in_two(junk: bytes, at: int) -> None:
    """What is refused or waited for early does not become a request later by the way it was cut."""
    whole = b"CONNECT farm.example:443 HTTP/1.1\r\nHost: farm.example\r\nX: " + junk + b"\r\n\r\n"

    def outcome(data: bytes, known: int = 0) -> object:
        try:
            return read_request(data, known)
        except BadRequest:
            return "bad"

    first = outcome(whole[:at])
    assert first in (None, outcome(whole)) or first == "bad" == outcome(whole)
    assert first is not None or outcome(whole, at) == outcome(whole)


SMUGGLED = [b"X: a\r\n b\r\n", b"X: a\nY: b\r\n", b"X: a\rY: b\r\n", b"X: \0\r\n"]


@pytest.mark.parametrize("odd", SMUGGLED)
def test_a_line_that_can_be_read_twice_is_seen_however_the_request_is_cut(odd: bytes) -> None:
    whole = b"CONNECT farm.example:443 HTTP/1.1\r\nHost: farm.example\r\n" + odd + b"\r\n"
    for at in range(len(whole)):
        with pytest.raises(BadRequest, match="read twice"):
            read_request(whole, at if read_request(whole[:at]) is None else 0)


def test_a_long_head_that_comes_byte_by_byte_is_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of a second of work for 64 KiB, and not a minute: nobody can make the door busy."""
    looked_at = 0

    class Counting:
        def search(self, data: bytes, start: int, end: int) -> None:
            nonlocal looked_at
            looked_at += end - start

    monkeypatch.setattr("allowlist.requests._SPLIT", Counting())
    data = bytearray(b"CONNECT farm.example:443 HTTP/1.1\r\nX: ")
    while len(data) < 60_000:
        data += b"a"
        assert read_request(data, len(data) - 1) is None
    assert looked_at < 4 * len(data)


def test_a_header_of_many_blanks_is_read_in_a_moment() -> None:
    blanks = b" \t" * 30_000
    head = b"CONNECT farm.example:443 HTTP/1.1\r\nHost:" + blanks + b"farm.example" + b"\r\n\r\n"
    assert read_request(head) == Connect("farm.example", 443)
    with pytest.raises(BadRequest):
        read_request(head.replace(b"Host:", b"Host" + blanks + b":"))


@pytest.mark.parametrize(
    "head",
    [
        b"CONNECT farm.example:443 HTTP/1.1\r\n\r\n",
        b"CONNECT farm.example:443 HTTP/1.0\r\nHost: farm.example\r\n\r\n",
        b"CONNECT  farm.example:443 HTTP/1.1\r\nHost: farm.example\r\n\r\n",
        b"CONNECT farm.example:0 HTTP/1.1\r\nHost: farm.example\r\n\r\n",
        b"CONNECT farm.example:443 HTTP/1.1\r\nHost: other.example\r\n\r\n",
        b"CONNECT farm.example:443 HTTP/1.1\r\nHost: farm.example:80\r\n\r\n",
        b"CONNECT farm.example:443 HTTP/1.1\r\nHost: farm.example\r\nhost: farm.example\r\n\r\n",
        b"CONNECT farm.example:443 HTTP/1.1\r\nHost: farm.example\r\nContent-Length: 3\r\n\r\nabc",
        b"CONNECT farm.example:443 HTTP/1.1\r\nHost: farm.example\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"CONNECT farm.example:443 HTTP/1.1\r\nHost : farm.example\r\n\r\n",
        b"CONNECT farm.example:443 HTTP/1.1\r\nHost: farm.example\r\n: x\r\n\r\n",
        b"CONNECT user@farm.example:443 HTTP/1.1\r\nHost: farm.example\r\n\r\n",
    ],
)
def test_a_tunnel_is_asked_for_in_one_form_alone(head: bytes) -> None:
    with pytest.raises(BadRequest):
        read_request(head)


def test_what_follows_a_request_for_a_tunnel_is_the_tunnels() -> None:
    head = b"CONNECT Farm.example:443 HTTP/1.1\r\nhOST:\tFarm.example:443 \r\nX:\r\n\r\n"
    assert read_request(head + GOOD) == Connect("farm.example", 443, GOOD)


def greeting(name: str | None, context: ssl.SSLContext | None = None) -> bytes:
    context = context or ssl.create_default_context()
    context.check_hostname = False
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


GOOD = greeting("farm.example")


@given(st.lists(st.integers(1, 600), max_size=30))
def test_a_greeting_is_read_alike_however_it_is_cut(cuts: list[int]) -> None:
    hello, rest, complete = Hello(), GOOD, False
    for size in [*cuts, len(GOOD)]:
        if rest and not complete:
            complete = hello.feed(rest[:size])
            rest = rest[size:]
    assert complete
    assert hello.server_name == "farm.example"
    assert hello.data + rest == GOOD


AFTER = [
    b"",
    b"\x14\x03\x03\x00\x01\x01",
    b"\x17\x03\x03\x01\x00" + bytes(256),
    b"\x15\x03\x03\x00\x02\x01\x5a",
]


@given(st.lists(st.integers(1, 600), max_size=30), st.lists(st.sampled_from(AFTER)), st.binary(max_size=9))
def test_what_passes_of_two_greetings_and_of_all_between_them_is_what_was_said(
    cuts: list[int], between: list[bytes], junk: bytes
) -> None:
    whole = GOOD + b"".join(between) + GOOD + junk
    greetings, passed, rest = Greetings("farm.example"), b"", whole
    for size in [*cuts, len(whole)]:
        passed += rest[:size] if greetings.content else greetings.said(rest[:size])
        rest = rest[size:]
    assert passed == whole
    assert greetings.content


def answer(random: bytes, size: int = 90) -> bytes:
    """How a site begins."""
    body = b"\x02" + (size - 4).to_bytes(3, "big") + b"\x03\x03" + random
    return b"\x16\x03\x03" + size.to_bytes(2, "big") + body + bytes(size - len(body))


@pytest.mark.parametrize(
    ("begins", "over"),
    [
        (answer(bytes(32)), True),
        (b"220 welcome" + answer(RETRY), True),
        (answer(RETRY), False),
        (b"\x16\x03\x03\x00\x01\x02" + answer(bytes(32)), False),  # in pieces: to be sure, it is looked on
        (AFTER[3] + answer(RETRY), False),
        (answer(bytes(32)).replace(b"\x02", b"\x0b", 1), False),  # something else
    ],
)
def test_once_the_site_goes_on_from_the_first_greeting_nothing_more_is_looked_at(
    begins: bytes, over: bool
) -> None:
    for at in range(len(begins)):
        greetings = Greetings("farm.example")
        assert greetings.said(GOOD) == GOOD
        assert not greetings.content
        greetings.heard(begins[:at])
        greetings.heard(begins[at:])
        assert greetings.content is over


@pytest.mark.parametrize("size", [7, 16_000])
def test_a_second_greeting_does_not_hide_in_the_record_of_the_first(size: int) -> None:
    two = GOOD[5:] + greeting("evil.example")[5:]
    parts = [two[at : at + size] for at in range(0, len(two), size)]
    said = b"".join(b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part for part in parts)
    with pytest.raises(Stopped):
        Greetings("farm.example").said(said)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("curve", [None, "prime256v1", "secp521r1"])
def test_a_greeting_is_read_whatever_it_can_speak(curve: str | None, version: ssl.TLSVersion) -> None:
    """Also where it has no curve that the door knows: the door reads the name and no more."""
    context = ssl.create_default_context()
    if curve is not None:
        context.set_ecdh_curve(curve)
    context.minimum_version = context.maximum_version = version
    hello = Hello()
    assert hello.feed(greeting("farm.example", context))
    assert hello.server_name == "farm.example"


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=5))
def test_a_broken_greeting_never_names_a_host_it_does_not_carry(changes: list[tuple[int, int]]) -> None:
    broken = bytearray(GOOD)
    for place, value in changes:
        broken[place] = value
    hello = Hello()
    try:
        hello.feed(bytes(broken))
    except NoHello:
        return
    assert hello.server_name is None or hello.server_name.encode() in bytes(broken).lower()


def with_names(*names: bytes) -> bytes:
    """GOOD with its server name extension holding `names` instead of its one."""
    entry = b"\x00" + len(b"farm.example").to_bytes(2, "big") + b"farm.example"
    old = b"\x00\x00" + (len(entry) + 2).to_bytes(2, "big") + len(entry).to_bytes(2, "big") + entry
    assert GOOD.count(old) == 1
    entries = b"".join(b"\x00" + len(name).to_bytes(2, "big") + name for name in names)
    new = b"\x00\x00" + (len(entries) + 2).to_bytes(2, "big") + len(entries).to_bytes(2, "big") + entries
    grown = len(new) - len(old)
    body = GOOD[5:].replace(old, new)
    at = 4 + 2 + 32
    at += 1 + body[at]  # session id
    at += 2 + int.from_bytes(body[at : at + 2], "big")  # cipher suites
    at += 1 + body[at]  # compression
    extensions = (int.from_bytes(body[at : at + 2], "big") + grown).to_bytes(2, "big")
    body = body[:at] + extensions + body[at + 2 :]
    body = body[:1] + (len(body) - 4).to_bytes(3, "big") + body[4:]
    return GOOD[:3] + len(body).to_bytes(2, "big") + body


def with_extension(kind: int, data: bytes, hello: bytes = b"") -> bytes:
    """GOOD, or another greeting, with one extension more."""
    body = (hello or GOOD)[5:]
    at = 4 + 2 + 32
    at += 1 + body[at]  # session id
    at += 2 + int.from_bytes(body[at : at + 2], "big")  # cipher suites
    at += 1 + body[at]  # compression
    more = kind.to_bytes(2, "big") + len(data).to_bytes(2, "big") + data
    room = (int.from_bytes(body[at : at + 2], "big") + len(more)).to_bytes(2, "big")
    body = body[:at] + room + more + body[at + 2 :]
    body = body[:1] + (len(body) - 4).to_bytes(3, "big") + body[4:]
    return GOOD[:3] + len(body).to_bytes(2, "big") + body


ECH = 0xFE0D  # encrypted_client_hello (RFC 9849)
SEALED = b"\0" + b"\0\x01\0\x01" + b"\x2a" + (32).to_bytes(2, "big") + b"k" * 32
SEALED += (144).to_bytes(
    2, "big"
) + b"s" * 144  # outer: cipher, id, key, payload; Chromium's own has this form


def test_an_encrypted_greeting_goes_by_its_outer_name_as_the_made_up_one_that_chromium_always_sends() -> None:
    for inside, name in ((GOOD, "farm.example"), (greeting("cloudflare-ech.com"), "cloudflare-ech.com")):
        hello = Hello()
        assert hello.feed(with_extension(ECH, SEALED, inside))
        assert hello.server_name == name


def test_a_large_greeting_is_read() -> None:
    hello = Hello()
    assert hello.feed(with_extension(0xFAFA, b"\0" * 12_000))
    assert hello.server_name == "farm.example"


def test_a_greeting_without_end_is_given_up_while_it_is_small() -> None:
    """It says to have 65,535 bytes, and sends each in a record of its own."""
    hello, said = Hello(), b"\x01\x00\xff\xff" + b"\0" * 65_535
    with pytest.raises(NoHello):
        any(hello.feed(b"\x16\x03\x01\x00\x01" + bytes([byte])) for byte in said)
    assert len(hello.data) <= LARGEST_HELLO + 6


def test_one_other_name_is_read_as_itself() -> None:
    hello = Hello()
    assert hello.feed(with_names(b"Evil.example"))
    assert hello.server_name == "evil.example"


def test_a_greeting_with_an_empty_name_names_nobody() -> None:
    hello = Hello()
    assert hello.feed(with_names(b""))
    assert not hello.server_name


@pytest.mark.parametrize(
    "names",
    [
        (b"farm.example", b"evil.example"),
        (b"evil.example", b"farm.example"),
        (b"farm.example\0x",),
        (b"\xff",),
    ],
)
def test_a_greeting_with_two_names_or_an_odd_one_is_no_greeting_and_prints_nothing(
    names: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[sys.UnraisableHookArgs] = []
    monkeypatch.setattr(sys, "unraisablehook", printed.append)
    hello = Hello()
    with pytest.raises(NoHello):
        hello.feed(with_names(*names))
    assert printed == []
    assert sys.unraisablehook == printed.append


def test_whatever_else_goes_wrong_in_a_greeting_is_still_heard_of(monkeypatch: pytest.MonkeyPatch) -> None:
    class Falls:
        def __del__(self) -> None:
            raise ValueError("in the middle")

    class Context:
        """Of a parser in whose handshake something else falls."""

        def wrap_bio(self, *_: object, server_side: bool) -> Context:
            return self

        def do_handshake(self) -> None:
            Falls()
            raise ssl.SSLWantReadError

    heard: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: heard.append(str(unraisable.exc_value)))
    monkeypatch.setattr("allowlist.tls._CONTEXT", Context())
    assert not Hello().feed(b"x")
    assert heard == ["in the middle"]
