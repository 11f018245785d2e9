"""A YAML file becomes a checked model, or a list of everything that is wrong with it: never half of it.

Scalars stay strings until the model types them, so `20:30`, `0123` and `no` mean what they say. Every
problem in a file is reported at once with its line and what to write instead.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from allowlist.tree import Broken, Tree, Where, cut, read_tree, shown

LARGEST = 256 * 1024  # bytes; a longer file was not written by a person
MOST_TOLD = 200  # mistakes at once; to read a file must never take long enough for a watchdog to notice

__all__ = ["Day", "Problem", "Problems", "Strict", "Where", "Wrong", "parse", "read"]


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake: where it is (lines count from 1), what is wrong, and what to write instead."""

    file: str
    line: int
    what: str
    instead: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}. {self.instead}".rstrip()


class Problems(Exception):
    """Everything that is wrong with a file, in the order of its lines; prints one problem a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


class Wrong(ValueError):
    """Raised by a model's own validators: what is wrong (no full stop), and what to write instead."""

    def __init__(self, what: str, instead: str) -> None:
        self.what, self.instead = cut(what), cut(instead)
        super().__init__(f"{self.what}. {self.instead}")


class Strict(BaseModel):
    """The base of every model that a file is read into: frozen, and no key it does not name."""

    # What is written may be a secret: an error of pydantic's own never quotes it.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @classmethod
    def cross_check(cls, raw: Mapping[str, Any]) -> Iterator[tuple[Where, Wrong]]:
        """Mistakes that only the whole file shows, found in its raw strings, so that a mistake elsewhere
        does not hide them. Asked of the outermost model only.
        """
        yield from ()


M = TypeVar("M", bound=Strict)


