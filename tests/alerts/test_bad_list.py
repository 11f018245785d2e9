"""A list with a mistake never closes a running kiosk, and is never in force in silence."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from kiosk import events as on
from kiosk.cli import main
from kiosk.guardian.selftest import Finding
from kiosk.guardian.store import Store
from tests.alerts.test_drill_by_hand import Desk, at_the_desk
from tests.alerts.test_guardian import Guarded, guarded, switch, until

__all__ = ["guarded", "switch"]


def note() -> str:
    return f"List has a mistake: that of {date.today():%-d %b} is used."


def test_the_self_test_says_so_while_it_is_so(guarded: Guarded) -> None:
    before = note()
    with guarded.start() as control:

        def said() -> tuple[bool, str, str]:
            (one,) = (check for check in control.ask("status").data["checks"] if check["code"] == "list")
            return one["holds"], one["sentence"], one["todo"]

        until(lambda: said() == (True, "", ""))
        file = guarded.folder / "config" / "allowlist.yaml"
        good = file.read_text()
        file.write_text("sites: [{id: farm}]\n")
        until(lambda: said() in {(True, day, "Ask ICT to run: kiosk check") for day in (before, note())})
        file.write_text(good)
        until(lambda: said() == (True, "", ""))


def test_so_does_the_locked_screen(store: Store) -> None:
    async def act(desk: Desk) -> None:
        guardian, mistake = desk.guardian, note()
        for code in list(guardian.session.faults):
            guardian.post(on.FaultCleared(code))
        for noted, ends in ((mistake, mistake), ("", "")):
            guardian.selftest.note(Finding("list", True, noted))
            guardian.presenter.ready(guardian._ready())
            guardian.post(on.Tick(1))
            assert guardian.glass.view.note.startswith("Ready. ")
            assert guardian.glass.view.note.endswith(ends)
            assert (mistake in guardian.glass.view.note) is bool(noted)

    at_the_desk(store, act)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (None, "What is on the list is not known: say --config."),
        ("sites: []", "The list: 0 sites, 0 approved."),
        (
            "sites: [{id: farm}]",
            "The list on the disk HAS A MISTAKE (allowlist.yaml, line 1), so an older",
        ),
    ],
)
def test_the_report_has_a_row_for_the_list(
    store: Store, text: str | None, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if text is not None:
        (tmp_path / "allowlist.yaml").write_text(text)
    main(["report", "--state", str(store.path.parent), "--config", str(tmp_path)])
    assert line in capsys.readouterr().out
