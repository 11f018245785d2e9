"""Where Wi-Fi is all there is: on for each person's turn alone, and its minutes are in the log (H5, H18)."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hardware.errors import RadioError
from hardware.radio import SimulatedRadio
from kiosk.guardian import heartbeat
from kiosk.guardian.alerts import Message
from kiosk.guardian.alertway import AlertWay
from kiosk.guardian.eventqueue import EventQueue
from kiosk.guardian.network import Way, read
from kiosk.guardian.paths import Delivery, PathTo
from kiosk.guardian.radios import Radios
from kiosk.guardian.store import Store
from kiosk.guardian.window import Cut
from kiosk.state import Session
from tests.alerts.test_heartbeat import Notes, Switch, beating, switch
from tests.alerts.test_turns import Duty, on_duty, to
from tests.kiosk.test_network import Machine, wifi_only
from tests.waiting import until

__all__ = ["switch"]

LOOK = 0.01  # s


class Kiosk:
    """A latched kiosk that has Wi-Fi and nothing else; a delivery needs the radio."""

    def __init__(
        self, machine: Machine, duty: Duty, radio: type[SimulatedRadio] = SimulatedRadio, **more: Any
    ) -> None:
        self.machine = machine
        self.radio = radio()
        self.notes: list[tuple[str, dict[str, object]]] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.knew: list[Cut] = []
        self.looks = 0
        self.way = AlertWay(
            self.radio, 30, duty.outbox, self._spawn, self._note, root=machine.root, again=0, **more
        )

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _note(self, kind: str, **detail: object) -> None:
        self.notes.append((kind, detail))

    def looked(self) -> Cut:
        cut = self.way.look(latched=True)
        self.looks += 1
        assert cut is not None
        if self.knew[-1:] != [cut]:
            self.knew.append(cut)
        return cut

    async def watch(self) -> None:
        while True:
            self.looked()
            await asyncio.sleep(LOOK)


def test_each_persons_turn_has_a_window_of_its_own_until_somebody_takes_it(
    store: Store, servers: Any, tmp_path: Path
) -> None:
    khan, harvey, ali = servers.accepting(), servers.accepting(), servers.accepting()
    machine = Machine(tmp_path / "net")
    wifi_only(machine)

    def by_radio(url: str, message: Message) -> Delivery:
        return Delivery(True) if not kiosk.radio.blocked() else Delivery(False, "no network")

    async def act(duty: Duty) -> None:
        nonlocal kiosk
        kiosk = Kiosk(machine, duty, real=False)
        number = duty.raise_alert(to(Mrs_Khan=khan, Mr_Harvey=harvey, Ms_Ali=ali))
        kiosk.way.block(again=False)
        watching = asyncio.create_task(kiosk.watch())
        await until(lambda: duty.states() == ["accepted", "queued", "queued"])
        await until(lambda: kiosk.radio.blocked())
        await until(lambda: duty.states() == ["accepted", "accepted", "queued"])
        duty.outbox.take(number, "Mr Harvey", datetime.now(UTC))
        await until(lambda: kiosk.radio.blocked())
        watching.cancel()

    kiosk: Kiosk = None  # type: ignore[assignment]
    on_duty(Duty(store, escalate_after=3, deliver=by_radio), act)
    assert [kind for kind, _ in kiosk.notes] == ["radio_on", "radio_off"] * 2
    assert not kiosk.knew[-1].alert_only


class Counted(SimulatedRadio):
    """A radio that knows how often it was switched off."""

    times_off = 0

    def block(self) -> None:
        super().block()
        self.times_off += 1


def test_a_path_slower_than_another_of_its_persons_gets_through_in_a_later_window(
    store: Store, tmp_path: Path
) -> None:
    """A duty phone's SMS beside a quick e-mail (invariant 7)."""
    machine = Machine(tmp_path / "net")
    wifi_only(machine)
    people, ways = ("Mrs Khan", "Mr Harvey"), ("quick", "slow")
    paths = [PathTo(name, f"jsons://{way}.example/{name[-1]}") for name in people for way in ways]

    def by_radio(url: str, message: Message) -> Delivery:
        times_off = kiosk.radio.times_off
        last = None  # look that a slow one needs, three behind the quick one's acceptance
        while not kiosk.radio.blocked() and kiosk.radio.times_off == times_off:
            if "quick" in url or (last is not None and kiosk.looks >= last):
                return Delivery(True)
            if last is None and not duty.outbox.needs_a_way():
                last = kiosk.looks + 3
            time.sleep(LOOK / 2)
        return Delivery(False, "the network went away")

    async def act(duty: Duty) -> None:
        nonlocal kiosk
        kiosk = Kiosk(machine, duty, Counted, real=False)
        duty.raise_alert(paths)
        kiosk.way.block(again=False)
        watching = asyncio.create_task(kiosk.watch())
        await until(lambda: duty.states() == ["accepted"] * 4)
        await until(lambda: kiosk.radio.blocked())
        watching.cancel()

    kiosk: Kiosk = None  # type: ignore[assignment]
    duty = Duty(store, escalate_after=0.5, deliver=by_radio)
    on_duty(duty, act)
    tries = [row["tries"] for row in store.rows("SELECT tries FROM delivery ORDER BY place")]
    assert tries[1] > 1, "the press's own window ends with the first acceptance"


