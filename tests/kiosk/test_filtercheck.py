"""Whether the setting's own filter is in the path (H21): asked of real name servers and a real proxy."""

from __future__ import annotations

import asyncio
import socket
import ssl
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import dns.rcode
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from allowlist.document import Problems
from allowlist.resolver import Resolver, Transport, Upstream
from kiosk.config import Network, UpstreamFilter
from kiosk.errors import FilterError
from kiosk.guardian import filtercheck, settings
from kiosk.guardian.__main__ import _way_out_maker
from kiosk.guardian.filtercheck import (
    SILENT,
    Answers,
    FilterCheck,
    Finding,
    Said,
    State,
    judge,
    of_addresses,
)
from kiosk.guardian.folder import load
from kiosk.guardian.listing import Listing
from kiosk.guardian.views import STEPS
from tests.allowlist.conftest import Zone, name_server, run, served
from tests.kiosk.test_config import KIOSK, folder

BAD, GOOD = "blocked.filter.example", "www.example.org"
SITE, BLOCK_PAGE = "127.0.0.9", "192.0.2.80"
CANARIES = UpstreamFilter(refused=(BAD,), allowed=(GOOD,), blocked_answers=(BLOCK_PAGE,))


@pytest.fixture(autouse=True)
def nobody_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where names lead is this machine, and there is no server at that port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        monkeypatch.setattr(filtercheck, "HTTPS", free.getsockname()[1])


def network(required: bool = False, **more: Any) -> Network:
    return Network(filter=CANARIES, require_upstream_filter=required, **more)


def look(*zones: Zone, patience: float = 0, **more: Any) -> Finding:
    """What is found with these name servers, in their order."""

    async def main() -> Finding:
        async with asyncio.timeout(15), _all(zones) as ports:
            servers = [Upstream("127.0.0.1", port) for port in ports]
            return await FilterCheck(network(**more), servers, patience=patience).look()

    found: Finding = run(main())
    return found


class _all:
    """All of these name servers at once."""

    def __init__(self, zones: tuple[Zone, ...]) -> None:
        self._zones, self._up = zones, [name_server(zone) for zone in zones]

    async def __aenter__(self) -> list[int]:
        return [await each.__aenter__() for each in self._up]

    async def __aexit__(self, *_: object) -> None:
        for each in self._up:
            await each.__aexit__(None, None, None)


def filtering(*answer: str) -> Zone:
    """A name server that answers so for the refused name."""
    return Zone({GOOD: [SITE], BAD: list(answer)})


@pytest.mark.parametrize(
    "zone",
    [
        Zone({GOOD: [SITE]}),  # no such name
        filtering(),  # such a name, and no address
        filtering("0.0.0.0"),
        filtering("0.0.0.0", "::"),
        filtering(BLOCK_PAGE),
    ],
    ids=["no such name", "no address", "0.0.0.0", "0.0.0.0 and ::", "block page"],
)
def test_every_way_in_which_a_filter_refuses_a_name_is_understood(zone: Zone) -> None:
    assert look(zone).state is State.IN_PATH


@pytest.mark.parametrize("answer", [(SITE,), (BLOCK_PAGE, SITE), ("0.0.0.0", "::1"), ("127.0.0.10",)])
def test_one_address_that_leads_on_is_a_way_through_and_ict_hears_which_name(answer: tuple[str, ...]) -> None:
    finding = look(filtering(*answer))
    assert finding.state is State.NOT_IN_PATH
    assert finding.sentence == "The setting's internet filter is not in the path."
    assert f"lets {BAD} through" in finding.todo


def test_a_network_that_refuses_everything_is_no_filter() -> None:
    finding = look(Zone())
    assert finding.state is State.NOT_IN_PATH
    assert f"refuses {GOOD}" in finding.todo


@pytest.mark.parametrize("zone", [Zone(silent=True), Zone(rcode=dns.rcode.SERVFAIL)])
def test_silence_is_told_apart_from_a_refusal(zone: Zone) -> None:
    finding = look(zone)
    assert finding == SILENT
    assert not finding.settled
    assert "does not answer" in finding.sentence


def test_a_second_name_server_has_to_filter_too_because_pages_may_come_by_it() -> None:
    assert look(filtering("0.0.0.0"), filtering("0.0.0.0")).state is State.IN_PATH
    finding = look(filtering("0.0.0.0"), filtering(SITE))
    assert finding.state is State.NOT_IN_PATH


def test_a_name_server_that_is_down_does_not_close_the_kiosk_while_the_other_filters() -> None:
    assert look(Zone(silent=True), filtering("0.0.0.0")).state is State.IN_PATH


