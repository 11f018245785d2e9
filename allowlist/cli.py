"""The list and the door on the command line: asked, printed, run alone. `kiosk` mounts these.

Answers go to standard output, one JSON object a line, in ASCII whatever was asked; what went wrong goes to
standard error as sentences, and the exit status is 1. Whoever has read enough may hang up.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType

from allowlist.chromium import managed_policy
from allowlist.decision import Allowlist, Policy
from allowlist.document import Problems
from allowlist.door import DEFAULT_LEVEL, Door, DoorSettings, Refusal
from allowlist.resolver import Upstream

DEFAULT_LIST = Path("/etc/kiosk/allowlist.yaml")
LONGEST_LINE = 1024 * 1024  # bytes; the rest of a longer one is read past


def add_arguments(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    read_settings: Callable[[Path], DoorSettings] | None = None,
    ours: Mapping[str, Path] = MappingProxyType({}),
) -> None:
    """Mount `allowlist` and `door`; each sets `run`, a function of the parsed arguments that returns the
    exit status. `read_settings`: what the configuration in a folder says; without it the door has no
    `--config`. `ours`: lists that come with the product, each a switch of `list`.
    """
    group = subparsers.add_parser("allowlist", help="what a child may see, and why")
    commands = group.add_subparsers(required=True, metavar="COMMAND")
    test = commands.add_parser("test", help="decide on URLs: one JSON object per URL and line")
    test.add_argument("urls", nargs="*", metavar="URL", help="an address; - reads them line by line")
    test.set_defaults(run=partial(_until_nobody_reads, _test))
    policy = commands.add_parser("policy", help="print the policy that Chromium is given")
    policy.set_defaults(run=partial(_until_nobody_reads, _policy))
    listed = commands.add_parser("list", help="print every site with its state, in the list's order")
    listed.set_defaults(run=partial(_until_nobody_reads, _list), ours=None)
    which = listed.add_mutually_exclusive_group()
    for name, file in ours.items():
        words = f"print our own {name} list as it is written, to copy from"
        which.add_argument(f"--{name}", action="store_const", const=file, dest="ours", help=words)
    door = subparsers.add_parser("door", help="run the door alone, for trying a list")
    door.add_argument("--listen", type=_host_port, default=("127.0.0.1", 3128), metavar="HOST:PORT")
    door.add_argument("--dns", type=_host_port, metavar="SERVER:PORT", help="default: this machine's")
    if read_settings is not None:
        door.add_argument("--config", type=Path, metavar="DIR", help="a configuration to run it with")
    door.add_argument("--private-addresses", choices=("refuse", "allow"))
    door.add_argument("--upstream-proxy", metavar="URL", help="the setting's own proxy")
    door.add_argument("--builtin", type=Path, metavar="DIR", help="the built-in site's folder")
    door.set_defaults(run=_door, read_settings=read_settings, config=None)
    for each in (test, policy, listed, door):
        each.add_argument("--list", type=Path, metavar="FILE", dest="file", help=f"default: {DEFAULT_LIST}")
        each.add_argument("--level", help=f"default: {DEFAULT_LEVEL}")
        each.add_argument("--date", type=date.fromisoformat, metavar="YEAR-MONTH-DAY", help="default: today")


def _host_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"“{text}” is not HOST:PORT, as in 127.0.0.1:3128")
    return host.strip("[]"), int(port)


def _day(args: argparse.Namespace) -> date:
    given: date | None = args.date
    return given or datetime.now().astimezone().date()  # of the setting's own calendar


def _until_nobody_reads(run: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    """As `head` ends what is written to it: that is no mistake, and nothing is said of it."""
    try:
        return run(args)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python still has to write
        return 0


def _read(args: argparse.Namespace) -> Allowlist | None:
    try:
        return Allowlist.read(args.file or DEFAULT_LIST)
    except Problems as problems:
        sys.stderr.write(f"{problems}\n")
        return None


def _test(args: argparse.Namespace) -> int:
    read = _read(args)
    if read is None:
        return 1
    if sys.stdin is None and "-" in (args.urls or ["-"]):
        sys.stderr.write("There is nothing to read: standard input is closed. Name the addresses.\n")
        return 1
    policy = read.policy(args.level or DEFAULT_LEVEL, _day(args))
    for url in _lines(args.urls):
        _write(_answer(policy, url))
    return 0


def _lines(urls: Iterable[str]) -> Iterable[str]:
    for url in urls or ("-",):
        if url == "-":
            yield from _given()
        else:
            yield url


def _given() -> Iterator[str]:
    """The lines of standard input, whatever bytes they hold, each as soon as it is there."""
    while line := sys.stdin.buffer.readline(LONGEST_LINE):
        more = line
        while more and not more.endswith(b"\n"):
            more = sys.stdin.buffer.readline(LONGEST_LINE)
        yield line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")


def _answer(policy: Policy, url: str) -> dict[str, object]:
    page, host = policy.page(url), policy.host_of(url)  # the gate's answer, and the door's
    return {
        "url": url,
        "page": page.ok,
        "host": host.ok,
        "site": page.site or host.site,
        "why": page.why,
    }


def _policy(args: argparse.Namespace) -> int:
    read = _read(args)
    if read is None:
        return 1
    compiled = managed_policy(read.policy(args.level or DEFAULT_LEVEL, _day(args)))
    _say(json.dumps(compiled, indent=2, sort_keys=True))
    return 0


def _list(args: argparse.Namespace) -> int:
    if args.ours is not None:
        _say(args.ours.read_text().rstrip("\n"))
        return 0
    read = _read(args)
    if read is None:
        return 1
    for site in read.sites:
        _write(
            {
                "id": site.id,
                "title": site.title,
                "status": site.status,
                "levels": site.levels,
                "start": site.start,
                "until": site.checked.until.isoformat() if site.checked else None,
                "counts": site.counts(args.level or DEFAULT_LEVEL, _day(args)),
            }
        )
    return 0


def _door(args: argparse.Namespace) -> int:
    settings = DoorSettings()
    if args.config is not None:
        settings = args.read_settings(args.config)
        args.file = args.file or args.config / DEFAULT_LIST.name
    read = _read(args)
    if read is None:
        return 1
    settings = replace(
        settings,
        upstreams=(Upstream(*args.dns),) if args.dns else settings.upstreams,
        private_addresses=args.private_addresses or settings.private_addresses,
        upstream_proxy=args.upstream_proxy or settings.upstream_proxy,
        builtin=args.builtin or settings.builtin,
    )
    door = settings.door(read.policy(args.level or settings.level, _day(args)), _tell)
    try:
        asyncio.run(_serve(door, args.listen))
    except OSError as error:
        sys.stderr.write(f"The door cannot listen there: {error.strerror}. Choose another --listen.\n")
        return 1
    except KeyboardInterrupt:
        pass
    return 0


async def _serve(door: Door, at: tuple[str, int]) -> None:
    family = socket.AF_INET6 if ":" in at[0] else socket.AF_INET
    listener = socket.create_server(at, family=family, backlog=128)
    host, port = listener.getsockname()[:2]
    _write({"listening": f"{host}:{port}"})
    try:
        await door.serve(listener)
    finally:
        await door.close()


def _tell(refusal: Refusal) -> None:
    _write(
        {
            "refused": refusal.host,
            "port": refusal.port,
            "url": refusal.url,
            "kind": refusal.kind,
            "why": refusal.why,
        }
    )


def _write(answer: dict[str, object]) -> None:
    _say(json.dumps(answer, default=str))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