def test_where_the_kernel_refuses_the_firewall_nothing_is_claimed_and_the_alert_goes_out_all_the_same(
    store: Store, servers: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    khan = servers.accepting()
    machine = Machine(tmp_path / "net")
    wifi_only(machine)
    monkeypatch.setattr("kiosk.guardian.network.TABLE", "not a table's name")

    async def act(duty: Duty) -> None:
        kiosk = Kiosk(machine, duty, real=True)
        kiosk.way.block(again=False)
        duty.raise_alert(to(Mrs_Khan=khan))
        assert kiosk.way.tripped(confirmed=False) == Cut(False, alert_only=True, fenced=False)
        await until(lambda: bool(kiosk.notes))
        [(kind, detail)] = kiosk.notes
        assert kind == "no_firewall"
        assert str(detail["why"]).startswith("The firewall was not set")
        assert kiosk.looked() == Cut(False, alert_only=True, fenced=False)
        await until(lambda: duty.states() == ["accepted"])
        kiosk.looked()
        assert kiosk.radio.blocked()

    on_duty(Duty(store, escalate_after=60), act)


def test_a_cable_that_comes_back_is_tried_at_once_and_wifi_preferred_to_it_only_in_a_window(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(tmp_path / "net")
    wifi_only(machine)
    cables: list[bool] = []
    monkeypatch.setattr("kiosk.guardian.network.apply", lambda ruleset: "")
    monkeypatch.setattr("kiosk.guardian.network.prefer_wifi", lambda names: "it was")

    def by_cable(url: str, message: Message) -> Delivery:
        cables.append(machine.way() is Way.OTHER)
        return Delivery(cables[-1], "no network")

    async def act(duty: Duty) -> None:
        kiosk = Kiosk(machine, duty, real=True)
        duty.raise_alert([PathTo("Mrs Khan", "jsons://a.example/")])
        kiosk.way.look(latched=False)
        await until(lambda: duty.states() == ["retrying"])
        machine.link("eth0", "up")
        machine.route("eth0", "wlan0")  # a session's Wi-Fi
        kiosk.way.look(latched=False)
        await until(lambda: duty.states() == ["accepted"])
        assert "by_wifi_past_the_cable" not in [kind for kind, _ in kiosk.notes]
        await kiosk.way.gone()

    on_duty(Duty(store, escalate_after=60, deliver=by_cable, backoff=3600), act)
    assert cables == [False, True]


# A press that the event loop has not heard of yet.


class PressedWhenRead(SimulatedRadio):
    """A radio that is read just before the button's thread comes to it."""

    press: Callable[[], object] | None = None

    def blocked(self) -> bool:
        read, press, self.press = super().blocked(), self.press, None
        if press is not None:
            thread = threading.Thread(target=press)
            thread.start()
            thread.join()
        return read


@pytest.mark.parametrize("who", ["a session's end", "a look at rest"])
def test_no_order_of_the_loops_from_before_a_press_ends_the_window_of_its_alert(
    store: Store, tmp_path: Path, who: str
) -> None:
    machine = Machine(tmp_path / "net")
    wifi_only(machine)

    async def act() -> None:
        kiosk = Kiosk(machine, Duty(store, escalate_after=0), PressedWhenRead, real=False)
        events = EventQueue(Session(), lambda was, effects: ())
        radios = Radios(kiosk.way, SimpleNamespace(log=kiosk._note), events)  # type: ignore[arg-type]
        kiosk.radio.unblock()
        press = partial(kiosk.way.block, again=False)
        if who == "a session's end":
            press()
            radios.turn_off()
        else:
            kiosk.radio.press = press
            radios.look()
        assert kiosk.way.open
        assert not kiosk.radio.blocked()
        assert kiosk.notes == [], "and nothing is said to be off"
        radios.block()
        assert not kiosk.way.open
        assert kiosk.radio.blocked(), "at the guardian's end it is, for an alert too"

    asyncio.run(act())


def test_a_sign_of_life_that_ends_as_a_press_comes_leaves_it_the_radio(asleep: Kiosk) -> None:
    awake = False

    def at_rest() -> bool:
        if awake:
            asleep.way.block(again=False)  # right behind the look at whether it was
        return True

    async def act() -> None:
        nonlocal awake
        async with asleep.way.woken(at_rest, patience=0.05):
            awake = True
        assert asleep.way.open
        assert not asleep.radio.blocked()
        asleep.way.shut()

    asyncio.run(act())


# A sign of life, where the setting wants it by Wi-Fi alone.


@pytest.fixture
def asleep(store: Store, tmp_path: Path) -> Kiosk:
    """At rest: Wi-Fi is all there is, and off."""
    machine = Machine(tmp_path / "net")
    machine.link("wlan0", "down", "wireless")
    return Kiosk(machine, Duty(store, escalate_after=0), real=False)


def test_a_sign_of_life_wakes_the_wifi_and_puts_it_to_sleep_again(asleep: Kiosk) -> None:
    async def act() -> None:
        assert asleep.way.is_off
        async with asleep.way.woken(lambda: True, patience=0.05):
            assert not asleep.radio.blocked()
            assert not asleep.way.is_off
        assert asleep.radio.blocked()

    asyncio.run(act())
    assert [kind for kind, _ in asleep.notes] == ["radio_on", "radio_off"]


def test_it_waits_until_the_wifi_has_found_its_network(asleep: Kiosk) -> None:
    async def act() -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0.2, wifi_only, asleep.machine)
        async with asleep.way.woken(lambda: True, patience=20):
            assert read(asleep.machine.root).wifi_routed

    asyncio.run(act())


@pytest.mark.parametrize("what", ["a session opened", "a panic came"])
def test_what_begins_meanwhile_keeps_the_radio_as_it_wants_it(asleep: Kiosk, what: str) -> None:
    resting = True

    async def act() -> None:
        nonlocal resting
        async with asleep.way.woken(lambda: resting, patience=0.05):
            resting = False
            if what == "a panic came":
                asleep.radio.block()
        assert asleep.radio.blocked() == (what == "a panic came")

    asyncio.run(act())


def test_nothing_is_woken_beside_a_session_or_a_panic_or_where_there_is_a_cable(asleep: Kiosk) -> None:
    async def act() -> None:
        async with asleep.way.woken(lambda: False):
            assert asleep.radio.blocked()
        asleep.machine.link("eth0", "up")
        asleep.machine.route("eth0")
        assert not asleep.way.is_off
        async with asleep.way.woken(lambda: True):
            assert asleep.radio.blocked()

    asyncio.run(act())
    assert asleep.notes == []


def test_without_leave_to_wake_it_the_heartbeat_waits_for_somebody_elses_wifi(
    asleep: Kiosk, switch: Switch
) -> None:
    async def act(notes: Notes) -> None:
        await asyncio.sleep(0.2)
        assert switch.paths == []
        asleep.radio.unblock()  # a session
        await asyncio.to_thread(switch.wait, 1)

    beating(f"http://127.0.0.1:{switch.port}/x", set(), act, way=lambda _: asleep.way)


class Linked(SimulatedRadio):
    """A radio with a network around it, so that its link follows it."""

    machine: Machine

    def block(self) -> None:
        super().block()
        self.machine.link("wlan0", "down")
        self.machine.route()

    def unblock(self) -> None:
        super().unblock()
        wifi_only(self.machine)


def test_with_leave_each_call_has_its_wifi_and_no_more(store: Store, switch: Switch, tmp_path: Path) -> None:
    Linked.machine = Machine(tmp_path / "net")
    asleep = Kiosk(Linked.machine, Duty(store, escalate_after=0), Linked, real=False)
    wifi_only(asleep.machine)
    asleep.radio.block()

    async def act(notes: Notes) -> None:
        await asyncio.to_thread(switch.wait, 2)
        await until(lambda: asleep.radio.blocked())

    url = f"http://127.0.0.1:{switch.port}/x"
    beating(url, set(), act, every=0.1, way=lambda _: asleep.way, at_rest=lambda: True)
    kinds = [kind for kind, _ in asleep.notes]
    assert kinds[:4] == ["radio_on", "radio_off"] * 2


@contextmanager
def dripping(every: float) -> Iterator[int]:
    """A server that answers one byte of its first line after the other; its port."""
    over = threading.Event()

    def drip(peer: socket.socket) -> None:
        with peer, suppress(OSError):
            while not over.wait(every):
                peer.sendall(b"H")

    with socket.create_server(("127.0.0.1", 0)) as listening, ExitStack() as stack:
        stack.callback(over.set)

        def serve() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=drip, args=(listening.accept()[0],), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]


