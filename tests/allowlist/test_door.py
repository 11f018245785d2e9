"""The door as a whole: its limits, its policy, and how it is cut and closed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from allowlist.arrivals import FILES_EACH, FILES_OF_OTHERS
from allowlist.door import Door, Kind, Limits
from allowlist.resolver import ResolveError, Resolver, Upstream
from allowlist.upstream import MOST_ADDRESSES, ThroughProxy
from allowlist.wires import Cut
from tests.allowlist.conftest import (
    FARM,
    HERE,
    Names,
    Opened,
    Zone,
    deaf,
    echo,
    hello_for,
    listening,
    name_server,
    plain,
    policy_of,
    rest,
    run,
    served,
)


def test_hundreds_of_connections_that_say_nothing_do_not_keep_the_next_one_out() -> None:
    async def main() -> None:
        limits = Limits(head=0.5, connections=100)
        async with Opened(policy_of("https://farm.example/"), limits=limits) as opened:
            silent = [await opened.connect() for _ in range(400)]
            for reader, writer in silent:
                assert await rest(reader) == b""
                writer.close()
            answer = await opened.say(b"CONNECT other.example:443 HTTP/1.1\r\nHost: other.example\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 403")
            assert len(opened.door._wires._live) <= 2  # the listener, and what has just been answered

    run(main())


@contextlib.contextmanager
def files(most: int) -> Iterator[None]:
    """This process may have so many open at once."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_full_door_leaves_files_for_an_alert_a_radio_and_the_records() -> None:
    """Also where each connection tries a site at every address that it may."""

    async def main() -> None:
        with files(600), deaf() as site:
            port, names = site.getsockname()[1], Names(farm_example=("127.0.0.1",) * MOST_ADDRESSES)
            room = Limits().connections
            assert 10 < room < 60
            async with Opened(policy_of(f"https://{FARM}:{port}/"), names) as opened:
                before = len(os.listdir("/proc/self/fd"))  # also what other tests have left open
                asking = [await opened.connect() for _ in range(room + 10)]
                for _, writer in asking:
                    writer.write(f"CONNECT {FARM}:{port} HTTP/1.1\r\nHost: {FARM}\r\n\r\n".encode())
                while len(opened.door._wires._live) < room * FILES_EACH:
                    await asyncio.sleep(0.01)
                the_doors = len(os.listdir("/proc/self/fd")) - before - len(asking)
                assert the_doors <= 600 - FILES_OF_OTHERS
                for _, writer in asking:
                    writer.transport.abort()  # type: ignore[attr-defined]

    run(main())


def test_a_request_or_greeting_that_never_ends_is_hung_up_on() -> None:
    async def main() -> None:
        limits = Limits(head=0.4)
        async with (
            served(echo) as port,
            Opened(policy_of(f"https://{FARM}:{port}/"), limits=limits) as opened,
        ):
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
        limits = Limits(idle=2)
        async with (
            served(echo) as port,
            Opened(policy_of(f"https://{FARM}:{port}/"), limits=limits) as opened,
        ):
            reader, writer = await opened.tunnel(f"{FARM}:{port}")
            greeting = hello_for(FARM, trusting)[0]
            writer.write(greeting)
            assert await reader.read() == greeting
            writer.close()

    run(main())


def test_nothing_waits_for_company_on_either_side_of_the_door() -> None:
    """Nagle's algorithm: a small piece would stay until the last one is acknowledged."""

    async def main() -> None:
        async with served(echo) as port, Opened(policy_of(f"https://farm.example:{port}/")) as opened:
            await asyncio.sleep(0)  # it serves
            _, writer = await opened.tunnel(f"farm.example:{port}")
            wires = opened.door._wires._live
            assert len(wires) == 3  # the listener, the browser, the site
            assert all(wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for wire in wires)
            writer.close()

    run(main())


def test_a_site_is_not_heard_before_the_browser_has_said_whom_it_wants(trusting: Any) -> None:
    async def speaks_first(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 welcome")
        await writer.drain()
        await asyncio.sleep(5)

    async def main() -> None:
        async with served(speaks_first) as port, Opened(policy_of(f"https://farm.example:{port}/")) as opened:
            reader, writer = await opened.tunnel(f"farm.example:{port}")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.3)
            writer.write(hello_for(FARM, trusting)[0])
            assert await asyncio.wait_for(reader.readexactly(11), 5) == b"220 welcome"
            writer.close()

    run(main())


