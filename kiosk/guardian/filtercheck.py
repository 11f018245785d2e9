"""Whether the setting's own filter is in the path (H21): it refuses what it must, and allows what it must.

The kiosk is one more layer and never the only one. So before a session opens, names that the filter has to
refuse are asked for on the very way that pages will take, and names that it has to allow: a network that
answers nothing at all is no filter. Where a refused name is looked up like any other, the server behind it is
greeted by that name too (`greeting`), for a firewall in the line; the allowed ones then have to answer as
themselves, or the line is broken and no filter.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from ipaddress import ip_address

from allowlist.addresses import NOBODYS
from allowlist.answers import NoSuchName, ResolveError
from allowlist.resolver import Resolver, Upstream, system_upstreams
from allowlist.upstream import MOST_ADDRESSES, Denied, ThroughProxy, Unreachable
from allowlist.wires import Wires
from kiosk.config import Network, UpstreamFilter
from kiosk.errors import FilterError
from kiosk.guardian import selftest
from kiosk.guardian.greeting import Greeted, greet

ASK = 2.0  # s for all that is asked of one server; the next round asks again
OPEN_TUNNEL = 5.0  # s for the proxy to answer
GREET = 3.0  # s to reach a server, and again for it to answer
HTTPS = 443
AGAIN = 0.5  # s between two rounds while an answer is missing
PATIENCE = 20.0  # s: a radio that was off needs a while to find its network (H5)
BRIEFLY = 3.0  # s, where a session may open without the filter


class Said(Enum):
    """What one server said of one name."""

    OPEN = "it lets it through"
    REFUSED = "it refuses it"
    NOTHING = "no answer that means anything"


class State(StrEnum):
    """Where the filter is."""

    IN_PATH = "in_path"
    NOT_IN_PATH = "not_in_path"
    NOT_CONFIGURED = "not_configured"


@dataclass(frozen=True)
class Finding:
    """`sentence` is for the adult at the kiosk, `todo` for ICT; not `settled`, if it goes by a missing answer
    alone, which may have been lost.
    """

    state: State
    sentence: str
    todo: str = ""
    settled: bool = True


MISSING = Finding(
    State.NOT_CONFIGURED,
    "This kiosk does not know the setting's internet filter.",
    "Tell ICT: describe it in kiosk.yaml under network.filter.",
)
IN_PATH = Finding(State.IN_PATH, "The setting's internet filter is in the path.")
SILENT = Finding(
    State.NOT_IN_PATH,
    "The setting's internet filter does not answer.",
    "Try again in a minute; then tell ICT: nothing under network.filter was answered.",
    settled=False,
)
NOT_SEEN = "The setting's internet filter is not in the path."

Answers = Mapping[str, Mapping[str, Said]]
"""By the server that was asked, then by the name it was asked for."""


def line(found: Finding | None, network: Network, at: datetime | None = None) -> selftest.Finding:
    """What the self-test says of it: in the path, not in the path, or not configured; it fails only where a
    session needs it. `at`: when that was; None found: nobody has looked yet.
    """
    if found is None and network.filter is not None:
        text = "No session has opened yet; each looks whether the setting's internet filter is in the path."
        return selftest.Finding("filter", True, text, known=False)
    found = found or MISSING
    holds = found.state is State.IN_PATH or not network.require_upstream_filter
    when = f"{at:%-d %b %H:%M}: " if at else ""
    return selftest.Finding("filter", holds, f"{when}{found.sentence}", found.todo)


def heard(answers: Answers) -> Answers:
    """Those of the servers that said anything."""
    return {server: said for server, said in answers.items() if set(said.values()) - {Said.NOTHING}}


def judge(canaries: UpstreamFilter | None, answers: Answers) -> Finding:
    """Where the filter is. Every server that answers at all has to filter: pages may come by any of them."""
    if canaries is None:
        return MISSING
    spoke = heard(answers)
    if not spoke:
        return SILENT
    for names, what, wrong in (
        (canaries.refused, Said.OPEN, "{server} lets {name} through and must refuse it."),
        (canaries.allowed, Said.REFUSED, "{server} refuses {name} and must allow it."),
        (canaries.refused + canaries.allowed, Said.NOTHING, "{server} says nothing of {name}."),
    ):
        for server, said in spoke.items():
            for name in names:
                if said.get(name, Said.NOTHING) is what:
                    todo = f"Tell ICT: {wrong.format(server=server, name=name)}"
                    return Finding(State.NOT_IN_PATH, NOT_SEEN, todo, settled=what is not Said.NOTHING)
    return IN_PATH


def of_addresses(found: Collection[str], blocked: Collection[str]) -> Said:
    """What a name server said with these addresses: 0.0.0.0, :: and those of a block page are refusals, and a
    single other address is a way through.
    """
    return Said.OPEN if ways(found, blocked) else Said.REFUSED


def ways(found: Collection[str], blocked: Collection[str]) -> tuple[str, ...]:
    """Those of the addresses that lead on."""
    pages = {ip_address(each) for each in blocked}
    return tuple(each for each in found if each not in NOBODYS and ip_address(each) not in pages)


class FilterCheck:
    """One check, for one opening. `tell` hears what was found, whatever follows from it. `names` is whoever
    will ask for the names of pages: where the filter is in the path by name servers, it asks from then on
    those alone that were heard and judged, and no other that the system comes to know of.
    """

    def __init__(
        self,
        network: Network,
        upstreams: Sequence[Upstream],
        trust: str = "",
        tell: Callable[[Finding], None] = lambda _: None,
        patience: float | None = None,
        names: Resolver | None = None,
    ) -> None:
        self._canaries = network.filter
        self._required = network.require_upstream_filter
        self._proxy = network.upstream_proxy
        self._upstreams = tuple(upstreams)
        self._trust = trust
        self._tell = tell
        self._names = names
        self._patience = patience if patience is not None else PATIENCE if self._required else BRIEFLY
        self._wires = Wires()
        self._resolvers: list[Resolver] = []
        self._over = threading.Event()

    async def passed(self) -> bool:
        """Look, and again while nothing but a missing answer speaks against it; True if the filter is in the
        path. If it was cut: False, and nothing told, for answers that nobody waited for say nothing of it.

        Raises FilterError if it is not in the path and a session needs it.
        """
        finding = await self.look()
        until = asyncio.get_running_loop().time() + self._patience
        while not (finding.settled or self._over.is_set() or asyncio.get_running_loop().time() > until):
            await asyncio.sleep(AGAIN)
            finding = await self.look()
        if self._over.is_set():
            return False
        self._tell(finding)
        if self._required and finding.state is not State.IN_PATH:
            raise FilterError(finding.sentence, finding.todo)
        return finding.state is State.IN_PATH

    async def look(self) -> Finding:
        """One round: every name, of every server, at once."""
        if self._canaries is None:
            return judge(None, {})
        asks = self._asks(self._canaries.blocked_answers)
        rows = await asyncio.gather(*(self._round(self._canaries, ask) for ask in asks.values()))
        answers = dict(zip(asks, rows, strict=True))
        found = judge(self._canaries, answers)
        judged = [asks[server] for server in heard(answers)]
        if found.state is State.IN_PATH and self._names is not None:
            self._names.ask_only([ask.upstream for ask in judged if isinstance(ask, ByName)])
        return found

    async def _round(self, canaries: UpstreamFilter, ask: ByName | ByProxy) -> Mapping[str, Said]:
        """Every name, of one server; greetings only where a name leads on that should not."""
        names = (*canaries.refused, *canaries.allowed)
        said = dict(zip(names, await asyncio.gather(*map(ask.said, names)), strict=True))
        leads_on = [name for name in canaries.refused if said[name] is Said.OPEN]
        became = dict(zip(leads_on, await asyncio.gather(*map(ask.greeted, leads_on)), strict=True))
        if self._over.is_set() or Greeted.STOPPED not in became.values():
            return said
        open_ = [name for name in canaries.allowed if said[name] is Said.OPEN]
        became |= dict(zip(open_, await asyncio.gather(*map(ask.greeted, open_)), strict=True))
        said |= {name: Said.REFUSED for name, what in became.items() if what is Greeted.STOPPED}
        said |= {name: Said.NOTHING for name in open_ if became[name] is Greeted.UNREACHED}
        return said

    def cut(self) -> None:
        """Send nothing more, for ever. Any thread may call it."""
        self._over.set()
        self._wires.cut()
        for resolver in self._resolvers:
            resolver.cut()

    def _asks(self, blocked: Collection[str]) -> Mapping[str, ByName | ByProxy]:
        """How each server is asked: the proxy, if pages go through one; else every name server by itself."""
        if self._proxy:
            way = ThroughProxy.at(self._proxy, self._resolver(self._upstreams, OPEN_TUNNEL))
            return {way.host: ByProxy(way, self._wires)}
        try:
            upstreams = self._upstreams or system_upstreams()
        except ResolveError:
            return {}
        tls = ssl.create_default_context()
        if self._trust:
            tls.load_verify_locations(cadata=self._trust)
        return {
            f"{at.server} port {at.at}": ByName(at, self._resolver([at], ASK), blocked, self._wires, tls)
            for at in upstreams
        }

    def _resolver(self, upstreams: Sequence[Upstream], patience: float) -> Resolver:
        made = Resolver(upstreams, timeout=ASK, patience=patience, trust=self._trust)
        self._resolvers.append(made)
        if self._over.is_set():
            made.cut()
        return made


@dataclass(frozen=True)
class ByName:
    """A name server, and the line to where it leads."""

    upstream: Upstream
    resolver: Resolver
    blocked: Collection[str]
    wires: Wires
    tls: ssl.SSLContext

    async def said(self, name: str) -> Said:
        """What it says of this name."""
        try:
            return of_addresses(await self.resolver.addresses(name), self.blocked)
        except NoSuchName:
            return Said.REFUSED
        except ResolveError:
            return Said.NOTHING

    async def greeted(self, name: str) -> Greeted:
        """What becomes of a greeting of the server there."""
        try:
            found = ways(await self.resolver.addresses(name), self.blocked)[:MOST_ADDRESSES]
        except ResolveError:
            return Greeted.UNREACHED
        return await greet(self.wires, found, HTTPS, name, self.tls, GREET)


@dataclass(frozen=True)
class ByProxy:
    """The setting's own proxy. It is the filter, or not: a tunnel that it opens is a way through."""

    way: ThroughProxy
    wires: Wires

    async def said(self, name: str) -> Said:
        """What it says of a tunnel to this name."""
        try:
            async with asyncio.timeout(OPEN_TUNNEL):
                self.wires.close(await self.way.open(self.wires, name, HTTPS))
        except Denied:
            return Said.REFUSED
        except (Unreachable, TimeoutError):
            return Said.NOTHING
        return Said.OPEN

    async def greeted(self, name: str) -> Greeted:
        """As it said."""
        return Greeted.ITSELF
