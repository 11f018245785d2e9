"""Tunnels for https and wss: only to listed hosts, by public addresses, after a greeting that names them."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import socket
import ssl
import struct
import time
from typing import Any, NoReturn

import pytest

from allowlist.door import Kind, Limits
from allowlist.greetings import Greetings
from allowlist.relay import Tunnels
from allowlist.tls import Hello
from allowlist.wires import Wires
from tests.allowlist.conftest import (
    FARM,
    Names,
    Opened,
    Talk,
    deaf,
    echo,
    hello_for,
    policy_of,
    rest,
    run,
    served,
)


def records(hello: bytes, size: int) -> bytes:
    """The same ClientHello, cut into TLS records of `size` bytes."""
    kind, body = hello[:3], hello[5:]
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(kind + len(part).to_bytes(2, "big") + part for part in parts)


def test_a_listed_site_is_reached_over_tls_and_its_bytes_arrive_unchanged(
    tls_for: Any, trusting: Any
) -> None:
    async def main() -> None:
        async with (
            served(echo, tls_for(FARM)) as port,
            Opened(policy_of(f"https://{FARM}:{port}/")) as opened,
        ):
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

        async with served(listen) as port, Opened(policy_of(f"https://{FARM}:{port}/")) as opened:
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

        async with served(listen) as port, Opened(policy_of(f"https://{FARM}:{port}/")) as opened:
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
        async with served(echo) as port, Opened(policy_of(f"https://{FARM}:{port}/")) as opened:
            reader, writer = await opened.tunnel(f"{FARM}:{port}")
            greeting = records(hello_for(FARM, trusting)[0], size)
            for at in range(0, len(greeting), 1 if size > 1 else 50):
                writer.write(greeting[at : at + (1 if size > 1 else 50)])
                await writer.drain()
            assert await reader.readexactly(len(greeting)) == greeting
            assert opened.refused == []
            writer.close()

    run(main())


def test_a_greeting_in_the_same_segment_as_the_request_for_a_tunnel_gets_through(trusting: Any) -> None:
    async def main() -> None:
        async with served(echo) as port, Opened(policy_of(f"https://{FARM}:{port}/")) as opened:
            greeting, target = hello_for(FARM, trusting)[0], f"{FARM}:{port}".encode()
            for whole in (greeting, records(greeting, 7), greeting + b"and early data"):
                reader, writer = await opened.connect()
                writer.write(b"CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, target) + whole)
                await reader.readuntil(b"\r\n\r\n")
                assert await reader.readexactly(len(whole)) == whole
                writer.close()

    run(main())


def test_a_greeting_for_another_host_in_the_same_segment_is_cut_before_a_byte_gets_out(trusting: Any) -> None:
    async def main() -> None:
        arrived = asyncio.Queue[bytes]()

        async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            arrived.put_nowait(await reader.read())

        async with served(listen) as port, Opened(policy_of(f"https://{FARM}:{port}/")) as opened:
            greeting, target = hello_for("other.example", trusting)[0], f"{FARM}:{port}".encode()
            reader, writer = await opened.connect()
            writer.write(b"CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, target) + greeting)
            assert (await rest(reader)).count(b"\r\n\r\n") == 1  # the 200, and nothing behind it
            assert await arrived.get() == b""
            assert opened.refused[0].host == FARM
            writer.close()

    run(main())


def test_a_web_socket_in_plain_text_gets_no_tunnel_even_to_a_site_that_is_listed_for_http() -> None:
    async def main() -> None:
        names = Names()
        async with Opened(policy_of("http://farm.example/"), names) as opened:
            for port in (80, 443):
                target = b"farm.example:%d" % port
                answer = await opened.say(b"CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, target))
                assert answer.startswith(b"HTTP/1.1 403")
            assert names.asked == []

    run(main())


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "192.168.1.1", "127.0.0.1", "169.254.1.1", "::1", "fe80::1", "::ffff:8.8.8.8"],
)
def test_a_name_that_leads_into_a_private_network_is_refused(address: str) -> None:
    async def main() -> None:
        names = Names(farm_example=(address,))
        async with Opened(policy_of("https://farm.example/"), names, private_addresses="refuse") as opened:
            answer = await opened.say(b"CONNECT farm.example:443 HTTP/1.1\r\nHost: farm.example:443\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 502")
            assert "private network" in opened.refused[0].why
            assert opened.refused[0].kind is Kind.POLICY

    run(main())


@pytest.mark.parametrize("private", ["refuse", "allow"])
def test_a_name_server_that_filters_by_an_address_of_nobody_is_the_settings_filter(private: str) -> None:
    async def main() -> None:
        names = Names(farm_example=("::", "0.0.0.0"))
        async with Opened(policy_of("https://farm.example/"), names, private_addresses=private) as opened:
            await opened.say(b"CONNECT farm.example:443 HTTP/1.1\r\nHost: farm.example:443\r\n\r\n")
            (told,) = opened.refused
            why = "The setting's own filter does not open farm.example (its name server says ::)."
            assert (told.kind, told.why) == (Kind.FILTER, why)

    run(main())


def test_where_its_own_networks_are_not_known_the_door_opens_nothing_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def silent() -> NoReturn:
        raise OSError(errno.EACCES, "Permission denied")

    async def main() -> None:
        names = Names(farm_example=("93.184.216.34",))
        async with Opened(policy_of("https://farm.example/"), names, private_addresses="refuse") as opened:
            answer = await opened.say(b"CONNECT farm.example:443 HTTP/1.1\r\nHost: farm.example:443\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 502")
            assert opened.refused[0].why == (
                "Which networks this kiosk stands in is not known: Permission denied."
            )

    monkeypatch.setattr("psutil.net_if_addrs", silent)
    run(main())


@pytest.mark.parametrize("private", ["refuse", "allow"])
def test_of_a_mixed_answer_the_address_of_nobody_is_not_dialled_which_would_be_this_machine(
    private: str,
) -> None:
    async def main() -> None:
        async with served(echo) as port:
            names = Names(farm_example=("0.0.0.0", "::", "192.0.2.1"))
            policy, limits = policy_of(f"https://farm.example:{port}/"), Limits(connect=0.5)
            async with Opened(policy, names, private_addresses=private, limits=limits) as opened:
                target = b"farm.example:%d" % port
                answer = await opened.say(b"CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, target))
                assert answer.startswith(b"HTTP/1.1 50")

    run(main())


@pytest.mark.parametrize("private", ["10.0.0.1", "fd00::1"])
def test_of_mixed_addresses_only_the_public_ones_are_dialled(
    private: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that lies in half of its answer: what was checked is what is called."""
    dialled: list[list[str]] = []

    async def dial(wires: Wires, addresses: list[str], port: int, _: float) -> socket.socket:
        dialled.append(addresses)
        raise OSError(errno.EHOSTUNREACH, "not here")

    async def main() -> None:
        names = Names(farm_example=(private, "93.184.216.34", private))
        async with Opened(policy_of("https://farm.example/"), names, private_addresses="refuse") as opened:
            answer = await opened.say(b"CONNECT farm.example:443 HTTP/1.1\r\nHost: farm.example:443\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 502")

    monkeypatch.setattr("allowlist.upstream.dial", dial)
    run(main())
    assert dialled == [["93.184.216.34"]]


