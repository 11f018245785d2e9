"""How moments and texts are written in every record: moments in UTC, texts of a bounded length."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

LONGEST_TEXT = 2000  # characters; a hostile page must not fill the disk by way of its addresses


def timestamp(at: datetime) -> str:
    """A moment as fixed-width UTC text, which sorts as time does. ValueError for one without a zone."""
    if at.tzinfo is None:
        raise ValueError("A moment in the records needs its time zone.")
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """The moment that `timestamp` wrote."""
    return datetime.fromisoformat(text)


def shortened(value: Any) -> Any:
    """`value` with every text in it cut to LONGEST_TEXT characters."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else value[: LONGEST_TEXT - 1] + "…"
    if isinstance(value, dict):
        return {key: shortened(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [shortened(inner) for inner in value]
    return value
