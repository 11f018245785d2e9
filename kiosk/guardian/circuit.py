"""The red button as a session stands on it: armed, proven by a test, and what its contacts say in the end.

For the event loop's thread; the panic itself never passes here.
"""

from __future__ import annotations

from collections.abc import Callable

from hardware.panel import Panel
from hardware.wiring import Cause, Contact
from kiosk.guardian.clocks import now
from kiosk.guardian.emergency import Tripped
from kiosk.guardian.proof import Drills, Proof
from kiosk.guardian.safekeeping import Safekeeping
from kiosk.guardian.selftest import Check
from kiosk.guardian.settings import CAUSES

UNREAD = "The red button could not be read."
CERTAIN = 0.25  # s until contacts that contradict each other are known to be a broken wire


class Circuit:
    """`in_panic` and `in_session` say what is going on: in panic a button that is pressed is no fault."""

    def __init__(
        self,
        panel: Panel,
        records: Safekeeping,
        drills: Drills,
        in_panic: Callable[[], bool],
        in_session: Callable[[], bool],
    ) -> None:
        self._panel = panel
        self._records = records
        self._drills = drills
        self._in_panic = in_panic
        self._in_session = in_session
        self._proof = self._read()
        self._armed = False
        self._broken = False  # its wire, in this panic
        self._latest = 0  # the number of the latest panic
        self._said: Cause | None = None  # what the panic's incident has of its contacts
        self.pressed = False  # that one was a press of the button, seen by this process

    def checks(self) -> tuple[Check, Check]:
        """What a session needs of the button."""
        return (
            Check("button", self.armed, now=lambda: UNREAD if self.deaf else ""),
            Check("button test", self.proven, now=lambda: self._proof.exact),
        )

    def armed(self) -> bool:
        """Whether a press would be heard; in a panic, whether one more would be, once it is let go.

        A level is seen before its edge has come through the driver's thread: one look is no fault yet.
        """
        was, self._armed = self._armed, self._hears() if self._in_panic() else self._panel.panic.armed
        return was or self._armed

    def _hears(self) -> bool:
        """A wire that is broken in a panic stays so until its reset: one that chatters is no flood."""
        if (cause := self._panel.panic.cause) is not None:
            self._broken = cause is Cause.WIRE
        return self._panel.panic.watched and not self._broken

    @property
    def deaf(self) -> str:
        """What keeps the button from ever being armed again, for the log; only one that is opened anew is."""
        error = self._panel.panic.error
        return "" if error is None else repr(error)

    def proven(self) -> bool:
        """Whether it was tested lately. No date ends a session that is open, or speaks beside a panic."""
        return self._in_session() or self._in_panic() or self._proof.holds(self._drills, now())

    def note(self) -> str:
        """For the locked screen."""
        return self._proof.note(self._drills, now())

    def tripped(self, tripped: Tripped) -> None:
        """There is a panic."""
        self._latest = tripped.number
        self.pressed = tripped.cause == CAUSES[Cause.BUTTON]

    def settled(self, tripped: Tripped) -> None:
        """CERTAIN seconds after: two contacts know now whether it was the button or its wire.

        Raises StoreError if that could not be noted.
        """
        cause = self._panel.panic.cause
        if cause is None or tripped.number != self._latest or CAUSES[cause] == tripped.cause:
            return
        self.pressed = cause is Cause.BUTTON
        if cause is self._said:
            return  # a wire that chatters is no flood
        self._said = cause
        self._records.note(f"Its contacts now say: stopped {CAUSES[cause]}.")

    @property
    def held(self) -> bool:
        """Whether the button is still in, or was let go so lately that the event of that is yet to come."""
        return self._panel.panic.cause is not None

    @property
    def out(self) -> bool:
        """Whether its contacts read as at rest, now."""
        return self._panel.panic.state is Contact.CLEAR

    @property
    def tested(self) -> str:
        """Which circuit the latest panic has tested, if it has come out again; "" for none."""
        return self._panel.circuit if self.pressed else ""

    def reset(self) -> None:
        """The panic was reset, and with it the button perhaps proven."""
        self._proof, self._said, self._broken = self._read(), None, False

    def _read(self) -> Proof:
        return Proof.read(self._records.button_tested, self._panel.circuit, given=self._panel.proven)
