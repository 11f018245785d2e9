"""The resolver against real name servers, over every transport: good ones, liars, loops and silence."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowlist.answers import LONGEST_CHAIN, MOST_KEPT, Bad, Cache, Family, Found, question, read_answer
from allowlist.resolver import NoSuchName, ResolveError, Resolver, Transport, Upstream
from tests.allowlist.conftest import Zone, name_server, run, served

HOST = "farm.example"


def at(port: int, transport: Transport = Transport.UDP, **more: str) -> Upstream:
    return Upstream("127.0.0.1", port, transport, **more)


def ask(
    zone: Zone,
    host: str = HOST,
    transport: Transport = Transport.UDP,
    timeout: float = 2,
    patience: float = 0,
) -> tuple[str, ...]:
    async def main() -> tuple[str, ...]:
        async with name_server(zone) as port:
            resolver = Resolver([at(port, transport)], timeout=timeout, patience=patience or 2 * timeout)
            return await resolver.addresses(host)

    found: tuple[str, ...] = run(main())
    return found


def test_both_families_are_asked_and_answered_in_turn() -> None:
    zone = Zone({HOST: ["192.0.2.1", "192.0.2.2", "2001:db8::1"]})
    found = ask(zone)
    assert found[0] == "2001:db8::1"
    assert set(found[1:]) == {"192.0.2.1", "192.0.2.2"}  # a name server may shuffle them
    assert sorted(zone.asked) == [("udp", HOST, "A"), ("udp", HOST, "AAAA")]


@pytest.mark.parametrize("of", [None, Family.IPV6])
def test_all_that_one_name_takes_has_an_end_however_many_servers_are_silent(of: Family | None) -> None:
    """And what is known of one family does not wait for the other for ever."""

    async def main() -> None:
        async with name_server(Zone({HOST: ["192.0.2.1"]}, silent_of=of, silent=of is None)) as port:
            resolver = Resolver([at(port)] * 50, timeout=0.3, patience=0.5)
            if of is None:
                with pytest.raises(ResolveError, match=f"No name server says in time where {HOST} is"):
                    await resolver.addresses(HOST)
            else:
                assert await resolver.addresses(HOST) == ("192.0.2.1",)
            assert len(asyncio.all_tasks()) <= 2  # this, and the name server's: nobody goes on asking

    run(main())


def test_an_answer_that_was_cut_short_is_asked_for_again_over_tcp() -> None:
    zone = Zone({HOST: [f"192.0.2.{n}" for n in range(1, 200)]}, truncate=True)
    assert set(ask(zone)) < set(zone.records[HOST])
    assert {transport for transport, _, _ in zone.asked} == {"udp", "tcp"}


def test_of_many_addresses_a_few_are_kept() -> None:
    zone = Zone({HOST: [f"192.0.2.{n}" for n in range(1, 100)] + [f"2001:db8::{n}" for n in range(1, 100)]})
    assert len(ask(zone, transport=Transport.TCP)) == 2 * MOST_KEPT


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
def test_an_answer_that_is_too_long_is_not_read(transport: Transport) -> None:
    """Half a second's work for 64 KiB, in the loop in which the guardian's clock and screen live."""
    zone = Zone({HOST: [f"2001:db8::{n:x}" for n in range(1000)]}, truncate=True)
    with pytest.raises(ResolveError, match="its answer is too long"):
        ask(zone, transport=transport)


def test_tcp_alone_is_possible() -> None:
    zone = Zone({HOST: ["192.0.2.1"]})
    assert ask(zone, transport=Transport.TCP) == ("192.0.2.1",)
    assert {transport for transport, _, _ in zone.asked} == {"tcp"}


def test_over_tls_the_server_has_to_prove_its_name(authority: Any, tls_for: Any) -> None:
    async def main() -> None:
        trust = authority.cert_pem.bytes().decode()
        zone = Zone({HOST: ["192.0.2.1"]})
        async with name_server(zone, tls_for("dns.example")) as port:
            right = Resolver([at(port, Transport.TLS, name="dns.example")], trust=trust)
            assert await right.addresses(HOST) == ("192.0.2.1",)
            wrong = Resolver([at(port, Transport.TLS, name="other.example")], trust=trust)
            with pytest.raises(ResolveError, match="gave no use"):
                await wrong.addresses(HOST)
            with pytest.raises(ResolveError, match="gave no use"):
                await Resolver([at(port, Transport.TLS, name="dns.example")]).addresses(HOST)

    run(main())


async def _https_server(zone: Zone, status: bytes, tls: ssl.SSLContext) -> asyncio.Server:
    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"POST /dns-query HTTP/1.1")
        size = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        answer = zone.answer(await reader.readexactly(size), "https") or b""
        writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(answer), answer))
        writer.close()

    return await asyncio.start_server(served, "127.0.0.1", 0, ssl=tls)


def test_over_https_a_status_that_is_not_200_is_no_answer(authority: Any, tls_for: Any) -> None:
    async def main() -> None:
        trust = authority.cert_pem.bytes().decode()
        for status, good in ((b"200 OK", True), (b"403 No", False)):
            server = await _https_server(Zone({HOST: ["192.0.2.1"]}), status, tls_for("dns.example"))
            way = at(server.sockets[0].getsockname()[1], Transport.HTTPS, name="dns.example")
            resolver = Resolver([way], trust=trust)
            if good:
                assert await resolver.addresses(HOST) == ("192.0.2.1",)
            else:
                with pytest.raises(ResolveError, match="403"):
                    await resolver.addresses(HOST)
            server.close()

    run(main())


@dataclass
class Kept:
    """A name server over TLS that answers on one stream again and again, and how it does so."""

    transport: Transport
    zone: Zone
    tls: ssl.SSLContext
    hangs_up: bool = False  # after each answer, without a word
    says_so: bool = False  # in the answer's head
    streams: int = 0
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.streams += 1
        self.open.add(writer)
        try:
            while True:
                if self.transport is Transport.HTTPS:
                    head = (await reader.readuntil(b"\r\n\r\n")).lower()
                    size = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
                else:
                    size = int.from_bytes(await reader.readexactly(2), "big")
                answer = self.zone.answer(await reader.readexactly(size), "tls") or b""
                more = b"Connection: close\r\n" if self.says_so else b""
                head = b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n" % (more, len(answer))
                writer.write(
                    (head if self.transport is Transport.HTTPS else len(answer).to_bytes(2, "big")) + answer
                )
                if self.hangs_up:
                    break
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            self.open.discard(writer)
            writer.close()


@pytest.fixture(params=[Transport.TLS, Transport.HTTPS])
def kept(request: pytest.FixtureRequest, tls_for: Any) -> Kept:
    zone = Zone({f"h{n}.example": [f"192.0.2.{n}"] for n in range(1, 5)})
    return Kept(request.param, zone, tls_for("dns.example"))


def asks(kept: Kept, authority: Any, between: float = 0) -> None:
    """Look four names up, one after the other."""

    async def main() -> None:
        wrong: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: wrong.append(context))
        async with served(kept.talk, kept.tls) as port:
            way = at(port, kept.transport, name="dns.example")
            resolver = Resolver([way], trust=authority.cert_pem.bytes().decode())
            for n in range(1, 5):
                assert await resolver.addresses(f"h{n}.example") == (f"192.0.2.{n}",)
                await asyncio.sleep(between)
            resolver.cut()
            with pytest.raises(ResolveError, match="turned off"):
                await resolver.addresses("h5.example")
            while kept.open:  # each of them learns it
                await asyncio.sleep(0.01)
            assert len(kept.zone.asked) == 8
        assert wrong == []

    run(main())


def test_over_tls_a_stream_is_kept_for_the_next_question_and_cut_with_all_else(
    kept: Kept, authority: Any
) -> None:
    asks(kept, authority)
    assert kept.streams == len(Family)  # asked at once, and each used four times


def test_a_stream_that_ended_while_it_lay_idle_is_begun_anew(kept: Kept, authority: Any) -> None:
    kept.hangs_up = True
    asks(kept, authority, between=0.05)
    assert kept.streams >= 8


def test_a_stream_that_lay_idle_for_long_is_hung_up_on(
    kept: Kept, authority: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("allowlist.nameservers.KEPT", 0.01)
    asks(kept, authority, between=0.1)
    assert kept.streams == 8


def test_a_stream_that_was_used_again_lies_idle_anew(
    kept: Kept, authority: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("allowlist.nameservers.KEPT", 0.25)
    asks(kept, authority, between=0.1)
    assert 2 <= kept.streams <= 8  # by how fast this machine is; nothing went wrong between


def test_a_server_over_https_that_says_it_will_hang_up_is_believed(kept: Kept, authority: Any) -> None:
    kept.says_so = True
    asks(kept, authority)
    assert kept.streams == (8 if kept.transport is Transport.HTTPS else 2)


def test_aliases_are_followed_and_what_they_lead_to_counts_for_the_asked_name_alone() -> None:
    async def main() -> None:
        zone = Zone({HOST: ["cdn.example"], "cdn.example": ["edge.example"], "edge.example": ["192.0.2.7"]})
        async with name_server(zone) as port:
            resolver = Resolver([at(port)])
            assert await resolver.addresses(HOST) == ("192.0.2.7",)
            assert ("udp", "cdn.example", "A") not in zone.asked
            assert await resolver.addresses("cdn.example") == ("192.0.2.7",)
            assert ("udp", "cdn.example", "A") in zone.asked  # it was not learnt by the way

    run(main())


def test_an_alias_whose_end_is_missing_is_asked_for() -> None:
    def cut_off(reply: dns.message.Message) -> None:
        if reply.question[0].name == dns.name.from_text(HOST):
            del reply.answer[1:]

    zone = Zone({HOST: ["cdn.example"], "cdn.example": ["192.0.2.7"]}, mangle=cut_off)
    assert ask(zone) == ("192.0.2.7",)
    assert ("udp", "cdn.example", "A") in zone.asked


@pytest.mark.parametrize("inside", [True, False])
def test_aliases_that_go_round_in_a_circle_end(inside: bool) -> None:
    def first_only(reply: dns.message.Message) -> None:
        del reply.answer[1:]

    zone = Zone({HOST: ["b.example"], "b.example": [HOST]})
    if not inside:
        zone.mangle = first_only
    with pytest.raises(ResolveError, match="circle"):
        ask(zone)


def test_a_chain_that_is_too_long_ends() -> None:
    zone = Zone(
        {HOST: ["n0.example"]} | {f"n{n}.example": [f"n{n + 1}.example"] for n in range(LONGEST_CHAIN + 3)}
    )
    with pytest.raises(ResolveError, match="too many"):
        ask(zone)


def test_an_address_for_another_name_in_the_same_answer_is_not_believed() -> None:
    def slip_in(reply: dns.message.Message) -> None:
        reply.answer.clear()
        reply.answer.append(dns.rrset.from_text("evil.example.", 60, "IN", "A", "192.0.2.66"))
        reply.additional.append(dns.rrset.from_text(f"{HOST}.", 60, "IN", "A", "192.0.2.66"))

    with pytest.raises(NoSuchName, match="no address"):
        ask(Zone({HOST: ["192.0.2.1"]}, mangle=slip_in))


def _other_question(reply: dns.message.Message) -> None:
    reply.question[0] = dns.rrset.RRset(dns.name.from_text("evil.example"), 1, dns.rdatatype.A)


def _other_id(reply: dns.message.Message) -> None:
    reply.id ^= 1


def _no_answer(reply: dns.message.Message) -> None:
    reply.flags &= ~dns.flags.QR


@pytest.mark.parametrize("lie", [_other_question, _other_id, _no_answer])
def test_an_answer_to_another_question_is_not_heard(lie: Any) -> None:
    with pytest.raises(ResolveError, match=r"No name server says in time|gave no use"):
        ask(Zone({HOST: ["192.0.2.1"]}, mangle=lie), timeout=0.4)


@pytest.mark.parametrize("family", ["A", "AAAA"])
def test_a_datagram_that_is_lost_is_sent_again(family: str) -> None:
    zone = Zone({HOST: ["192.0.2.1", "2001:db8::1"]}, loses=[(HOST, family)] * 2)
    assert ask(zone, timeout=0.3, patience=10) == ("2001:db8::1", "192.0.2.1")
    assert len(zone.asked) >= 4


def test_who_answered_last_is_asked_first_and_the_others_only_when_it_is_silent() -> None:
    async def main() -> None:
        first, second = Zone(silent=True), Zone({f"h{n}.example": ["192.0.2.1"] for n in range(4)})
        first.records = second.records
        async with name_server(first) as one, name_server(second) as two:
            resolver = Resolver([at(one), at(two)])
            for n, (silent, answers) in enumerate([(first, second), (second, first)]):
                silent.silent, answers.silent = True, False
                resolver._timeout = 0.2
                await resolver.addresses(f"h{2 * n}.example")
                silent.silent, silent.asked = False, []
                resolver._timeout = 10
                await resolver.addresses(f"h{2 * n + 1}.example")
                assert silent.asked == []

    run(main())


def test_who_said_something_useless_is_not_asked_again_and_again() -> None:
    zone = Zone(rcode=dns.rcode.SERVFAIL)
    with pytest.raises(ResolveError, match="gave no use"):
        ask(zone, timeout=5)
    assert len(zone.asked) == len(Family)


@pytest.mark.parametrize(
    "first",
    [
        Zone(silent=True),
        Zone(rcode=dns.rcode.SERVFAIL),
        Zone(rcode=dns.rcode.REFUSED),
        Zone(mangle=_other_id),
    ],
)
def test_a_second_server_is_asked_when_the_first_gives_no_use(first: Zone) -> None:
    async def main() -> None:
        second = Zone({HOST: ["192.0.2.1"]})
        async with name_server(first) as one, name_server(second) as two:
            resolver = Resolver([at(one), at(two)])
            assert await resolver.addresses(HOST) == ("192.0.2.1",)
            assert first.asked

    run(main())


def test_a_server_that_knows_no_such_name_is_believed_and_not_asked_again_at_once() -> None:
    async def main() -> None:
        zone, other = Zone(), Zone({HOST: ["192.0.2.1"]})
        async with name_server(zone) as one, name_server(other) as two:
            resolver = Resolver([at(one), at(two)])
            for _ in range(2):
                with pytest.raises(NoSuchName, match=f"There is no {HOST}"):
                    await resolver.addresses(HOST)
            assert len(zone.asked) == 2  # one for each family
            assert other.asked == []

    run(main())


def test_answers_are_kept_for_their_time_and_no_longer() -> None:
    async def main() -> None:
        now = 1000.0
        zone = Zone({HOST: ["192.0.2.1"]}, ttl=60)
        async with name_server(zone) as port:
            resolver = Resolver([at(port)], clock=lambda: now)
            zone.records[HOST].append("2001:db8::1")
            for moment, asked in ((1000, 2), (1059, 2), (1060, 4)):
                now = moment
                await resolver.addresses(HOST)
                assert len(zone.asked) == asked

    run(main())


def test_many_who_ask_at_once_share_one_question_and_one_who_gives_up_harms_nobody() -> None:
    async def main() -> None:
        zone = Zone({HOST: ["192.0.2.1"]})
        async with name_server(zone) as port:
            resolver = Resolver([at(port)])
            asking = [asyncio.create_task(resolver.addresses(HOST)) for _ in range(20)]
            await asyncio.sleep(0)
            asking[0].cancel()
            found = await asyncio.gather(*asking, return_exceptions=True)
            assert isinstance(found[0], asyncio.CancelledError)
            assert set(found[1:]) == {("192.0.2.1",)}
            assert len(zone.asked) == 2

    run(main())


@pytest.mark.parametrize(
    "first",
    [
        Zone(silent=True),
        Zone(rcode=dns.rcode.SERVFAIL),
        Zone({HOST: ["cdn.example"]}),  # leads to a further question
        Zone({HOST: ["192.0.2.1"]}, truncate=True),  # leads to TCP
    ],
    ids=["silence", "another server", "an alias", "tcp"],
)
@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
def test_a_look_up_that_is_under_way_sends_nothing_more_once_all_is_cut(
    first: Zone, transport: Transport
) -> None:
    async def main() -> None:
        asked = asyncio.Event()

        class Watched(Zone):
            def answer(self, wire: bytes, way: str) -> bytes | None:
                said = super().answer(wire, way)
                if len(self.asked) == len(Family):  # both families; none is still on its way to us
                    resolver.cut()
                    asked.set()
                return said

        watched = Watched(first.records, rcode=first.rcode, truncate=first.truncate, silent=first.silent)
        second = Zone({HOST: ["192.0.2.1"]})
        async with name_server(watched) as one, name_server(second) as two:
            resolver = Resolver([at(one, transport), at(two, transport)])
            looking = asyncio.create_task(resolver.addresses(HOST))
            await asked.wait()
            with pytest.raises(ResolveError, match="turned off"):
                await looking
            assert len(watched.asked) == len(Family)
            assert second.asked == []
            with pytest.raises(ResolveError, match="turned off"):
                await resolver.addresses("other.example")

    run(main())


@pytest.mark.parametrize("said", [b"", b"\x00", b"\x00\x40abc", b"\xff\xff" + b"a" * 70, b"\x00\x00"])
def test_a_stream_that_breaks_off_or_lies_about_its_length_gives_way_to_the_next_server(said: bytes) -> None:
    async def main() -> None:
        async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(2)
            writer.write(said)
            writer.close()

        server = await asyncio.start_server(broken, "127.0.0.1", 0)
        async with name_server(Zone({HOST: ["192.0.2.1"]})) as two:
            one = server.sockets[0].getsockname()[1]
            resolver = Resolver([at(one, Transport.TCP), at(two)])
            assert await resolver.addresses(HOST) == ("192.0.2.1",)
        server.close()

    run(main())


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example", ".".join(["abcdefgh"] * 40)])
def test_what_cannot_be_a_name_is_not_asked_for(host: str) -> None:
    zone = Zone()
    with pytest.raises(ResolveError, match="cannot be a name"):
        ask(zone, host)
    assert zone.asked == []


@given(st.binary(max_size=200), st.sampled_from(list(Family)))
def test_no_answer_however_broken_does_more_than_be_refused(junk: bytes, family: Family) -> None:
    name = dns.name.from_text(HOST)
    query = question(name, family).to_wire()
    try:
        answer = dns.message.from_wire(
            query[:2] + b"\x80\x00" + query[4:12] + query[12:] + junk, ignore_trailing=True
        )
    except dns.exception.DNSException:
        return
    try:
        said = read_answer(answer, name, family)
    except (Bad, ResolveError):
        return
    assert isinstance(said, Found)
    assert said.addresses == ()


def test_the_cache_makes_room_by_forgetting_what_was_unused_for_longest() -> None:
    cache = Cache(largest=2)
    for name in ("a", "b"):
        cache.put(name, (name,), until=10)
    assert cache.get("a", now=0) == ("a",)
    cache.put("c", ("c",), until=10)
    assert [cache.get(name, now=0) for name in "abc"] == [("a",), None, ("c",)]
    assert cache.get("a", now=10) is None
