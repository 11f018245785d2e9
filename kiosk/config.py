"""kiosk.yaml: what this kiosk is, where it stands and whom it tells.

Every key has a description and an example; the README's table is made from them. All problems of a file are
reported at once, with file and line (`allowlist.document`), and a guardian with a bad configuration stays
closed (invariant 1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, SecretStr, model_validator

from allowlist.document import Strict, Where, Wrong, read
from allowlist.upstream import ThroughProxy
from allowlist.urls import Refused, read_url
from kiosk.guardian import addresses


def _address(value: str) -> str:
    try:
        return str(ip_address(value))
    except ValueError:
        raise Wrong(f"“{value}” is not an address", "Write numbers, as in 192.0.2.53.") from None


def _host(value: str) -> str:
    if set("/:?#@\\") & set(value):
        raise Wrong(f"“{value}” is more than a name", "Write the name alone, as in farm.example.")
    try:
        return read_url(f"https://{value}/").host
    except Refused as refused:
        raise Wrong(f"“{value}” {refused}", "Write a full name, as in farm.example.") from None


def _proxy(value: str) -> str:
    try:
        ThroughProxy.check(value) if value else None
    except ValueError as error:
        raise Wrong(f"“{value}” is not a proxy", "Write host:port, as in proxy.example:8080.") from error
    return value


def _alert_address(value: SecretStr) -> SecretStr:
    addresses.check(value.get_secret_value())
    return value


def _heartbeat_address(value: SecretStr) -> SecretStr:
    addresses.check_heartbeat(value.get_secret_value())
    return value


Address = Annotated[str, AfterValidator(_address)]
Host = Annotated[str, AfterValidator(_host)]
Words = Annotated[str, Field(min_length=1, max_length=80)]
Pin = Annotated[int, Field(ge=2, le=27)]


class Timings(Strict):
    """How long things take. One sun is one fixed length, every time, so that a child learns what a sun is."""

    sun_minutes: int = Field(10, ge=1, le=30, description="Length of one sun, in minutes.", examples=["10"])
    next: Literal["garden", "snack", "story", "blocks"] = Field(
        "garden", description="The picture of what comes next.", examples=["garden"]
    )


class Presence(Strict):
    """How often the adult is asked to show that they are still there (H1)."""

    every_minutes: int = Field(5, ge=1, le=15, description="Minutes between two questions.", examples=["5"])


class Dns(Strict):
    """The setting's own resolver, which filters (H21)."""

    server: Address = Field(description="Its address, in numbers.", examples=["192.0.2.53"])
    port: int | None = Field(
        None, ge=1, le=65535, description="Its port, if not 53, 853 (dot) or 443 (doh).", examples=["53"]
    )
    transport: Literal["udp", "dot", "doh"] = Field(
        "udp",
        description="Plain (udp, with tcp where needed), DNS over TLS, or DNS over HTTPS.",
        examples=["udp"],
    )
    hostname: Host | Literal[""] = Field(
        "",
        description="The name on its certificate (dot, doh), if that is not its address.",
        examples=["filter.example"],
    )
    path: str = Field(
        "/dns-query", pattern="^/[!-~]*$", description="Where doh is asked.", examples=["/dns-query"]
    )


class UpstreamFilter(Strict):
    """How to tell that the setting's own filter is in the path (H21)."""

    refused: tuple[Host, ...] = Field(
        min_length=1,
        max_length=8,
        description="Names of real https sites that the filter refuses: its maker has some for testing.",
        examples=["[blocked.filter.example]"],
    )
    allowed: tuple[Host, ...] = Field(
        min_length=1,
        max_length=8,
        description="Names of https sites that it allows; without an answer for them nothing is known.",
        examples=["[www.example.org]"],
    )
    blocked_answers: tuple[Address, ...] = Field(
        (),
        max_length=32,
        description="Addresses of its block page. No such name, 0.0.0.0 and :: are understood without.",
        examples=["[192.0.2.80]"],
    )