def test_pages_are_asked_for_only_at_servers_that_were_heard_and_judged() -> None:
    async def main() -> None:
        silent, filters = Zone({"farm.example": [SITE]}, silent=True), filtering("0.0.0.0")
        filters.records["farm.example"] = [SITE]
        async with name_server(silent) as first, name_server(filters) as second:
            servers = [Upstream("127.0.0.1", first), Upstream("127.0.0.1", second)]
            names = Resolver(servers)
            assert await FilterCheck(network(), servers, names=names).passed()
            silent.silent, silent.asked = False, []  # it comes up in the middle of the session
            assert await names.addresses("farm.example") == (SITE,)
            assert silent.asked == []
            loose = Resolver(servers)
            filters.records[BAD] = [SITE]
            assert not await FilterCheck(network(), servers[1:], names=loose).passed()
            assert await loose.addresses("farm.example") == (SITE,), "what was not judged changes nothing"
            assert silent.asked != []

    run(main())


def test_it_is_the_doors_own_name_servers_that_a_sessions_check_narrows(tmp_path: Path) -> None:
    async def main() -> None:
        silent, filters = Zone(silent=True), filtering("0.0.0.0")
        async with name_server(silent) as first, name_server(filters) as second:
            one, two = (f"{{server: 127.0.0.1, port: {port}}}" for port in (first, second))
            canaries = f"{{refused: [{BAD}], allowed: [{GOOD}]}}"
            words = f"network: {{dns: {one}, dns_second: {two}, filter: {canaries}}}\n"
            read = load(folder(tmp_path, KIOSK + words))
            told: list[Finding] = []
            make = _way_out_maker(
                Namespace(wayland=tmp_path, browser_user=None),
                read.config,
                Listing(tmp_path / "allowlist.yaml", read.sites, "nursery", lambda problems: None),
                None,  # type: ignore[arg-type]  # nothing is refused here
                told.append,
            )
            way_out = make((1280, 800), lambda event: None)
            assert await way_out._check.passed()
            silent.silent, silent.asked = False, []
            assert await way_out.door._resolver.addresses(GOOD) == (SITE,)
            assert silent.asked == []
            assert [found.state for found in told] == [State.IN_PATH]

    run(main())


AUTHORITY = trustme.CA()
FAR = "127.0.0.2"  # where the refused name leads: another address of this machine


