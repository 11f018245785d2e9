"""What SLT reads of a panic, a drill and a notice, as it leaves the records (H15, H16, H19)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk import events as on
from kiosk.events import Adult, Care, Outcome, Role
from kiosk.guardian import deliveries, safekeeping
from kiosk.guardian.alerts import LONGEST_SHORT, AlertFacts, Message, compose, compose_notice
from kiosk.guardian.courier import Courier
from kiosk.guardian.emergency import Mark, Tripped
from kiosk.guardian.incidents import Incidents, Kind, timeline
from kiosk.guardian.log import Log
from kiosk.guardian.paths import Delivery, PathTo
from kiosk.guardian.safekeeping import Place, Safekeeping
from kiosk.guardian.steps import what_was_done
from kiosk.guardian.store import Store

AT = datetime.fromisoformat("2026-11-22T10:42:07+00:00")
ALI, KHAN = Adult("m.ali", "Ms Ali"), Adult("a.khan", "Mrs Khan", Role.SLT)
PLACE = Place(
    "Rainbow room (kiosk-1)",
    (PathTo("Mrs Khan", "mailtos://x"),),
    ("Local authority duty desk 01234 567890",),
)
MARKS = (
    Mark("latched", 0.1),
    Mark("browser dead, internet cut", 2.0),
    Mark("radio off", 3.0),
    Mark("radio read back", 4.0),
)


def tripped(confirmed: bool = True, marks: tuple[Mark, ...] = MARKS) -> Tripped:
    return Tripped("by the red button", time.monotonic_ns(), True, confirmed, marks)


class Kept:
    """A kiosk's records that send nothing, and what they told the session."""

    def __init__(self, store: Store, place: Place = PLACE) -> None:
        self.events: list[on.Event] = []
        self.store = store
        self.records = Safekeeping(store, place, lambda url, message: Delivery(False), self.events.append)

    def message(self, number: int = 1) -> Message:
        [alert] = deliveries.load(self.store, number)
        return alert.message


@pytest.fixture
def kept(store: Store) -> Kept:
    return Kept(store)


def test_the_alert_says_what_was_done_and_when_and_whom_to_call(kept: Kept) -> None:
    kept.records.latch("by the red button", AT, ALI, "https://farm.example/a", tripped=tripped())
    body = kept.message().body
    assert "- 10:42:07 browser closed and internet cut" in body or "- 10:42:06" in body
    assert "internet confirmed off" in body
    assert "- Local authority duty desk 01234 567890" in body
    assert "hxxps://farm[.]example/a" in body


def test_what_was_done_has_the_times_of_the_steps_themselves() -> None:
    slow = (*MARKS[:1], Mark("browser dead, internet cut", 2100.0), Mark("radio read back", 3900.0))
    done = what_was_done(tripped(marks=slow), AT)
    assert [(step.what, step.at) for step in done] == [
        ("browser closed and internet cut", AT + timedelta(seconds=2.1)),
        ("internet confirmed off", AT + timedelta(seconds=3.9)),
    ]


def test_what_was_not_done_is_said_in_capitals() -> None:
    failed = (Mark("browser dead, internet cut", 1.0, "OSError: gone"), Mark("radio read back", 2.0))
    words = [step.what for step in what_was_done(tripped(False, failed), AT)]
    assert words == ["browser closed and internet cut FAILED", "internet NOT confirmed off"]


def test_the_time_is_that_of_the_edge_and_not_of_the_record(kept: Kept) -> None:
    half_a_minute_ago = replace(tripped(), at_ns=time.monotonic_ns() - 30 * 10**9)
    kept.records.latch("by the red button", AT, ALI, "", tripped=half_a_minute_ago)
    ago = AT - Incidents(kept.store).show(1).at
    assert timedelta(seconds=30) <= ago < timedelta(seconds=31)


def test_the_address_is_left_out_where_the_setting_wants_it(store: Store) -> None:
    kept = Kept(store, replace(PLACE, page_address=False))
    kept.records.latch("by the red button", AT, ALI, "https://farm.example/a", tripped=tripped())
    assert "farm" not in kept.message().body
    assert Incidents(store).show(1).url == "https://farm.example/a", "the incident has it all the same"


def test_a_clock_that_cannot_be_right_is_told_beside_the_time(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safekeeping.clocks, "is_confirmed", lambda: False)
    kept.records.latch("by the red button", AT, ALI, "", tripped=tripped())
    assert "(clock not confirmed)" in kept.message().subject
    assert "(clock not confirmed)" in kept.message().short


def test_a_drill_is_one_everywhere(kept: Kept) -> None:
    kept.records.latch("by the red button", AT, None, "", drill=True, tripped=tripped())
    message = kept.message()
    assert {message.subject.split()[0], message.body.split()[0], message.short.split()[0]} == {"DRILL"}
    assert Incidents(kept.store).show(1).drill
    assert kept.records.drilling
    [entry] = Log(kept.store).entries(kind="panic")
    assert entry.detail["drill"] is True


