"""The kiosk's own key: PINs and badges are useless to whoever has people.yaml without it.

It is made once, at the first start, and never leaves the machine. Losing it means that every PIN and badge
must be set again.
"""

from __future__ import annotations

import hmac
import os
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from kiosk.errors import StoreError

_BYTES = 32


@dataclass(frozen=True)
class Secret:
    """The key. `made` says that it is new, so that PINs and badges set before cannot work."""

    key: bytes = field(repr=False)
    made: bool = False

    @classmethod
    def load(cls, path: Path) -> Secret:
        """The key in `path`, made if there is none; readable by its owner alone.

        Raises StoreError if it cannot be read or made, is not whole, or others could have read it.
        """
        try:
            made = not path.exists() and _make(path)
            others = path.stat().st_mode & 0o077
            key = path.read_bytes()
        except OSError as error:
            raise StoreError(
                f"The key file {path} cannot be used: {error.strerror}.",
                "Check the folder and its owner, and that the disk is not full.",
            ) from error
        if others:
            raise StoreError(
                f"Others on this machine can read the key file {path}.",
                "Close it with `chmod 600`; if somebody may have read it, delete it and set every PIN anew.",
            )
        if len(key) != _BYTES:
            raise StoreError(
                f"The key file {path} is damaged.",
                "Put it back from a backup, or delete it and set every PIN and badge again.",
            )
        return cls(key, made)

    def tag(self, purpose: str, value: str) -> bytes:
        """HMAC-SHA256 of `value`, separate for each purpose; 32 bytes."""
        text = f"{purpose}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.digest(self.key, text, "sha256")


def _make(path: Path) -> bool:
    """Write a new key whole, then give it its name. False if another process did so first: its key stays."""
    handle, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.absolute().parent)  # 0600 from the start
    draft = Path(name)
    try:
        with open(handle, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return False
    finally:
        draft.unlink()
    folder = os.open(path.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True
