"""The alert window: while panic is latched, Wi-Fi is on only to tell SLT, shortly, if nothing else can.

With another path the radios go off at once. Without one, or where that one fails, Wi-Fi is up for at most
`seconds`. The first window, the press's own, ends as soon as the person whose turn it is has the alert by any
path. Others follow for all that is owed, so that no slow path is cut off behind a quick one each time: with
each person's turn at once, a minute apart until they have it, and for what is left then ever more rarely.
Browser and door are dead in every case.

The end of a window is kept by a thread of its own, so that no stuck event loop leaves a radio on. Where Wi-Fi
did not even find its network, it was too short: the next is twice as long.

Whoever switches Wi-Fi does it here, one at a time. Who wants it on is asked in his turn whether he still may:
a panic that comes in between either finds it on and switches it off, or finds it off for good. Who wants it
off leaves it on for an alert: he may not have heard of its panic yet.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hardware.errors import HardwareError
from hardware.radio import Radio
from kiosk.guardian import network
from kiosk.guardian.network import Way

AGAIN = 60.0  # s from one window's end to the next; twice as long each time for what is left
LONGEST = 60.0  # s, of a window


@dataclass(frozen=True)
class Cut:
    """What is known of the internet. `alert_only`: Wi-Fi is on, for the guardian's alert; `fenced`: and it is
    known that nobody else can send.
    """

    confirmed: bool
    alert_only: bool = False
    fenced: bool = True


class AlertWindow:
    """`block` and `confirmed` are the panic's own steps, from any thread; the rest is the event loop's. What
    switches the radio raises RadioError.
    """

    def __init__(
        self,
        radio: Radio,
        seconds: float,
        hurry: Callable[[], None],
        root: Path = Path("/"),
        again: float = AGAIN,
    ) -> None:
        self._radio = radio
        self._seconds = seconds
        self._hurry = hurry
        self._root = root
        self._again = self._pause = again
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._next = 0.0  # when the next window may open
        self._links = network.read(root)
        self._length = seconds  # of the next window
        self._found = False  # Wi-Fi has its network in this one
        self._first = False  # it is the press's own
        self._past = False  # it is past a cable that delivers nothing
        self._wanted = False  # as it was at the last look

    @property
    def open(self) -> bool:
        """Whether Wi-Fi is on for the alert now."""
        return self._timer is not None

    def block(self, again: bool) -> bool:
        """All radios off; False if Wi-Fi is on for the alert: the first window of a panic that has no other
        way, or one that is open already. `again`: the panic was there before.
        """
        with self._lock:
            if self._timer is None and not again and network.way(self._links) is Way.WIFI_ONLY:
                self._begin(first=True)
            elif self._timer is None:
                self._radio.block()
            return self._timer is None

    def off(self) -> bool:
        """All radios off; False if Wi-Fi is on for an alert, and left so."""
        return self.block(again=True)

    def confirmed(self) -> bool:
        """Whether all radios read back as off, and no link of theirs carries anything. Raises RadioError."""
        return self._radio.blocked() and not network.read(self._root).wifi_up

    def _reads_off(self) -> bool:
        try:
            return self._radio.blocked()
        except HardwareError:
            return False

    def unblock(self, may: Callable[[], bool]) -> None:
        """Wi-Fi on for anything but an alert, if that `may` be when its turn has come."""
        with self._lock:
            if may():
                self._radio.unblock()

    def shut(self) -> None:
        """All radios off, for an alert too: it was accepted or reset, or its time is over. Also again."""
        with self._lock:
            self._shut()

    def _shut(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            self._next = time.monotonic() + self._pause
            self._past = False
            timer.cancel()
        self._radio.block()

    def new_alert(self) -> None:
        """Another alert than those before it: it does not wait for their next window."""
        self._next = 0.0

    def look(self, latched: bool, wanted: bool, owed: bool = False, cable_fails: bool = False) -> Cut | None:
        """Bring the radios to where they have to be while latched; what is known then. A network that has
        come up is used at once: a cable's at any time.

        `wanted`: the person whose turn it is has not got an alert; `owed`: some path has not, whosesoever;
        `cable_fails`: it was tried by the other path, in vain.
        """
        had, self._links = network.way(self._links), network.read(self._root)
        cable = network.way(self._links) is Way.OTHER
        if cable and had is not Way.OTHER:
            self._hurry()
        if not latched:
            self._length, self._wanted = self._seconds, False
            return None
        if wanted and not self._wanted:  # somebody's turn has come
            self._next, self._pause = 0.0, self._again
        self._wanted = wanted
        other = cable and not (self._links.wireless and (cable_fails or self._past))
        if self.open:
            if other or not (wanted or (owed and not self._first)):
                self.shut()
            else:
                self._keep_on()
        elif (wanted or owed) and self._links.wireless and not other and time.monotonic() >= self._next:
            with self._lock:
                self._begin(past=cable)
            if not wanted:
                self._pause *= 2
            self._hurry()
        elif not self._reads_off():
            self.off()  # somebody switched it on
        if self.open:
            return Cut(confirmed=False, alert_only=True)
        return Cut(self.confirmed())

    def _begin(self, first: bool = False, past: bool = False) -> None:
        if self._timer is not None:
            return
        self._first, self._past = first, past
        self._found = self._links.wifi_routed
        timer = threading.Timer(self._length, lambda: self._over(timer))
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError:  # no thread left to end it with: then there is no window
            self._radio.block()
            return
        self._timer = timer
        self._radio.unblock()

    def _keep_on(self) -> None:
        """An order to switch off from before the panic may be carried out late."""
        was_found, self._found = self._found, self._links.wifi_routed
        if self._found and not was_found:
            self._hurry()
        if self._reads_off():
            with self._lock, suppress(HardwareError):  # it is tried again at the next look
                if self._timer is not None:
                    self._radio.unblock()

    def _over(self, timer: threading.Timer) -> None:
        with self._lock:
            if timer is not self._timer:
                return  # shut meanwhile: the radio may be on for a session by now
            longer = max(self._seconds, min(LONGEST, 2 * self._length))
            self._length = self._seconds if self._found else longer
            with suppress(HardwareError):  # what `look` reads back next is what is shown
                self._shut()
