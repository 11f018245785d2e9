"""The records of a kiosk that runs: read, asked, taken and drilled from outside, by the command line."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

from kiosk.protocol import Scene, Tap
from tests.e2e.conftest import KIOSK, Observed, wait_until
from tests.late import only_late


def run(kiosk: Observed, *words: str, state: bool = True, socket: bool = False) -> tuple[int, str]:
    folder = Path(kiosk.facts["guardian_socket"]).parents[1]
    line = [*KIOSK, *words]
    line += ["--state", str(folder / "state")] if state else []
    line += ["--socket", kiosk.facts["guardian_socket"]] if socket else []
    done = subprocess.run(line, capture_output=True, text=True, timeout=90, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_press_once_slt_has_taken_it_calls_them_again(kiosk: Observed) -> None:
    kiosk.open_session()
    kiosk.control.ask("press", what="panic")
    kiosk.until(Scene.PANIC, lambda view: view.panic is not None and view.panic.alert == "sent")
    status, said = run(kiosk, "incidents", "take", "1", "--as", "Mrs Khan", state=False, socket=True)
    assert status == 0, said
    told = kiosk.until(Scene.PANIC, lambda view: view.panic is not None and view.panic.alert == "told")
    wait_until(lambda: kiosk.control.ask("status").data["button_held"] is False)  # the first press is over
    kiosk.control.ask("press", what="panic")
    again = kiosk.until(Scene.PANIC, lambda view: view.panic is not None and view.panic.alert == "sent")
    assert again.serial > told.serial
    mails = [mail for mail in kiosk.alerts() if "The red button was pressed again" in mail]
    assert mails
    assert all("Nobody has reset the kiosk." in mail for mail in mails)
    said = run(kiosk, "incidents", "show", "1")[1]
    assert "taken by Mrs Khan" in said
    assert "The red button was pressed again: everybody was told anew" in said
    assert "OPEN, nobody took it" in said
    kiosk.reset()


def test_a_drill_measures_the_whole_path_and_is_marked_everywhere(kiosk: Observed) -> None:
    for _ in range(2):
        kiosk.open_session()
        kiosk.open_page()
        status, said = run(kiosk, "drill", state=False, socket=True)
        if not only_late(line for line in said.splitlines() if line.startswith("FAIL")):
            break
        kiosk.read = frozenset(kiosk.inbox())
        kiosk.reset()
    assert status == 0, said
    assert "ms after the edge: browser closed and internet cut" in said
    assert "ms after the edge: incident and alert written down" in said
    assert "the internet is confirmed off" in said
    assert "the alert was accepted for Mrs Khan by e-mail" in said
    assert "stays latched until SLT resets it" in said
    assert not kiosk.browsers()
    [mail] = kiosk.alerts()
    assert "Subject: DRILL Kiosk alert" in mail
    assert "This is a practice." in mail
    assert "browser closed and internet cut" in mail
    assert "internet confirmed off" in mail
    status, said = run(kiosk, "drill", state=False, socket=True)
    assert status == 2
    assert "latched already" in said
    assert "FAIL  latch" in run(kiosk, "doctor", socket=True)[1]
    kiosk.reset()
    status, said = run(kiosk, "doctor", socket=True)
    assert (status, said.splitlines()[-1]) == (0, "A session may open."), said
    assert {"ok    button", "ok    disk", "ok    clock", "ok    screen"} <= set(said.splitlines())
    assert "resolved (practice): DRILL as a drill, Ms Ali" in run(kiosk, "incidents")[1]


def test_a_press_during_a_drill_is_a_real_alert(kiosk: Observed) -> None:
    kiosk.control.ask("drill", button=False)
    kiosk.until(Scene.PANIC)
    kiosk.control.ask("press", what="panic")
    wait_until(lambda: len(kiosk.alerts()) == 2)
    drill, real = sorted(kiosk.alerts(), key=lambda mail: "DRILL" not in mail)
    assert "Subject: DRILL Kiosk alert" in drill
    assert "DRILL" not in real
    assert "Please go to the room now." in real
    kiosk.reset()
    said = run(kiosk, "incidents")[1]
    assert said.count("resolved (practice)") == 2


def test_taking_an_incident_at_the_command_line_tells_the_panic_screen_who_was_told(
    kiosk: Observed,
) -> None:
    kiosk.control.ask("press", what="panic")
    kiosk.until(Scene.PANIC, lambda view: view.panic is not None and view.panic.alert == "sent")
    assert run(kiosk, "incidents", "take", "1", "--as", "Mrs Khan", socket=True) == (
        0,
        "Incident 1 is taken by Mrs Khan.\n",
    )
    view = kiosk.until(Scene.PANIC, lambda view: view.panic is not None and view.panic.alert == "told")
    assert view.panic is not None
    assert view.panic.who == "Mrs Khan"
    status, said = run(kiosk, "incidents", "take", "7", "--as", "Mrs Khan", socket=True)
    assert status == 2
    assert "There is no incident 7." in said


def test_a_session_leaves_a_log_that_holds_and_a_report_that_says_what_it_was_h7(kiosk: Observed) -> None:
    before = time.strftime("%a %d %B")
    kiosk.open_session()
    kiosk.open_page(-1)
    kiosk.meet_the_door()
    kiosk.tap(Tap.BACK)
    kiosk.until(Scene.PAGE, lambda view: view.browser)
    kiosk.tap(Tap.TELL)
    kiosk.until(Scene.COVERED)
    kiosk.badge("staff")
    kiosk.until(Scene.COVERED, lambda view: view.choices)
    kiosk.tap(Tap.CHOICE, "finish")
    kiosk.until(Scene.LOCKED)
    assert run(kiosk, "log", "verify")[0] == 0
    lines = [json.loads(line) for line in run(kiosk, "log", "--json")[1].splitlines()]
    kinds = [line["kind"] for line in lines]
    assert kinds[0] == "started"
    for kind in ("self_test", "radio_on", "session_open", "link_refused", "covered", "radio_off"):
        assert kind in kinds
    [covered] = [line["detail"] for line in lines if line["kind"] == "covered"]
    assert covered["why"] == "told"
    assert covered["url"].startswith("https://ducks.pond.example")
    [choice] = [line["detail"] for line in lines if line["kind"] == "cover_choice"]
    assert choice["choice"] == "finish"
    status, said = run(kiosk, "report")
    assert status == 0, said
    assert "Still armed: yes." in said
    assert "Sessions: 1" in said
    assert "the child told once" in said
    assert "elsewhere[.]example" in said
    assert before in said or time.strftime("%a %d %B") in said  # midnight may have passed
    assert kiosk.alerts() == [], "the child's own button alerts nobody (H8)"
