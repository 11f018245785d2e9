"""The door against real servers: what is listed gets through unchanged, and nothing else does."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from allowlist.builtin import BUILTIN_HOST
from allowlist.decision import Policy
from allowlist.door import Door, Limits, Refusal
from allowlist.resolver import ResolveError
from allowlist.wires import Cut
from tests.allowlist.conftest import listening, policy_of, run

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
FARM = "farm.example"


class Names:
    """A resolver that knows what it is told, and remembers what it was asked."""

    def __init__(self, **names: tuple[str, ...]) -> None:
        self.names = {name.replace("_", "."): found for name, found in names.items()}
        self.asked: list[str] = []

    async def addresses(self, host: str) -> tuple[str, ...]:
        self.asked.append(host)
        if host not in self.names:
            raise ResolveError(f"There is no {host}.")
        return self.names[host]


HERE = Names(farm_example=("127.0.0.1",))


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say everything back, in the same order."""
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write_eof() if writer.can_write_eof() else writer.close()


@asynccontextmanager
async def site(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on loopback; yields its port."""

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(served, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """What still comes before the end, be it a clean end or a reset."""
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


class Opened:
    """A door that is being served, and what it refused."""

    def __init__(self, policy: Policy, resolver: Any = HERE, **settings: Any) -> None:
        self.refused: list[Refusal] = []
        settings.setdefault("private_addresses", "allow")
        self.door = Door(policy, resolver, on_refused=self.refused.append, **settings)
        self.listener = listening()
        self.port = self.listener.getsockname()[1]

    async def __aenter__(self) -> Opened:
        self.serving = asyncio.create_task(self.door.serve(self.listener))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.door.close()
        await self.serving

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def say(self, request: bytes) -> bytes:
        """Everything that is answered to `request`."""
        reader, writer = await self.connect()
        writer.write(request)
        try:
            return await reader.read()
        finally:
            writer.close()

    async def tunnel(self, target: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """An open tunnel to `target`."""
        reader, writer = await self.connect()
        writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        return reader, writer


def hello_for(
    name: str | None, trusting: ssl.SSLContext
) -> tuple[bytes, ssl.SSLObject, ssl.MemoryBIO, ssl.MemoryBIO]:
    """The bytes of a ClientHello that asks for `name`."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    trusting.check_hostname = False
    client = trusting.wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read(), client, incoming, outgoing


def records(hello: bytes, size: int) -> bytes:
    """The same ClientHello, cut into TLS records of `size` bytes."""
    kind, body = hello[:3], hello[5:]
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(kind + len(part).to_bytes(2, "big") + part for part in parts)


def test_a_listed_site_is_reached_over_tls_and_its_bytes_arrive_unchanged(
    tls_for: Any, trusting: Any
) -> None:
    async def main() -> None:
        async with site(echo, tls_for(FARM)) as port, Opened(policy_of(f"https://{FARM}:{port}/")) as opened:
            reader, writer = await opened.tunnel(f"{FARM}:{port}")
            await writer.start_tls(trusting, server_hostname=FARM)
            sent = bytes(range(256)) * 4096  # 1 MiB
            writer.write(sent)
            assert await reader.readexactly(len(sent)) == sent
            writer.close()
            assert opened.refused == []

    run(main())


@pytest.mark.parametrize(
    "target",
    [
        "other.example:443",
        "farm.example:80",
        "farm.example:22",
        "sub.farm.example:443",
        "example:443",
        "127.0.0.1:443",
        "2130706433:443",
        "0x7f000001:443",
        "farm.example.:443",
    ],
)
def test_a_host_or_port_that_the_policy_does_not_name_gets_a_403_and_is_told(target: str) -> None:
    async def main() -> None:
        names = Names()
        async with Opened(policy_of("https://farm.example/"), names) as opened:
            answer = await opened.say(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
            assert answer.startswith(b"HTTP/1.1 403")
            assert [f"{refusal.host}:{refusal.port}" for refusal in opened.refused] == [target]
            assert names.asked == []  # not even its name left the kiosk

    run(main())


@pytest.mark.parametrize("named", ["other.example", None])
def test_a_greeting_that_names_another_host_or_none_is_cut_before_a_byte_gets_out(
    named: Any, trusting: Any
) -> None:
    async def main() -> None:
        arrived = asyncio.Queue[bytes]()

        async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            arrived.put_nowait(await reader.read())

        async with site(listen) as port, Opened(policy_of(f"https://{FARM}:{port}/")) as opened:
            reader, writer = await opened.tunnel(f"{FARM}:{port}")
            writer.write(hello_for(named, trusting)[0])
            assert await reader.read() == b""
            assert await arrived.get() == b""
            assert "greeting" in opened.refused[0].why
            assert opened.refused[0].host == FARM
            writer.close()

    run(main())


@pytest.mark.parametrize(
    "junk", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"a" * 70000, b"SSH-2.0-x\r\n"]
)
def test_what_is_not_tls_is_cut_before_a_byte_gets_out(junk: bytes) -> None:
    async def main() -> None:
        arrived = asyncio.Queue[bytes]()

        async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            arrived.put_nowait(await reader.read())

        async with site(listen) as port, Opened(policy_of(f"https://{FARM}:{port}/")) as opened:
            reader, writer = await opened.tunnel(f"{FARM}:{port}")
            writer.write(junk)
            assert await rest(reader) == b""
            assert await arrived.get() == b""
            assert len(opened.refused) == 1
            writer.close()

    run(main())


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_greeting_in_many_records_sent_byte_by_byte_gets_through(size: int, trusting: Any) -> None:
    async def main() -> None:
        async with site(echo) as port, Opened(policy_of(f"https://{FARM}:{port}/")) as opened:
            reader, writer = await opened.tunnel(f"{FARM}:{port}")
            greeting = records(hello_for(FARM, trusting)[0], size)
            for at in range(0, len(greeting), 1 if size > 1 else 50):
                writer.write(greeting[at : at + (1 if size > 1 else 50)])
                await writer.drain()
            assert await reader.readexactly(len(greeting)) == greeting
            assert opened.refused == []
            writer.close()

    run(main())


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "192.168.1.1", "127.0.0.1", "169.254.1.1", "::1", "fe80::1", "::ffff:8.8.8.8", "0.0.0.0"],
)
def test_a_name_that_leads_into_a_private_network_is_refused(address: str) -> None:
    async def main() -> None:
        names = Names(farm_example=(address,))
        async with Opened(policy_of("https://farm.example/"), names, private_addresses="refuse") as opened:
            answer = await opened.say(b"CONNECT farm.example:443 HTTP/1.1\r\nHost: farm.example:443\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 502")
            assert "private network" in opened.refused[0].why

    run(main())


