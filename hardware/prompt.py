"""Radios that answer in time: they are asked in a thread of their own, and nobody waits for one that hangs.

A call to the kernel's radio switch stays there for as long as a driver holds the kernel's lock, whatever the
file was opened with. So a caller waits `patience` at most; as long as that call has not come back, every
other fails at once. An order to switch off is never dropped: it is carried out as soon as one is taken.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from hardware.errors import HardwareError, RadioError
from hardware.radio import Radio

PATIENCE = 0.3  # s

T = TypeVar("T")


class Hanging(RadioError):
    """A call did not come back in time."""

    def __init__(self) -> None:
        super().__init__("The radio switch does not answer: unplug the kiosk.")


class _Call(Generic[T]):
    """One call, made by the thread and waited for by whoever asked."""

    def __init__(self, act: Callable[[Radio], T], kept: bool) -> None:
        self.kept = kept  # to be made however late it is
        self.given_up = False
        self.done = threading.Event()
        self._act = act
        self._answer: list[T] = []
        self._error: Exception | None = None

    def make(self, radio: Callable[[], Radio]) -> None:
        try:
            self._answer.append(self._act(radio()))
        except Exception as error:  # noqa: BLE001  # it belongs to whoever asked
            self._error = error
        self.done.set()

    def answer(self) -> T:
        if self._error is not None:
            raise self._error
        return self._answer[0]


class PromptRadio:
    """What `make` opens, which may hang too. Raises RadioError if it cannot be opened."""

    def __init__(self, make: Callable[[], Radio], patience: float = PATIENCE) -> None:
        self._make = make
        self._patience = patience
        self._radio: Radio | None = None
        self._lock = threading.Lock()
        self._late = False  # somebody waited in vain for a call that has not come back yet
        self._owed = False  # an order to switch off that came meanwhile
        self._calls: SimpleQueue[_Call[Any] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._make_calls, name="radio", daemon=True)
        self._thread.start()
        try:
            self._ask(lambda radio: None)
        except Hanging:
            pass  # it goes on opening; until it has, each call says that it hangs
        except HardwareError:
            self.close()
            raise

    def block(self) -> None:
        """Asks for every radio off."""
        self._ask(lambda radio: radio.block(), kept=True)

    def unblock(self) -> None:
        """Asks for Wi-Fi on. If that has begun and is late, it may come to be: switch off again."""
        self._ask(lambda radio: radio.unblock())

    def blocked(self) -> bool:
        """Whether every radio reads back as off, now."""
        return self._ask(lambda radio: radio.blocked())

    @property
    def present(self) -> bool:
        """Whether there is any Wi-Fi radio."""
        return self._ask(lambda radio: radio.present)

    def close(self) -> None:
        """Lets go of the device, once what was asked before is done; the radios stay as they are."""
        self._calls.put(None)
        self._thread.join(self._patience)

    def _ask(self, act: Callable[[Radio], T], kept: bool = False) -> T:
        with self._lock:
            if self._late:
                self._owed |= kept
                raise Hanging
            call = _Call(act, kept)
            self._calls.put(call)
        if not call.done.wait(self._patience):
            with self._lock:
                if not call.done.is_set():
                    self._late = call.given_up = True
                    raise Hanging
        return call.answer()

    def _make_calls(self) -> None:
        while (call := self._calls.get()) is not None:
            with self._lock:
                dropped = call.given_up and not call.kept
            if not dropped:
                call.make(self._opened)
            with self._lock:
                if not self._calls.empty():
                    continue
                if self._owed:
                    self._calls.put(_Call(lambda radio: radio.block(), kept=True))
                self._owed, self._late = False, self._owed
        if self._radio is not None:
            self._radio.close()

    def _opened(self) -> Radio:
        if self._radio is None:
            self._radio = self._make()
        return self._radio
