"""`python -m kiosk.guardian`: the service. Puts the parts together; without one of them it stays closed until
that can be had (`footing`).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import pwd
import resource
import signal
import sys
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from allowlist.door import Kind, Refusal
from hardware.errors import HardwareError
from hardware.press import Trip
from kiosk import events as on
from kiosk.config import Config
from kiosk.errors import KioskError
from kiosk.guardian import authorities, byproxy, clocks, filtercheck, footing, settings
from kiosk.guardian.answering import may_answer
from kiosk.guardian.browser import BrowserSettings
from kiosk.guardian.browser_events import BrowserEvent
from kiosk.guardian.browser_gate import gate_of
from kiosk.guardian.claim import claimed
from kiosk.guardian.courier import Courier
from kiosk.guardian.curtain import Curtain
from kiosk.guardian.flag import Flag
from kiosk.guardian.footing import Lack
from kiosk.guardian.guardian import Guardian
from kiosk.guardian.heartbeat import Heartbeat, day_by_day
from kiosk.guardian.identity import Identity
from kiosk.guardian.listing import Listing
from kiosk.guardian.messages import Messages
from kiosk.guardian.people import People
from kiosk.guardian.safekeeping import Safekeeping
from kiosk.guardian.selftest import Check, Finding
from kiosk.guardian.server import Server
from kiosk.guardian.watchdog import Watchdog
from kiosk.guardian.wayout import WayOut
from kiosk.screen.units import Panel as ScreenPanel
from kiosk.state import Session

LOOK_AGAIN = 2.0  # s between two looks whether what is missing can be had now
FILES = 8192  # open at once, if it may: as in its unit
SWITCH = 0.0005  # s: how long the button's thread may have to wait for a busy event loop; 5 ms by default


def main() -> int:
    """Run until SIGTERM. Exit 2 with a sentence if not even a closed kiosk can be shown."""
    parser = argparse.ArgumentParser(prog="python -m kiosk.guardian")
    parser.add_argument("--config", type=Path, default=Path("/etc/kiosk"))
    parser.add_argument("--state", type=Path, default=Path("/var/lib/kiosk"))
    parser.add_argument("--run", type=Path, default=Path("/run/kiosk"))
    parser.add_argument("--wayland", type=Path, required=True, help="the compositor's socket")
    parser.add_argument("--sway", type=Path, help="its command socket, for a panic's curtain")
    parser.add_argument("--browser-user", default=None, help="needed when this runs as root")
    parser.add_argument("--screen-uid", type=_uid, default=os.geteuid(), help="a number or a name")
    parser.add_argument("--simulate", action="store_true", help="hardware in memory")
    chosen = parser.parse_args()
    sys.setswitchinterval(SWITCH)
    take_files()
    try:
        asyncio.run(_run(chosen))
    except (KioskError, HardwareError, OSError) as error:
        print(f"guardian: {error}", file=sys.stderr)  # noqa: T201  # systemd's journal, or the log of a trial
        return 2
    return 0


def take_files() -> None:
    """Have FILES, where this machine gives fewer unasked; the door takes no more than there are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, FILES)), hard))


def _uid(user: str) -> int:
    """A user's number; a unit file names users, whose numbers differ from machine to machine."""
    return int(user) if user.isdigit() else pwd.getpwnam(user).pw_uid


async def _run(chosen: argparse.Namespace) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    with claimed(chosen.run), contextlib.closing(Flag(chosen.run / "panic")) as flag:
        alive = asyncio.create_task(Watchdog().run())
        while not ended.is_set():
            await _serve(chosen, flag, ended)
        alive.cancel()


