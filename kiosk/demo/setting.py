"""The demonstration's nursery: a room, three adults, a list. Nobody in it exists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

import assets
from kiosk.demo.internet import Internet
from kiosk.guardian import clocks
from kiosk.guardian.people import People, hash_badge, hash_pin
from kiosk.guardian.secret import Secret


@dataclass(frozen=True)
class DemoPerson:
    """Someone to try the kiosk as, with the PIN and badge that a real kiosk would never show."""

    id: str
    name: str
    role: str
    pin: str
    badge: str

    def facts(self) -> dict[str, str]:
        """For an outside observer."""
        return {"name": self.name, "role": self.role, "pin": self.pin, "badge": self.badge}


PEOPLE = (
    DemoPerson("m.ali", "Ms Ali", "staff", "248613", "demo-staff"),
    DemoPerson("t.harvey", "Mr Harvey", "ict", "597382", "demo-ict"),
    DemoPerson("a.khan", "Mrs Khan", "slt", "806429", "demo-slt"),
)


def known(people: People) -> tuple[DemoPerson, ...]:
    """Those of the demonstration whom a kiosk with these people would recognise."""
    return tuple(person for person in PEOPLE if people.by_badge(person.badge) is not None)


def write(folder: Path, internet: Internet) -> Path:
    """Write the demonstration's configuration; its folder. The key of its PINs goes to `folder`/state."""
    config = folder / "config"
    config.mkdir(mode=0o700)
    _dump(config / "kiosk.yaml", _kiosk(internet))
    _dump(config / "people.yaml", _people(Secret.load(folder / "state" / "key")))
    builtin = yaml.load(assets.path("allowlist", "builtin.yaml").read_text(), yaml.BaseLoader)  # noqa: S506
    sites = [*(site | {"checked": _checked()} for site in builtin["sites"][:5]), _pond(internet)]
    _dump(config / "allowlist.yaml", {"sites": sites})
    return config


def _kiosk(internet: Internet) -> dict[str, Any]:
    mail = f"mailto://127.0.0.1:{internet.mail_port}/?from=kiosk@nursery.example&to=slt@nursery.example"
    return {
        "device": "kiosk-1",
        "room": "Rainbow room",
        "network": {
            "dns": {"server": "127.0.0.1", "port": internet.dns_port},
            "private_addresses": "allow",
            "ca_certificates": [str(internet.authority)],
        },
        "alerts": {"people": [{"name": "Mrs Khan", "urls": [f"{mail}&mode=insecure"]}]},
        "contacts": [{"name": "Local authority duty desk", "phone": "01234 567890"}],
    }


def _people(secret: Secret) -> dict[str, Any]:
    today = clocks.today().isoformat()
    return {
        "people": [
            {
                "id": person.id,
                "name": person.name,
                "role": person.role,
                "pin": hash_pin(person.pin, secret),
                "badges": [hash_badge(person.badge, secret)],
                "aua": {"version": "1", "on": today},
            }
            for person in PEOPLE
        ]
    }


def _pond(internet: Internet) -> dict[str, Any]:
    return {
        "id": "pond",
        "title": "Pond",
        "say": "The duck pond",
        "picture": "duck.svg",
        "start": f"{internet.pond}/",
        "pages": [f"{internet.pond}/"],
        "levels": ["nursery"],
        "status": "approved",
        "checked": _checked(),
    }


def _checked() -> dict[str, str]:
    """Checked today, so that the demonstration works in any year."""
    today = clocks.today()
    until = today + timedelta(days=364)
    return {
        "by": "t.harvey",
        "role": "ict",
        "on": today.isoformat(),
        "until": until.isoformat(),
        "reason": "For the demonstration",
    }


def _dump(file: Path, data: dict[str, Any]) -> None:
    file.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True))
    file.chmod(0o600)
