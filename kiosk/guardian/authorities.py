"""Whose certificates alerts and heartbeats believe: the system's authorities, and the setting's own (H15).

The system's, because apt keeps them current for as long as the kiosk stands, which nobody does with those
that came with a Python package. The setting's own, because a filter that looks into TLS signs with one.
Whoever is believed is added to; nothing here, or anywhere, switches the check off.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path

SYSTEM = Path("/etc/ssl/certs/ca-certificates.crt")
"""Debian's ca-certificates, as update-ca-certificates(8) writes it."""


def believe(
    own: str, folder: Path, environment: MutableMapping[str, str] = os.environ, system: Path = SYSTEM
) -> None:
    """Make this process's TLS believe them, from now on. `own`: PEM; both together are kept in `folder`.

    An administrator's own choice in the environment stays. Raises OSError if `folder` cannot be written.
    """
    both = folder / "authorities.pem"
    if own:
        both.write_text(f"{system.read_text() if system.exists() else ''}\n{own}")
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):  # OpenSSL's, for mail; and for all that is HTTPS
        if environment.get(name, "") not in ("", str(system), str(both)):
            continue
        if own or system.exists():
            environment[name] = str(both if own else system)
        else:
            environment.pop(name, None)
