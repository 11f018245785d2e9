"""Which Chromium, and with which words: every switch has its reason beside it.

The managed policy (allowlist) decides what a page may be and do. The switches here only say how Chromium is
joined to the kiosk, and close what no policy closes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kiosk.errors import BrowserError
from kiosk.guardian.browser_walls import DOOR_PORT, PROFILE

PLACES = ("/usr/bin/chromium", "/usr/bin/chromium-browser")

SWITCHES = {
    "--remote-debugging-pipe": "driven over descriptors 3 and 4; no port exists",
    "--ozone-platform=wayland": "straight to sway; never through an X server, where windows see each other",
    # Not about:blank, which --app refuses and then shows a tab with an address bar.
    "--app=data:,": "a window without tabs, toolbar or address bar (S3); the policy refuses the address",
    f"--user-data-dir={PROFILE}": "in memory; gone with the namespace",
    f"--proxy-server=http://127.0.0.1:{DOOR_PORT}": "the one door (invariant 4)",
    "--proxy-bypass-list=<-loopback>": "loopback goes through the door too, where it is refused",
    "--no-first-run": "no welcome page",
    "--no-default-browser-check": "no question",
    "--no-pings": "no hyperlink auditing",
    "--disable-background-networking": "nothing that no page asked for",
    "--disable-component-update": "components come with apt",
    "--disable-component-extensions-with-background-pages": "no built-in extension runs",
    "--disable-default-apps": "nothing is installed (H13)",
    "--disable-extensions": "nor loaded, the distribution's own included (H13)",
    "--disable-sync": "no account",
    "--disable-breakpad": "a crash report would be a picture of memory (H14)",
    "--disable-domain-reliability": "no reports to site owners",
    "--disable-search-engine-choice-screen": "there is no search (S3)",
    "--disable-notifications": "nothing appears over the page",
    "--disable-speech-api": "no speech recognition: no microphone is used (H12)",
    "--disable-pinch": "a page cannot be zoomed out of reach",
    "--overscroll-history-navigation=0": "a swipe does not leave the page",
    "--hide-crash-restore-bubble": "no “restore pages?”",
    "--noerrdialogs": "no error windows",
    "--deny-permission-prompts": "a permission that would be asked for is denied",
    # Not user-gesture-required, which for sounds that a script makes means frames of other sites alone.
    "--autoplay-policy=document-user-activation-required": "by a touch, whatever a distribution thinks",
    "--disk-cache-size=67108864": "64 MiB: memory is what the cache costs here",
    "--password-store=basic": "no keyring is looked for",
}

# Chromium's own features, by the names that its field trials use.
FEATURES_OFF = {
    "AutofillServerCommunication": "calls home about forms",
    "DialMediaRouteProvider": "looks for televisions on the network",
    "FedCm": "a window that signs in to a site with an account of another",
    "WebIdentityDigitalCredentials": "a window that asks for an identity card",
    "HttpsUpgrades": "would ask for another address than the one that was decided",
    "HttpsFirstBalancedModeAutoEnable": "would show a warning page of its own",
    "LensOverlay": "a search by picture",
    "MediaRouter": "casting",
    "NetworkTimeServiceQuerying": "asks home for the time",
    "OptimizationHints": "calls home about pages",
    "TouchTextEditingRedesign": "handles and menus on a long press",
    "WaylandOverlayDelegation": "would draw a page on several surfaces, and one is seen (`browser_glass`)",
    "Translate": "a bubble, and a host that reopens the web (S10)",
}


def find(places: Sequence[str] = PLACES) -> Path:
    """The distribution's Chromium. Raises BrowserError if there is none, or only a snap."""
    for place in map(Path, places):
        if place.is_file():
            if _is_snap(place):
                raise BrowserError(
                    f"{place} is a snap, which cannot run inside the kiosk's sandbox.",
                    "Use Debian or Raspberry Pi OS, or install Chromium as a Debian package.",
                )
            return place
    raise BrowserError("Chromium is missing.", "Install it: apt install chromium")


def command_line(program: Path, extra: Sequence[str] = ()) -> list[str]:
    """Chromium and everything it is told. Later switches win over those of the distribution's wrapper."""
    return [str(program), *SWITCHES, f"--disable-features={','.join(FEATURES_OFF)}", *extra]


def _is_snap(place: Path) -> bool:
    """A link into /snap, or Ubuntu's small script that calls the snap."""
    if "snap" in place.resolve().parts:
        return True
    start = place.open("rb").read(4096)
    return start.startswith(b"#!") and b"/snap/bin" in start
