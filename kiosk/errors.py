"""What can go wrong, as sentences for the person who meets them.

Every error says what is wrong and, in `todo`, what to do about it; the screen, the command line and the log
show both and never a stack trace.
"""


class KioskError(Exception):
    """The base of all our errors: `str(error)` is the sentence, `error.todo` what to do next."""

    def __init__(self, sentence: str, todo: str = "") -> None:
        super().__init__(sentence)
        self.todo = todo

    def __str__(self) -> str:
        sentence = str(self.args[0])
        return f"{sentence} {self.todo}" if self.todo else sentence


class NotNow(KioskError):
    """The session machine has no place for this event in its state; nothing changed."""


class BrowserError(KioskError):
    """The browser could not be started or did not do what it was told."""


class FilterError(KioskError):
    """The setting's own filter is not in the path, and a session needs it (H21)."""


class StoreError(KioskError):
    """The log, the latch or the outbox could not be read or written: the kiosk closes."""


class ProtocolError(KioskError, ValueError):
    """A line on the guardian's socket that is not of the protocol."""
