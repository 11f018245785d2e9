"""Names become addresses through the setting's own name servers, and through nothing else (H21, S1).

Upstreams are asked in their order, each over its own transport, but first the one that answered last; one
that fails or stays silent gives way to the next. A datagram can be lost, so those who were silent are asked
again, and waited for twice as long, while there is time. What an answer means is `answers`, how a server is
asked `nameservers`; here are the order, the time and the cache.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Sequence
from itertools import zip_longest

import dns.exception
import dns.name
import h11

from allowlist.answers import (
    LONGEST_CHAIN,
    Alias,
    Bad,
    Cache,
    Family,
    Found,
    NoSuchName,
    ResolveError,
    host_name,
    question,
    read_answer,
)
from allowlist.nameservers import NameServers, Transport, Upstream, system_upstreams
from allowlist.wires import Cut, Wires

__all__ = ["NoSuchName", "ResolveError", "Resolver", "Transport", "Upstream", "system_upstreams"]


class Resolver:
    """Asks `upstreams` (none: the system's). `timeout`: seconds for a first question to one server;
    `patience`: for all that one name takes.

    `trust`: further certificate authorities, PEM, for the servers asked over TLS.
    """

    def __init__(
        self,
        upstreams: Sequence[Upstream] = (),
        *,
        timeout: float = 1.0,
        patience: float = 10.0,
        trust: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._upstreams = tuple(upstreams)
        self._timeout, self._patience = timeout, patience
        self._clock = clock
        self._cache = Cache()
        self._answered: Upstream | None = None  # who did so last
        self._asking: dict[str, asyncio.Task[tuple[str, ...]]] = {}
        self._wires = Wires()
        tls = ssl.create_default_context()
        if trust:
            tls.load_verify_locations(cadata=trust)
        self._servers = NameServers(self._wires, tls)

    async def addresses(self, host: str) -> tuple[str, ...]:
        """The addresses of `host`, IPv6 and IPv4 in turn.

        Raises ResolveError with a sentence; it is a NoSuchName if the servers know of no address.
        """
        known = self._cache.get(host, self._clock())
        if known is None:
            task = self._asking.get(host)
            if task is None:
                task = self._asking[host] = asyncio.create_task(self._look_up(host))
                task.add_done_callback(lambda done: self._forget(host, done))
            known = await asyncio.shield(task)  # one caller who gives up does not fail the others
        if not known:
            raise NoSuchName(f"There is no {host}: its name has no address.")
        return known

    def ask_only(self, upstreams: Sequence[Upstream]) -> None:
        """From now on ask these; none changes nothing."""
        self._upstreams = tuple(upstreams) or self._upstreams

    def cut(self) -> None:
        """Send nothing more, for ever, also of what is under way. Any thread may call it."""
        self._wires.cut()

    def _forget(self, host: str, done: asyncio.Task[tuple[str, ...]]) -> None:
        del self._asking[host]
        if not done.cancelled():
            done.exception()  # told to whoever waited; nobody need have

    async def _look_up(self, host: str) -> tuple[str, ...]:
        name = host_name(host)
        both = await asyncio.gather(
            *(self._in_time(name, family) for family in Family), return_exceptions=True
        )
        found = [each for each in both if isinstance(each, Found)]
        failed = [each for each in both if isinstance(each, BaseException)]
        addresses = _in_turn(*(each.addresses for each in found))
        if failed and not addresses:
            raise failed[0]
        self._cache.put(host, addresses, self._clock() + min(each.ttl for each in found))
        return addresses

    async def _in_time(self, name: dns.name.Name, family: Family) -> Found:
        """One family alone may be late: what is known of the other stays."""
        try:
            async with asyncio.timeout(self._patience):
                return await self._follow(name, family)
        except TimeoutError as error:
            host = name.to_text(omit_final_dot=True)
            raise ResolveError(f"No name server says in time where {host} is.") from error

    async def _follow(self, name: dns.name.Name, family: Family) -> Found:
        at, ttl, seen = name, float("inf"), {name}
        for _ in range(LONGEST_CHAIN):
            said = await self._ask(at, family)
            if isinstance(said, Found):
                return Found(said.addresses, min(ttl, said.ttl))
            at, ttl = said.name, min(ttl, said.ttl)
            if at in seen:
                break
            seen.add(at)
        raise ResolveError(f"The name {name.to_text(omit_final_dot=True)} leads round in a circle.")

    async def _ask(self, name: dns.name.Name, family: Family) -> Found | Alias:
        why, timeout = "", self._timeout
        asked = sorted(self._upstreams or system_upstreams(), key=lambda each: each != self._answered)
        while asked:
            silent = []
            for upstream in asked:
                query = question(name, family)
                try:
                    async with asyncio.timeout(timeout):
                        answer = await self._servers.ask(upstream, query)
                    said = read_answer(answer, name, family)
                except Cut as error:
                    raise ResolveError("The internet was turned off.") from error
                except TimeoutError:
                    silent.append(upstream)
                except (Bad, dns.exception.DNSException, OSError, EOFError, h11.RemoteProtocolError) as error:
                    why = f"{upstream.server} gave no use: {error}"
                else:
                    self._answered = upstream
                    return said
            asked, timeout = silent, 2 * timeout
        raise ResolveError(f"No name server knows {name.to_text(omit_final_dot=True)} ({why}).")


def _in_turn(*families: tuple[str, ...]) -> tuple[str, ...]:
    """First of each, then second of each (RFC 8305, section 4)."""
    return tuple(address for row in zip_longest(*families) for address in row if address is not None)
