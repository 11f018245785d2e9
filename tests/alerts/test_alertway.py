"""Where Wi-Fi is all there is: on for each person's turn alone, and its minutes are in the log (H5, H18)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hardware.radio import SimulatedRadio
from kiosk.guardian.alerts import Message
from kiosk.guardian.alertway import AlertWay
from kiosk.guardian.paths import Delivery
from kiosk.guardian.store import Store
from kiosk.guardian.window import Cut
from tests.alerts.test_turns import Duty, on_duty, to, until
from tests.kiosk.test_network import Machine, wifi_only

LOOK = 0.01  # s


class Kiosk:
    """A latched kiosk that has Wi-Fi and nothing else; a delivery needs the radio."""

    def __init__(self, machine: Machine, duty: Duty, **more: Any) -> None:
        self.radio = SimulatedRadio()
        self.notes: list[tuple[str, dict[str, object]]] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.knew: list[Cut] = []
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
        kiosk.way.block()
        watching = asyncio.create_task(kiosk.watch())
        await until(lambda: duty.states() == ["accepted", "queued", "queued"])
        await until(lambda: kiosk.radio.blocked())
        await until(lambda: duty.states() == ["accepted", "accepted", "queued"])
        duty.outbox.take(number, "Mr Harvey", datetime.now(UTC))
        await until(lambda: kiosk.radio.blocked())
        watching.cancel()

    kiosk: Kiosk = None  # type: ignore[assignment]
    on_duty(Duty(store, escalate_after=0.5, deliver=by_radio), act)
    assert [kind for kind, _ in kiosk.notes] == ["radio_on", "radio_off"] * 2
    assert not kiosk.knew[-1].alert_only


def test_where_the_kernel_refuses_the_firewall_nothing_is_claimed_and_the_alert_goes_out_all_the_same(
    store: Store, servers: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    khan = servers.accepting()
    machine = Machine(tmp_path / "net")
    wifi_only(machine)
    monkeypatch.setattr("kiosk.guardian.network.TABLE", "not a table's name")

    async def act(duty: Duty) -> None:
        kiosk = Kiosk(machine, duty, real=True)
        kiosk.way.block()
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
