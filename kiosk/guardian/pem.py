"""Certificates out of PEM files as people have them: with comments and bag attributes, several in one file,
without a last line's end. What cannot be read is said with its file and line.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from allowlist.document import Problem

BEGIN, END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def certificates(files: Iterable[Path]) -> tuple[str, ...]:
    """Every certificate that can be read, PEM, with nothing around it."""
    return tuple(found for file in files for found in _found(file) if isinstance(found, str))


def problems(files: Iterable[Path]) -> list[Problem]:
    """What cannot."""
    return [found for file in files for found in _found(file) if isinstance(found, Problem)]


def _found(file: Path) -> Iterator[str | Problem]:
    try:
        lines = file.read_bytes().decode(errors="replace").splitlines()
    except OSError as error:
        yield Problem(str(file), 1, f"This file cannot be read: {error.strerror}", "Put it there, readable.")
        return
    begins = [number for number, line in enumerate(lines) if line.strip() == BEGIN]
    if not begins:
        todo = f"In PEM it has a line “{BEGIN}”; from DER: openssl x509 -inform der -in FILE"
        yield Problem(str(file), 1, "There is no certificate in this file", todo)
    for first, after in pairwise([*begins, len(lines)]):
        ends = [number for number in range(first, after) if lines[number].strip() == END]
        read = _clean("\n".join(lines[first : ends[0] + 1])) if ends else ""
        yield read or Problem(
            str(file), first + 1, "The certificate that begins here cannot be read", "Fetch it again, whole."
        )


def _clean(text: str) -> str:
    """The certificate alone, or "" if OpenSSL does not take it for one."""
    try:
        pem = ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(text))
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ValueError, ssl.SSLError):
        return ""
    return pem