def test_a_cut_sends_nothing_of_what_it_still_holds(tls_for: Any, trusting: Any) -> None:
    """An upload over a slow line: megabytes wait in the kernel when the red button is pressed."""

    async def main() -> None:
        joined, may_read = asyncio.Event(), asyncio.Event()
        ends: asyncio.Queue[tuple[int, type[BaseException] | None]] = asyncio.Queue()

        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            joined.set()
            await may_read.wait()
            writer.transport.resume_reading()  # type: ignore[attr-defined]
            got, why = 0, None
            try:
                while more := await reader.read(65536):
                    got += len(more)
            except ConnectionError as error:
                why = type(error)
            ends.put_nowait((got, why))

        async with served(slow) as port, Opened(policy_of(f"https://{FARM}:{port}/")) as opened:
            _, writer = await opened.tunnel(f"{FARM}:{port}")
            writer.write(hello_for(FARM, trusting)[0])
            await joined.wait()
            sent = full = 0
            while (
                full < 2
            ):  # until every buffer on the way is; one look may be the machine's that stood still
                if not full:
                    writer.write(bytes(65536))
                try:
                    async with asyncio.timeout(0.3):
                        await writer.drain()
                except TimeoutError:
                    full += 1
                else:
                    sent, full = sent + 65536, 0
            opened.door.cut()
            may_read.set()
            got, why = await ends.get()
            assert why is ConnectionResetError
            assert got < sent / 2
            writer.transport.abort()  # type: ignore[attr-defined]

    run(main())


