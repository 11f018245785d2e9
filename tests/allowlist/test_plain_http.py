"""Plain http and the built-in site: one request, one answer, and nothing that can be read in two ways."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from allowlist.builtin import BUILTIN_HOST
from tests.allowlist.conftest import (
    FARM,
    Names,
    Opened,
    plain,
    policy_of,
    run,
    served,
)


def test_plain_http_is_carried_where_it_is_listed_without_what_is_for_the_door_alone() -> None:
    async def main() -> None:
        async with served(plain) as port, Opened(policy_of(f"http://{FARM}:{port}/")) as opened:
            host = f"{FARM}:{port}".encode()
            answer = await opened.say(
                b"POST http://%s/a?b=c HTTP/1.1\r\nHost: %s\r\nProxy-Connection: keep-alive\r\nX-Mine: 1\r\n"
                b"Connection: X-Hop\r\nX-Hop: 1\r\nContent-Length: 3\r\n\r\nabc" % (host, host)
            )
            head, body = answer.split(b"\r\n\r\n", 1)
            assert head.startswith(b"HTTP/1.1 200")
            assert b"x-farm: yes" in head.lower()
            assert b"POST /a?b=c HTTP/1.1" in body
            assert b"x-mine: 1" in body.lower()
            assert b"abc" in body
            assert b"proxy-connection" not in body.lower()
            assert b"x-hop" not in body.lower()
            assert opened.refused == []

    run(main())


def test_a_site_that_breaks_the_rules_of_http_is_hung_up_on_and_the_door_lives() -> None:
    async def main() -> None:
        async def odd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")

        async with served(odd) as port, Opened(policy_of(f"http://{FARM}:{port}/")) as opened:
            get = b"GET http://farm.example:%d/ HTTP/1.1\r\nHost: farm.example:%d\r\n\r\n" % (port, port)
            assert await opened.say(get) == b""
            assert await opened.say(get) == b""

    run(main())


def test_plain_http_to_a_host_that_is_listed_for_https_is_refused_and_told_with_its_address() -> None:
    async def main() -> None:
        async with Opened(policy_of("https://farm.example/")) as opened:
            answer = await opened.say(b"GET http://farm.example/x HTTP/1.1\r\nHost: farm.example\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 403")
            assert [refusal.url for refusal in opened.refused] == ["http://farm.example:80/x"]

    run(main())


GET = b"GET http://farm.example/ HTTP/1.1\r\nHost: farm.example\r\n"


@pytest.mark.parametrize(
    "request_",
    [
        GET + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        GET + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        GET + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        GET + b"X: a\r\n folded\r\n\r\n",
        GET + b"X: a\nY: b\r\n\r\n",
        GET + b"X: a\rY: b\r\n\r\n",
        GET + b"X : a\r\n\r\n",
        GET + b"X: \0\r\n\r\n",
        GET + b"Host: farm.example\r\n\r\n",
        b"GET http://farm.example/ HTTP/1.1\r\nHost: other.example\r\n\r\n",
        b"GET http://farm.example/ HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: farm.example\r\n\r\n",
        b"GET https://farm.example/ HTTP/1.1\r\nHost: farm.example\r\n\r\n",
        b"GET ftp://farm.example/ HTTP/1.1\r\nHost: farm.example\r\n\r\n",
        b"GET http://a:b@farm.example/ HTTP/1.1\r\nHost: farm.example\r\n\r\n",
        b"TRACE http://farm.example/ HTTP/1.1\r\nHost: farm.example\r\n\r\n",
        b"CONNECT farm.example HTTP/1.1\r\nHost: farm.example\r\n\r\n",
        b"CONNECT farm.example:99999 HTTP/1.1\r\nHost: farm.example\r\n\r\n",
        b"CONNECT [::1]:443 HTTP/1.1\r\nHost: farm.example\r\n\r\n",
        b"CONNECT http://farm.example/ HTTP/1.1\r\nHost: farm.example\r\n\r\n",
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        GET + b"X: " + b"a" * 70_000,
    ],
)
def test_a_request_that_can_be_read_in_two_ways_is_answered_with_a_400_and_goes_nowhere(
    request_: bytes,
) -> None:
    async def main() -> None:
        names = Names()
        async with Opened(policy_of("http://farm.example/", "https://farm.example/"), names) as opened:
            answer = await opened.say(request_)
            assert answer.startswith(b"HTTP/1.1 400"), answer
            assert len(opened.refused) == 1
            assert names.asked == []

    run(main())


def test_a_second_request_on_the_same_connection_is_not_read() -> None:
    async def main() -> None:
        async with served(plain) as port, Opened(policy_of(f"http://{FARM}:{port}/")) as opened:
            one = b"GET http://farm.example:%d/1 HTTP/1.1\r\nHost: farm.example:%d\r\n\r\n" % (port, port)
            answer = await opened.say(one + one.replace(b"/1", b"/2"))
            assert answer.count(b"HTTP/1.1 200") == 1
            assert b"/2" not in answer

    run(main())


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    """A small built-in site, beside a secret."""
    (tmp_path / "secret.html").write_text("secret")
    root = tmp_path / "site"
    (root / "animals").mkdir(parents=True)
    (root / "animals" / "index.html").write_text("<p>duck")
    (root / "style.css").write_text("p{}")
    (root / "notes.txt").write_text("not a type of ours")
    (root / "link.html").symlink_to(tmp_path / "secret.html")
    return root


BUILTIN = policy_of(f"http://{BUILTIN_HOST}/")


def asked(path: str, method: str = "GET") -> bytes:
    return f"{method} http://{BUILTIN_HOST}{path} HTTP/1.1\r\nHost: {BUILTIN_HOST}\r\n\r\n".encode()


def test_the_builtin_site_is_served_without_any_name_server_and_locked_to_itself(garden: Path) -> None:
    async def main() -> None:
        names = Names()
        async with Opened(BUILTIN, names, builtin=garden) as opened:
            answer = await opened.say(asked("/animals/?x=1"))
            assert answer.startswith(b"HTTP/1.1 200")
            assert answer.endswith(b"<p>duck")
            head = answer.split(b"\r\n\r\n")[0].lower()
            assert b"content-type: text/html; charset=utf-8" in head
            assert b"content-security-policy: default-src 'none';" in head
            assert b"x-content-type-options: nosniff" in head
            assert b"text/css" in await opened.say(asked("/style.css"))
            assert b"location: /animals/" in (await opened.say(asked("/animals"))).lower()
            assert (await opened.say(asked("/animals/", "HEAD"))).endswith(b"\r\n\r\n")
            assert (await opened.say(asked("/animals/", "DELETE"))).startswith(b"HTTP/1.1 405")
            assert names.asked == []

    run(main())


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.html",
        "/..%2fsecret.html",
        "/%2e%2e/secret.html",
        "/%252e%252e/secret.html",
        "//secret.html",
        "/..\\secret.html",
        "/link.html",
        "/notes.txt",
        "/animals/index.html/",
        "/animals//",
    ],
)
def test_no_path_leads_out_of_the_builtin_site(path: str, garden: Path) -> None:
    async def main() -> None:
        async with Opened(BUILTIN, builtin=garden) as opened:
            answer = await opened.say(asked(path))
            assert answer[:12] in (b"HTTP/1.1 404", b"HTTP/1.1 400")
            assert b"secret" not in answer.split(b"\r\n\r\n")[1]

    run(main())


def test_the_builtin_site_is_closed_if_the_policy_does_not_name_it(garden: Path) -> None:
    async def main() -> None:
        async with Opened(policy_of("https://farm.example/"), builtin=garden) as opened:
            assert (await opened.say(asked("/animals/"))).startswith(b"HTTP/1.1 403")

    run(main())
