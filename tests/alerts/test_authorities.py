"""H15: the system's authorities and the setting's own are believed, and nobody else."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from kiosk.guardian.authorities import believe
from kiosk.guardian.heartbeat import call
from tests.alerts.test_guardian import Guarded, guarded, switch, until
from tests.alerts.test_heartbeat import serving

__all__ = ["guarded", "switch"]


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def tls_of(authority: trustme.CA) -> ssl.SSLContext:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(tls)
    return tls


@pytest.mark.parametrize("known", [True, False])
def test_an_alert_goes_to_a_server_of_the_settings_own_authority_and_to_no_strangers(
    guarded: Guarded, servers: Any, authority: trustme.CA, known: bool
) -> None:
    server = servers.secured(tls_of(authority))
    file = guarded.folder / "config" / "kiosk.yaml"
    kiosk = yaml.safe_load(file.read_text())
    mail = f"mailtos://localhost:{server.port}/?mode=ssl&from=kiosk@nursery.example&to=slt@nursery.example"
    kiosk["alerts"]["people"][0]["urls"] = [mail]
    pem = guarded.folder / "own.pem"
    (authority if known else trustme.CA()).cert_pem.write_to_path(pem)
    kiosk["network"] = {"ca_certificates": [str(pem)]}
    file.write_text(yaml.safe_dump(kiosk))
    with guarded.start() as control:
        control.ask("press", what="panic")
        until(lambda: control.view is not None and control.view.panic is not None)
        word = "sent" if known else "not_told"
        until(lambda: control.view is not None and control.view.panic.alert == word)  # type: ignore[union-attr]
    assert len(server.mailbox.letters) == known


def test_so_does_a_heartbeat(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, "")
    with serving(tls_of(authority)) as switch:
        url = f"https://127.0.0.1:{switch.port}/x"
        believe("", tmp_path)
        assert call(url) == "SSLError"
        believe(authority.cert_pem.bytes().decode(), tmp_path)
        assert call(url) == ""


def test_the_systems_are_believed_rather_than_a_packages_and_the_settings_beside_them(tmp_path: Path) -> None:
    system = tmp_path / "system.pem"
    system.write_text("SYSTEM")
    environment: dict[str, str] = {}
    believe("", tmp_path, environment, system)
    assert set(environment.values()) == {str(system)}
    believe("OWN", tmp_path, environment, system)
    [both] = set(environment.values())
    assert Path(both).read_text().split() == ["SYSTEM", "OWN"]
    believe("", tmp_path, environment, tmp_path / "none.pem")
    assert environment == {}


def test_an_administrators_own_choice_stays(tmp_path: Path) -> None:
    environment = {"SSL_CERT_FILE": "/srv/ours.pem"}
    believe("OWN", tmp_path, environment)
    assert environment["SSL_CERT_FILE"] == "/srv/ours.pem"
    assert environment["REQUESTS_CA_BUNDLE"] == str(tmp_path / "authorities.pem")