def test_a_second_address_is_tried_when_the_first_does_not_answer(trusting: Any) -> None:
    async def main() -> None:
        async with served(echo) as port:
            names = Names(farm_example=("127.0.0.2", "127.0.0.1"))  # nobody listens on the first
            async with Opened(policy_of(f"https://{FARM}:{port}/"), names) as opened:
                reader, writer = await opened.tunnel(f"{FARM}:{port}")
                greeting = hello_for(FARM, trusting)[0]
                writer.write(greeting)
                assert await reader.readexactly(len(greeting)) == greeting
                writer.close()

    run(main())


@pytest.mark.parametrize("addresses", [1, 3])
@pytest.mark.parametrize("patience", [0.4, 10])
def test_a_site_that_does_not_answer_at_once_is_waited_for_and_no_longer_than_allowed(
    patience: float, addresses: int
) -> None:
    async def main() -> None:
        with deaf() as site:
            port = site.getsockname()[1]
            names, limits = Names(farm_example=("127.0.0.1",) * addresses), Limits(connect=patience)
            async with Opened(policy_of(f"https://{FARM}:{port}/"), names, limits=limits) as opened:
                reader, writer = await opened.connect()
                writer.write(f"CONNECT {FARM}:{port} HTTP/1.1\r\nHost: {FARM}\r\n\r\n".encode())
                await asyncio.sleep(0.2)
                on_their_way = len(opened.door._wires._live) - 2  # beside the listener and the browser
                assert on_their_way in range(1, addresses + 1)
                if patience > 1:
                    site.accept()[0].close()
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.split(b" ")[1] == (b"200" if patience > 1 else b"502")
                writer.close()
            assert opened.door._wires._live == set()

    run(main())


def test_a_greeting_that_trickles_is_hung_up_on_and_so_is_the_one_after_a_pause(trusting: Any) -> None:
    """Each byte of it is no reason to wait longer; and that nobody was there for a while is none either."""

    async def main() -> None:
        limits = Limits(head=0.4)
        async with (
            served(echo) as port,
            Opened(policy_of(f"https://{FARM}:{port}/"), limits=limits) as opened,
        ):
            for _ in range(2):
                reader, writer = await opened.tunnel(f"{FARM}:{port}")
                gone = asyncio.create_task(rest(reader))
                for byte in hello_for(FARM, trusting)[0][:100]:
                    writer.write(bytes([byte]))
                    await asyncio.wait([gone], timeout=0.05)
                    if gone.done():
                        break
                assert gone.done()
                assert await gone == b""
                writer.close()
                await asyncio.sleep(0.2)  # nobody is looked at any more

    run(main())


def test_an_open_tunnel_keeps_nothing_of_its_greeting(trusting: Any) -> None:
    """A quiet WebSocket stays for hours, and a greeting's parser is ten times larger than a tunnel."""

    async def main() -> None:
        async with served(echo) as port, Opened(policy_of(f"https://{FARM}:{port}/")) as opened:
            reader, writer = await opened.tunnel(f"{FARM}:{port}")
            assert [each for each in gc.get_objects() if isinstance(each, Hello)]
            greeting = hello_for(FARM, trusting)[0]
            writer.write(greeting)
            assert await reader.readexactly(len(greeting)) == greeting
            gc.collect()
            assert not [each for each in gc.get_objects() if isinstance(each, Hello)]
            writer.close()

    run(main())


def a_site_that_asks_for_another_greeting(tls: ssl.SSLContext, names: list[str | None]) -> Talk:
    """Who has no key for what browsers offer first; `names` is what its greetings ask for."""
    tls.set_ecdh_curve("secp521r1")
    tls.sni_callback = lambda _, name, __: names.append(name)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        side = tls.wrap_bio(incoming, outgoing, server_side=True)
        while data := await reader.read(65536):
            incoming.write(data)
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
                writer.write(b"it has shaken hands")
            writer.write(outgoing.read())

    return talk


def early(size: int) -> bytes:
    """A record of early data; many a site passes over it that asks for another greeting."""
    return b"\x17\x03\x03" + size.to_bytes(2, "big") + bytes(size)


