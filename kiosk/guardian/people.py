"""Who may do what: names, roles, PINs, badges and agreements (H9, H11, H17, H20).

A PIN names its person by itself, so all of them must be searched, and nobody may learn from the time it
takes. All PINs of one kiosk therefore share one salt: a try costs one argon2id whoever typed it, hit or miss,
and its result is compared with every person's. What that gives up: whoever stole both people.yaml and the key
file tests a guess against all n people at once, as if a PIN were log2(n) bits shorter. An index that narrows
the search gives up as much. With people.yaml alone nothing can be tested: PINs and badges pass an HMAC with
the key first.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Annotated

from argon2.low_level import Type, hash_secret, hash_secret_raw
from pydantic import AfterValidator, Field, model_validator

from allowlist.document import Strict
from kiosk.errors import KioskError
from kiosk.events import Role
from kiosk.guardian.secret import Secret

SHORTEST_PIN, LONGEST_PIN = 6, 12  # digits
_SHORTEST_BADGE = 4  # characters

# argon2id for a Pi whose memory the browser needs: OWASP's row of 19 MiB, 2 passes, 1 lane.
_MEMORY, _PASSES, _LANES, _LENGTH = 19 * 1024, 2, 1, 32  # KiB, passes, lanes, bytes
_MOST_MEMORY, _MOST_PASSES, _MOST_LANES = 128 * 1024, 10, 8  # a hash in the file must not stop the kiosk
_ENCODED = re.compile(
    r"\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,64})\$([A-Za-z0-9+/]{22,86})"
)


class CredentialRefused(KioskError, ValueError):
    """A PIN or a badge that may not be used; the sentence says why."""


def _pin_hash(text: str) -> str:
    found = _ENCODED.fullmatch(text)
    if text and found is None:
        raise ValueError("this is not a PIN's hash; set the PIN with `kiosk people pin`")
    if found and any(
        int(asked) > most
        for asked, most in zip(found.groups(), (_MOST_MEMORY, _MOST_PASSES, _MOST_LANES), strict=False)
    ):
        raise ValueError("this PIN's hash asks for more work than a Pi can do; set the PIN again")
    return text


def _badge_hash(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError("this is not a badge's hash; add the badge with `kiosk people badge`")
    return text


class Agreement(Strict):
    """The acceptable-use agreement that a person signed: which text, and when."""

    version: str = Field(min_length=1, max_length=40)
    on: date


class PersonEntry(Strict):
    """One person as people.yaml has them."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$", description="short and unique", examples=["m.ali"])
    name: str = Field(min_length=1, max_length=60, description="as children say it", examples=["Ms Ali"])
    role: Role
    pin: Annotated[str, AfterValidator(_pin_hash)] = ""
    badges: tuple[Annotated[str, AfterValidator(_badge_hash)], ...] = ()
    aua: Agreement | None = None


class PeopleFile(Strict):
    """people.yaml. No two people share an id, a PIN or a badge (H9)."""

    people: tuple[PersonEntry, ...] = ()

    @model_validator(mode="after")
    def _nothing_is_shared(self) -> PeopleFile:
        shared = (
            *_shared("the id", ((person.id, person.id) for person in self.people)),
            *_shared("the PIN", ((person.pin, person.id) for person in self.people if person.pin)),
            *_shared("a badge", ((badge, person.id) for person in self.people for badge in person.badges)),
        )
        if shared:
            raise ValueError("; ".join(shared))
        return self


def _shared(what: str, uses: Iterable[tuple[str, str]]) -> list[str]:
    holders: defaultdict[str, list[str]] = defaultdict(list)
    for value, person in uses:
        holders[value].append(person)
    return [f"{' and '.join(ids)} share {what}; each needs their own" for ids in holders.values() if ids[1:]]


@dataclass(frozen=True)
class Person:
    """Somebody who was recognised; nothing of their PIN or badge is in it."""

    id: str
    name: str
    role: Role
    aua: Agreement | None = None

    def agreed(self, on: date, version: str) -> bool:
        """Whether, on that day, their signature under the current text is less than a year old (H20).

        One dated later than today is none: either date is wrong, and neither can be trusted.
        """
        if self.aua is None or self.aua.version != version:
            return False
        return self.aua.on <= on < _a_year_after(self.aua.on)