def test_a_reset_resolves_a_drill_that_became_real_as_the_practice_that_it_was(kept: Kept) -> None:
    kept.records.latch("by the red button", AT, None, "", drill=True, tripped=tripped())
    kept.records.latch("by the red button", AT, ALI, "", tripped=tripped())
    kept.records.unlatch(Outcome.UPSETTING, KHAN)
    incidents = Incidents(kept.store)
    assert [incidents.show(number).outcome for number in (1, 2)] == [Outcome.PRACTICE, Outcome.UPSETTING]
    assert {incidents.show(number).taken_by for number in (1, 2)} == {"Mrs Khan"}
    assert incidents.open_ones() == ()


def test_what_slt_ticked_is_in_the_incident_and_never_in_the_drill_that_came_before_h19(kept: Kept) -> None:
    kept.records.latch("by the red button", AT, None, "", drill=True, tripped=tripped())
    kept.records.latch("by the red button", AT, ALI, "", tripped=tripped())
    assert kept.records.panic == Incidents(kept.store).show(2)
    kept.records.unlatch(Outcome.UPSETTING, KHAN, care=(Care.COMFORTED, Care.DSL))
    drill, real = (Incidents(kept.store).show(number) for number in (1, 2))
    assert (drill.care, real.care) == ((), (Care.COMFORTED, Care.DSL))
    lines = " ".join(timeline(real))
    assert "Mrs Khan ticked: the child has been comforted" in lines
    assert "parents" not in lines
    [entry] = Log(kept.store).entries(kind="reset")
    assert entry.detail["care"] == ["comforted", "dsl"]


def test_a_notice_is_no_panic_and_is_closed_by_whoever_takes_it(kept: Kept) -> None:
    kept.records.notify("Wrong PINs or badges", "A PIN was not recognised 5 times running.")
    notice = Incidents(kept.store).show(1)
    assert (notice.kind, notice.open) == (Kind.NOTICE, True)
    assert kept.events == [], "the panic screen hears nothing of it"
    assert "not a red-button alert" in kept.message().body
    assert "alert" not in kept.message().subject.lower()
    taken = kept.records.take(1, "Mrs Khan")
    assert not taken.open
    assert Incidents(kept.store).open_ones() == ()


def test_an_open_notice_is_never_what_the_panic_screen_is_about_after_a_restart(kept: Kept) -> None:
    kept.records.latch("by the red button", AT, ALI, "", tripped=tripped())
    kept.records.notify("Wrong PINs or badges", "A PIN was not recognised 5 times running.")
    again = Kept(kept.store)
    again.records.resume()
    assert [type(event) for event in again.events] == [on.AlertMoved]
    again.records.unlatch(Outcome.MISTAKE, KHAN)
    assert [incident.number for incident in Incidents(kept.store).open_ones()] == [2]


def test_taking_a_panic_tells_the_screen_who_was_told(kept: Kept) -> None:
    kept.records.latch("by the red button", AT, ALI, "", tripped=tripped())
    kept.records.take(1, "Mr Harvey")
    moved = kept.events[-1]
    assert isinstance(moved, on.AlertMoved)
    assert (moved.state, moved.who) == ("told", "Mr Harvey")
    [entry] = Log(kept.store).entries(kind="incident_taken")
    assert entry.detail == {"incident": 1, "by": "Mr Harvey"}


# The short form.

words = st.text(max_size=400)


@given(room=words, adult=words, contact=words, cause=words, drill=st.booleans(), sure=st.booleans())
def test_a_text_message_is_short_whole_and_still_says_which(
    room: str, adult: str, contact: str, cause: str, drill: bool, sure: bool
) -> None:
    facts = AlertFacts("K7QM-2XVA", 14, cause, room, adult, AT, sure, contacts=(contact,), drill=drill)
    short = compose(facts).short
    assert len(short) <= LONGEST_SHORT
    assert short.endswith("Ref K7QM-2XVA")
    assert "\n" not in short
    assert short.startswith("DRILL KIOSK ALERT" if drill else "KIOSK ALERT")
    assert len(compose_notice("K7QM-2XVA", 14, room, cause, adult).short) <= LONGEST_SHORT


class _Gateway(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append(json.loads(body))  # type: ignore[attr-defined]
        answer = json.dumps({"result": {"status": "ok", "message_id": "1"}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def gateway() -> Iterator[ThreadingHTTPServer]:
    """A duty phone's SMS gateway in the setting's own house."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Gateway) as server:
        server.posted = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_text_message_is_one_and_the_short_one_h16(kept: Kept, gateway: ThreadingHTTPServer) -> None:
    kept.records.latch("by the red button", AT, ALI, "https://farm.example/", tripped=tripped())
    url = f"smseagle://token@127.0.0.1:{gateway.server_address[1]}/07700900123"
    assert Courier()(url, kept.message()) == Delivery(True)
    assert kept.message().short in str(gateway.posted)  # type: ignore[attr-defined]
    assert len(gateway.posted) == 1  # type: ignore[attr-defined]
    assert "hxxps" not in str(gateway.posted)  # type: ignore[attr-defined]