def test_a_proxy_that_says_nothing_is_given_up() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def main() -> None:
        async with served(silent) as port:
            policy, proxy = policy_of("https://farm.example/"), f"http://127.0.0.1:{port}"
            limits = Limits(connect=0.2)
            async with Opened(policy, Names(), upstream_proxy=proxy, limits=limits) as opened:
                answer = await opened.say(b"CONNECT farm.example:443 HTTP/1.1\r\nHost: farm.example\r\n\r\n")
                assert answer.startswith(b"HTTP/1.1 502")
                assert [(each.kind, each.why) for each in opened.refused] == [
                    (Kind.UNREACHABLE, "The setting's proxy 127.0.0.1 takes too long to answer.")
                ]

    run(main())


@pytest.mark.parametrize(
    "request_",
    [
        b"CONNECT farm.example:80 HTTP/1.1\r\nHost: farm.example\r\n\r\n",
        b"GET http://farm.example/ HTTP/1.1\r\nHost: farm.example\r\n\r\n",
    ],
)
def test_a_proxy_that_cannot_be_reached_in_time_is_given_up(request_: bytes) -> None:
    async def main() -> None:
        policy, limits = policy_of("https://farm.example:80/", "http://farm.example/"), Limits(connect=0.2)
        with deaf() as full:
            proxy = f"http://127.0.0.1:{full.getsockname()[1]}"
            async with Opened(policy, Names(), upstream_proxy=proxy, limits=limits) as opened:
                answer = await opened.say(request_)
                assert answer.startswith(b"HTTP/1.1 502")
                assert [each.why for each in opened.refused] == [
                    "The setting's proxy 127.0.0.1 takes too long to answer."
                ]

    run(main())


def test_a_listed_site_that_is_down_is_told_apart_from_one_that_is_refused() -> None:
    """Nobody refused it: its name has no answer, nobody is there, or nobody answers in time."""

    async def main() -> None:
        policy, asks = policy_of("https://farm.example/"), b"CONNECT %s:443 HTTP/1.1\r\nHost: %s\r\n\r\n"
        async with name_server(Zone(silent=True)) as silent:
            no_names = Resolver([Upstream("127.0.0.1", silent)], timeout=0.2, patience=0.5)
            for resolver, host, kind in (
                (no_names, b"farm.example", Kind.UNREACHABLE),
                (HERE, b"farm.example", Kind.UNREACHABLE),
                (HERE, b"other.example", Kind.POLICY),
            ):
                async with Opened(policy, resolver) as opened:
                    await opened.say(asks % (host, host))
                    assert [(each.host, each.kind) for each in opened.refused] == [(host.decode(), kind)]

    run(main())


@pytest.mark.parametrize(
    ("said", "kind", "why"),
    [
        (b"403 no", Kind.FILTER, "The setting's own filter does not open farm.example (it says 403)."),
        (b"302 there", Kind.FILTER, "The setting's own filter does not open farm.example (it says 302)."),
        (
            b"407 who",
            Kind.UNREACHABLE,
            "The setting's proxy wants a name and a password: see network.upstream_proxy.",
        ),
        (b"408 late", Kind.UNREACHABLE, "The setting's proxy has no way to farm.example (it says 408)."),
        (b"429 slow", Kind.UNREACHABLE, "The setting's proxy has no way to farm.example (it says 429)."),
        (b"503 ill", Kind.UNREACHABLE, "The setting's proxy has no way to farm.example (it says 503)."),
    ],
)
def test_the_settings_filter_is_not_blamed_for_its_proxys_own_trouble(
    said: bytes, kind: Kind, why: str
) -> None:
    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 " + said + b"\r\n\r\n")

    async def main() -> None:
        async with served(proxy) as port:
            way = f"127.0.0.1:{port}"
            async with Opened(policy_of("https://farm.example/"), Names(), upstream_proxy=way) as opened:
                await opened.say(b"CONNECT farm.example:443 HTTP/1.1\r\nHost: farm.example\r\n\r\n")
                assert [(each.kind, each.why) for each in opened.refused] == [(kind, why)]

    run(main())


def test_one_connection_too_many_is_hung_up_on_and_told_and_the_others_live() -> None:
    async def main() -> None:
        async with Opened(policy_of("https://farm.example/"), limits=Limits(connections=2)) as opened:
            kept = [await opened.connect() for _ in range(2)]
            for _ in range(3):
                late, _ = await opened.connect()
                assert await rest(late) == b""
            assert [(each.kind, each.why) for each in opened.refused] == [
                (Kind.UNREACHABLE, "The door is full: 2 connections are open already.")
            ] * 3
            reader, writer = kept[0]
            writer.write(b"nonsense\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 400")
            for _, writer in kept:
                writer.close()

    run(main())