def test_a_second_address_is_tried_when_the_first_does_not_answer(trusting: Any) -> None:
    async def main() -> None:
        async with site(echo) as port:
            names = Names(farm_example=("127.0.0.2", "127.0.0.1"))  # nobody listens on the first
            async with Opened(policy_of(f"https://{FARM}:{port}/"), names) as opened:
                reader, writer = await opened.tunnel(f"{FARM}:{port}")
                greeting = hello_for(FARM, trusting)[0]
                writer.write(greeting)
                assert await reader.readexactly(len(greeting)) == greeting
                writer.close()

    run(main())


async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A plain web server that says what it was asked."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    said = head + await reader.readexactly(length)
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nX-Farm: yes\r\n")
    writer.write(b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(said), said))
    await writer.drain()


def test_plain_http_is_carried_where_it_is_listed_without_what_is_for_the_door_alone() -> None:
    async def main() -> None:
        async with site(plain) as port, Opened(policy_of(f"http://{FARM}:{port}/")) as opened:
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
        async with site(plain) as port, Opened(policy_of(f"http://{FARM}:{port}/")) as opened:
            one = b"GET http://farm.example:%d/1 HTTP/1.1\r\nHost: farm.example:%d\r\n\r\n" % (port, port)
            answer = await opened.say(one + one.replace(b"/1", b"/2"))
            assert answer.count(b"HTTP/1.1 200") == 1
            assert b"/2" not in answer

    run(main())


def test_a_request_or_greeting_that_never_ends_is_hung_up_on() -> None:
    async def main() -> None:
        limits = Limits(head=0.05)
        async with site(echo) as port, Opened(policy_of(f"https://{FARM}:{port}/"), limits=limits) as opened:
            reader, writer = await opened.connect()
            writer.write(b"GET http://farm")
            assert await reader.read() == b""
            writer.close()
            reader, writer = await opened.tunnel(f"{FARM}:{port}")
            writer.write(b"\x16\x03\x01")
            assert await reader.read() == b""
            writer.close()

    run(main())


def test_a_quiet_tunnel_is_hung_up_on(trusting: Any) -> None:
    async def main() -> None:
        limits = Limits(idle=0.05)
        async with site(echo) as port, Opened(policy_of(f"https://{FARM}:{port}/"), limits=limits) as opened:
            reader, writer = await opened.tunnel(f"{FARM}:{port}")
            greeting = hello_for(FARM, trusting)[0]
            writer.write(greeting)
            assert await reader.read() == greeting
            writer.close()

    run(main())


def test_a_site_that_takes_too_long_is_given_up_with_a_504() -> None:
    async def main() -> None:
        class Never:
            async def addresses(self, _: str) -> tuple[str, ...]:
                await asyncio.Event().wait()
                raise AssertionError

        async with Opened(policy_of("https://farm.example/"), Never(), limits=Limits(connect=0.05)) as opened:
            answer = await opened.say(b"CONNECT farm.example:443 HTTP/1.1\r\nHost: farm.example\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 504")

    run(main())


