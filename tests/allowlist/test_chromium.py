"""Chromium's policy: what is compiled, and, asked of the real browser, that it means what ours means."""

from __future__ import annotations

import json
import os
import random
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from allowlist.chromium import HARDENING, managed_policy
from allowlist.decision import Policy
from allowlist.patterns import parameters
from allowlist.urls import Refused, read_url
from tests.allowlist.conftest import policy_of, site

NOWHERE = "--proxy-server=http://127.0.0.1:9"  # the discard port: nothing gets out, and quickly
BLOCKED = "net::ERR_BLOCKED_BY_ADMINISTRATOR"


def test_pages_are_compiled_with_scheme_host_and_port_written_out() -> None:
    policy = policy_of(
        "https://farm.example/animals/",
        "https://farm.example/duck.html",
        "https://*.star.example/",
        "http://plain.example/a/",
        "https://port.example:8443/",
        "https://query.example/p?b=2&a=1",
    )
    assert managed_policy(policy)["URLAllowlist"] == [
        "about:blank",
        "http://.plain.example:80/a",
        "https://.farm.example:443/animals",
        "https://.farm.example:443/duck.html",
        "https://.port.example:8443",
        "https://.query.example:443/p?a=1&b=2",
        "https://star.example:443",
    ]


def test_needs_are_no_pages_for_the_browser_either() -> None:
    compiled = managed_policy(policy_of("https://farm.example/", needs=("cdn.example.org",)))
    assert not any("cdn" in entry for entry in compiled["URLAllowlist"])  # type: ignore[attr-defined]


def test_https_is_asked_for_first_unless_http_is_listed() -> None:
    assert managed_policy(policy_of("https://farm.example/"))["HttpsUpgradesEnabled"] is True
    plain = managed_policy(policy_of("http://farm.example/"))
    assert plain["HttpsUpgradesEnabled"] is False
    assert plain["HttpAllowlist"] == ["farm.example"]


def test_further_authorities_are_trusted_only_if_there_are_any() -> None:
    assert "CACertificates" not in managed_policy(Policy([]))
    assert managed_policy(Policy([]), ["TUlJQg=="])["CACertificates"] == ["TUlJQg=="]


def test_every_key_is_there_once_with_its_reason_and_the_driver_may_attach() -> None:
    names = [key.name for key in HARDENING]
    assert len(names) == len(set(names))
    assert all(key.why for key in HARDENING)
    compiled = managed_policy(Policy([]))
    assert compiled["DeveloperToolsAvailability"] == 1  # 2 refuses the pipe (FACTS)
    assert json.loads(json.dumps(compiled)) == compiled


class NotDone(Exception):
    """What the browser said when it did not do what it was told."""