def test_those_who_came_before_the_door_was_served_are_met_and_those_who_left_again_are_forgotten() -> None:
    async def main() -> None:
        opened = Opened(policy_of("https://farm.example/"))
        asks, waits, left, broke = (
            socket.create_connection(("127.0.0.1", opened.port), timeout=5) for _ in range(4)
        )
        asks.sendall(b"CONNECT other.example:443 HTTP/1.1\r\nHost: other.example\r\n\r\n")
        left.close()
        broke.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        broke.close()
        async with opened:
            assert (await asyncio.to_thread(asks.recv, 64)).startswith(b"HTTP/1.1 403")
            asks.close()
            while len(opened.door._wires._live) != 2:  # the listener, and who still waits
                await asyncio.sleep(0.01)
            waits.sendall(b"CONNECT other.example:443 HTTP/1.1\r\n")
            await asyncio.sleep(0.1)
            waits.sendall(b"Host: other.example\r\n\r\n")
            assert (await asyncio.to_thread(waits.recv, 64)).startswith(b"HTTP/1.1 403")
            waits.close()

    run(main())


def test_a_tunnel_counts_among_the_connections_and_outlives_the_time_for_asking(trusting: Any) -> None:
    async def main() -> None:
        limits = Limits(head=2, connections=2)
        async with (
            served(echo) as port,
            Opened(policy_of(f"https://{FARM}:{port}/"), limits=limits) as opened,
        ):
            greeting, tunnels = hello_for(FARM, trusting)[0], []
            for _ in range(2):
                reader, writer = await opened.tunnel(f"{FARM}:{port}")
                writer.write(greeting)
                assert await reader.readexactly(len(greeting)) == greeting
                tunnels.append((reader, writer))
            late, asking = await opened.connect()
            asking.write(b"CONNECT other.example:443 HTTP/1.1\r\nHost: other.example\r\n\r\n")
            assert await rest(late) == b""  # it is hung up on, and not answered
            await asyncio.sleep(limits.head + 0.5)
            for reader, writer in tunnels:
                writer.write(b"still here")
                assert await reader.readexactly(10) == b"still here"
                writer.close()

    run(main())


def test_a_new_policy_counts_from_the_next_request_on() -> None:
    async def main() -> None:
        async with served(plain) as port, Opened(policy_of(f"http://{FARM}:{port}/")) as opened:
            get = b"GET http://farm.example:%d/ HTTP/1.1\r\nHost: farm.example:%d\r\n\r\n" % (port, port)
            assert (await opened.say(get)).startswith(b"HTTP/1.1 200")
            opened.door.policy = policy_of("https://other.example/")
            assert (await opened.say(get)).startswith(b"HTTP/1.1 403")

    run(main())


def broken_off(wire: socket.socket) -> bool:
    """Whether the other end breaks off within 5 s, after whatever it had sent; ending politely takes time."""
    wire.setblocking(True)
    wire.settimeout(5)
    try:
        while wire.recv(65536):
            pass
    except ConnectionResetError:
        return True
    return False


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
                facts["site saw the end"] = broken_off(accepted[0])
                with socket.socket(fileno=socket.dup(child.fileno())) as seen:
                    facts["browser saw the end"] = broken_off(seen)
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


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX])
def test_serving_ends_when_the_door_is_cut_whatever_its_socket(
    family: socket.AddressFamily, tmp_path: Path
) -> None:
    async def main() -> None:
        listener = socket.socket(family)
        place = {socket.AF_UNIX: str(tmp_path / "door"), socket.AF_INET: ("127.0.0.1", 0)}
        listener.bind(place.get(family, ("::1", 0)))
        listener.listen()
        door = Door(policy_of("https://farm.example/"), Names())
        serving = asyncio.create_task(door.serve(listener))
        await asyncio.sleep(0)  # let it begin
        with socket.socket(family) as browser, socket.socket(family) as late:
            browser.setblocking(False)
            await asyncio.get_running_loop().sock_connect(browser, listener.getsockname())
            where = listener.getsockname()
            await asyncio.to_thread(door.cut)
            with pytest.raises(OSError, match="refused"):
                late.connect(where)
            await serving
        await door.close()

    run(main())