class People:
    """The people of a file, found by PIN or badge. Unchanging, so any thread may use it."""

    def __init__(self, file: PeopleFile, secret: Secret) -> None:
        self._secret = secret
        self._people = {p.id: Person(p.id, p.name, p.role, p.aua) for p in file.people}
        self._pins = [(_PinHash.parse(p.pin), self._people[p.id]) for p in file.people if p.pin]
        self._badges = [(badge, self._people[p.id]) for p in file.people for badge in p.badges]
        # The kiosk's own salt is always worked through, so that a file without PINs answers no sooner.
        self._rounds = {_own_round(secret), *(pin.round for pin, _ in self._pins)}

    def by_pin(self, digits: str) -> Person | None:
        """Whose PIN that is. Takes one argon2id (0.1 to 0.3 s on a Pi), so call it in a thread.

        A file with hashes from elsewhere, each under its own salt, costs one more for each.
        """
        results = {work: work.digest(self._secret.tag("pin", digits)) for work in self._rounds}
        found = [person for pin, person in self._pins if hmac.compare_digest(pin.digest, results[pin.round])]
        return found[0] if found else None

    def by_badge(self, badge: str) -> Person | None:
        """Whose badge that is."""
        tag = self._secret.tag("badge", _badge_id(badge)).hex()
        found = [person for known, person in self._badges if hmac.compare_digest(known, tag)]
        return found[0] if found else None

    def get(self, id: str) -> Person | None:
        """The person with that id."""
        return self._people.get(id)

    def __iter__(self) -> Iterator[Person]:
        return iter(self._people.values())


@dataclass(frozen=True)
class _Round:
    """The work that one argon2id asks for: everything in an encoded hash but its result."""

    memory: int  # KiB
    passes: int
    lanes: int
    salt: bytes
    length: int = _LENGTH  # bytes

    def digest(self, secret: bytes) -> bytes:
        return hash_secret_raw(secret, self.salt, self.passes, self.memory, self.lanes, self.length, Type.ID)


@dataclass(frozen=True)
class _PinHash:
    round: _Round
    digest: bytes

    @classmethod
    def parse(cls, encoded: str) -> _PinHash:
        found = _ENCODED.fullmatch(encoded)
        if found is None:
            raise ValueError("That is not a PIN's hash.")
        memory, passes, lanes, salt, digest = found.groups()
        result = _unpadded(digest)
        return cls(_Round(int(memory), int(passes), int(lanes), _unpadded(salt), len(result)), result)


def pin_problem(digits: str) -> str:
    """What is wrong with a PIN somebody chose, as a sentence; "" if it may be used."""
    if not (digits.isascii() and digits.isdigit()):
        return "A PIN is made of digits only."
    if not SHORTEST_PIN <= len(digits) <= LONGEST_PIN:
        return f"A PIN has {SHORTEST_PIN} to {LONGEST_PIN} digits."
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(digits)}
    if steps == {0}:
        return "A PIN of one digit only is guessed at once. Choose another."
    if steps in ({1}, {9}):
        return "A PIN that counts up or down is guessed at once. Choose another."
    return ""


def hash_pin(digits: str, secret: Secret) -> str:
    """A PIN as people.yaml keeps it. Raises CredentialRefused if the PIN may not be used."""
    problem = pin_problem(digits)
    if problem:
        raise CredentialRefused(problem)
    work = _own_round(secret)
    hashed = hash_secret(
        secret.tag("pin", digits), work.salt, work.passes, work.memory, work.lanes, work.length, Type.ID
    )
    return hashed.decode("ascii")


def hash_badge(badge: str, secret: Secret) -> str:
    """A badge as people.yaml keeps it. Raises CredentialRefused if what was read cannot be a badge."""
    if len(_badge_id(badge)) < _SHORTEST_BADGE:
        raise CredentialRefused("That badge was not read whole.", "Hold it to the reader again.")
    return secret.tag("badge", _badge_id(badge)).hex()


def _badge_id(badge: str) -> str:
    """A badge's id however its reader writes it: `04:a2:1b` and `04A21B` are one."""
    return re.sub(r"[\s:.-]", "", badge).upper()


def _own_round(secret: Secret) -> _Round:
    return _Round(_MEMORY, _PASSES, _LANES, secret.tag("salt", "")[:16])


def _unpadded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))


def _a_year_after(day: date) -> date:
    if (day.month, day.day) == (2, 29):
        return date(day.year + 1, 3, 1)
    return day.replace(year=day.year + 1)
