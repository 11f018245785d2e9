"""What a DNS answer means: the pure half of the resolver, without sockets and without a clock of its own.

An answer counts only for the name that was asked. CNAMEs are followed from there, within the answer or by a
further question, and what else an answer carries is ignored; so nobody can steer another name's addresses
in. RFC 1034, 2308 (no such name), 8020.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
from itertools import islice

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

LONGEST_CHAIN = 8  # CNAMEs; more is a loop or a game
MOST_KEPT = 16  # addresses of one name and family; a connection tries fewer
TTL_LIMITS = (5.0, 3600.0)  # s, for addresses
NEGATIVE_LIMITS = (5.0, 300.0)  # s, for “no such name”


class ResolveError(Exception):
    """No address is known for a host; the message is a sentence."""


class NoSuchName(ResolveError):
    """The host has no address, as far as a name server knows that answered."""


class Bad(Exception):
    """An answer that says nothing about the question: another server may do better."""


class Family(Enum):
    """The two questions asked about every host."""

    IPV6 = dns.rdatatype.AAAA
    IPV4 = dns.rdatatype.A


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of one name and family: no addresses means there are none, for `ttl` seconds."""

    addresses: tuple[str, ...]
    ttl: float


@dataclass(frozen=True, slots=True)
class Alias:
    """The answer ends at another name, which has to be asked about."""

    name: dns.name.Name
    ttl: float


def question(name: dns.name.Name, family: Family) -> dns.message.QueryMessage:
    """The message that asks for `name`, with a random id.

    Without EDNS: some old routers lose what has it, and addresses fit without.
    """
    return dns.message.make_query(name, family.value)


def host_name(host: str) -> dns.name.Name:
    """`host` as an absolute name. Raises ResolveError if no name can be so written."""
    try:
        return dns.name.from_text(host, idna_codec=dns.name.IDNA_2008)
    except dns.exception.DNSException as error:
        raise ResolveError(f"“{host}” cannot be a name on the internet.") from error


def read_answer(answer: dns.message.Message, name: dns.name.Name, family: Family) -> Found | Alias:
    """What `answer` says about `name`. Raises Bad if it says nothing, ResolveError if it goes in circles."""
    _check(answer, name, family)
    if answer.rcode() == dns.rcode.NXDOMAIN:
        return Found((), _negative_ttl(answer))
    ttl, at, seen = TTL_LIMITS[1], name, {name}
    while len(seen) <= LONGEST_CHAIN:
        found = answer.get_rrset(answer.answer, at, dns.rdataclass.IN, family.value)
        if found is not None:
            addresses = tuple(item.address for item in islice(found, MOST_KEPT))
            return Found(addresses, _within(min(ttl, found.ttl), TTL_LIMITS))
        alias = answer.get_rrset(answer.answer, at, dns.rdataclass.IN, dns.rdatatype.CNAME)
        if alias is None:
            break
        ttl, at = min(ttl, alias.ttl), alias[0].target
        if at in seen:
            raise ResolveError(f"The name {_text(name)} leads round in a circle.")
        seen.add(at)
    if len(seen) > LONGEST_CHAIN:
        raise ResolveError(f"The name {_text(name)} leads through too many others.")
    if at == name or _says_no_such(answer):
        return Found((), _negative_ttl(answer))
    return Alias(at, _within(ttl, TTL_LIMITS))


def _check(answer: dns.message.Message, name: dns.name.Name, family: Family) -> None:
    asked = answer.question
    if not answer.flags & dns.flags.QR or answer.opcode() != 0 or len(asked) != 1:
        raise Bad("it is no answer")
    if asked[0].name != name or asked[0].rdtype != family.value or asked[0].rdclass != dns.rdataclass.IN:
        raise Bad("it answers another question")
    if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise Bad(f"it says {dns.rcode.to_text(answer.rcode())}")


def _says_no_such(answer: dns.message.Message) -> bool:
    """A chain's end without addresses: the server names the zone that knows of none (RFC 2308)."""
    return any(rrset.rdtype == dns.rdatatype.SOA for rrset in answer.authority)


def _negative_ttl(answer: dns.message.Message) -> float:
    soa = next((rrset for rrset in answer.authority if rrset.rdtype == dns.rdatatype.SOA), None)
    return _within(min(soa.ttl, soa[0].minimum) if soa else NEGATIVE_LIMITS[0], NEGATIVE_LIMITS)


def _within(seconds: float, limits: tuple[float, float]) -> float:
    return max(limits[0], min(limits[1], seconds))


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True)


class Cache:
    """Answers by host, until their time is over; `now` is any clock in seconds that never goes back."""

    def __init__(self, largest: int = 1000) -> None:
        self._largest = largest
        self._kept: OrderedDict[str, tuple[float, tuple[str, ...]]] = OrderedDict()

    def get(self, host: str, now: float) -> tuple[str, ...] | None:
        """The addresses of `host` (none: known not to exist), or None if they have to be asked for."""
        kept = self._kept.get(host)
        if kept is None or kept[0] <= now:
            return None
        self._kept.move_to_end(host)
        return kept[1]

    def put(self, host: str, addresses: tuple[str, ...], until: float) -> None:
        """Keep an answer until that time; the one unused for longest makes room."""
        self._kept[host] = (until, addresses)
        self._kept.move_to_end(host)
        while len(self._kept) > self._largest:
            self._kept.popitem(last=False)