def _day(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            raise ValueError
        return date.fromisoformat(value)
    except ValueError:
        raise Wrong(f"“{value}” is not a date", "Write year-month-day, as in 2026-11-02.") from None


Day = Annotated[date, BeforeValidator(_day)]
"""A calendar day, written 2026-11-02 and in no other way."""


def read(path: Path | str, model: type[M]) -> M:
    """The file at `path` as a `model`. Raises Problems with everything that is wrong with it."""
    file = Path(path)
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise Problems(
            [Problem(str(path), 1, f"This file cannot be read: {reason}", "Put it there, readable.")]
        ) from error
    return parse(data, model, str(path))


def parse(data: bytes, model: type[M], name: str) -> M:
    """The text `data` of the file `name` as a `model`. Raises Problems as `read` does."""
    try:
        tree = read_tree(_text(data))
    except Broken as broken:
        told = (*broken.before, (broken.line, broken.what, broken.instead))
        raise _first([Problem(name, *each) for each in told]) from broken
    found = [Problem(name, line, what, instead) for line, what, instead in tree.problems]
    if not isinstance(tree.data, dict):
        raise _first([*found, Problem(name, 1, "This is not a list of “key: value” lines", _keys(model))])
    found += [Problem(name, tree.line(at), e.what, e.instead) for at, e in model.cross_check(tree.data)]
    made: M | None = None
    try:
        made = model.model_validate(tree.data)
    except ValidationError as error:
        found += _told(error, tree, model, name)
        found += _behind_unknown_keys(error, tree, model, name)
    if found or made is None:
        raise _first(found)
    return made


def _first(found: Iterable[Problem]) -> Problems:
    """As many of them as are told at once, the first lines first."""
    told = sorted(set(found), key=lambda problem: (problem.line, problem.what))
    if len(told) > MOST_TOLD:
        line, more = told[MOST_TOLD].line, "More mistakes stand from here on"
        told = [*told[:MOST_TOLD], Problem(told[0].file, line, more, "Mend those above.")]
    return Problems(told)


def _text(data: bytes) -> str:
    if len(data) > LARGEST:
        raise Broken(1, "This file is far too large", f"Keep it under {LARGEST // 1024} KiB.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Broken(line, "This line is not UTF-8 text", "Save the file as UTF-8.") from error


def _behind_unknown_keys(error: ValidationError, tree: Tree, model: type[M], name: str) -> list[Problem]:
    """What a misspelt key hid: a model's own validators run only where every key is known. Take those away
    and ask again."""
    if error.error_count() > MOST_TOLD:
        return []
    unknown = [detail["loc"] for detail in error.errors() if detail["type"] == "extra_forbidden"]
    for where in unknown:
        tree.drop(where)
    if not unknown:
        return []
    try:
        model.model_validate(tree.data)
    except ValidationError as second:
        return _told(second, tree, model, name)
    return []


def _told(error: ValidationError, tree: Tree, model: type[BaseModel], name: str) -> list[Problem]:
    details = [detail for detail in error.errors(include_url=False) if not _only_follows(detail)]
    return [
        Problem(name, tree.line(detail["loc"]), *_sentence(detail, model))
        for detail in details[: MOST_TOLD + 1]
    ]


def _only_follows(detail: ErrorDetails) -> bool:
    """A list that is long enough as it is written is too short only because something in it is wrong."""
    least = detail.get("ctx", {}).get("min_length", 0)
    return detail["type"] == "too_short" and len(detail["input"]) >= least


def _sentence(detail: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    """Pydantic's words in ours: what is wrong, and what to write instead."""
    context = detail.get("ctx", {})
    own = context.get("error")
    if isinstance(own, Wrong):
        return own.what, own.instead
    where = detail["loc"]
    key = next((part for part in reversed(where) if isinstance(part, str)), "this")
    if detail["type"] == "extra_forbidden":
        return f"“{shown(key)}” is not a key here", _did_you_mean(key, _model_at(where[:-1], model))
    if detail["type"] == "missing":
        return f"“{key}” is missing", f"Add a line “{key}: …”."
    known = _WANTED.get(detail["type"])
    wanted = known(context) if known else f"{detail['msg']}."
    return f"“{key}” {_is_wrong(detail['input'], _is_secret(where, model))}", wanted


def _is_wrong(given: object, secret: bool) -> str:
    if not given:
        return "is empty"
    if isinstance(given, str):
        return "cannot be what is written" if secret else f"cannot be “{shown(given[:60])}”"
    return "cannot be a list" if isinstance(given, list) else "cannot be a group of keys"


_WANTED: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "int_parsing": lambda _: "Write a whole number.",
    "int_type": lambda _: "Write a whole number.",
    "int_from_float": lambda _: "Write a whole number.",
    "float_parsing": lambda _: "Write a number.",
    "float_type": lambda _: "Write a number.",
    "bool_parsing": lambda _: "Write true or false.",
    "bool_type": lambda _: "Write true or false.",
    "string_type": lambda _: "Write one piece of text.",
    "list_type": lambda _: "Write a list, as in [one, two].",
    "tuple_type": lambda _: "Write a list, as in [one, two].",
    "frozen_set_type": lambda _: "Write a list, as in [one, two].",
    "dict_type": lambda _: "Write “key: value” lines under it.",
    "model_type": lambda _: "Write “key: value” lines under it.",
    "model_attributes_type": lambda _: "Write “key: value” lines under it.",
    "literal_error": lambda c: f"Write {c.get('expected', '')}.",
    "enum": lambda c: f"Write {c.get('expected', '')}.",
    "greater_than": lambda c: f"Write more than {c.get('gt')}.",
    "greater_than_equal": lambda c: f"Write {c.get('ge')} or more.",
    "less_than": lambda c: f"Write less than {c.get('lt')}.",
    "less_than_equal": lambda c: f"Write {c.get('le')} or less.",
    "string_too_short": lambda c: f"Write at least {c.get('min_length')} characters.",
    "string_too_long": lambda c: f"Write at most {c.get('max_length')} characters.",
    "too_short": lambda c: f"Write at least {c.get('min_length')}.",
    "too_long": lambda c: f"Write at most {c.get('max_length')}.",
    "string_pattern_mismatch": lambda c: f"It has to look like {c.get('pattern')}.",
    "time_parsing": lambda _: "Write a time of day, as in 08:30.",
}


def _is_secret(where: Where, model: type[BaseModel]) -> bool:
    """Whether what is wanted at `where` holds a secret: then nothing of what was written is quoted."""
    for end in range(len(where), 0, -1):
        inside, key = _model_at(where[: end - 1], model), where[end - 1]
        if isinstance(key, str) and inside is not None and key in inside.model_fields:
            return "SecretStr" in str(inside.model_fields[key].annotation)
    return False


def _model_at(where: Where, model: type[BaseModel]) -> type[BaseModel] | None:
    """The model whose keys stand at `where`, as far as it can be told from the annotations."""
    at: type[BaseModel] | None = model
    for part in where:
        if isinstance(part, str) and at is not None and part in at.model_fields:
            at = _inner(at.model_fields[part].annotation)
    return at


def _inner(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _inner(part))), None)


def _keys(model: type[BaseModel]) -> str:
    return f"Its keys are: {', '.join(model.model_fields)}."


def _did_you_mean(key: str, model: type[BaseModel] | None) -> str:
    if model is None:
        return "Take it out."
    close = difflib.get_close_matches(key, model.model_fields, n=1)
    return f"Did you mean “{close[0]}”?" if close else _keys(model)
