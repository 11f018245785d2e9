"""What the commands share: where the records are, how a day is written, how a line is made safe to read."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, time
from pathlib import Path

from kiosk.guardian.alerts import plain
from kiosk.guardian.store import Store

STATE = Path("/var/lib/kiosk")
SOCKET = Path("/run/kiosk/guardian.sock")


def add_state(parser: argparse.ArgumentParser, *, inner: bool = False) -> None:
    """`--state DIR`. An inner parser leaves the outer one's answer alone."""
    default = argparse.SUPPRESS if inner else STATE
    parser.add_argument("--state", type=Path, metavar="DIR", default=default, help="where the records are")


@contextmanager
def records(state: Path) -> Iterator[Store]:
    """The records for reading, also while the guardian writes them. Raises StoreError."""
    with closing(Store.reading(state / "kiosk.db")) as store:
        yield store


def moment_of(text: str) -> datetime:
    """A day (`2026-11-22`, from midnight) or a moment (`2026-11-22T10:42`), in the machine's own zone."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"“{text}” is no day. Write 2026-11-22 or 2026-11-22T10:42"
        ) from None
    return at.astimezone()


def midnight(at: datetime) -> datetime:
    """The beginning of the day of `at`."""
    return datetime.combine(at.astimezone().date(), time()).astimezone()


def clock(at: datetime) -> str:
    """A moment as it is listed, in the machine's own zone."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def say(text: str = "") -> None:
    """One line, without anything that a terminal or a mail program would act upon."""
    print(text, flush=True)  # noqa: T201


def quoted(value: object) -> str:
    """A detail of a record. A hostile page chose some of them: addresses are made harmless."""
    text = plain(str(value))
    return f"“{text}”" if " " in text or not text else text
