"""H9, H17, H20: each person has their own PIN or badge, and nobody learns which part was wrong."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import argon2.low_level
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kiosk.guardian import people as module
from kiosk.guardian.people import (
    Agreement,
    CredentialRefused,
    People,
    PeopleFile,
    Person,
    PersonEntry,
    Role,
    hash_badge,
    hash_pin,
    pin_problem,
)
from kiosk.guardian.secret import Secret

ALI, KHAN, HARVEY = "739105", "2580147", "640281937563"


def entry(id: str, role: str = "staff", **more: object) -> PersonEntry:
    return PersonEntry.model_validate({"id": id, "name": f"Ms {id.title()}", "role": role, **more})


@pytest.fixture(scope="module")
def people(secret: Secret) -> People:
    return People(
        PeopleFile(
            people=(
                entry("ali", pin=hash_pin(ALI, secret), badges=[hash_badge("04:A2:1B:3C", secret)]),
                entry("khan", "slt", pin=hash_pin(KHAN, secret)),
                entry("harvey", "ict", pin=hash_pin(HARVEY, secret), badges=[hash_badge("00112233", secret)]),
                entry("new"),
            )
        ),
        secret,
    )


@pytest.mark.parametrize(("digits", "id"), [(ALI, "ali"), (KHAN, "khan"), (HARVEY, "harvey")])
def test_a_pin_names_its_person(people: People, digits: str, id: str) -> None:
    found = people.by_pin(digits)
    assert found is not None
    assert found == people.get(id)


@pytest.mark.parametrize("digits", ["739106", ALI[:-1], ALI + "0", "", "x", "٧٣٩١٠٥", "\ud800", "0" * 5000])
def test_anything_else_names_nobody(people: People, digits: str) -> None:
    assert people.by_pin(digits) is None


@pytest.mark.parametrize("read", ["04:A2:1B:3C", "04a21b3c", " 04-A2-1B-3C\n"])
def test_a_badge_is_known_however_its_reader_writes_it(people: People, read: str) -> None:
    assert people.by_badge(read) == people.get("ali")


def test_an_unknown_badge_names_nobody(people: People) -> None:
    assert people.by_badge("04A21B3D") is None
    assert people.by_badge("") is None


def test_a_pin_is_not_a_badge_and_a_badge_no_pin(people: People) -> None:
    assert people.by_badge(ALI) is None
    assert people.by_pin("00112233") is None


@pytest.mark.parametrize("digits", [ALI, HARVEY, "000001", "", "9" * 400])
@pytest.mark.parametrize("how_many", [0, 1, 3])
def test_every_try_costs_one_argon2_whoever_typed_it(
    secret: Secret, monkeypatch: pytest.MonkeyPatch, digits: str, how_many: int
) -> None:
    entries = [
        entry(name, pin=hash_pin(pin, secret)) for name, pin in (("a", ALI), ("k", KHAN), ("h", HARVEY))
    ]
    people = People(PeopleFile(people=tuple(entries[:how_many])), secret)
    worked: list[object] = []

    def counted(*arguments: object) -> bytes:
        worked.append(arguments[2:])
        return argon2.low_level.hash_secret_raw(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "hash_secret_raw", counted)
    people.by_pin(digits)
    assert worked == [(2, 19 * 1024, 1, 32, argon2.Type.ID)]


def test_a_hash_from_elsewhere_under_its_own_salt_works_too(secret: Secret) -> None:
    foreign = argon2.low_level.hash_secret(
        secret.tag("pin", ALI), b"another salt 16b", 1, 8192, 2, 24, argon2.Type.ID
    ).decode()
    people = People(
        PeopleFile(people=(entry("ali", pin=foreign), entry("khan", pin=hash_pin(KHAN, secret)))), secret
    )
    assert people.by_pin(ALI) == people.get("ali")
    assert people.by_pin(KHAN) == people.get("khan")


def test_without_the_key_of_this_kiosk_a_people_file_is_useless(people: People, secret: Secret) -> None:
    stolen = PeopleFile(
        people=(entry("ali", pin=hash_pin(ALI, secret), badges=[hash_badge("0011", secret)]),)
    )
    elsewhere = People(stolen, Secret(bytes(32)))
    assert elsewhere.by_pin(ALI) is None
    assert elsewhere.by_badge("0011") is None


def test_what_is_recognised_carries_no_secret(people: People) -> None:
    assert "argon2" not in repr(people.by_pin(ALI))
    assert [person.id for person in people] == ["ali", "khan", "harvey", "new"]
    assert people.get("nobody") is None


@pytest.mark.parametrize(
    ("digits", "sentence"),
    [
        ("739105", ""),
        ("120120", ""),
        ("640281937563", ""),
        ("73910", "A PIN has 6 to 12 digits."),
        ("6402819375630", "A PIN has 6 to 12 digits."),
        ("", "A PIN is made of digits only."),
        ("73910a", "A PIN is made of digits only."),
        ("٧٣٩١٠٥", "A PIN is made of digits only."),
        ("73910²", "A PIN is made of digits only."),
        ("777777", "A PIN of one digit only is guessed at once. Choose another."),
        ("123456", "A PIN that counts up or down is guessed at once. Choose another."),
        ("890123", "A PIN that counts up or down is guessed at once. Choose another."),
        ("987654321", "A PIN that counts up or down is guessed at once. Choose another."),
        ("210987", "A PIN that counts up or down is guessed at once. Choose another."),
    ],
)
def test_a_pin_has_its_rules(digits: str, sentence: str, secret: Secret) -> None:
    assert pin_problem(digits) == sentence
    if sentence:
        with pytest.raises(CredentialRefused, match=sentence):
            hash_pin(digits, secret)


@given(st.text(alphabet="0123456789", min_size=6, max_size=12))
def test_most_pins_may_be_used(digits: str) -> None:
    steps = {(ord(after) - ord(before)) % 10 for before, after in pairwise(digits)}
    assert bool(pin_problem(digits)) == (steps in ({0}, {1}, {9}))


def test_a_badge_that_was_not_read_whole_is_refused(secret: Secret) -> None:
    with pytest.raises(CredentialRefused, match="not read whole"):
        hash_badge("0:4", secret)


@pytest.mark.parametrize(
    ("signed", "on", "version", "agreed"),
    [
        ("2026-01-15", "2026-01-15", "2026", True),
        ("2026-01-15", "2027-01-14", "2026", True),
        ("2026-01-15", "2027-01-15", "2026", False),
        ("2026-01-15", "2026-01-14", "2026", False),
        ("2026-01-15", "2026-01-16", "2027", False),
        ("2028-02-29", "2029-02-28", "2026", True),
        ("2028-02-29", "2029-03-01", "2026", False),
    ],
)
def test_an_agreement_holds_for_its_text_and_for_less_than_a_year_h20(
    signed: str, on: str, version: str, agreed: bool
) -> None:
    person = Person("ali", "Ms Ali", Role.STAFF, Agreement(version="2026", on=date.fromisoformat(signed)))
    assert person.agreed(date.fromisoformat(on), version) == agreed


def test_who_never_signed_has_not_agreed_h20() -> None:
    assert not Person("ali", "Ms Ali", Role.STAFF).agreed(date(2026, 1, 1), "2026")


@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 1, 1)), st.integers(0, 800))
def test_no_agreement_lasts_longer_than_a_year(signed: date, days: int) -> None:
    person = Person("ali", "Ms Ali", Role.STAFF, Agreement(version="2026", on=signed))
    if person.agreed(signed + timedelta(days=days), "2026"):
        assert days < 366
    elif days < 365:
        pytest.fail("an agreement of this year was forgotten")


@pytest.mark.parametrize(
    ("people", "sentence"),
    [
        ([{"id": "a"}], "Field required"),
        ([{"id": "a", "name": "A", "role": "head"}], "'staff', 'ict' or 'slt'"),
        ([{"id": "A!", "name": "A", "role": "ict"}], "should match pattern"),
        ([{"id": "a", "name": "A", "role": "ict", "pin": "739105"}], "not a PIN's hash"),
        ([{"id": "a", "name": "A", "role": "ict", "badges": ["04A2"]}], "not a badge's hash"),
        ([{"id": "a", "name": "A", "role": "ict", "photo": "a.png"}], "Extra inputs are not permitted"),
        (
            [{"id": "a", "name": "A", "role": "ict"}, {"id": "a", "name": "B", "role": "slt"}],
            "a and a share the id; each needs their own",
        ),
        (
            [{"id": i, "name": "A", "role": "ict", "badges": ["0" * 64]} for i in "ab"],
            "a and b share a badge; each needs their own",
        ),
        (
            [
                {
                    "id": "a",
                    "name": "A",
                    "role": "ict",
                    "pin": f"$argon2id$v=19$m=4194304,t=2,p=1${'A' * 22}${'A' * 43}",
                }
            ],
            "more work than a Pi can do",
        ),
    ],
)
def test_a_mistake_in_the_file_is_told(people: list[dict[str, object]], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        PeopleFile.model_validate({"people": people})


def test_two_people_with_one_pin_are_told_h9(secret: Secret) -> None:
    with pytest.raises(ValidationError, match="ali and khan share the PIN"):
        PeopleFile(people=(entry("ali", pin=hash_pin(ALI, secret)), entry("khan", pin=hash_pin(ALI, secret))))


def test_a_file_of_strings_only_is_read_as_yaml_gives_it(secret: Secret) -> None:
    signed = {"version": "2026", "on": "2026-09-01"}
    file = PeopleFile.model_validate(
        {"people": [{"id": "m.ali", "name": "Ms Ali", "role": "staff", "aua": signed}]}
    )
    person = People(file, secret).get("m.ali")
    assert person is not None
    assert person.agreed(date(2026, 11, 22), "2026")
