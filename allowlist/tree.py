"""YAML as a tree of plain strings that knows its lines.

The tree is built from the parser's events, without recursion: anchors, aliases and tags are refused (they
hide what a file says), and so is what nobody can see; duplicate keys are found, and no nesting is deep enough
to do harm.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

import yaml

DEEPEST = 20  # levels; our files need five
MOST_ITEMS = 5000  # of lists in one file; the browser reads a fifth as many pages
LONGEST_SHOWN = 240  # characters of a sentence, which may quote a text of any length
TOO_DEEP = ("This is nested too deeply", "Write it flatter.")
TOO_MANY = (f"The lists in this file have more than {MOST_ITEMS} entries", "Keep fewer.")
NO_TEXT = ("A character here does not belong in a text file", "Take control characters out.")
STAR = "\ufdd0"  # stands in for “*” in the parser: to YAML an ordinary character, to Unicode none
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # control, direction, line breaks …: Unicode's categories
Where = tuple[int | str, ...]  # the keys and list places that lead to a value, outermost first
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # the same words, ten times as fast

_HOSTS = re.compile(r"\*(\.[\w-]+)+")


class Broken(Exception):
    """The text is not YAML that we read at all; nothing after this line was looked at.

    `before`: what else was found until then.
    """

    before: tuple[tuple[int, str, str], ...] = ()

    def __init__(self, line: int, what: str, instead: str) -> None:
        super().__init__(what)
        self.line, self.what, self.instead = line, what, instead


@dataclass
class _Open:
    """A mapping or list that is still being read."""

    where: Where
    made: dict[str, Any] | list[Any]
    key: str | None = None  # of a mapping: the key whose value comes next


@dataclass
class Tree:
    """What a document says (`data`: dicts, lists and strings), its lines, and what was wrong on the way."""

    data: Any = None
    lines: dict[Where, int] = field(default_factory=dict)
    problems: list[tuple[int, str, str]] = field(default_factory=list)
    _open: list[_Open] = field(default_factory=list)
    _items: int = 0

    def line(self, where: Where) -> int:
        """The line (from 1) of the value at `where`, or of the nearest thing around it that has one."""
        return next((self.lines[where[:n]] for n in range(len(where), -1, -1) if where[:n] in self.lines), 1)

    def drop(self, where: Where) -> None:
        """Take the value at `where` out, if it is still there."""
        at = self.data
        for part in where[:-1]:
            at = at[part]
        if isinstance(at, dict):
            at.pop(where[-1], None)

    def begin(self, made: dict[str, Any] | list[Any], line: int) -> None:
        """A mapping or list starts on `line`."""
        if len(self._open) >= DEEPEST:
            raise Broken(line, *TOO_DEEP)
        if self._open and isinstance(self._open[-1].made, dict) and self._open[-1].key is None:
            raise Broken(line, "A key has to be a plain word", "Write “key: value”.")
        self._open.append(_Open(self._place(made, line), made))

    def end(self) -> None:
        """The innermost open mapping or list is complete."""
        self._open.pop()

    def scalar(self, text: str, line: int) -> None:
        """A value, or a key of the mapping that is open."""
        inside = self._open[-1] if self._open else None
        if inside is None or isinstance(inside.made, list) or inside.key is not None:
            self._place(text, line)
            return
        if text in inside.made:
            first = self.lines[(*inside.where, text)]
            self.problems.append(
                (line, f"“{shown(text)}” is written twice, first on line {first}", "Keep one.")
            )
        inside.key = text
        self.lines[(*inside.where, text)] = line

    def _place(self, value: Any, line: int) -> Where:
        """Put `value` where it belongs, and say where that is."""
        if not self._open:
            self.data = value
            self.lines[()] = line
            return ()
        inside = self._open[-1]
        if isinstance(inside.made, list):
            self._items += 1
            if self._items > MOST_ITEMS:
                raise Broken(line, *TOO_MANY)
            where = (*inside.where, len(inside.made))
            inside.made.append(value)
            self.lines[where] = line
            return where
        key = inside.key
        assert key is not None
        inside.made[key] = value
        inside.key = None
        return (*inside.where, key)


def shown(text: str) -> str:
    """What may be quoted of a text that stands where it should not: of an address that has a password in it,
    nothing behind its scheme.
    """
    scheme, mark, _ = text.partition("://")
    return cut(f"{scheme}{mark}…" if mark else text)


def cut(text: str) -> str:
    """`text`, or its beginning and its end if it is long."""
    half = LONGEST_SHOWN // 2
    return text if len(text) <= LONGEST_SHOWN else f"{text[: half - 1]}…{text[-half:]}"


def read_tree(text: str) -> Tree:
    """The one document in `text`. Raises Broken where it cannot be read.

    A star without quotes (*.img.example) is to YAML the name of other text. It is told about, and read as if
    it had them, so that what stands behind it is looked at too; the parser sees another sign in its place.
    """
    if STAR in text:
        raise Broken(text[: text.index(STAR)].count("\n") + 1, *NO_TEXT)
    tree = Tree()
    try:
        _parse(text.replace("*", STAR), tree)
    except Broken as broken:
        broken.before = tuple(tree.problems)
        raise
    return tree


def _parse(text: str, tree: Tree) -> None:
    documents = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            line = event.start_mark.line + 1 if event.start_mark else 1
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                raise Broken(line, "A second document starts here", "Keep one, without “---” between.")
            _take(tree, event, line)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = min(mark.line, text.count("\n")) + 1 if mark else 1  # a mark may lie behind the last line
        if "nesting depth" in (error.problem or ""):  # the parser's own limit, in its newer versions
            raise Broken(line, *TOO_DEEP) from error
        what = f"This is not YAML: {error.problem or error.context or 'it cannot be read'}"
        raise Broken(line, what.replace(STAR, "*"), "Mind the indentation, colons and quotes.") from error
    except yaml.YAMLError as error:
        raise Broken(1, *NO_TEXT) from error


def _take(tree: Tree, event: yaml.Event, line: int) -> None:
    if getattr(event, "anchor", None):
        raise Broken(line, "“&” gives a name to the text here", "Take it out, or put the text in quotes.")
    if getattr(event, "tag", None):
        raise Broken(line, "“!” starts a tag here", "Take it out, or put the text in quotes.")
    if isinstance(event, yaml.MappingStartEvent):
        tree.begin({}, line)
    elif isinstance(event, yaml.SequenceStartEvent):
        tree.begin([], line)
    elif isinstance(event, yaml.CollectionEndEvent):
        tree.end()
    elif isinstance(event, yaml.ScalarEvent):
        text = event.value.replace(STAR, "*")
        if event.style in ("|", ">"):
            text = text.rstrip("\n")
        if not event.style and text.startswith("*"):
            quotable = cut(text) if _HOSTS.fullmatch(text) else "*…"  # a password may begin with a star
            what = f"“{quotable}” begins with a star, which stands for other text here"
            tree.problems.append((line, what, f'Put it in quotes: "{quotable}".'))
        if not text.isprintable():
            text = _seen(tree, text, line)
        tree.scalar(text, line)


def _seen(tree: Tree, text: str, line: int) -> str:
    """`text` as it can be drawn, and quoted in a sentence; what cannot be seen in it is told about."""
    unseen = [sign for sign in dict.fromkeys(text) if unicodedata.category(sign) in UNSEEN]
    if "\n" in unseen:
        tree.problems.append((line, "This text has a line break in it", "Write it on one line."))
    elif unseen:
        what = f"A character here cannot be seen (U+{ord(unseen[0]):04X})"
        tree.problems.append((line, what, "Take it out, or type the text anew."))
    return text.translate(dict.fromkeys(map(ord, unseen), "\ufffd"))