class Network(Strict):
    """The one way out."""

    dns: Dns | None = Field(None, description="The resolver; without it, the system's own.", examples=["{…}"])
    dns_second: Dns | None = Field(
        None, description="A second one, asked when the first gives no answer.", examples=["{…}"]
    )
    private_addresses: Literal["refuse", "allow"] = Field(
        "refuse", description="Whether a listed host may lie on a private address.", examples=["refuse"]
    )
    upstream_proxy: Annotated[str, AfterValidator(_proxy)] = Field(
        "",
        description="The setting's own proxy, host:port, if there is one: for pages, alerts by HTTPS and the "
        "heartbeat. Mail cannot take it.",
        examples=["proxy.example:8080"],
    )
    ca_certificates: tuple[Path, ...] = Field(
        (),
        description="PEM files of authorities to trust besides the public ones, for browser and alerts.",
        examples=["[]"],
    )
    filter: UpstreamFilter | None = Field(
        None, description="How to tell that the setting's filter is in the path.", examples=["{…}"]
    )
    require_upstream_filter: bool = Field(
        False, description="Whether a session needs that filter to be in the path.", examples=["true"]
    )


class Screen(Strict):
    """The panel, in millimetres, measured with a ruler: everything on it is laid out in millimetres."""

    width_mm: int = Field(217, ge=100, le=1200, description="Width of the picture, in mm.", examples=["217"])
    height_mm: int = Field(136, ge=60, le=800, description="Height of the picture, in mm.", examples=["136"])


class Hardware(Strict):
    """What is wired where, by BCM numbers."""

    panic_pin: Pin = Field(17, description="The panic button's input.", examples=["17"])
    panic_wiring: Literal["normally_closed", "normally_open", "both"] = Field(
        "normally_closed",
        description="normally_closed: a cut wire is a press. both: a second contact tells press from fault.",
        examples=["normally_closed"],
    )
    panic_second_pin: Pin = Field(27, description="The normally open contact, for both.", examples=["27"])
    lamp_pin: Pin = Field(22, description="The lamp that shows that the button is armed.", examples=["22"])
    sounder_pin: Pin = Field(23, description="The sounder.", examples=["23"])


class Panic(Strict):
    """How often the button is to be tested (H3): pressed, let go, and reset by SLT."""

    test_every: int = Field(7, ge=1, le=31, description="Days between two tests.", examples=["7"])
    refuse_after: int = Field(
        14,
        ge=1,
        le=62,
        description="Days after which there is no session; between the two, a line on the locked screen. "
        "Before the first test there is no session either way.",
        examples=["14"],
    )

    @model_validator(mode="after")
    def _in_order(self) -> Panic:
        if self.refuse_after < self.test_every:
            what = f"“refuse_after” ({self.refuse_after}) is less than “test_every” ({self.test_every})"
            raise Wrong(what, "Refuse as late as the test is due, or later.")
        return self


class AlertPerson(Strict):
    """One designated person (H18), and the Apprise URLs that reach them: secrets, shown to no one."""

    name: Words = Field(description="The name on the panic screen.", examples=["Mrs Khan"])
    urls: tuple[Annotated[SecretStr, AfterValidator(_alert_address)], ...] = Field(
        min_length=1, description="Apprise URLs, the surest first.", examples=["[mailtos://…]"]
    )


class Heartbeat(Strict):
    """A dead man's switch: a service that raises the alarm when it no longer hears from this kiosk."""

    url: Annotated[SecretStr, AfterValidator(_heartbeat_address)] = Field(
        description="What to call; with /fail behind it while something is wrong (Healthchecks' way).",
        examples=["https://ping.example/5e1f…"],
    )
    every_minutes: int = Field(5, ge=1, le=1440, description="Minutes between two calls.", examples=["5"])
    wake_wifi: bool = Field(
        False,
        description="Where Wi-Fi is the only way: switch it on for each call, half a minute at most, never "
        "beside a session or a panic; its minutes are in the report (H5). Else calls go out in sessions.",
        examples=["true"],
    )


class Alerts(Strict):
    """Whom to tell, in order (H16, H18)."""

    people: tuple[AlertPerson, ...] = Field(
        min_length=1, description="The safeguarding people, in order.", examples=["[…]"]
    )
    escalate_after: int = Field(
        60,
        ge=0,
        le=3600,
        description="Seconds until the next person is told too, if nobody took the alert; 0: all at once.",
        examples=["60"],
    )
    heartbeat: Heartbeat | None = Field(
        None, description="A dead man's switch; without it, none.", examples=["{…}"]
    )
    window: int = Field(
        10,
        ge=3,
        le=60,
        description="Seconds that Wi-Fi stays on for an alert where it is the only way; next time longer, "
        "up to 60 s, where it did not find its network in time.",
        examples=["10"],
    )
    page_address: bool = Field(
        True, description="Whether an alert names the page, its address made harmless.", examples=["true"]
    )


