"""What lamp and sounder say: a lamp says armed only when it is, the sounder that SLT is not told, or that the
glass may not be dark.
"""

from __future__ import annotations

from hardware.panel import Panel
from hardware.signals import LampState
from kiosk.state import OPEN, Panic, Session


def signal(panel: Panel, session: Session, lit: bool) -> None:
    """Bring both up to date, each whatever became of the other. `lit`: a panic's glass may still show what
    was on it. Raises HardwareError if one does not obey.
    """
    try:
        panel.lamp.show(lamp(session))
    finally:
        if lit or sounds(session):
            panel.sounder.start()
        else:
            panel.sounder.stop()


def lamp(session: Session) -> LampState:
    """How the lamp should look."""
    if session.panic is Panic.LATCHED:
        return LampState.PANIC
    if session.faults:
        return LampState.FAULT
    return LampState.OPEN if session.state in OPEN else LampState.READY


def sounds(session: Session) -> bool:
    """While panic is latched and no path has accepted the alert (invariant 7)."""
    alert = session.alarm.alert
    unsent = alert is None or alert.state in ("sending", "not_told")
    return session.panic is Panic.LATCHED and unsent
