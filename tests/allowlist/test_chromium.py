"""Chromium's policy: what is compiled, and, asked of the real browser, that it means what ours means."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings

from allowlist.chromium import HARDENING, managed_policy
from allowlist.decision import Policy
from allowlist.patterns import parameters
from allowlist.urls import Refused, read_url
from kiosk.guardian.browser_gate import leads_to
from tests.allowlist.conftest import policy_of, site
from tests.allowlist.corpus import LISTED, NASTY, POLICY, SLIPPED_IN, slipped

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
        self._plain: str | None = None

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

    def reads(self, url: str) -> str | None:
        """`url` as the browser itself reads it, or None if it cannot."""
        if self._plain is None:
            page = self.call("Target.createTarget", url="about:blank")["targetId"]
            self._plain = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        script = f"(u => {{ try {{ return new URL(u).href }} catch {{ return null }} }})({json.dumps(url)})"
        answer = self.call("Runtime.evaluate", self._plain, expression=script, returnByValue=True)
        read: str | None = answer["result"].get("value")
        return read

    def resolves(self, base: str, places: list[str]) -> list[str | None]:
        """Each of `places` as the browser reads it on a page at `base`, or None if it cannot; all at once."""
        page = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        script = f"""{json.dumps(places)}.map((place) => {{
            try {{ return new URL(place, {json.dumps(base)}).href }} catch {{ return null }} }})"""
        answer = self.call("Runtime.evaluate", session, expression=script, returnByValue=True)
        read: list[str | None] = answer["result"]["value"]
        return read

    def shows(self, url: str, script: str, least: int) -> list[dict[str, Any]]:
        """What a script finds on one of the browser's own pages, once it finds so much."""
        page = self.call("Target.createTarget", url=url)["targetId"]
        session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        until = time.monotonic() + 20
        while True:
            answer = self.call("Runtime.evaluate", session, expression=script, returnByValue=True)
            found: list[dict[str, Any]] = answer["result"].get("value") or []
            if len(found) >= least:
                return found
            assert time.monotonic() < until, found
            time.sleep(0.1)

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        os.close(self._ask)
        os.close(self._heard)


Folders = Callable[[str], Path]


@pytest.fixture(scope="module")
def folders() -> Iterator[Folders]:
    """Makes folders that the browser's user may enter: pytest's own it shuts again whenever one starts."""
    with tempfile.TemporaryDirectory(prefix="kiosk-chromium-") as name:
        Path(name).chmod(0o711)

        def made(kind: str) -> Path:
            return Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=name))

        yield made


@pytest.fixture(scope="module")
def browser(folders: Folders) -> Iterator[Browser]:
    made = Browser(managed_policy(POLICY), folders("chromium"))
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


def _differences(browser: Browser, url: str) -> list[str]:
    """Where Chromium disagrees about `url`, beyond the listed cases in which we are the stricter."""
    ours, native = POLICY.page(url).ok, not browser.blocks(url)
    read = browser.reads(url)  # which is what the gate is told of
    found = []
    if ours != native and (ours or not _stricter(url)):
        found.append(f"{url!r}: ours {'opens' if ours else 'refuses'}, Chromium does not")
    if ours != (read is not None and POLICY.page(read).ok):
        found.append(
            f"{url!r}: ours {'opens' if ours else 'refuses'}, and not as Chromium reads it ({read!r})"
        )
    return found


@pytest.mark.e2e
@pytest.mark.parametrize("url", NASTY)
def test_the_decision_and_chromiums_policy_agree_on_every_known_nasty(url: str, browser: Browser) -> None:
    """Invariant 5; where Chromium's language is coarser, the case is a listed one.

    The third, the gate, is asked while pages move, in `tests/browser/test_agreement.py`.
    """
    assert _differences(browser, url) == []


@pytest.mark.e2e
@settings(max_examples=150)
@given(slipped(LISTED))
def test_the_decision_and_chromiums_policy_agree_on_whatever_is_made_up(browser: Browser, url: str) -> None:
    assert _differences(browser, url) == []