class Browser:
    """A real Chromium under a policy of its own, in a mount namespace, driven over the pipe."""

    def __init__(self, policy: dict[str, object], folder: Path) -> None:
        (folder / "policy.json").write_text(json.dumps(policy))
        folder.chmod(0o755)
        profile = folder / "profile"
        profile.mkdir()
        ask, self._ask = os.pipe()
        self._heard, hear = os.pipe()
        self._log = folder / "log"
        set_up = (
            "mount -t tmpfs none /etc/chromium && mkdir -p /etc/chromium/policies/managed"
            ' && cp "$1/policy.json" /etc/chromium/policies/managed/ && shift && exec "$@"'
        )
        if os.geteuid() == 0:
            shutil.chown(profile, "kiosk-browser")
            outer = ["unshare", "--mount"]
            inner = ["setpriv", "--reuid=kiosk-browser", "--regid=kiosk-browser", "--clear-groups"]
        else:
            outer = ["unshare", "--user", "--map-root-user", "--mount"]
            inner = ["unshare", "--user", f"--map-user={os.geteuid()}"]
        chromium = ["chromium", "--headless", "--no-first-run", f"--user-data-dir={profile}", NOWHERE]
        chromium += ["--remote-debugging-pipe", "--disable-background-networking", "about:blank"]
        redirect = ["bash", "-c", f'exec 3<&{ask} 4>&{hear}; exec "$@"', "bash"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*outer, "bash", "-c", set_up, "bash", str(folder), *inner, *redirect, *chromium],
                pass_fds=(ask, hear),
                stderr=log,
                stdout=log,
                env={**os.environ, "HOME": str(profile)},
            )
        os.close(ask)
        os.close(hear)
        self._buffer, self._serial, self._session = b"", 0, ""

    def call(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        """One DevTools call. Raises NotDone if the browser refuses."""
        self._serial += 1
        message = {"id": self._serial, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._ask, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + 20
        while True:
            while b"\0" not in self._buffer:
                ready = select.select([self._heard], [], [], max(0, until - time.monotonic()))[0]
                more = os.read(self._heard, 1 << 20) if ready else b""
                assert more, self.log
                self._buffer += more
            one, _, self._buffer = self._buffer.partition(b"\0")
            answer = json.loads(one)
            if answer.get("id") == self._serial:
                if "error" in answer:
                    raise NotDone(answer["error"]["message"])
                result: dict[str, Any] = answer["result"]
                return result

    def blocks(self, url: str) -> bool:
        """Whether the browser's own policy refuses to go to `url`, or it cannot even be written there.

        What is not http gets a new page: from an error page to a refused chrome:// page Chromium 156 crashes.
        """
        if not url.startswith("http") or not self._session:
            page = self.call("Target.createTarget", url="about:blank")["targetId"]
            self._session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        try:
            return bool(self.call("Page.navigate", self._session, url=url).get("errorText") == BLOCKED)
        except NotDone as refused:
            return "invalid URL" in str(refused)

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        os.close(self._ask)
        os.close(self._heard)


PAGES = (
    "https://farm.example/animals/",
    "https://farm.example/duck.html",
    "https://*.star.example/a/",
    "http://plain.example/a/",
    "https://port.example:8443/",
    "https://query.example/p?b=2&a=1",
)
POLICY = policy_of(*PAGES)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("chromium")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)
    made = Browser(managed_policy(POLICY), folder)
    yield made
    made.close()


def _stricter(url: str) -> str:
    """The listed cases in which our decision refuses what Chromium's coarser language lets through."""
    try:
        read = read_url(url)
    except Refused as refused:
        return f"readers disagree about it: it {refused}"
    for page in POLICY.sites[0].page_patterns:
        on_host = read.host == page.at.host or (page.at.wild and read.host.endswith(f".{page.at.host}"))
        if not on_host or (read.scheme, read.port) != (page.at.scheme, page.at.port):
            continue
        if page.at.wild and read.host == page.at.host:
            return "a star includes its own domain there"
        if read.path.startswith(page.path.removesuffix("/")):
            if page.query and set(page.query) <= set(parameters(read.query)):
                return "more parameters than the listed ones are let through there"
            return "a path is a bare prefix there"
    return ""


_NASTY = """
    https://farm.example/animals/ https://farm.example/animals https://farm.example/animals/x?y#z
    https://farm.example/animalsX https://farm.example/Animals/ https://farm.example/ http://farm.example/animals/
    https://farm.example/duck.html https://farm.example/duck.html?x https://farm.example/duck.htmlx
    https://farm.example/animals/../secret https://farm.example/animals/%2e%2e/secret
    https://farm.example/animals/..%2fsecret https://farm.example/animals/%252e%252e/secret
    https://farm.example:8443/animals/ https://www.farm.example/animals/ https://evilfarm.example/animals/
    https://farm.example.evil.example/animals/ https://evil.example/https://farm.example/animals/
    https://evil.example\\@farm.example/animals/ https://user:word@farm.example/animals/
    https://user:word@evil.example/animals/ https://farm.example./animals/ https://FARM.example/animals/
    https://star.example/a/ https://x.star.example/a/ https://x.y.star.example/a/b https://x.star.example/b
    https://notstar.example/a/ http://plain.example/a/b https://plain.example/a/b http://plain.example:81/a/
    https://port.example:8443/x https://port.example/x https://query.example/p?a=1&b=2
    https://query.example/p?b=2&a=1 https://query.example/p?a=1 https://query.example/p
    https://query.example/p?a=1&b=2&c=3 https://127.0.0.1/ https://2130706433/ https://[::1]/ http://localhost/
    https://1.1.1.1/dns-query https://dns.google/dns-query data:text/html,x javascript:alert(1)
    file:///etc/passwd view-source:https://farm.example/animals/ chrome://settings/ chrome://version/
    chrome://policy/ chrome://inspect/ chrome://downloads/ chrome://newtab/ chrome-untrusted://new-tab-page/
    devtools://devtools/bundled/inspector.html chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai/index.html
    blob:https://farm.example/1 filesystem:https://farm.example/temporary/x ftp://farm.example/animals/
    mailto:a@farm.example tel:123 intent://x#Intent;end ws://farm.example/animals/ wss://farm.example/animals/
    https://translate.google.com/translate?u=https://farm.example/animals/
"""
NASTY = _NASTY.split()


def _made_up(count: int) -> list[str]:
    """URLs near the listed ones, the same in every run."""
    dice = random.Random(20261122)
    hosts = [
        "farm.example",
        "star.example",
        "w.star.example",
        "plain.example",
        "port.example",
        "query.example",
    ]
    parts = ["animals", "duck.html", "a", "p", "..", ".", "%2e%2e", "%61", "x", "", "%2f", ";b", "é", "A"]
    made = []
    for _ in range(count):
        path = "/".join(dice.choice(parts) for _ in range(dice.randint(0, 4)))
        port = dice.choice(["", "", ":443", ":8443", ":80"])
        query = dice.choice(["", "", "?", "?a=1&b=2", "?b=2&a=1", "?a=1", "?a=1&b=2&c=3", "#a"])
        scheme = dice.choice(["https", "https", "http"])
        made.append(f"{scheme}://{dice.choice(['', 'x.', ''])}{dice.choice(hosts)}{port}/{path}{query}")
    return made


@pytest.mark.e2e
def test_the_browser_refuses_what_we_refuse_and_opens_what_we_open(browser: Browser) -> None:
    """Invariant 5; where Chromium's language is coarser, the case is a listed one."""
    wrong = []
    for url in NASTY + _made_up(150):
        ours, theirs = POLICY.page(url).ok, not browser.blocks(url)
        if ours != theirs and (ours or not _stricter(url)):
            wrong.append((url, "ours opens it" if ours else "the browser opens it"))
    assert wrong == []


@pytest.mark.e2e
def test_a_blank_page_stays_open_for_the_driver(browser: Browser) -> None:
    assert not browser.blocks("about:blank")


@pytest.mark.e2e
def test_the_browser_knows_every_key_of_the_policy(browser: Browser) -> None:
    browser.blocks("about:blank")  # it has started, so it has told
    told = [line for line in browser.log.splitlines() if "has an error of type" in line]
    assert told == []


def test_the_listed_cases_are_no_blanket() -> None:
    assert _stricter("https://evil.example/") == ""
    assert _stricter("http://farm.example/animals/") == ""
    assert _stricter("https://farm.example/other") == ""
    assert site().page_patterns
