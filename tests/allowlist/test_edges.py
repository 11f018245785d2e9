"""The parser edges of the door, fuzzed: what arrives is read, refused or waited for, never a crash."""

from __future__ import annotations

import ssl
import sys

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowlist.addresses import is_public
from allowlist.requests import BadRequest, Connect, Fetch, read_request
from allowlist.tls import Hello, NoHello

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

    def outcome(data: bytes) -> object:
        try:
            return read_request(data)
        except BadRequest:
            return "bad"

    first = outcome(whole[:at])
    assert first in (None, outcome(whole)) or first == "bad" == outcome(whole)


def greeting(name: str | None) -> bytes:
    context = ssl.create_default_context()
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
    assert sys.unraisablehook == printed.append  # and whatever else goes wrong is still heard of


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("64:ff9b::808:808", True),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.168.0.1", False),
        ("192.0.2.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::8.8.8.8", False),
        ("::ffff:8.8.8.8", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b:1::1", False),
        ("2002:808:808::1", False),
        ("2001:0:808:808::1", False),
        ("fc00::1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("2001:db8::1", False),
        ("farm.example", False),
        ("", False),
    ],
)
def test_only_a_plain_public_address_is_public(address: str, public: bool) -> None:
    assert is_public(address) is public
