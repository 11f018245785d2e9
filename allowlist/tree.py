"""YAML as a tree of plain strings that knows its lines.

The tree is built from the parser's events, without recursion: anchors, aliases and tags are refused (they
hide what a file says), duplicate keys are found, and no nesting is deep enough to do harm.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

DEEPEST = 20  # levels; our files need five
MOST_STARS = 50  # told about in one reading; each costs another look at the file
TOO_DEEP = ("This is nested too deeply", "Write it flatter.")
Where = tuple[int | str, ...]  # the keys and list places that lead to a value, outermost first
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # the same words, ten times as fast


class Broken(Exception):
    """The text is not YAML that we read at all; nothing after this line was looked at.

    `before`: what else was found until then.
    """

    before: tuple[tuple[int, str, str], ...] = ()

    def __init__(self, line: int, what: str, instead: str) -> None:
        super().__init__(what)
        self.line, self.what, self.instead = line, what, instead


class _Star(Exception):
    """A star stands here that is in no quotes: YAML takes it for the name of other text."""

    def __init__(self, mark: Any) -> None:
        super().__init__()
        self.line, self.at = mark.line + 1, mark.index  # the index counts characters from 0


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
        """A plain value, or a key of the mapping that is open."""
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
    return f"{scheme}{mark}…" if mark else text


def read_tree(text: str) -> Tree:
    """The one document in `text`. Raises Broken where it cannot be read.

    A star without quotes (*.img.example) is a problem that is told about; then it is read as if it had them,
    so that what stands behind it is looked at too.
    """
    stars: list[tuple[int, str, str]] = []
    while True:
        try:
            tree = _parsed(text)
        except _Star as star:
            found = _WORD.match(text, star.at)
            word = found[0] if found else "*"
            quotable = word if _HOSTS.fullmatch(word) else "*…"  # a password may begin with a star
            what = f"“{quotable}” begins with a star, which stands for other text here"
            stars.append((star.line, what, f'Put it in quotes: "{quotable}".'))
            if found is None or len(stars) == MOST_STARS:
                broken = Broken(*stars.pop())
                broken.before = tuple(stars)
                raise broken from star
            text = f'{text[: star.at]}"{word}"{text[found.end() :]}'
        except Broken as broken:
            broken.before = tuple(stars)
            raise
        else:
            tree.problems += stars
            return tree


_HOSTS = re.compile(r"\*(\.[\w-]+)+")
_WORD = re.compile(r"\*[^\s,\[\]{}\"'\\]*")


def _parsed(text: str) -> Tree:
    tree, documents = Tree(), 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            line = event.start_mark.line + 1 if event.start_mark else 1
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                raise Broken(line, "A second document starts here", "Keep one, without “---” between.")
            _take(tree, event, line)
    except yaml.MarkedYAMLError as error:
        if error.context == "while scanning an alias" and error.context_mark:
            raise _Star(error.context_mark) from error
        mark = error.problem_mark or error.context_mark
        line = min(mark.line, text.count("\n")) + 1 if mark else 1  # a mark may lie behind the last line
        if "nesting depth" in (error.problem or ""):  # the parser's own limit, in its newer versions
            raise Broken(line, *TOO_DEEP) from error
        what = f"This is not YAML: {error.problem or error.context or 'it cannot be read'}"
        raise Broken(line, what, "Mind the indentation, colons and quotes.") from error
    except yaml.YAMLError as error:
        what = "A character here does not belong in a text file"
        raise Broken(1, what, "Take control characters out.") from error
    return tree


def _take(tree: Tree, event: yaml.Event, line: int) -> None:
    if isinstance(event, yaml.AliasEvent):
        raise _Star(event.start_mark)
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
        tree.scalar(event.value, line)
