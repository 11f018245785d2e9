"""`kiosk log`: the records as lines, or word for word; `kiosk log verify`: are they as written (H17)?"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from kiosk.commands.reading import add_state, clock, moment_of, quoted, records, say
from kiosk.guardian.log import Entry, Head, Log
from kiosk.guardian.records import timestamp


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`log` and `log verify`."""
    log = commands.add_parser("log", help="what the kiosk wrote down")
    log.add_argument("--since", type=moment_of, metavar="DAY", help="only from that day or moment on")
    log.add_argument("--kind", help="only records of one kind, e.g. panic")
    log.add_argument("--json", action="store_true", help="one JSON object a line, word for word")
    add_state(log)
    log.set_defaults(run=_log)
    inner = log.add_subparsers(metavar="verify")
    verify = inner.add_parser("verify", help="whether nothing was changed, removed or put in")
    verify.add_argument(
        "--known", type=_head, metavar="N:SEAL", help="a seal noted elsewhere, as alerts and reports carry it"
    )
    add_state(verify, inner=True)
    verify.set_defaults(run=_verify)


def _log(chosen: argparse.Namespace) -> int:
    with records(chosen.state) as store:
        for entry in Log(store).entries(chosen.since, chosen.kind):
            say(_exactly(entry) if chosen.json else _line(entry))
    return 0


def _verify(chosen: argparse.Namespace) -> int:
    with records(chosen.state) as store:
        found = Log(store).verify(chosen.known)
        say(found.sentence)
        if found.ok:
            head = Log(store).head()
            say(f"The last one: {head.serial}:{head.seal}")
    return 0 if found.ok else 1


def _line(entry: Entry) -> str:
    detail = " ".join(f"{key}={quoted(value)}" for key, value in entry.detail.items())
    return f"{entry.serial:>6}  {clock(entry.at)}  {entry.kind:<16} {entry.person:<10} {detail}".rstrip()


def _exactly(entry: Entry) -> str:
    return json.dumps({**asdict(entry), "at": timestamp(entry.at)})


def _head(text: str) -> Head:
    serial, _, seal = text.partition(":")
    if not serial.isdigit() or len(seal) < 16 or not set(seal.lower()) <= set("0123456789abcdef"):
        raise argparse.ArgumentTypeError(f"“{text}” is no seal. Copy it whole from the alert: 123:9f3a…")
    return Head(int(serial), seal.lower())