ALERT = b"\x15\x03\x03\x00\x02\x01\x5a"  # a warning: user_canceled
CHANGE = b"\x14\x03\x03\x00\x01\x01"


@pytest.mark.parametrize("in_one", [True, False])
@pytest.mark.parametrize(
    ("named", "before"),
    [
        (FARM, b""),
        (FARM, CHANGE + ALERT),
        ("evil.example", b""),
        ("evil.example", CHANGE + ALERT),
        ("evil.example", early(1)),
        ("evil.example", CHANGE + early(16_000) + ALERT),
    ],
)
def test_a_second_greeting_has_to_name_the_host_too_whatever_comes_before_it(
    named: str, in_one: bool, before: bytes, tls_for: Any, trusting: Any
) -> None:
    async def main() -> None:
        names: list[str | None] = []
        site = a_site_that_asks_for_another_greeting(tls_for(FARM), names)
        async with served(site) as port, Opened(policy_of(f"https://{FARM}:{port}/")) as opened:
            reader, writer = await opened.tunnel(f"{FARM}:{port}")
            first, client, incoming, outgoing = hello_for(FARM, trusting)
            writer.write(first)
            incoming.write(await reader.read(65536))
            with pytest.raises(ssl.SSLWantReadError):
                client.do_handshake()
            again = outgoing.read().removeprefix(CHANGE)
            assert FARM.encode() in again
            again = before + again.replace(FARM.encode(), named.encode())
            for piece in [again] if in_one else [again[at : at + 100] for at in range(0, len(again), 100)]:
                writer.write(piece)
                await asyncio.sleep(0.001)
            if named == FARM:
                while client.version() is None:
                    incoming.write(await reader.readexactly(1))
                    with contextlib.suppress(ssl.SSLWantReadError):
                        client.do_handshake()
                assert names == [FARM, FARM]
                assert opened.refused == []
            else:
                assert await rest(reader) == b""
                assert names == [FARM]
                assert [each.why for each in opened.refused] == [
                    f"What was sent to {FARM} was stopped: its TLS greeting asks for {named}."
                ]
            writer.close()

    run(main())


def test_a_second_greeting_that_comes_before_it_is_asked_for_has_to_name_the_host_too(
    tls_for: Any, trusting: Any
) -> None:
    async def main() -> None:
        names: list[str | None] = []
        site = a_site_that_asks_for_another_greeting(tls_for(FARM), names)
        async with served(site) as port, Opened(policy_of(f"https://{FARM}:{port}/")) as opened:
            reader, writer = await opened.tunnel(f"{FARM}:{port}")
            greeting = hello_for(FARM, trusting)[0]
            writer.write(greeting + CHANGE + greeting.replace(FARM.encode(), b"evil.example"))
            assert await rest(reader) == b""
            assert names == []
            assert "asks for evil.example" in opened.refused[0].why
            writer.close()

    run(main())


@pytest.mark.parametrize("error", [PermissionError("not so"), ValueError("nor so")])
def test_what_the_reader_of_a_beginning_raises_is_raised_whatever_it_is(error: Exception) -> None:
    class Refuses(Greetings):
        def said(self, data: bytes) -> bytes:
            raise error

    async def main() -> None:
        pairs = socket.socketpair(), socket.socketpair()
        ends = [end for pair in pairs for end in pair]
        for end in ends:
            end.setblocking(False)
        ends[1].send(b"hello")
        with pytest.raises(type(error)):
            await Tunnels(5, 5, 5).carry(ends[0], ends[2], Refuses(FARM))
        with pytest.raises(BlockingIOError):
            ends[3].recv(1)
        for end in ends:
            end.close()

    run(main())


MIB = 1024 * 1024


def test_a_side_that_does_not_read_holds_the_other_back_and_loses_nothing_of_what_comes(
    trusting: Any,
) -> None:
    async def main() -> None:
        sent, much = 0, 128

        async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            await reader.read(1)
            for n in range(much):
                writer.write(bytes([n]) * MIB)
                await writer.drain()
                sent += 1

        async with served(pour) as port, Opened(policy_of(f"https://{FARM}:{port}/")) as opened:
            reader, writer = await opened.tunnel(f"{FARM}:{port}")
            writer.write(hello_for(FARM, trusting)[0])
            still = 0
            while still < 2:  # until nothing moves any more; one look may be the machine's that stood still
                before = sent
                await asyncio.sleep(0.3)
                still = still + 1 if sent == before and sent else 0
            assert 0 < sent < much  # what sockets hold, and nothing in the door
            for n in range(much):
                assert await reader.readexactly(MIB) == bytes([n]) * MIB
            assert await reader.read() == b""
            writer.close()

    run(main())


