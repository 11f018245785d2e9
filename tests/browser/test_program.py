"""Which Chromium is started, and with which words."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

import pytest

from kiosk.errors import BrowserError
from kiosk.guardian.browser_gate import behind, leads_to
from kiosk.guardian.browser_guard import listed
from kiosk.guardian.browser_program import FEATURES_OFF, SWITCHES, command_line, find


@pytest.fixture(scope="module")
def binary() -> mmap.mmap:
    """The installed Chromium itself, behind the distribution's wrapper."""
    name = find().name
    with Path("/usr/lib", name, name).open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


@pytest.mark.parametrize("switch", SWITCHES)
def test_the_installed_chromium_knows_every_switch(switch: str, binary: mmap.mmap) -> None:
    """A switch that Chromium dropped is passed over without a word: it would close nothing."""
    assert binary.find(switch.removeprefix("--").split("=")[0].encode() + b"\0") >= 0


@pytest.mark.parametrize("feature", FEATURES_OFF)
def test_the_installed_chromium_knows_every_feature(feature: str, binary: mmap.mmap) -> None:
    assert binary.find(feature.encode() + b"\0") >= 0


def test_nothing_weakens_chromiums_own_sandbox() -> None:
    line = " ".join(command_line(Path("/usr/bin/chromium")))
    assert not [
        word for word in ("no-sandbox", "disable-web-security", "debugging-port", "test-type") if word in line
    ]


@pytest.mark.parametrize("kind", ["link", "script"])
def test_a_snap_is_refused_with_a_sentence(kind: str, tmp_path: Path) -> None:
    place = tmp_path / "chromium-browser"
    if kind == "link":
        (tmp_path / "snap").mkdir()
        (tmp_path / "snap" / "chromium").touch()
        place.symlink_to(tmp_path / "snap" / "chromium")
    else:
        place.write_text('#!/bin/sh\nexec /snap/bin/chromium "$@"\n')
    with pytest.raises(BrowserError, match=r"is a snap.*Use Debian"):
        find([str(place)])


def test_a_missing_chromium_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BrowserError, match=r"Chromium is missing\. Install it: apt install chromium"):
        find([str(tmp_path / "chromium")])


@pytest.mark.parametrize(
    ("status", "location", "there"),
    [
        (None, None, "http://farm.test/a/b#c"),
        (200, "http://evil.test/", "http://farm.test/a/b#c"),
        (302, "http://evil.test/", "http://evil.test/"),
        (307, "//evil.test/x", "http://evil.test/x"),
        (301, "../d", "http://farm.test/d"),
        (304, "/d", "http://farm.test/a/b#c"),
        (302, "\\\\evil.test/x", "http://evil.test/x"),
        (302, "http:\\\\evil.test", "http://evil.test/"),
        (302, "https:evil.test", "https://evil.test/"),
        (302, " \t//ev\nil.test/x ", "http://evil.test/x"),
        (302, "http://FARM.test:80/%2e%2e/d", "http://farm.test/d"),
        (302, "http://0x7f.1/", "http://127.0.0.1/"),
        (302, "http://[::1", "http://[::1"),
        (302, "", "http://farm.test/a/b#c"),
    ],
)
def test_a_stopped_request_leads_where_its_redirect_points(
    status: int | None, location: str | None, there: str
) -> None:
    paused: dict[str, object] = {"request": {"url": "http://farm.test/a/b", "urlFragment": "#c"}}
    if status is not None:
        paused |= {"responseStatusCode": status, "responseHeaders": [{"name": "LOCATION", "value": location}]}
    assert leads_to(paused) == there


def test_back_passes_over_what_is_refused() -> None:
    entries = [
        {"id": number, "url": url} for number, url in enumerate(("farm", "evil", "evil", "here", "ahead"))
    ]
    assert behind({"entries": entries, "currentIndex": 3}, lambda url: url != "evil") == 0
    assert behind({"entries": entries, "currentIndex": 0}, lambda url: True) is None


@pytest.mark.parametrize(
    ("url", "passes"),
    [
        ("https://farm.example/animals/", True),
        ("https://farm.example/animals?x", True),
        ("https://farm.example/animal", False),
        ("https://farm.example/animals-off-the-list/", False),
        ("https://farm.example/animals#cow", True),
        ("https://www.farm.example/animals/", False),
        ("https://farm.example:444/animals/", False),
        ("http://farm.example/animals/", False),
        ("https://farm.example@evil.example/animals/", False),
        ("https://farmXexample/animals/", False),
        ("https://any.wild.example/", True),
        ("https://wild.example/", True),
        ("https://evil.example/?.wild.example/", False),
        ("https://evil@wild.example/", False),
        ("http://ponds.example:8080/", True),
        ("http://ponds.example/", False),
        ("about:blank", False),
        ("data:text/html,https://farm.example/animals/", False),
    ],
)
def test_the_guard_lets_the_page_set_out_for_what_the_policy_lists(url: str, passes: bool) -> None:
    entries = ["about:blank", "https://.farm.example:443/animals", "https://wild.example:443"]
    entries += ["http://.ponds.example:8080"]
    assert bool(re.match(listed(entries), url)) is passes
    assert not re.match(listed([]), url)