@pytest.mark.e2e
@pytest.mark.parametrize("query", ["a=1&a=2", "a=&b=1", "a", "a&b=1&c=2&c=3", "b=1"])
def test_a_listed_page_opens_with_whatever_parameters_it_was_listed(folders: Folders, query: str) -> None:
    page = f"https://odd.example/p?{query}"
    browser = Browser(managed_policy(policy_of(page)), folders("odd"))
    try:
        assert browser.blocks("https://odd.example/other")
        assert not browser.blocks(page)
    finally:
        browser.close()


@pytest.mark.e2e
def test_a_blank_page_stays_open_for_the_driver(browser: Browser) -> None:
    assert not browser.blocks("about:blank")


WAYS = (
    "{}",
    "/{}",
    "x/{}",
    "//evil.example{}",
    "{}//evil.example/",
    "https:{}evil.example",
    "\\\\evil.example/{}",
)


@pytest.mark.e2e
@pytest.mark.parametrize("base", ["https://farm.example/animals/duck", "http://plain.example/a/b?c=d"])
def test_a_redirect_leads_the_gate_where_it_leads_the_browser(browser: Browser, base: str) -> None:
    """What stands after `Location:` is read by the same standard; what nobody can read is no page."""
    places = [way.format(slip) for way in WAYS for slip in SLIPPED_IN]
    for place, native in zip(places, browser.resolves(base, places), strict=True):
        paused = {"request": {"url": base}, "responseStatusCode": 302}
        headers = [{"name": "Location", "value": place}]
        ours = leads_to({**paused, "responseHeaders": headers})
        allowed = native is not None and POLICY.page(native).ok
        assert POLICY.page(ours).ok == allowed, place
        if allowed:  # then it is the same one; Chromium escapes a little more than the standard asks for
            assert unquote(ours) == unquote(native or ""), place


ROWS = """(() => {
  const found = [];
  const walk = (root) => { for (const node of root.querySelectorAll('*')) {
    if (node.tagName === 'POLICY-ROW' && node.policy) found.push(node.policy);
    if (node.shadowRoot) walk(node.shadowRoot);
  } };
  walk(document);
  return found;
})()"""
SUPERSEDED = {  # newer keys, set too, speak for these; an older Chromium knows only these
    "LensOverlaySettings": "SearchContentSharingSettings",
    "LensRegionSearchEnabled": "SearchContentSharingSettings",
    "UrlKeyedAnonymizedDataCollectionEnabled": "UrlKeyedMetricsAllowed",
}


@pytest.mark.e2e
def test_the_browser_knows_every_key_and_has_nothing_to_say_about_its_value(folders: Folders) -> None:
    """Asked of chrome://policy: a key that it does not know, or cannot take, closes nothing."""
    policy = managed_policy(POLICY, ["TUlJQg=="])
    del policy["URLBlocklist"]  # which closes chrome://policy too
    browser = Browser(policy | {"NoSuchKey": True, "SitePerProcess": "no"}, folders("policy"))
    try:
        rows = browser.shows("chrome://policy", ROWS, len(policy))
    finally:
        browser.close()
    complaints = {row["name"]: row["error"] for row in rows if row.get("error") and row["name"] in policy}
    assert complaints.pop("SitePerProcess")  # as of any other it would say
    assert next(row["error"] for row in rows if row["name"] == "NoSuchKey") == "Unknown policy."
    assert complaints == {
        old: f"Ignored because it was overridden by {new}."
        for old, new in SUPERSEDED.items()
        if new in policy
    }
    assert {row["name"] for row in rows if row.get("level") == "mandatory"} >= set(policy)


def test_the_listed_cases_are_no_blanket() -> None:
    assert _stricter("https://evil.example/") == ""
    assert _stricter("http://farm.example/animals/") == ""
    assert _stricter("https://farm.example/other") == ""
    assert site().page_patterns