class Contact(Strict):
    """Someone to call next (S9)."""

    name: Words = Field(description="Who.", examples=["Local authority duty desk"])
    phone: Words = Field(description="Their telephone number.", examples=["01234 567890"])


class Agreement(Strict):
    """The acceptable-use agreement in force (H20)."""

    version: Words = Field("1", description="Change it with its text; all then sign anew.", examples=["1"])


class Config(Strict):
    """kiosk.yaml."""

    device: Words = Field(description="The kiosk's name in log and alerts.", examples=["kiosk-1"])
    room: Words = Field(description="Where it stands.", examples=["Rainbow room"])
    level: Words = Field("nursery", description="The level of its sessions (H6).", examples=["nursery"])
    session: Timings = Field(Timings(), description="Lengths of time.", examples=["{…}"])
    presence: Presence = Field(Presence(), description="The presence check.", examples=["{…}"])
    network: Network = Field(Network(), description="The way out.", examples=["{…}"])
    screen: Screen = Field(Screen(), description="The panel.", examples=["{…}"])
    hardware: Hardware = Field(Hardware(), description="The wiring.", examples=["{…}"])
    panic: Panic = Field(Panic(), description="The button's tests.", examples=["{…}"])
    alerts: Alerts = Field(description="Whom to tell.", examples=["{…}"])
    contacts: tuple[Contact, ...] = Field((), description="Whom to call next.", examples=["[…]"])
    agreement: Agreement = Field(Agreement(), description="The agreement that adults sign.", examples=["{…}"])

    @classmethod
    def cross_check(cls, raw: Mapping[str, Any]) -> Iterator[tuple[Where, Wrong]]:
        """Each person once, and each address once: twice the same mail is taken for two alerts."""
        seen: dict[tuple[str, str], Where] = {}
        for kind, where, value in _alerted(raw):
            if (kind, value) in seen:
                words = f"“{value}” is here twice" if kind == "name" else "This address is here twice"
                yield where, Wrong(words, "Keep one; one person may have several addresses.")
            seen[kind, value] = where


def _alerted(raw: Mapping[str, Any]) -> Iterator[tuple[str, Where, str]]:
    """Every name and address under alerts.people, with where it stands; what has another shape is left to
    the model.
    """
    alerts = raw.get("alerts")
    people = alerts.get("people") if isinstance(alerts, dict) else None
    for place, person in enumerate(people if isinstance(people, list) else ()):
        if not isinstance(person, dict):
            continue
        where: Where = ("alerts", "people", place)
        if isinstance(name := person.get("name"), str):
            yield "name", (*where, "name"), name
        urls = person.get("urls")
        for each, url in enumerate(urls if isinstance(urls, list) else ()):
            if isinstance(url, str):
                yield "url", (*where, "urls", each), url


def load(folder: Path) -> Config:
    """The configuration in `folder`/kiosk.yaml. Raises allowlist.document.Problems, all of them at once."""
    return read(folder / "kiosk.yaml", Config)


def table() -> str:
    """Every key as a Markdown table, for the README; a test compares them."""
    rows = ["| key | what it is | without it | example |", "|---|---|---|---|"]
    return "\n".join([*rows, *_rows(Config, "")])


def _rows(model: type[Strict], prefix: str) -> Iterator[str]:
    for name, key in model.model_fields.items():
        inner = _inner(key.annotation)
        default = "needed" if key.is_required() else _written(key.default)
        example = (key.examples or [""])[0]
        if inner is None:
            yield f"| `{prefix}{name}` | {key.description} | {default} | `{example}` |"
        else:
            yield from _rows(inner, f"{prefix}{name}.")


def _inner(annotation: Any) -> type[Strict] | None:
    """The model inside an annotation, also of a list's items or of what may be left out."""
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        return annotation
    return next((found for part in get_args(annotation) if (found := _inner(part))), None)


def _written(default: object) -> str:
    if default is None or default in ("", ()):
        return "none"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"
