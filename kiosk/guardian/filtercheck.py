"""Whether the setting's own filter is in the path (H21): it refuses what it must, and allows what it must.

The kiosk is one more layer and never the only one. So before a session opens, names that the filter has to
refuse are asked for on the very way that pages will take, and names that it has to allow: a network that
answers nothing at all is no filter.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from ipaddress import ip_address

from allowlist.answers import NoSuchName, ResolveError
from allowlist.resolver import Resolver, Upstream, system_upstreams
from allowlist.upstream import Denied, ThroughProxy, Unreachable
from allowlist.wires import Wires
from kiosk.config import Network, UpstreamFilter
from kiosk.errors import FilterError

ASK = 2.0  # s for one question to one server
OPEN_TUNNEL = 5.0  # s for the proxy to answer
AGAIN = 0.5  # s between two rounds while nobody answers
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
    """`sentence` is for the adult at the kiosk, `todo` for ICT; `heard`: whether anybody answered."""

    state: State
    sentence: str
    todo: str = ""
    heard: bool = True


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
    heard=False,
)
NOT_SEEN = "The setting's internet filter is not in the path."

Answers = Mapping[str, Mapping[str, Said]]
"""By the server that was asked, then by the name it was asked for."""


def judge(canaries: UpstreamFilter | None, answers: Answers) -> Finding:
    """Where the filter is. Every server that answers at all has to filter: pages may come by any of them."""
    if canaries is None:
        return MISSING
    heard = {server: said for server, said in answers.items() if set(said.values()) - {Said.NOTHING}}
    if not heard:
        return SILENT
    for names, what, wrong in (
        (canaries.refused, Said.OPEN, "{server} lets {name} through and must refuse it."),
        (canaries.allowed, Said.REFUSED, "{server} refuses {name} and must allow it."),
        (canaries.refused + canaries.allowed, Said.NOTHING, "{server} says nothing of {name}."),
    ):
        for server, said in heard.items():
            for name in names:
                if said.get(name, Said.NOTHING) is what:
                    return Finding(
                        State.NOT_IN_PATH, NOT_SEEN, f"Tell ICT: {wrong.format(server=server, name=name)}"
                    )
    return IN_PATH


def of_addresses(found: Collection[str], blocked: Collection[str]) -> Said:
    """What a name server said with these addresses: 0.0.0.0, :: and those of a block page are refusals, and a
    single other address is a way through.
    """
    pages = {ip_address(each) for each in blocked}
    open_ = [each for each in map(ip_address, found) if not each.is_unspecified and each not in pages]
    return Said.OPEN if open_ else Said.REFUSED


def of_status(status: int) -> Said:
    """What a proxy said with a status other than 200: it redirects to its block page, or forbids. What asks
    for a password, or for patience, says nothing of the name; nor does a failure of its own (RFC 9110).
    """
    refuses = 300 <= status < 500 and status not in (407, 408, 429)
    return Said.REFUSED if refuses else Said.NOTHING


Ask = Callable[[str], Awaitable[Said]]


class FilterCheck:
    """One check, for one opening. `tell` hears what was found, whatever follows from it."""

    def __init__(
        self,
        network: Network,
        upstreams: Sequence[Upstream],
        trust: str = "",
        tell: Callable[[Finding], None] = lambda _: None,
        patience: float | None = None,
    ) -> None:
        self._canaries = network.filter
        self._required = network.require_upstream_filter
        self._proxy = network.upstream_proxy
        self._upstreams = tuple(upstreams)
        self._trust = trust
        self._tell = tell
        self._patience = patience if patience is not None else PATIENCE if self._required else BRIEFLY
        self._wires = Wires()
        self._resolvers: list[Resolver] = []
        self._over = threading.Event()

    async def passed(self) -> bool:
        """Look, and again while nobody answers; True if the filter is in the path.

        Raises FilterError if it is not and a session needs it.
        """
        finding = await self.look()
        until = asyncio.get_running_loop().time() + self._patience
        while not (finding.heard or self._over.is_set() or asyncio.get_running_loop().time() > until):
            await asyncio.sleep(AGAIN)
            finding = await self.look()
        self._tell(finding)
        if self._required and finding.state is not State.IN_PATH:
            raise FilterError(finding.sentence, finding.todo)
        return finding.state is State.IN_PATH

    async def look(self) -> Finding:
        """One round: every name, of every server, at once."""
        if self._canaries is None:
            return judge(None, {})
        names = (*self._canaries.refused, *self._canaries.allowed)
        asks = self._asks(self._canaries.blocked_answers)
        said = await asyncio.gather(*(ask(name) for ask in asks.values() for name in names))
        rows = (said[at : at + len(names)] for at in range(0, len(said), len(names)))
        return judge(
            self._canaries,
            {server: dict(zip(names, row, strict=True)) for server, row in zip(asks, rows, strict=True)},
        )

    def cut(self) -> None:
        """Send nothing more, for ever. Any thread may call it."""
        self._over.set()
        self._wires.cut()
        for resolver in self._resolvers:
            resolver.cut()

    def _asks(self, blocked: Collection[str]) -> Mapping[str, Ask]:
        """How each server is asked: the proxy, if pages go through one; else every name server by itself."""
        if self._proxy:
            way = ThroughProxy.at(self._proxy, self._resolver(self._upstreams))
            return {way.host: self._through(way)}
        try:
            upstreams = self._upstreams or system_upstreams()
        except ResolveError:
            return {}
        return {
            f"{each.server} port {each.at}": self._by_name(self._resolver([each]), blocked)
            for each in upstreams
        }

    def _resolver(self, upstreams: Sequence[Upstream]) -> Resolver:
        made = Resolver(upstreams, timeout=ASK, trust=self._trust)
        self._resolvers.append(made)
        if self._over.is_set():
            made.cut()
        return made

    def _by_name(self, resolver: Resolver, blocked: Collection[str]) -> Ask:
        async def ask(name: str) -> Said:
            try:
                return of_addresses(await resolver.addresses(name), blocked)
            except NoSuchName:
                return Said.REFUSED
            except ResolveError:
                return Said.NOTHING

        return ask

    def _through(self, way: ThroughProxy) -> Ask:
        async def ask(name: str) -> Said:
            try:
                async with asyncio.timeout(OPEN_TUNNEL):
                    self._wires.close(await way.open(self._wires, name, 443))
            except Denied as denied:
                return of_status(denied.status)
            except (Unreachable, TimeoutError):
                return Said.NOTHING
            return Said.OPEN

        return ask
