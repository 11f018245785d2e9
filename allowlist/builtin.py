"""The built-in site: a folder of files, answered from a table of what is in it. No path is ever opened that
a request named, so none can lead out of the folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

OURS = "kiosk.internal"  # .internal is never on the internet (ICANN, 2024)
BUILTIN_HOST = f"garden.{OURS}"

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".ogg": "audio/ogg",
    ".mp3": "audio/mpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".wav": "audio/wav",
    ".woff2": "font/woff2",
}
"""What is served; a file with another ending is not."""

CLOSE = ("Connection", "close")
HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; media-src 'self'; "
        "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "max-age=600"),
    CLOSE,
)


@dataclass(frozen=True)
class Answer:
    """What is sent back: a status, headers without the length, and the whole body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def refusal(status: int) -> Answer:
    """The answer to what the door does not open: a status without a word, since a browser that asked in plain
    http would show the words as the page. It counts for this once: next time the site may be there.
    """
    return Answer(status, (("Cache-Control", "no-store"), CLOSE), b"")


class BuiltinSite:
    """The files below `root`. Raises FileNotFoundError if there is no such folder."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise FileNotFoundError(f"The built-in site is missing at {root}: install the kiosk again.")
        self._files: dict[str, Path] = {}
        for file in sorted(root.rglob("*")):
            if file.suffix in TYPES and file.is_file() and not file.is_symlink():
                path = "/" + file.relative_to(root).as_posix()
                self._files[path] = file
                if file.name == "index.html":
                    self._files[path.removesuffix("index.html")] = file

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that is answered."""
        return tuple(self._files)

    def answer(self, method: str, path: str) -> Answer:
        """The answer to a request for `path`, which stands without its query."""
        if method not in ("GET", "HEAD"):
            return _text(405, "Only reading is possible here.", ("Allow", "GET, HEAD"))
        file = self._files.get(path)
        if file is None and f"{path}/" in self._files:
            return _text(308, "It is one step further.", ("Location", f"{path}/"))
        if file is None:
            return _text(404, "There is nothing here.")
        return Answer(200, (*HEADERS, ("Content-Type", TYPES[file.suffix])), file.read_bytes())


def _text(status: int, sentence: str, *more: tuple[str, str]) -> Answer:
    return Answer(status, (*HEADERS, ("Content-Type", "text/plain; charset=utf-8"), *more), sentence.encode())
