"""Who may answer for an incident: whom alerts go to, and SLT (H18). Any other name ends no escalation, and is
never shown as somebody who was told.
"""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.errors import KioskError
from kiosk.events import Role
from kiosk.guardian.alerts import plain
from kiosk.guardian.folder import Folder


class MayNotAnswer(KioskError):
    """A name that is nobody's who may answer for an incident; nothing was taken."""


def may_answer(folder: Folder) -> tuple[str, ...]:
    """Their names: the people of `alerts.people` in their order, then those of people.yaml who are SLT."""
    told = (person.name for person in folder.config.alerts.people)
    slt = (person.name for person in folder.people.people if person.role is Role.SLT)
    return tuple(dict.fromkeys((*told, *slt)))


def answering(name: str, names: Sequence[str]) -> str:
    """`name`, if it is one of `names`, letter by letter. Raises MayNotAnswer, which says whose may."""
    if name in names:
        return name
    todo = f"These may: {', '.join(map(plain, names))}." if names else "Nobody is known who may: kiosk check"
    raise MayNotAnswer(f"“{plain(name)}” may not answer for an incident.", todo)
