"""What peers say, as events: touches, PINs and badges, and, where hardware is simulated, its stand-ins.

A screen's word is never trusted further than a touch: it names what was touched, and the guardian looks up
what that is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from hardware.panel import Panel, SimulatedPanel
from kiosk import events as on
from kiosk.errors import NotNow, ProtocolError, StoreError
from kiosk.guardian.answering import MayNotAnswer, answering
from kiosk.guardian.guardian import Guardian
from kiosk.guardian.identity import Answer, Identity
from kiosk.guardian.server import Peer
from kiosk.protocol import Message, Tap, encode, encode_view


def _menu(name: str) -> on.MenuChose:
    """A page of the menu, perhaps with a number: "incident 12". Raises ValueError."""
    page, _, number = name.partition(" ")
    return on.MenuChose(on.MenuPage(page), int(number) if number else 0)


TAPS: Mapping[Tap, Callable[[str], on.Event]] = {
    Tap.HOME: lambda _: on.HomeTapped(),
    Tap.BACK: lambda _: on.BackTapped(),
    Tap.TELL: lambda _: on.TellTapped(),
    Tap.CHOICE: lambda name: on.Chose(on.Choice(name)),
    Tap.FINISH: lambda _: on.FinishTapped(),
    Tap.OUTCOME: lambda name: on.OutcomeChosen(on.Outcome(name)),
    Tap.CARE: lambda name: on.CareTicked(on.Care(name)),
    Tap.UNLOCK: lambda _: on.UnlockTapped(),
    Tap.CANCEL: lambda _: on.ResetCancelled(),
    Tap.MENU: lambda name: _menu(name) if name else on.MenuAsked(),
    Tap.LEAVE: lambda _: on.MenuLeft(),
}

DRILL_PRESS = 60  # s for somebody to press the real button in


class Messages:
    """Gives the guardian events for what peers send. `starts`: each tile's start page; `folders`: where this
    kiosk's configuration and records are, for an administrator; `may_answer`: the names of those who may take
    an incident.
    """

    def __init__(
        self,
        guardian: Guardian,
        identity: Identity,
        starts: Callable[[], Mapping[str, str]],
        panel: Panel,
        welcome: Mapping[str, object],
        folders: Mapping[str, str] | None = None,
        may_answer: Sequence[str] = (),
    ) -> None:
        self._guardian = guardian
        self._identity = identity
        self._starts = starts
        self._panel = panel
        self._welcome = {"simulated": isinstance(panel, SimulatedPanel), **welcome}
        self._status = {"simulated": self._welcome["simulated"], **(folders or {})}
        self._may_answer = may_answer
        self._checking = False
        self._tasks: set[asyncio.Task[None]] = set()

    def join(self, peer: Peer, hello: Message) -> None:
        """A new peer: what it has to know, and the view."""
        if peer.role == "screen":
            self._guardian.glass.size = hello.number("w"), hello.number("h")
        peer.send(encode("welcome", **self._welcome))
        peer.send(encode_view(self._guardian.glass.view))
        if peer.role == "control":
            peer.send(encode("shown", serial=self._guardian.glass.shown_serial))

    def take(self, peer: Peer, message: Message) -> None:
        """One message. Raises ProtocolError for what `peer` may not say or cannot mean."""
        if peer.role == "screen":
            self._from_screen(peer, message)
        else:
            self._from_control(peer, message)

    def _from_screen(self, peer: Peer, message: Message) -> None:
        match message.kind:
            case "shown":
                self._guardian.glass.shown(message.number("serial"))
            case "tap":
                self._tap(message)
            case "pin":
                self._pin(message.text("pin", 16))
            case "simulate":
                self._simulate(peer, message.text("what"), str(message.data.get("id", "")))
            case other:
                raise ProtocolError(f"A screen does not say “{other}”.")

    def _from_control(self, peer: Peer, message: Message) -> None:
        match message.kind:
            case "press":
                self._simulate(peer, message.text("what"), "")
            case "badge":
                self._simulate(peer, "badge", message.text("id"))
            case "status":
                peer.send(encode("ok", **self._guardian.status(), **self._status))
            case "take":
                self._answered(peer, lambda: self._take_incident(message))
            case "drill":
                self._answered(peer, lambda: self._drill(peer, message))
            case other:
                raise ProtocolError(f"A control connection does not say “{other}”.")

    def _answered(self, peer: Peer, act: Callable[[], Mapping[str, object]]) -> None:
        """Do what an administrator asks; a no is a sentence, and the connection stays."""
        try:
            peer.send(encode("ok", **act()))
        except (NotNow, StoreError, MayNotAnswer) as error:
            peer.send(encode("error", text=str(error)))

    def _take_incident(self, message: Message) -> Mapping[str, object]:
        by = answering(message.text("by", 80), self._may_answer)
        incident = self._guardian.records.take(message.number("number"), by)
        return {"taken_by": incident.taken_by}

    def _drill(self, peer: Peer, message: Message) -> Mapping[str, object]:
        """On real hardware the real button is to be pressed, unless the message says that none is."""
        press = message.data.get("button") is True and not isinstance(self._panel, SimulatedPanel)
        self._guardian.drill(DRILL_PRESS if press else 0, by=peer)
        return {"press_within": DRILL_PRESS if press else 0}

    def _tap(self, message: Message) -> None:
        name = str(message.data.get("id", ""))
        word = message.text("tap")
        if message.number("serial") != self._guardian.glass.view.serial:
            return  # meant for what has just gone from the glass
        try:
            tap = Tap(word)
            if tap is Tap.TILE:
                event: on.Event = on.TileTapped(name, self._starts()[name])
            else:
                event = TAPS[tap](name)
        except (KeyError, ValueError) as error:
            raise ProtocolError(f"Nothing here is called “{name}”.") from error
        self._guardian.post(event)

    def _pin(self, digits: str) -> None:
        if self._checking:
            return  # one at a time: a second OK on the same digits
        self._checking = True
        task = asyncio.get_running_loop().create_task(self._check(digits))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _check(self, digits: str) -> None:
        try:
            answer = await self._identity.by_pin(digits)
        except StoreError as error:
            self._not_counted(error)
        else:
            self._take(answer)
        finally:
            self._checking = False

    def badge(self, badge: str) -> None:
        """A badge was tapped, on the loop's thread."""
        try:
            answer = self._identity.by_badge(badge)
        except StoreError as error:
            self._not_counted(error)
        else:
            self._take(answer)

    def _not_counted(self, error: StoreError) -> None:
        """A try that cannot be counted lets nobody in; whoever made it reads why."""
        self._guardian.glass.say(str(error))
        self._guardian.post(on.FaultRaised("records", str(error.args[0]), error.todo))

    def _take(self, answer: Answer) -> None:
        if answer.adult is None:
            self._guardian.glass.say(answer.text, wait_s=answer.wait_s)
        elif not self._guardian.identified(answer.adult):
            self._guardian.glass.say("", refused=False)

    def _simulate(self, peer: Peer, what: str, name: str) -> None:
        if not isinstance(self._panel, SimulatedPanel):
            raise ProtocolError("This kiosk has real hardware: press the real button.")
        if what == "panic":
            self._panel.press()
        elif what == "badge":
            self._panel.tap_badge(name)
        else:
            raise ProtocolError(f"“{what}” cannot be simulated: panic or badge can.")
        peer.send(encode("ok"))