def test_a_switch_that_drips_its_answer_keeps_no_radio_on_and_is_a_call_that_failed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "LONGEST", 0.4)
    Linked.machine = Machine(tmp_path / "net")
    asleep = Kiosk(Linked.machine, Duty(store, escalate_after=0), Linked, real=False)
    wifi_only(asleep.machine)
    asleep.radio.block()

    async def act(notes: Notes) -> None:
        await until(lambda: not asleep.radio.blocked())
        await until(lambda: asleep.radio.blocked())
        await until(lambda: bool(notes.lines))

    with dripping(0.02) as port:
        url = f"http://127.0.0.1:{port}/x"
        notes = beating(url, set(), act, every=60, way=lambda _: asleep.way, at_rest=lambda: True)
    assert notes.lines == [("heartbeat", {"ok": False, "why": "no answer within 0.4 s"})]


class Deaf(SimulatedRadio):
    """A radio whose switch has come off."""

    def block(self) -> None:
        raise RadioError("It does not answer.")

    def unblock(self) -> None:
        raise RadioError("It does not answer.")


def test_a_radio_that_does_not_answer_ends_no_guardian_for_a_sign_of_life(
    store: Store, tmp_path: Path
) -> None:
    machine = Machine(tmp_path / "net")
    machine.link("wlan0", "down", "wireless")
    kiosk = Kiosk(machine, Duty(store, escalate_after=0), Deaf, real=False)

    async def act() -> None:
        async with kiosk.way.woken(lambda: True, patience=0.05):
            assert kiosk.way.is_off

    asyncio.run(act())
    assert [kind for kind, _ in kiosk.notes] == ["radio_on", "radio_off"]