async def _serve(chosen: argparse.Namespace, flag: Flag, ended: asyncio.Event) -> None:
    """One guardian, until `ended`, or until what it lacks can be had: then the next one has it."""
    loop = asyncio.get_running_loop()
    folder, no_config = footing.configuration(chosen.config, chosen.state / "last-good")
    config = folder.config
    _believe(config, chosen.run)
    byproxy.lead(config.network.upstream_proxy)
    listing = Listing(
        chosen.config / "allowlist.yaml",
        folder.sites,
        config.level,
        lambda problems: records.log("list_problems", problems=[str(p) for p in problems.problems]),
    )
    # Hardware calls back from its own threads, and may do so before there is a guardian: then it is at the
    # first reading below that the level counts.
    waiting: list[Trip] = []
    guardian: Guardian | None = None

    def tripped(trip: Trip) -> None:
        if guardian is None:
            waiting.append(trip)
        else:
            guardian.trip(settings.cause(trip), trip.at_ns, held=True)

    def soon(function: Callable[..., None], *values: object) -> None:
        loop.call_soon_threadsafe(function, *values)

    def post(event: on.Event) -> None:
        assert guardian is not None
        guardian.post(event)

    def filter_found(found: filtercheck.Finding) -> None:
        assert guardian is not None
        records.filter_found(found.state, found.todo)
        guardian.selftest.note(filtercheck.line(found, config.network, clocks.now()))

    emptied = footing.emptied(folder.people, chosen.state / "key")
    store, no_store = footing.records(chosen.state / "kiosk.db", lost=emptied)
    secret, no_key = footing.key(chosen.state / "key")
    with contextlib.closing(store), contextlib.ExitStack() as stack:
        panel, no_hardware = footing.hardware(
            config,
            chosen.simulate,
            tripped,
            lambda: soon(post, on.ButtonReleased()),
            lambda badge: soon(lambda: messages.badge(badge)),  # asyncio prints a callback's arguments
        )
        stack.enter_context(contextlib.closing(panel))
        stands_on = {"config": no_config, "key": no_key, "store": no_store, "hardware": no_hardware}
        lacks = [lack for lack in stands_on.values() if lack is not None]
        records = Safekeeping(store, settings.place(config), Courier(), post)
        curtain = Curtain(chosen.sway) if chosen.sway else None
        guardian = Guardian(
            Session(timing=settings.timing(config), now=loop.time()),
            lambda: settings.setting(config, listing.renew()),
            records,
            panel,
            _way_out_maker(chosen, config, listing, records, filter_found),
            flag,
            settings.drills(config),
            config.alerts.window,
            curtain,
            [_check(code, lack) for code, lack in stands_on.items()],
        )
        guardian.selftest.note(filtercheck.line(None, config.network))
        identity = Identity(People(folder.people, secret), config.agreement.version, store, records)
        messages = Messages(
            guardian,
            identity,
            lambda: {site.id: site.start for site in listing.policy.sites},
            panel,
            {
                "room": config.room,
                "width_mm": config.screen.width_mm,
                "height_mm": config.screen.height_mm,
            },
            {"config_folder": str(chosen.config), "state_folder": str(chosen.state)},
            may_answer(folder),
        )
        loop.set_exception_handler(partial(_failed, guardian))
        over: list[asyncio.Task[Any]] = [asyncio.create_task(ended.wait())]
        over.append(asyncio.create_task(guardian.worn_out()))
        if lacks:
            over.append(asyncio.create_task(_until_one_is_gone(lacks)))
        running = [*_signs_of_life(config, guardian), _watch(listing, guardian)]
        await _live(chosen, guardian, messages, waiting, over, running)
        if curtain is not None:
            curtain.close()


