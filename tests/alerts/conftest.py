"""The records' real file and real mail servers, for alerts."""

from __future__ import annotations

from tests.store.conftest import now, path, servers, store

__all__ = ["now", "path", "servers", "store"]
