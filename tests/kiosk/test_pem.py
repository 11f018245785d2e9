"""Authorities as people have them in files: all are read, and what cannot be is said where it stands."""

from __future__ import annotations

import base64
import ssl
from datetime import date
from pathlib import Path

import pytest
import trustme

from allowlist.decision import Policy
from allowlist.document import Problems
from kiosk.config import load as load_config
from kiosk.guardian import settings
from kiosk.guardian.folder import load
from kiosk.guardian.footing import configuration
from kiosk.guardian.pem import BEGIN, certificates, problems
from tests.kiosk.test_config import KIOSK, folder

ONE, OTHER = (trustme.CA().cert_pem.bytes().decode() for _ in range(2))
BAG = "Bag Attributes\n    friendlyName: Schule Süd\nsubject=CN = School\n"


def write(at: Path, name: str, text: str) -> Path:
    (at / name).write_bytes(text.encode("latin-1"))
    return at / name


def test_comments_bundles_and_a_missing_last_line_end_are_no_matter(tmp_path: Path) -> None:
    files = [
        write(tmp_path, "bundle.pem", f"{BAG}{ONE}\n# and\n{BAG}{OTHER}".replace("\n", "\r\n")),
        write(tmp_path, "bare.pem", ONE.rstrip("\n")),
        write(tmp_path, "next.pem", OTHER.rstrip("\n")),
    ]
    assert problems(files) == []
    assert certificates(files) == (ONE, OTHER, ONE, OTHER)
    kiosk = f"{KIOSK}network: {{ca_certificates: [{', '.join(map(str, files))}]}}\n"
    config = load(folder(tmp_path, kiosk)).config
    trusting = ssl.create_default_context(cadata=settings.trust(config))
    assert len([found for found in trusting.get_ca_certs() if "trustme" in str(found)]) == 2
    chromiums = settings.managed_policy(config, Policy(()))["CACertificates"]
    assert chromiums == [
        base64.b64encode(ssl.PEM_cert_to_DER_cert(pem)).decode() for pem in (ONE, OTHER, ONE, OTHER)
    ]


def test_what_cannot_be_read_is_a_problem_of_the_configuration_at_its_line(tmp_path: Path) -> None:
    broken = ONE.replace("\n", "\nAAAA", 1)
    cut_off = "\n".join(ONE.splitlines()[:4])
    files = [
        write(tmp_path, "broken.pem", f"{BAG}{broken}{OTHER}"),
        write(tmp_path, "cut.pem", f"{cut_off}\n{OTHER}"),
        write(tmp_path, "key.pem", "-----BEGIN PRIVATE KEY-----\n"),
        tmp_path / "none.pem",
    ]
    where = folder(tmp_path, f"{KIOSK}network: {{ca_certificates: [{', '.join(map(str, files))}]}}\n")
    with pytest.raises(Problems) as caught:
        load(where)
    told = [(Path(each.file).name, each.line, each.what) for each in caught.value.problems]
    cannot = "The certificate that begins here cannot be read"
    assert told == [
        ("broken.pem", 1 + BAG.count("\n"), cannot),
        ("cut.pem", 1, cannot),
        ("key.pem", 1, "There is no certificate in this file"),
        ("none.pem", 1, "This file cannot be read: No such file or directory"),
    ]
    assert BEGIN in caught.value.problems[2].instead
    # No alert is held back by it: the kiosk stays closed, and believes the others.
    found, lack = configuration(where, tmp_path / "last-good")
    assert lack is not None
    assert "broken.pem, line" in lack.sentence
    assert found.config == load_config(where)
    assert settings.trust(found.config) == OTHER + OTHER
    assert found.sites.policy("nursery", date(2026, 11, 22)) is not None
