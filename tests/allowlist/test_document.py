"""A file is read as it is written, and every mistake in it is told at once with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal, Self
from unicodedata import category

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationInfo, field_validator, model_validator

from allowlist.document import LARGEST, MOST_TOLD, Day, Problem, Problems, Strict, Wrong, parse, read
from allowlist.tree import LONGEST_SHOWN, MOST_ITEMS, STAR, UNSEEN


class Hours(Strict):
    opens: str
    closes: str = "16:00"


class Room(Strict):
    name: str = Field(min_length=1)
    seats: int = Field(default=4, ge=1, le=8)
    quiet: bool = False
    since: Day = date(2026, 1, 1)
    kind: Literal["garden", "hall"] = "hall"
    hours: Hours = Hours(opens="09:00")
    doors: tuple[Hours, ...] = ()

    @field_validator("name")
    @classmethod
    def not_an_attic(cls, name: str, _: ValidationInfo) -> str:
        if name == "attic":
            raise Wrong("Nobody may use the attic", "Name another room.")
        return name


def told(text: str | bytes) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(Problems) as caught:
        parse(data, Room, "room.yaml")
    return str(caught.value).splitlines()


def test_scalars_mean_what_they_say() -> None:
    room = parse(b"name: no\nseats: 0003\nquiet: no\nhours: {opens: 20:30}\n", Room, "room.yaml")
    assert (room.name, room.seats, room.quiet, room.hours.opens) == ("no", 3, False, "20:30")


def test_a_model_that_was_read_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse(b"name: hall\n", Room, "room.yaml").name = "other"  # type: ignore[misc]


def test_five_mistakes_are_told_at_once_each_with_its_line_and_what_to_write() -> None:
    assert told("name: attic\nseats: many\nquiett: yes\nsince: 1/2/26\nhours:\n  closes: 17:00\n") == [
        "room.yaml:1: Nobody may use the attic. Name another room.",
        "room.yaml:2: “seats” cannot be “many”. Write a whole number.",
        "room.yaml:3: “quiett” is not a key here. Did you mean “quiet”?",
        "room.yaml:4: “1/2/26” is not a date. Write year-month-day, as in 2026-11-02.",
        "room.yaml:5: “opens” is missing. Add a line “opens: …”.",
    ]


def test_a_misspelt_key_does_not_hide_what_a_whole_model_says() -> None:
    class Pair(Strict):
        low: int
        high: int

        @model_validator(mode="after")
        def low_before_high(self) -> Self:
            if self.high <= self.low:
                raise Wrong("high is not above low", "Raise it.")
            return self

    class Pairs(Strict):
        pairs: tuple[Pair, ...]

    with pytest.raises(Problems) as caught:
        parse(b"pairs:\n- low: 5\n  high: 3\n  lov: 2\n", Pairs, "pairs.yaml")
    assert [(problem.line, problem.what) for problem in caught.value.problems] == [
        (2, "high is not above low"),
        (4, "“lov” is not a key here"),
    ]


@pytest.mark.parametrize(
    ("text", "told_"),
    [
        ("seats: 9\nname: a\n", ":1: “seats” cannot be “9”. Write 8 or less."),
        ("name: a\nkind: attic\n", ":2: “kind” cannot be “attic”. Write 'garden' or 'hall'."),
        ("name:\n", ":1: “name” is empty. Write at least 1 characters."),
        ("name: [a]\n", ":1: “name” cannot be a list. Write one piece of text."),
        ("name: a\ndoors: b\n", ":2: “doors” cannot be “b”. Write a list, as in [one, two]."),
        ("name: a\nhours: b\n", ":2: “hours” cannot be “b”. Write “key: value” lines under it."),
        ("name: a\nname: b\n", ":2: “name” is written twice, first on line 1. Keep one."),
        ("name: a\nhours: {opens: 1, opens: 2}\n", "“opens” is written twice, first on line 2. Keep one."),
        (
            "name: a\ndoors:\n  - opens: 1\n  - close: 2\n",
            ":4: “close” is not a key here. Did you mean “closes”?",
        ),
        ("name: &x a\n", ":1: “&” gives a name to the text here. Take it out, or put the text in quotes."),
        ("name: a\nkind: *x\n", ":2: “*…” begins with a star, which stands for other text here"),
        ("name: a\ndoors: [*.b.example]\n", 'Put it in quotes: "*.b.example".'),
        ("name: !!python/name:os.system a\n", ":1: “!” starts a tag here"),
        ("name: a\n---\nname: b\n", ":2: A second document starts here"),
        ("? [a]\n: b\n", ":1: A key has to be a plain word"),
        ("- a\n", ":1: This is not a list of “key: value” lines. Its keys are: name, seats"),
        ("", ":1: This is not a list of “key: value” lines"),
        ("name: a\n  seats: [\n", ":2: This is not YAML"),
        ("name: 'a\n", "This is not YAML"),
        ("name: a\x01\n", "A character here does not belong in a text file"),
        ("[" * 5000, ":1: This is nested too deeply"),
        (b"name: a\nkind: \xff\n", ":2: This line is not UTF-8 text. Save the file as UTF-8."),
        (b"name: " + b"a" * LARGEST, ":1: This file is far too large"),
    ],
)
def test_every_kind_of_mistake_is_told_in_plain_words(text: str | bytes, told_: str) -> None:
    assert any(told_ in line for line in told(text)), told(text)


def test_a_star_without_quotes_hides_no_other_mistake_and_each_is_told_on_its_line() -> None:
    assert told("name: attic\ndoors:\n  - *.a.example\nhours: {opens: *x, closes: *.b}\nkind: shed\n") == [
        "room.yaml:1: Nobody may use the attic. Name another room.",
        "room.yaml:3: “*.a.example” begins with a star, which stands for other text here. "
        'Put it in quotes: "*.a.example".',
        "room.yaml:3: “doors” cannot be “*.a.example”. Write “key: value” lines under it.",
        'room.yaml:4: “*.b” begins with a star, which stands for other text here. Put it in quotes: "*.b".',
        'room.yaml:4: “*…” begins with a star, which stands for other text here. Put it in quotes: "*…".',
        "room.yaml:5: “kind” cannot be “shed”. Write 'garden' or 'hall'.",
    ]


def test_what_was_found_before_a_file_breaks_off_is_told_too() -> None:
    assert [line.split(". ")[0] for line in told("name: *.a.example\nkind: [\n")] == [
        "room.yaml:1: “*.a.example” begins with a star, which stands for other text here",
        "room.yaml:3: This is not YAML: did not find expected node content",
    ]


def test_very_many_stars_are_told_about_in_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    parse_ = yaml.parse
    monkeypatch.setattr(yaml, "parse", lambda text, **how: looks.append(text) or parse_(text, **how))
    stars = ", ".join(f"*.a{n}.example" for n in range(MOST_TOLD - 1))
    assert len(told(f"doors: [{stars}]\n")) == MOST_TOLD + 1, "and that there are more"
    assert len(looks) == 1


def test_a_star_that_is_quoted_or_stands_in_a_text_is_a_star() -> None:
    for written in ('"*.a"', "'*.a'", "a*b", "of the\n  *.a", ">\n  *.a\n", "a # *.b"):
        name = parse(f"name: {written}\n".encode(), Room, "room.yaml").name
        assert name in ("*.a", "a*b", "of the *.a", "a")


def test_of_very_many_mistakes_the_first_are_told_and_that_there_are_more() -> None:
    lines = told("name: a\n" + "".join(f"key{n}: b\n" for n in range(5 * MOST_TOLD)))
    assert len(lines) == MOST_TOLD + 1
    assert lines[0].startswith("room.yaml:2: “key0” is not a key here.")
    assert lines[-1] == f"room.yaml:{MOST_TOLD + 2}: More mistakes stand from here on. Mend those above."


def test_a_file_of_more_entries_than_anybody_writes_is_not_looked_at_further() -> None:
    assert parse(("name: a\ndoors: [" + "{opens: 1}," * MOST_ITEMS + "]\n").encode(), Room, "room.yaml").doors
    half = f": [{'{}, ' * (MOST_ITEMS // 2)}]\n"
    assert told(f"x{half}y{half}z: [a]\n") == [
        f"room.yaml:3: The lists in this file have more than {MOST_ITEMS} entries. Keep fewer."
    ]


@pytest.mark.parametrize(
    "sign", ["\0", "\x1b", "\t", "\x7f", "\u200b", "\u202e", "\u2066", "\ufeff", "\ue000", "\u2028"]
)
def test_what_nobody_can_see_is_refused_as_value_and_as_key_and_never_quoted(sign: str) -> None:
    escaped = f"\\U{ord(sign):08X}"
    for text in (
        f'name: "at{escaped}tic"\n',
        f'name: a\n"na{escaped}me": b\n',
        f'name: a\nkind: "{escaped}"\n',
    ):
        lines = told(text)
        assert any(f"A character here cannot be seen (U+{ord(sign):04X}). Take it out" in it for it in lines)
        assert sign not in "".join(lines)


def test_a_line_break_in_a_text_is_refused_but_not_the_end_of_one_that_is_folded() -> None:
    assert told('name: "a\\nb"\n') == ["room.yaml:1: This text has a line break in it. Write it on one line."]
    assert parse(b"name: >\n  the\n  hall\n", Room, "room.yaml").name == "the hall"


def test_what_is_written_in_any_language_or_drawn_is_read() -> None:
    for name in ("Zoë’s “farm” – n° 1", "🐄 ☀️", "مزرعة", "農場", "a\u00a0b"):
        assert parse(f"name: {name}\n".encode(), Room, "room.yaml").name == name


def test_a_sign_that_is_no_character_is_told_with_its_line() -> None:
    assert told(f"name: a\nkind: {STAR}\n") == [
        "room.yaml:2: A character here does not belong in a text file. Take control characters out."
    ]


def test_a_long_text_is_quoted_by_its_beginning_and_its_end() -> None:
    for text in ("a" * 100_000 + ": b\n", "name: *" + "a" * 100_000 + "\n", "since: " + "1" * 100_000 + "\n"):
        assert max(map(len, told(f"name: a\n{text}"))) < 2 * LONGEST_SHOWN + 100


def test_a_file_that_is_missing_or_a_folder_is_told_by_name(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(Problems, match="cannot be read") as caught:
            read(path, Room)
        assert str(caught.value).startswith(f"{path}:1: ")


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    (tmp_path / "room.yaml").write_bytes(b"\xef\xbb\xbfname: hall\r\nseats: 2\r\n")
    assert read(tmp_path / "room.yaml", Room).seats == 2


@given(st.text(max_size=300) | st.text(alphabet="abname: []{}&*!-'\"\n#|>?%@,", max_size=120))
def test_any_text_is_read_or_told_about_and_never_crashes(text: str) -> None:
    problems: tuple[Problem, ...] = ()
    room = None
    try:
        room = parse(text.encode("utf-8", "surrogatepass"), Room, "room.yaml")
    except Problems as caught:
        problems = caught.problems
    assert (room is None) == bool(problems)
    assert all(problem.line >= 1 and problem.what for problem in problems)
    assert not any(category(sign) in UNSEEN for problem in problems for sign in problem.what)