def _failed(guardian: Guardian, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A callback of ours that raised is a stumble; what only a connection or a finished task had, is told."""
    if "handle" in context:
        guardian.events.stumble(context)
    else:
        loop.default_exception_handler(context)


def _check(code: str, lack: Lack | None) -> Check:
    """What a guardian began without it is without to its end."""
    if lack is None:
        return Check(code, lambda: True)
    return Check(code, lambda: False, lack.sentence, lack.todo)


def _believe(config: Config, run: Path) -> None:
    """A folder that cannot be written holds no alert back: then the system's authorities are believed."""
    try:
        authorities.believe(settings.trust(config), run)
    except OSError as error:
        print(f"guardian: network.ca_certificates: {error}", file=sys.stderr)  # noqa: T201  # the journal
        authorities.believe("", run)


async def _until_one_is_gone(lacks: Sequence[Lack]) -> None:
    """Look again and again whether what is missing can be had now; in a thread, for a disk may be slow."""
    while True:
        await asyncio.sleep(LOOK_AGAIN)
        for lack in lacks:
            if await asyncio.to_thread(lack.gone):
                return


async def _watch(listing: Listing, guardian: Guardian) -> None:
    """Have the locked screen and the menu say of a list with a mistake that an older one is used."""
    while True:
        if guardian.at_rest():
            listing.look()
        todo = "Ask ICT to run: kiosk check" if listing.note else ""
        guardian.selftest.note(Finding("list", True, listing.note, todo))
        await asyncio.sleep(LOOK_AGAIN)


async def _live(
    chosen: argparse.Namespace,
    guardian: Guardian,
    messages: Messages,
    waiting: list[Trip],
    over: list[asyncio.Task[Any]],
    beside: Iterable[Coroutine[None, None, None]],
) -> None:
    server = Server(
        chosen.run / "guardian.sock",
        messages.take,
        guardian.screen,
        messages.join,
        screen_uids=frozenset({chosen.screen_uid}),
        control_uids=frozenset({os.geteuid(), 0}),
        on_leave=guardian.gone,
    )
    guardian.begin()
    for trip in waiting:
        guardian.trip(settings.cause(trip), trip.at_ns, held=True)
    await server.start()
    guardian.glass.server = server
    try:
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(guardian.tick()),
                tasks.create_task(guardian.records.outbox.run()),
                *map(tasks.create_task, beside),
            ]
            await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
            for task in [*running, *over]:
                task.cancel()
    finally:
        await guardian.close()
        await server.close()


def _signs_of_life(config: Config, guardian: Guardian) -> list[Coroutine[None, None, None]]:
    def faults() -> Collection[str]:
        """What stands wrong; also an alert that has not reached the person whose turn it is."""
        return {*guardian.session.faults, *(["alert"] if guardian.records.outbox.needs_a_way() else [])}

    signs = [day_by_day(faults, guardian.note)]
    if (beat := config.alerts.heartbeat) is not None:
        url = beat.url.get_secret_value()
        at_rest = guardian.at_rest if beat.wake_wifi else None
        every = beat.every_minutes * 60
        signs.append(Heartbeat(url, every, faults, guardian.note, guardian.alert_way, at_rest).run())
    return signs


def _way_out_maker(
    chosen: argparse.Namespace,
    config: Config,
    listing: Listing,
    records: Safekeeping,
    filter_found: Callable[[filtercheck.Finding], None],
) -> Callable[[tuple[int, int], Callable[[BrowserEvent], None]], WayOut]:
    def refused(refusal: Refusal) -> None:
        records.refused(refusal.host, refusal.why, failed=refusal.kind is Kind.UNREACHABLE)

    def make(glass: tuple[int, int], on_event: Callable[[BrowserEvent], None]) -> WayOut:
        policy = listing.policy
        page = ScreenPanel(*glass, config.screen.width_mm, config.screen.height_mm).beneath
        door_settings = settings.door_settings(config)
        names = door_settings.new_resolver()
        door = door_settings.door(policy, refused, names)
        check = settings.filter_check(config, filter_found, names)
        browser = BrowserSettings(
            wayland=chosen.wayland,
            policy=settings.managed_policy(config, policy),
            allowed=gate_of(policy),
            user=chosen.browser_user,
            switches=(f"--window-size={page.w},{page.h}",),
        )
        return WayOut(browser, door, check, on_event)

    return make


if __name__ == "__main__":
    sys.exit(main())
