"""Plain http and the built-in site: one request, one answer, and nothing that can be read in two ways."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from allowlist.builtin import BUILTIN_HOST
from allowlist.door import Kind
from tests.allowlist.conftest import (
    FARM,
    Names,
    Opened,
    Talk,
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


async def _asked_of_the_site(request: bytes, as_proxy: bool = False) -> bytes:
    """Every byte that reaches a real origin, or the setting's proxy in its place, when the browser says
    `request`; with %s for the site's host.
    """
    arrived = asyncio.Queue[bytes]()

    async def origin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        arrived.put_nowait(said + await reader.read())  # until the door hangs up

    async with served(origin) as port:
        host = b"%s:%d" % (FARM.encode(), port)
        way = {"upstream_proxy": f"kiosk:safe@127.0.0.1:{port}"} if as_proxy else {}
        async with Opened(policy_of(f"http://{FARM}:{port}/"), **way) as opened:
            answer = await opened.say(request.replace(b"%s", host))
            assert answer.startswith(b"HTTP/1.1 204"), answer
            return (await arrived.get()).replace(host, b"%s")


def test_exactly_what_was_asked_reaches_the_site_and_nothing_that_was_not() -> None:
    get = b"GET http://%s/a/?b=c HTTP/1.1\r\nHost: %s\r\nUser-Agent: Ours\r\nProxy-Connection: close\r\n\r\n"
    asked = run(_asked_of_the_site(get))
    assert asked == b"GET /a/?b=c HTTP/1.1\r\nHost: %s\r\nUser-Agent: Ours\r\nConnection: close\r\n\r\n"
    head = run(_asked_of_the_site(get.replace(b"GET", b"HEAD")))
    assert head == asked.replace(b"GET", b"HEAD")
    through_proxy = run(_asked_of_the_site(get, as_proxy=True))
    assert through_proxy == (
        b"GET http://%s/a/?b=c HTTP/1.1\r\nHost: %s\r\nUser-Agent: Ours\r\n"
        b"Proxy-Authorization: Basic a2lvc2s6c2FmZQ==\r\nConnection: close\r\n\r\n"
    )


@pytest.mark.parametrize("path", ["/a%2Fb", "/a/..%2Fb;x=.", "/%00", "/?" + "q" * 40_000, "/" + "p" * 40_000])
def test_a_part_of_a_page_has_any_path_on_its_host(path: str) -> None:
    """As over TLS, where nobody sees it: what a page may not have is a question of pages."""
    get = b"GET http://%s" + path.encode() + b" HTTP/1.1\r\nHost: %s\r\n\r\n"
    assert run(_asked_of_the_site(get)).startswith(f"GET {path} HTTP/1.1\r\n".encode())


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: 3\r\n", b"abc"),
        (b"Content-Length: 0\r\n", b""),
        (b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n0\r\n\r\n"),
    ],
)
def test_a_body_arrives_in_the_form_in_which_it_was_sent(framing: bytes, body: bytes) -> None:
    post = b"POST http://%s/ HTTP/1.1\r\nHost: %s\r\n" + framing + b"\r\n" + body
    asked = run(_asked_of_the_site(post))
    head, _, arrived = asked.partition(b"\r\n\r\n")
    assert sorted(head.split(b"\r\n")) == sorted(
        [b"POST / HTTP/1.1", b"Host: %s", b"Connection: close", framing.rstrip()]
    )
    assert arrived == body


@pytest.fixture
def tinyproxy(tmp_path: Path) -> Iterator[int]:
    """The port of a real proxy that wants a password, opens tunnels to port 443 alone and takes this machine
    for the farm (in a mount namespace of its own).
    """
    hosts, settings = tmp_path / "hosts", tmp_path / "tinyproxy.conf"
    hosts.write_text(f"127.0.0.1 {FARM}\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings.write_text(
        f"Port {port}\nListen 127.0.0.1\nBasicAuth kiosk safe\nConnectPort 443\nLogLevel Error\nTimeout 20\n"
    )
    command = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", str(hosts), "/etc/hosts", "--die-with-parent"]
    with subprocess.Popen([*command, "tinyproxy", "-d", "-c", str(settings)]) as process:
        end = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                break
            except ConnectionRefusedError:
                assert time.monotonic() < end
                assert process.poll() is None
                time.sleep(0.02)
        yield port
        process.terminate()


def test_through_a_real_proxy_plain_http_goes_as_a_whole_address_with_its_password(tinyproxy: int) -> None:
    async def main() -> None:
        async with served(plain) as port:
            policy = policy_of(f"http://{FARM}:{port}/")
            get = b"GET http://%s:%d/a?b=c HTTP/1.1\r\nHost: %s:%d\r\n\r\n" % ((FARM.encode(), port) * 2)
            way = f"http://kiosk:safe@127.0.0.1:{tinyproxy}"
            async with Opened(policy, Names(), upstream_proxy=way) as opened:
                answer = await opened.say(get)
                assert answer.startswith(b"HTTP/1.1 200"), answer
                assert b"GET /a?b=c HTTP/1." in answer
                assert b"authorization" not in answer.lower()  # the password was the proxy's alone
                assert b"transfer-encoding" not in answer.split(b"\r\n\r\n", 1)[1].lower()
                assert opened.refused == []
            async with Opened(policy, Names(), upstream_proxy=f"127.0.0.1:{tinyproxy}") as opened:
                answer = await opened.say(get)
                assert answer.startswith(b"HTTP/1.1 502")
                assert "wants a name and a password" in opened.refused[0].why

    run(main())


def test_through_a_real_proxy_https_goes_by_a_tunnel(tinyproxy: int) -> None:
    async def main() -> None:
        way = f"http://kiosk:safe@127.0.0.1:{tinyproxy}"
        policy = policy_of("https://farm.example:8443/", "https://farm.example/")
        async with Opened(policy, Names(), upstream_proxy=way) as opened:
            for port, told in ((8443, "says 403"), (443, "says 500")):  # not a tunnel's port; nobody listens
                target = b"farm.example:%d" % port
                answer = await opened.say(b"CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, target))
                assert answer.startswith(b"HTTP/1.1 502")
                assert told in opened.refused.pop().why

    run(main())


NO_ANSWER = "{} gives no answer that can be read."
PASSWORD = b"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"


def saying(what: bytes) -> Talk:
    """A site that says this, whatever it is asked."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(what)

    return talk