def proving(name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(name).configure_cert(context)
    return context


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.close()


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.transport.abort()


async def stays_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def listens(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        await reader.read()


LineTo = Callable[..., Any] | ssl.SSLContext | None
ITSELF, WALL = proving(GOOD), proving("wall.example")


def look_along(bad: LineTo, good: LineTo, monkeypatch: pytest.MonkeyPatch) -> Finding:
    """What is found where both names are looked up like any other, and their lines behave so: by a talk, by
    TLS with a certificate, or with nobody there.
    """

    async def open_(at: str, line: LineTo, port: int) -> asyncio.Server | None:
        if line is None:
            return None
        tls = line if isinstance(line, ssl.SSLContext) else None
        return await asyncio.start_server(listens if tls else line, at, port, ssl=tls)  # type: ignore[arg-type]

    async def main() -> Finding:
        port = filtercheck.HTTPS
        monkeypatch.setattr(filtercheck, "GREET", 3)
        lines = [await open_("127.0.0.1", good, port), await open_(FAR, bad, port)]
        async with asyncio.timeout(15), name_server(Zone({GOOD: ["127.0.0.1"], BAD: [FAR]})) as dns_port:
            trust = AUTHORITY.cert_pem.bytes().decode()
            finding = await FilterCheck(network(), [Upstream("127.0.0.1", dns_port)], trust).look()
        for each in lines:
            if each is not None:
                each.close()
        return finding

    found: Finding = run(main())
    return found


@pytest.mark.parametrize("line", [hangs_up, resets, stays_silent, WALL])
def test_a_firewall_that_stops_the_line_by_its_name_is_in_the_path(
    line: LineTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert look_along(line, ITSELF, monkeypatch).state is State.IN_PATH


@pytest.mark.parametrize(
    ("bad", "good", "todo"),
    [
        (proving(BAD), ITSELF, f"lets {BAD} through"),
        (None, ITSELF, f"lets {BAD} through"),  # down, perhaps: nobody's refusal
        (resets, resets, f"refuses {GOOD}"),  # a line that is broken for all
        (WALL, WALL, f"refuses {GOOD}"),  # a portal that wants to be signed in to
        (resets, None, f"says nothing of {GOOD}"),
    ],
)
def test_a_line_that_stops_nothing_or_everything_is_no_filter(
    bad: LineTo, good: LineTo, todo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = look_along(bad, good, monkeypatch)
    assert finding.state is State.NOT_IN_PATH
    assert todo in finding.todo


def test_without_names_to_ask_for_it_is_not_configured_and_a_session_may_need_it() -> None:
    async def main() -> None:
        told: list[Finding] = []
        open_ = FilterCheck(Network(), (), tell=told.append)
        assert not await open_.passed()
        with pytest.raises(FilterError) as caught:
            await FilterCheck(Network(require_upstream_filter=True), (), tell=told.append).passed()
        assert [each.state for each in told] == [State.NOT_CONFIGURED] * 2
        assert "network.filter" in caught.value.todo

    run(main())


def test_required_and_not_in_path_is_an_error_with_a_sentence_for_each_reader_else_it_is_only_told() -> None:
    async def main() -> None:
        told: list[Finding] = []
        async with name_server(filtering(SITE)) as port:
            server = [Upstream("127.0.0.1", port)]
            assert not await FilterCheck(network(), server, tell=told.append).passed()
            with pytest.raises(FilterError) as caught:
                await FilterCheck(network(required=True), server, tell=told.append).passed()
        assert [each.state for each in told] == [State.NOT_IN_PATH] * 2
        assert caught.value.args[0] == "The setting's internet filter is not in the path."
        assert caught.value.todo.startswith("Tell ICT: 127.0.0.1")

    run(main())


def test_a_radio_that_needs_a_while_is_waited_for() -> None:
    async def main() -> None:
        zone = Zone({GOOD: [SITE]}, rcode=dns.rcode.SERVFAIL)
        async with name_server(zone) as port:
            check = FilterCheck(network(required=True), [Upstream("127.0.0.1", port)], patience=10)
            passing = asyncio.create_task(check.passed())
            while len(zone.asked) < 4:
                await asyncio.sleep(0.01)
            zone.rcode = dns.rcode.NOERROR
            assert await passing

    run(main())


@pytest.mark.parametrize("lost", [BAD, GOOD])
def test_one_datagram_that_is_lost_does_not_close_a_kiosk_that_needs_the_filter(
    lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        monkeypatch.setattr(filtercheck, "ASK", 0.4)
        zone, told = filtering("0.0.0.0"), list[Finding]()
        zone.loses.append((lost, "A"))
        async with name_server(zone) as port:
            server = [Upstream("127.0.0.1", port)]
            assert await FilterCheck(network(required=True), server, tell=told.append).passed()
        assert not zone.loses
        assert [each.state for each in told] == [State.IN_PATH]

    run(main())


@pytest.mark.parametrize(
    ("answers", "settled"),
    [
        ((Said.NOTHING, Said.OPEN), False),
        ((Said.REFUSED, Said.NOTHING), False),
        ((Said.OPEN, Said.NOTHING), True),  # one answer that is wrong is enough
        ((Said.NOTHING, Said.REFUSED), True),
    ],
)
def test_only_an_answer_that_is_missing_is_asked_for_again(answers: tuple[Said, Said], settled: bool) -> None:
    one, two = {BAD: Said.REFUSED, GOOD: Said.OPEN}, dict(zip((BAD, GOOD), answers, strict=True))
    finding = judge(CANARIES, {"one": one, "two": two})
    assert finding.state is State.NOT_IN_PATH
    assert finding.settled is settled


@pytest.mark.parametrize("required", [True, False])
def test_what_is_cut_asks_and_tells_nothing_more_and_does_not_pass(required: bool) -> None:
    async def main() -> None:
        zone, told = Zone(silent=True), list[Finding]()
        async with name_server(zone) as port:
            servers = [Upstream("127.0.0.1", port)]
            check = FilterCheck(network(required), servers, tell=told.append, patience=60)
            passing = asyncio.create_task(check.passed())
            while len(zone.asked) < 4:
                await asyncio.sleep(0.01)
            await asyncio.to_thread(check.cut)
            assert not await passing
            assert len(zone.asked) == 4  # two names, two families
            assert told == [], "that nobody waited for an answer says nothing of the filter"

    run(main())


def through_a_proxy(refusal: bytes) -> tuple[Finding, list[bytes], Zone]:
    """What is found through a proxy that answers so for the refused name; what it and a name server heard."""
    zone = Zone({BAD: [SITE], GOOD: [SITE]})
    heads: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        heads.append(head)
        said = refusal if BAD.encode() in head else b"HTTP/1.1 200 OK\r\n\r\n"
        writer.write(said)
        if said:
            await reader.read()

    async def main() -> Finding:
        async with served(proxy) as port, name_server(zone) as dns_port:
            way = network(upstream_proxy=f"127.0.0.1:{port}")
            return await FilterCheck(way, [Upstream("127.0.0.1", dns_port)]).look()

    found: Finding = run(main())
    return found, heads, zone


def test_behind_a_proxy_it_is_the_proxy_that_is_asked_by_connect_and_no_name_server() -> None:
    finding, heads, zone = through_a_proxy(b"HTTP/1.1 403 Forbidden\r\n\r\n")
    assert finding.state is State.IN_PATH
    assert sorted(head.split(b"\r\n")[0] for head in heads) == [
        f"CONNECT {name}:{filtercheck.HTTPS} HTTP/1.1".encode() for name in (BAD, GOOD)
    ]
    assert zone.asked == []


@pytest.mark.parametrize(
    ("refusal", "todo"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "lets blocked.filter.example through"),
        (b"HTTP/1.1 407 Who are you?\r\n\r\n", "says nothing of blocked.filter.example"),
        (b"HTTP/1.1 429 Slowly\r\n\r\n", "says nothing of blocked.filter.example"),
        (b"HTTP/1.1 503 Later\r\n\r\n", "says nothing of blocked.filter.example"),
        (b"", "says nothing of blocked.filter.example"),
    ],
)
def test_a_proxy_that_opens_the_tunnel_or_does_not_decide_is_no_filter(refusal: bytes, todo: str) -> None:
    finding, _, _ = through_a_proxy(refusal)
    assert finding.state is State.NOT_IN_PATH
    assert todo in finding.todo


def test_an_address_is_compared_as_an_address_and_not_as_text() -> None:
    assert of_addresses(("2001:DB8::0:50",), ("2001:db8::50",)) is Said.REFUSED
    assert of_addresses((), ()) is Said.REFUSED


said = st.sampled_from(list(Said))


@given(st.dictionaries(st.sampled_from("abc"), st.fixed_dictionaries({BAD: said, GOOD: said}), max_size=3))
def test_in_path_means_that_every_server_that_answers_refuses_and_allows_as_it_must(answers: Answers) -> None:
    right = {BAD: Said.REFUSED, GOOD: Said.OPEN}
    nothing = {BAD: Said.NOTHING, GOOD: Said.NOTHING}
    spoke = [each for each in answers.values() if each != nothing]
    finding = judge(CANARIES, answers)
    assert (finding.state is State.IN_PATH) == (bool(spoke) and all(each == right for each in spoke))
    assert finding.sentence
    assert finding.todo or finding.state is State.IN_PATH
    assert judge(None, answers).state is State.NOT_CONFIGURED


WITH_FILTER = """\
network:
  dns: {server: 192.0.2.53}
  dns_second: {server: 192.0.2.54, transport: dot, hostname: filter.example}
  filter:
    refused: [Blocked.filter.example]
    allowed: [www.example.org]
    blocked_answers: [192.0.2.80]
  require_upstream_filter: true
"""


def test_the_configuration_names_two_servers_the_filter_and_whether_it_is_needed(tmp_path: Path) -> None:
    config = load(folder(tmp_path, KIOSK + WITH_FILTER)).config
    assert config.network.filter == CANARIES
    assert config.network.require_upstream_filter
    assert [(up.server, up.at, up.transport, up.name) for up in settings.upstreams(config)] == [
        ("192.0.2.53", 53, Transport.UDP, ""),
        ("192.0.2.54", 853, Transport.TLS, "filter.example"),
    ]


def test_the_step_of_waking_up_is_shown_only_where_a_filter_is_looked_for(tmp_path: Path) -> None:
    for text, steps in (
        (KIOSK, tuple(step for step in STEPS if step != "filter")),
        (KIOSK + WITH_FILTER, STEPS),
    ):
        read = load(folder(tmp_path, text))
        found = settings.setting(read.config, read.sites.policy("nursery", date(2026, 11, 22)))
        assert found.steps == steps


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("network: {filter: {refused: [http://x.example/], allowed: [a.example]}}", "more than a name"),
        ("network: {filter: {refused: [192.0.2.1], allowed: [a.example]}}", "names its host by a number"),
        ("network: {filter: {refused: [], allowed: [a.example]}}", "at least 1"),
        ("network: {filter: {refused: [a.example]}}", "“allowed” is missing"),
        (
            "network: {filter: {refused: [a.example], allowed: [b.example], blocked_answers: [x]}}",
            "an address",
        ),
        ("network: {dns: {server: dns.example}}", "not an address"),
        ("network: {upstream_proxy: 'https://proxy.example'}", "host:port"),
        ("network: {require_upstream_filters: true}", "Did you mean “require_upstream_filter”?"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_write_instead(wrong: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(Problems) as caught:
        load(folder(tmp_path, f"{KIOSK}{wrong}\n"))
    assert words in str(caught.value)
    assert "kiosk.yaml:7:" in str(caught.value)
