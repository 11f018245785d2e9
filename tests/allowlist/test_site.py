"""The built-in site: whole, self-contained, and with nothing on it that its own security policy forbids."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import pytest
import yaml

import assets
from allowlist.builtin import BUILTIN_HOST, HEADERS, TYPES, BuiltinSite
from allowlist.decision import Allowlist
from tests.allowlist.conftest import TODAY

ROOT = assets.path("site")
PAGES = sorted(file for file in ROOT.rglob("index.html"))
OUTSIDE = "https://notlisted.example/"  # the gate in the garden, for showing the closed door


class Links(HTMLParser):
    """What a page loads and leads to, and what is written into it that belongs in a file."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.inline: list[str] = []
        self.unnamed: list[str] = []
        self.language = ""
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = named.get("lang", "")
        self.loads += [named["src"]] if "src" in named else []
        if "href" in named:
            (self.leads if tag == "a" else self.loads).append(named["href"])
        self.inline += [name for name in named if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in named):
            self.inline.append(tag)
        if tag in ("a", "button") and not named.get("aria-label"):
            self.unnamed.append(tag)


def path_of(page: Path) -> str:
    return f"/{page.parent.relative_to(ROOT).as_posix()}/"


def test_there_are_six_subjects_and_more() -> None:
    subjects = {page.relative_to(ROOT).parts[0] for page in PAGES}
    assert subjects == {"animals", "shapes", "colours", "song", "story", "garden"}


@pytest.mark.parametrize("page", PAGES, ids=path_of)
def test_a_page_loads_and_leads_only_to_what_is_there_and_writes_nothing_inline(page: Path) -> None:
    links, site = Links(page), BuiltinSite(ROOT)
    policy = Allowlist.read(assets.path("allowlist", "builtin.yaml")).policy("nursery", TODAY)
    here = f"http://{BUILTIN_HOST}{path_of(page)}"
    for target in links.loads:
        file, part = urldefrag(target)
        assert file.startswith("/")
        answer = site.answer("GET", file)
        assert answer.status == 200, target
        assert f'id="{part}"'.encode() in answer.body or not part, target
    for target in links.leads:
        if target == OUTSIDE:
            assert not policy.page(target).ok
            continue
        assert policy.page(urljoin(here, target)).ok, target
        assert site.answer("GET", target).status == 200, target
    assert links.inline == []
    assert links.unnamed == []
    assert links.language == "en-GB"


def test_only_the_garden_leads_out() -> None:
    assert [path_of(page) for page in PAGES if OUTSIDE in Links(page).leads] == ["/garden/"]


def test_no_file_names_another_host() -> None:
    for file in ROOT.rglob("*"):
        if file.suffix in (".html", ".css", ".js", ".svg"):
            named = set(re.findall(r"https?://[^\"'\s)]+", file.read_text()))
            assert named <= {OUTSIDE, "http://www.w3.org/2000/svg"}, file


def test_every_file_of_the_site_is_served_with_its_type() -> None:
    site = BuiltinSite(ROOT)
    for file in (file for file in ROOT.rglob("*") if file.is_file()):
        answer = site.answer("GET", f"/{file.relative_to(ROOT).as_posix()}")
        assert (answer.status, answer.body) == (200, file.read_bytes())
        assert ("Content-Type", TYPES[file.suffix]) in answer.headers
        assert set(HEADERS) <= set(answer.headers)


@pytest.mark.parametrize("page", PAGES, ids=path_of)
def test_every_sound_that_a_page_asks_for_can_be_made(page: Path) -> None:
    script = (ROOT / "sound.js").read_text()
    table = script.split("const SOUNDS = {")[1].split("\n};")[0]
    known = set(re.findall(r"^  (\w+):", table, re.MULTILINE)) | {f"note-{n}" for n in range(1, 7)}
    assert set(re.findall(r'data-sound="([^"]+)"', page.read_text())) <= known


@pytest.mark.parametrize("page", PAGES, ids=path_of)
def test_everything_that_can_be_touched_speaks_or_sounds_and_needs_no_reading(page: Path) -> None:
    text, recorded = page.read_text(), {file.stem for file in (ROOT / "sounds").iterdir()}
    assert set(re.findall(r'data-say="([^"]+)"', text)) <= recorded
    for part in re.findall(r"<(?:button|label)\b[^>]*>", text):
        assert "data-say" in part or "data-sound" in part, part


def test_every_page_of_the_story_is_read_aloud_in_the_words_that_stand_on_it() -> None:
    script = yaml.safe_load(assets.path("sounds", "script.yaml").read_text())["site"]
    pages = [page.read_text() for page in PAGES if path_of(page).startswith("/story/")]
    read = {re.findall(r'data-say="([^"]+)" data-read', text)[0]: text for text in pages}
    assert len(read) == len(pages) == 7
    for line, text in read.items():
        assert f"{script[line]['words'].replace(',', ':', line == 'story-1')}</h1>" in text


def test_nothing_sounds_by_itself_but_the_story() -> None:
    loud = {path_of(page).split("/")[1] for page in PAGES if "data-read" in page.read_text()}
    assert loud == {"story"}