def page_at(port: int) -> bytes:
    host = FARM if port == 80 else f"{FARM}:{port}"
    return f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", NO_ANSWER),
        (b"\x15\x03\x03\x00\x02\x02\x46", NO_ANSWER),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", NO_ANSWER),
        (b"", NO_ANSWER),
        (PASSWORD, "{} asks for a proxy's password, and is no proxy."),
    ],
)
def test_a_site_without_an_answer_that_can_be_passed_on_is_one_that_is_down_and_the_door_lives(
    says: bytes, why: str
) -> None:
    async def main() -> None:
        async with served(saying(says)) as port, Opened(policy_of(f"http://{FARM}:{port}/")) as opened:
            for _ in range(2):
                answer = await opened.say(page_at(port))
                assert answer.startswith(b"HTTP/1.1 502")
                assert b"407" not in answer
                assert b"Proxy-" not in answer
            assert [(each.host, each.kind, each.why) for each in opened.refused] == [
                (FARM, Kind.UNREACHABLE, why.format(FARM))
            ] * 2

    run(main())


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (b"", NO_ANSWER.format("The setting's proxy")),
        (PASSWORD, "The setting's proxy wants a name and a password: see network.upstream_proxy."),
    ],
)
def test_what_the_settings_proxy_does_not_answer_is_its_own_trouble(says: bytes, why: str) -> None:
    async def main() -> None:
        async with served(saying(says)) as port:
            way = f"127.0.0.1:{port}"
            async with Opened(policy_of(f"http://{FARM}/"), Names(), upstream_proxy=way) as opened:
                assert (await opened.say(page_at(80))).startswith(b"HTTP/1.1 502")
                assert [(each.kind, each.why) for each in opened.refused] == [(Kind.UNREACHABLE, why)]

    run(main())


def test_an_answer_that_breaks_off_is_broken_off_and_has_no_second_one_behind_it() -> None:
    async def main() -> None:
        half = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
        async with served(saying(half)) as port, Opened(policy_of(f"http://{FARM}:{port}/")) as opened:
            answer = await opened.say(page_at(port))
            assert answer.count(b"HTTP/1.1") == 1
            assert answer.endswith(b"half")

    run(main())


def test_plain_http_to_a_host_that_is_listed_for_https_is_refused_and_told_with_its_address() -> None:
    async def main() -> None:
        async with Opened(policy_of("https://farm.example/")) as opened:
            answer = await opened.say(b"GET http://farm.example/x HTTP/1.1\r\nHost: farm.example\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 403")
            assert [refusal.url for refusal in opened.refused] == ["http://farm.example:80/x"]

    run(main())


@pytest.mark.parametrize("page", ["http://farm.example/", "https://farm.example/"])
def test_a_no_has_no_words_that_a_browser_could_show_and_none_that_it_could_keep(page: str) -> None:
    async def main() -> None:
        async with Opened(policy_of(page), Names()) as opened:
            answer = await opened.say(b"GET http://farm.example/ HTTP/1.1\r\nHost: farm.example\r\n\r\n")
            head, body = answer.split(b"\r\n\r\n")
            assert body == b""
            assert head.startswith(b"HTTP/1.1 502" if page.startswith("http:") else b"HTTP/1.1 403")
            assert b"Cache-Control: no-store" in head

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
