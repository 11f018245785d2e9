"""From the configuration's words to what each part wants: data in, data out."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable
from datetime import timedelta

import assets
from allowlist.chromium import managed_policy as compile_policy
from allowlist.decision import Policy
from allowlist.door import DoorSettings
from allowlist.resolver import Resolver, Transport, Upstream
from hardware.panel import HardwareSettings
from hardware.press import Trip
from hardware.wiring import ButtonSettings, Cause, Wiring
from kiosk.config import Config
from kiosk.guardian import pem
from kiosk.guardian.filtercheck import FilterCheck, Finding
from kiosk.guardian.paths import PathTo
from kiosk.guardian.proof import Drills
from kiosk.guardian.recordings import recording
from kiosk.guardian.safekeeping import Place
from kiosk.guardian.views import FILTER, STEPS, Setting
from kiosk.protocol import Line, Tile
from kiosk.state import Timing

WIRINGS = {
    "normally_closed": Wiring.NORMALLY_CLOSED,
    "normally_open": Wiring.NORMALLY_OPEN,
    "both": Wiring.TWO_CONTACTS,
}
TRANSPORTS = {"udp": Transport.UDP, "dot": Transport.TLS, "doh": Transport.HTTPS}
CAUSES = {Cause.BUTTON: "by the red button", Cause.WIRE: "by a broken wire of the red button"}
MOST_TILES = 6  # one page of tiles, never a second (CHILD_UI, grid)


def timing(config: Config) -> Timing:
    """The lengths of time of a session."""
    return Timing(sun=config.session.sun_minutes * 60, presence_every=config.presence.every_minutes * 60)


def setting(config: Config, policy: Policy) -> Setting:
    """What the views say of this kiosk."""
    checked = config.network.filter is not None or config.network.require_upstream_filter
    shown = policy.sites[:MOST_TILES]
    tiles = tuple(Tile(s.id, s.title, s.picture, recording(s.say)) for s in shown)
    return Setting(
        tiles=tiles,
        next=config.session.next,
        contacts=_contacts(config),
        titles={site.id: site.title for site in policy.sites},
        device=config.device,
        about=(Line(f"{config.device}, {config.room}", f"Level: {config.level}"),),
        steps=STEPS if checked else tuple(step for step in STEPS if step != FILTER),
    )


def drills(config: Config) -> Drills:
    """How often the button is to be tested."""
    days = config.panic
    return Drills(timedelta(days=days.test_every), timedelta(days=days.refuse_after))


def place(config: Config) -> Place:
    """What alerts say, and to whom they go."""
    people = config.alerts.people
    return Place(
        room=f"{config.room} ({config.device})",
        paths=tuple(PathTo(person.name, url.get_secret_value()) for person in people for url in person.urls),
        contacts=_contacts(config),
        page_address=config.alerts.page_address,
        escalate_after=config.alerts.escalate_after,
    )


def _contacts(config: Config) -> tuple[str, ...]:
    return tuple(f"{contact.name} {contact.phone}" for contact in config.contacts)


def button(config: Config) -> ButtonSettings:
    """The red button's wiring. Raises SettingsError."""
    pins = config.hardware
    return ButtonSettings(pins.panic_pin, WIRINGS[pins.panic_wiring], pins.panic_second_pin)


def hardware(config: Config) -> HardwareSettings:
    """The wiring. Raises SettingsError."""
    pins = config.hardware
    return HardwareSettings(
        button=button(config),
        lamp=(pins.lamp_pin,),
        sounder=pins.sounder_pin,
    )


def upstreams(config: Config) -> tuple[Upstream, ...]:
    """The setting's resolvers in their order, or none: the system's."""
    written = (config.network.dns, config.network.dns_second)
    return tuple(
        Upstream(dns.server, dns.port or 0, TRANSPORTS[dns.transport], dns.hostname, dns.path)
        for dns in written
        if dns is not None
    )


def trust(config: Config) -> str:
    """The setting's own authorities, PEM: its resolver's certificate may be of one of them. What cannot be
    read was said when the folder was loaded."""
    return "".join(pem.certificates(config.network.ca_certificates))


def door_settings(config: Config) -> DoorSettings:
    """What the door has to know."""
    network = config.network
    return DoorSettings(
        level=config.level,
        upstreams=upstreams(config),
        trust=trust(config),
        private_addresses=network.private_addresses,
        upstream_proxy=network.upstream_proxy,
        builtin=assets.path("site"),
    )


def filter_check(
    config: Config, tell: Callable[[Finding], None] = lambda _: None, names: Resolver | None = None
) -> FilterCheck:
    """A check of the setting's filter, for one opening (H21)."""
    return FilterCheck(config.network, upstreams(config), trust(config), tell, names=names)


def managed_policy(config: Config, policy: Policy) -> dict[str, object]:
    """Chromium's policy, with the setting's own authorities in it."""
    authorities = [
        base64.b64encode(ssl.PEM_cert_to_DER_cert(each)).decode()
        for each in pem.certificates(config.network.ca_certificates)
    ]
    return compile_policy(policy, authorities)


def cause(trip: Trip) -> str:
    """Why it tripped, in the words of the panic screen and the alert."""
    return CAUSES[trip.cause]