def test_what_a_cut_broke_off_is_nobodys_no() -> None:
    """A site that was being reached as the red button was pressed is not one that is down."""

    class Slow(Names):
        async def addresses(self, host: str) -> tuple[str, ...]:
            asked.set()
            await cut.wait()
            raise ResolveError("The internet was turned off.")

    asked, cut = asyncio.Event(), asyncio.Event()

    async def main() -> None:
        async with Opened(policy_of("https://farm.example/"), Slow()) as opened:
            asking = asyncio.create_task(
                opened.say(b"CONNECT farm.example:443 HTTP/1.1\r\nHost: farm.example:443\r\n\r\n")
            )
            await asked.wait()
            opened.door.cut()
            cut.set()
            await asyncio.wait({asking})
            await asyncio.sleep(0.05)
            assert opened.refused == []

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
        async with served(echo) as port:
            async with Opened(policy_of(f"https://{FARM}:{port}/")) as opened:
                reader, writer = await opened.tunnel(f"{FARM}:{port}")
                greeting = hello_for(FARM, trusting)[0]
                writer.write(greeting)
                await reader.readexactly(len(greeting))
                silent, half = await opened.connect(), await opened.connect()
                half[1].write(b"CONNECT farm")
                while len(opened.door._wires._live) < 5:
                    await asyncio.sleep(0.01)
            for each in (reader, silent[0], half[0]):
                assert await rest(each) == b""
            assert opened.listener.fileno() == -1
            assert opened.door._wires._live == set()
            assert opened.door._tasks == set()
            for each in (writer, silent[1], half[1]):
                each.close()

    run(main())


def test_through_the_settings_proxy_a_tunnel_is_asked_for_with_its_credentials(trusting: Any) -> None:
    async def main() -> None:
        heads: list[bytes] = []

        async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 fine\r\n\r\n" if b"farm" in heads[-1] else b"HTTP/1.1 403 no\r\n\r\n")
            await echo(reader, writer)

        async with served(proxy) as port:
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


def test_a_name_that_is_being_looked_up_when_the_door_is_cut_is_asked_of_nobody_any_more() -> None:
    """Invariant 3: nothing leaves the kiosk after the cut, not even the question where a site is."""

    async def main() -> None:
        first, second = Zone(silent=True), Zone({FARM: ["127.0.0.1"]})
        async with name_server(first) as one, name_server(second) as two:
            resolver = Resolver([Upstream("127.0.0.1", one), Upstream("127.0.0.1", two)], timeout=0.3)
            async with Opened(policy_of("https://farm.example/"), resolver) as opened:
                reader, writer = await opened.connect()
                writer.write(b"CONNECT farm.example:443 HTTP/1.1\r\nHost: farm.example\r\n\r\n")
                while len(first.asked) < 2:
                    await asyncio.sleep(0.01)
                await asyncio.to_thread(opened.door.cut)
                assert await rest(reader) == b""
                writer.close()
                with pytest.raises(ResolveError, match="turned off"):
                    await resolver.addresses(FARM)
            assert second.asked == []

    run(main())


def test_the_settings_proxy_may_be_written_as_host_and_port_alone() -> None:
    way = ThroughProxy.at("proxy.example:8080", Names())
    assert (way.host, way.port) == ("proxy.example", 8080)
    for wrong in ("https://proxy.example", "proxy.example/path", "proxy.example:x", "", "://"):
        with pytest.raises(ValueError, match="is not a proxy"):
            ThroughProxy.at(wrong, Names())


def test_a_request_that_comes_a_byte_at_a_time_has_no_more_time_than_any_other() -> None:
    """Slowloris: each byte comes in time, the whole does not."""

    async def main() -> None:
        async with Opened(policy_of("https://farm.example/"), limits=Limits(head=0.5)) as opened:
            reader, writer = await opened.connect()
            dribbling = asyncio.create_task(_dribble(writer))
            assert await rest(reader) == b""
            dribbling.cancel()
            writer.close()

    run(main())


async def _dribble(writer: asyncio.StreamWriter) -> None:
    writer.write(b"GET http://farm.example/ HTTP/1.1\r\n")
    while True:
        writer.write(b"X: y\r\n")
        await asyncio.sleep(0.02)


def test_a_flood_of_connections_does_not_keep_the_event_loop_from_its_other_work() -> None:
    """The guardian's clock, its screen and its records live in the same loop."""

    async def main() -> None:
        async with Opened(policy_of("https://farm.example/"), limits=Limits(connections=1)) as opened:
            waiting = [socket.create_connection(("127.0.0.1", opened.port), timeout=5) for _ in range(100)]
            for _ in range(10):
                await asyncio.sleep(0)  # other work
            for wire in waiting:
                wire.setblocking(False)
            with pytest.raises(BlockingIOError):  # the last of them has not been met yet
                waiting[-1].recv(1)
            for wire in waiting:
                wire.close()

    run(main())