def test_a_side_that_has_said_all_still_hears_the_other(trusting: Any) -> None:
    async def main() -> None:
        async def answer_at_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"all of %d" % len(await reader.read()))
            await writer.drain()

        async with served(answer_at_the_end) as port, Opened(policy_of(f"https://{FARM}:{port}/")) as opened:
            reader, writer = await opened.tunnel(f"{FARM}:{port}")
            greeting = hello_for(FARM, trusting)[0]
            writer.write(greeting)
            writer.write_eof()
            assert await reader.read() == b"all of %d" % len(greeting)
            writer.close()

    run(main())


@pytest.mark.parametrize("first", ["browser", "site"])
def test_a_side_that_has_left_does_not_keep_its_place_because_the_other_stays(
    first: str, trusting: Any
) -> None:
    async def main() -> None:
        has_said_all, over = asyncio.Event(), asyncio.Event()

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            if first == "site":
                writer.write_eof()
            else:
                while await reader.read(65536):
                    pass
            has_said_all.set()
            await over.wait()

        limits = Limits(idle=3600, parting=0.4)
        async with (
            served(talk) as port,
            Opened(policy_of(f"https://{FARM}:{port}/"), limits=limits) as opened,
        ):
            _, writer = await opened.tunnel(f"{FARM}:{port}")
            writer.write(hello_for(FARM, trusting)[0])
            if first == "browser":
                writer.write_eof()
            await has_said_all.wait()
            while opened.door._tasks:
                await asyncio.sleep(0.01)
            assert opened.door._wires._live == {opened.listener}
            over.set()
            writer.close()

    run(main())


def test_who_ends_after_a_long_quiet_still_hears_the_answer(
    trusting: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        now, begun = 0.0, asyncio.Event()
        monkeypatch.setattr("allowlist.relay.monotonic", lambda: now)

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            begun.set()
            await reader.read()
            await asyncio.sleep(0.3)  # some looks later
            writer.write(b"all")

        limits = Limits(idle=3600, parting=0.4)
        async with (
            served(talk) as port,
            Opened(policy_of(f"https://{FARM}:{port}/"), limits=limits) as opened,
        ):
            reader, writer = await opened.tunnel(f"{FARM}:{port}")
            writer.write(hello_for(FARM, trusting)[0])
            await begun.wait()
            now = 1000
            writer.write_eof()
            assert await reader.read() == b"all"
            writer.close()

    run(main())


def test_a_tunnel_that_carries_bytes_one_way_now_and_then_is_not_quiet(trusting: Any) -> None:
    async def main() -> None:
        pauses: list[float] = []

        async def tick(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            for _ in range(8):
                before = time.monotonic()
                writer.write(b".")
                await asyncio.sleep(0.3)
                pauses.append(time.monotonic() - before)

        limits = Limits(idle=2)
        async with (
            served(tick) as port,
            Opened(policy_of(f"https://{FARM}:{port}/"), limits=limits) as opened,
        ):
            for _ in range(3):
                pauses.clear()
                heard = b""
                with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                    reader, writer = await opened.tunnel(f"{FARM}:{port}")
                    writer.write(hello_for(FARM, trusting)[0])
                    heard = await reader.read()
                    writer.close()
                if pauses and max(pauses) < 1:  # or the machine kept it quiet
                    break
            assert heard == b"........"

    run(main())


def test_when_the_site_breaks_off_the_browser_learns_it_and_nothing_is_left(trusting: Any) -> None:
    async def main() -> None:
        async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            wire = writer.get_extra_info("socket")
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

        async with served(reset) as port, Opened(policy_of(f"https://{FARM}:{port}/")) as opened:
            reader, writer = await opened.tunnel(f"{FARM}:{port}")
            writer.write(hello_for(FARM, trusting)[0])
            assert await rest(reader) == b""
            writer.close()
            while opened.door._tasks:
                await asyncio.sleep(0.01)
            assert opened.door._wires._live == {opened.listener}

    run(main())