def test_one_connection_too_many_is_hung_up_on_and_the_others_live() -> None:
    async def main() -> None:
        async with Opened(policy_of("https://farm.example/"), limits=Limits(connections=2)) as opened:
            kept = [await opened.connect() for _ in range(2)]
            late, _ = await opened.connect()
            assert await rest(late) == b""
            reader, writer = kept[0]
            writer.write(b"nonsense\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 400")
            for _, writer in kept:
                writer.close()

    run(main())


def test_a_new_policy_counts_from_the_next_request_on() -> None:
    async def main() -> None:
        async with site(plain) as port, Opened(policy_of(f"http://{FARM}:{port}/")) as opened:
            get = b"GET http://farm.example:%d/ HTTP/1.1\r\nHost: farm.example:%d\r\n\r\n" % (port, port)
            assert (await opened.say(get)).startswith(b"HTTP/1.1 200")
            opened.door.policy = policy_of("https://other.example/")
            assert (await opened.say(get)).startswith(b"HTTP/1.1 403")

    run(main())


def test_cut_from_another_thread_ends_every_connection_while_the_loop_stands_still(trusting: Any) -> None:
    """Invariant 3: panic waits for nothing, not for our own event loop either."""

    async def main() -> None:
        listener = listening()
        port = listener.getsockname()[1]
        accepted: list[socket.socket] = []
        witness = threading.Thread(target=lambda: accepted.append(listener.accept()[0]))
        listener.setblocking(True)
        witness.start()
        async with Opened(policy_of(f"https://{FARM}:{port}/")) as opened:
            _, writer = await opened.tunnel(f"{FARM}:{port}")
            await asyncio.to_thread(witness.join)
            writer.write(hello_for(FARM, trusting)[0])
            assert await asyncio.to_thread(accepted[0].recv, 1)  # the tunnel carries bytes
            child = writer.get_extra_info("socket")
            facts: dict[str, object] = {}

            def press() -> None:
                opened.door.cut()
                accepted[0].settimeout(5)
                while accepted[0].recv(65536):
                    pass
                facts["site saw the end"] = True
                with socket.socket(fileno=socket.dup(child.fileno())) as seen:
                    seen.setblocking(True)
                    seen.settimeout(5)
                    facts["browser saw the end"] = seen.recv(1) == b""
                try:
                    socket.create_connection(("127.0.0.1", opened.port), timeout=5).close()
                except OSError:
                    facts["nothing is accepted"] = True

            thread = threading.Thread(target=press)
            thread.start()
            thread.join()  # the loop stands still here, all the while
            assert facts == {
                "site saw the end": True,
                "browser saw the end": True,
                "nothing is accepted": True,
            }
            writer.close()
        accepted[0].close()
        listener.close()

    run(main())


def test_a_cut_door_never_serves_again() -> None:
    async def main() -> None:
        opened = Opened(policy_of("https://farm.example/"))
        opened.door.cut()
        with pytest.raises(Cut):
            await opened.door.serve(opened.listener)
        assert opened.listener.fileno() == -1

    run(main())


def test_close_leaves_no_socket_and_no_task(trusting: Any) -> None:
    async def main() -> None:
        async with site(echo) as port:
            async with Opened(policy_of(f"https://{FARM}:{port}/")) as opened:
                reader, writer = await opened.tunnel(f"{FARM}:{port}")
                greeting = hello_for(FARM, trusting)[0]
                writer.write(greeting)
                await reader.readexactly(len(greeting))
            assert await reader.read() == b""
            assert opened.listener.fileno() == -1
            assert opened.door._wires._live == set()
            assert opened.door._tasks == set()
            writer.close()

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


def test_through_the_settings_proxy_a_tunnel_is_asked_for_with_its_credentials(trusting: Any) -> None:
    async def main() -> None:
        heads: list[bytes] = []

        async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 fine\r\n\r\n" if b"farm" in heads[-1] else b"HTTP/1.1 403 no\r\n\r\n")
            await echo(reader, writer)

        async with site(proxy) as port:
            way = f"http://kiosk:s%40fe@127.0.0.1:{port}"
            policy = policy_of("https://farm.example/", "https://other.example/")
            async with Opened(policy, Names(), upstream_proxy=way) as opened:
                reader, writer = await opened.tunnel("farm.example:443")
                greeting = hello_for(FARM, trusting)[0]
                writer.write(greeting)
                assert await reader.readexactly(len(greeting)) == greeting
                assert b"Proxy-Authorization: Basic a2lvc2s6c0BmZQ==" in heads[0]
                answer = await opened.say(
                    b"CONNECT other.example:443 HTTP/1.1\r\nHost: other.example\r\n\r\n"
                )
                assert answer.startswith(b"HTTP/1.1 502")
                assert "own filter" in opened.refused[0].why
                writer.close()

    run(main())
