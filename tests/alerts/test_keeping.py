"""What SLT reads of a panic, a drill and a notice, as it leaves the records (H15, H16, H19)."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import ANY

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk import events as on
from kiosk.errors import StoreError
from kiosk.events import Adult, Care, Outcome, Role
from kiosk.guardian import deliveries, footing, safekeeping, settings
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
    assert re.search(r"^- 10:4(1:[0-5]\d|2:0[0-7]) browser closed and internet cut$", body, re.MULTILINE)
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
    assert timedelta(seconds=30) <= ago < timedelta(seconds=90)


def test_a_page_that_had_just_been_left_is_named_as_one(kept: Kept) -> None:
    kept.records.latch("by the red button", AT, ALI, "https://farm.example/a", left=4, tripped=tripped())
    said = "record it and its time only; it was left 4 s before):\nhxxps://farm[.]example/a\n"
    assert said in kept.message().body
    incident = Incidents(kept.store).show(1)
    assert [note.text for note in incident.notes] == ["the page had been left 4 s before"]


def test_a_press_once_somebody_took_it_goes_to_everybody_anew_by_the_same_reference(store: Store) -> None:
    place = replace(PLACE, paths=(*PLACE.paths, PathTo("Mr Harvey", "mailtos://y")), escalate_after=60)
    kept = Kept(store, place)
    kept.records.latch("by the red button", AT, ALI, "https://farm.example/a", tripped=tripped())
    first = kept.message()
    kept.records.take(1, "Mrs Khan")
    for _ in range(2):
        kept.records.tell_again("The red button was pressed again")
    again = kept.message()
    assert again.id == first.id
    assert again.subject.startswith("The red button was pressed again, ")
    assert again.subject.endswith(first.subject)
    assert again.subject.count("again") == 1
    assert again.body.splitlines()[0].endswith(". Nobody has reset the kiosk.")
    assert again.body.endswith(first.body)
    assert again.short.startswith("The red button was pressed again, ")
    assert again.short.endswith(f" Ref {first.id}")
    assert len(again.short) <= LONGEST_SHORT
    assert isinstance(kept.events[-1], on.AlertMoved)
    assert kept.events[-1].state == "sending"
    incident = Incidents(store).show(1)
    assert not incident.taken_by
    lines = " | ".join(timeline(incident))
    assert "taken by Mrs Khan" in lines
    assert "The red button was pressed again: everybody was told anew" in lines


def test_after_a_restart_an_alert_begun_anew_is_still_owed_and_can_be_taken_anew(store: Store) -> None:
    kept = Kept(store)
    kept.records.latch("by the red button", AT, ALI, "", tripped=tripped())
    kept.records.take(1, "Mrs Khan")
    kept.records.tell_again("The red button was pressed again")
    later = Kept(store)
    later.records.resume()
    assert [event.state for event in later.events if isinstance(event, on.AlertMoved)] == ["sending"]
    assert later.records.outbox.needs_a_way()
    assert later.records.take(1, "Mr Harvey").taken_by == "Mr Harvey"
    assert [event.who for event in later.events if isinstance(event, on.AlertMoved)][-1] == "Mr Harvey"
    assert later.records.take(1, "Ms Lee").taken_by == "Mr Harvey", "taken is taken"
    later.records.unlatch(Outcome.UPSETTING, KHAN)


def test_a_start_that_reads_no_configuration_still_tells_whoever_was_owed_the_alert(
    kept: Kept, tmp_path: Path
) -> None:
    kept.records.latch("by the red button", AT, ALI, "", tripped=tripped())
    folder, lack = footing.configuration(tmp_path / "nothing", tmp_path / "no-last-good")
    assert lack is not None
    told: list[str] = []

    def deliver(url: str, message: Message) -> Delivery:
        told.append(message.subject)
        return Delivery(True)

    async def act() -> None:
        moved: asyncio.Queue[on.Event] = asyncio.Queue()
        place = settings.place(folder.config)
        records = Safekeeping(kept.store, place, deliver, moved.put_nowait)
        records.resume()
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(records.outbox.run())
            for words in ("Kiosk alert", "The red button was pressed again"):
                while (await moved.get()).state != "sent":  # type: ignore[attr-defined]
                    pass
                assert told[-1].startswith(words)
                records.tell_again("The red button was pressed again")
            sending.cancel()

    asyncio.run(act())


def test_a_disk_that_does_not_take_it_keeps_nobody_from_being_told_anew_and_has_it_later(kept: Kept) -> None:
    kept.records.latch("by the red button", AT, ALI, "", tripped=tripped())
    kept.records.take(1, "Mrs Khan")
    no_disk(kept, True)
    with pytest.raises(StoreError):
        kept.records.tell_again("The red button was pressed again")
    assert isinstance(kept.events[-1], on.AlertMoved)
    assert kept.events[-1].state == "sending"
    no_disk(kept, False)
    assert Incidents(kept.store).show(1).taken_by == "Mrs Khan"
    kept.records.write_again()
    assert not Incidents(kept.store).show(1).taken_by
    [alert] = deliveries.load(kept.store, 1)
    assert alert.message.subject.startswith("The red button was pressed again")


def test_what_is_told_once_more_of_a_drill_is_still_one(kept: Kept) -> None:
    kept.records.latch("as a drill", AT, None, "", drill=True, tripped=tripped())
    for _ in range(2):
        kept.records.tell_again("The screen does not answer")
        message = kept.message()
        for text in (message.subject, message.body, message.short):
            assert text.startswith("DRILL The screen does not answer, ")
        for text in (message.subject, message.short):
            assert text.count("DRILL") == 2, "and what it was is still whole"
        assert len(message.short) <= LONGEST_SHORT


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


# Records that cannot be written, and can again.


def no_disk(kept: Kept, on: bool) -> None:
    kept.store.run(f"PRAGMA query_only = {'ON' if on else 'OFF'}")


def test_a_reset_writes_first_what_the_press_could_not_and_nothing_latches_again_after_it(kept: Kept) -> None:
    no_disk(kept, True)
    with pytest.raises(StoreError):
        kept.records.latch("by the red button", AT, ALI, "https://farm.example/a", tripped=tripped())
    no_disk(kept, False)
    kept.records.unlatch(Outcome.UPSETTING, KHAN)
    kept.records.write_again()
    assert kept.records.latched_since is None
    [incident] = Incidents(kept.store).latest()
    assert (incident.outcome, incident.url) == (Outcome.UPSETTING, "https://farm.example/a")
    assert len(deliveries.load(kept.store, incident.number)) == 1
    assert [entry.kind for entry in Log(kept.store).entries()] == ["panic", "reset"]


def test_a_press_that_still_cannot_be_written_is_not_reset(kept: Kept) -> None:
    no_disk(kept, True)
    with pytest.raises(StoreError):
        kept.records.latch("by the red button", AT, ALI, "", tripped=tripped())
    with pytest.raises(StoreError):
        kept.records.unlatch(Outcome.UPSETTING, KHAN)
    no_disk(kept, False)
    kept.records.write_again()
    assert kept.records.latched_since is not None


def test_an_alert_sent_from_memory_becomes_its_incidents_as_soon_as_there_is_one(kept: Kept) -> None:
    no_disk(kept, True)
    with pytest.raises(StoreError):
        kept.records.latch("by the red button", AT, ALI, "", tripped=tripped())
    assert isinstance(kept.events[-1], on.AlertMoved)
    no_disk(kept, False)
    kept.records.write_again()
    assert "\nReference " in kept.message().body
    kept.records.take(1, "Mr Harvey")
    assert kept.events[-1] == on.AlertMoved("told", ANY, "Mr Harvey", tries=0)


def test_what_was_tried_of_an_alert_in_memory_is_written_with_it(store: Store) -> None:
    async def act() -> None:
        kept = Kept(store)
        no_disk(kept, True)
        with pytest.raises(StoreError):
            kept.records.latch("by the red button", AT, ALI, "", tripped=tripped())
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(kept.records.outbox.run())
            while not any(isinstance(e, on.AlertMoved) and e.state == "not_told" for e in kept.events):
                await asyncio.sleep(0.01)
            sending.cancel()
        no_disk(kept, False)
        kept.records.write_again()
        [path] = deliveries.load(store, 1)[0].paths
        assert (path.tries, path.state.value) == (1, "retrying")

    asyncio.run(act())


def test_steps_that_could_not_be_written_are_written_once_and_open_no_second_incident(kept: Kept) -> None:
    kept.records.latch("by the red button", AT, ALI, "", tripped=tripped())
    no_disk(kept, True)
    with pytest.raises(StoreError):
        kept.records.steps(MARKS)
    no_disk(kept, False)
    kept.records.write_again()
    no_disk(kept, True)
    with pytest.raises(StoreError):
        kept.records.latch("by the red button", AT, ALI, "", tripped=tripped())
    kept.records.steps(MARKS)
    no_disk(kept, False)
    # The disk takes the incident, and is full again when it comes to the steps.
    kept.store.run("CREATE TRIGGER full BEFORE INSERT ON incident_step BEGIN SELECT RAISE(FAIL, 'full'); END")
    with pytest.raises(StoreError):
        kept.records.write_again()
    kept.store.run("DROP TRIGGER full")
    kept.records.write_again()
    kept.records.write_again()
    kept.records.steps(MARKS)
    incidents = Incidents(kept.store).open_ones()
    assert [[step.name for step in one.steps] for one in incidents] == [[mark.name for mark in MARKS]] * 2


def test_news_of_an_older_alert_is_never_told_as_that_of_a_newer_panic(kept: Kept) -> None:
    no_disk(kept, True)
    for _ in range(2):
        with pytest.raises(StoreError):
            kept.records.latch("by the red button", AT, ALI, "", tripped=tripped())
    no_disk(kept, False)
    kept.records.write_again()
    assert [incident.number for incident in Incidents(kept.store).open_ones()] == [1, 2]
    kept.events.clear()
    kept.records.take(1, "Mr Harvey")
    assert kept.events == []


def test_a_reserve_that_cannot_be_given_up_holds_no_alert_back_and_is_a_trouble_of_the_records(
    kept: Kept,
) -> None:
    reserve = kept.store.path.with_name("kiosk.db.reserve")
    reserve.unlink()
    reserve.mkdir()  # no right keeps root from a file, but a folder is no file to remove
    full = kept.store.row("PRAGMA page_count")[0]
    kept.store.run(f"PRAGMA max_page_count = {full}")
    long = Adult("m.ali", "Ms Ali " * 1000)  # more than there is room for in what the file has already
    with pytest.raises(StoreError, match=r"The records at .* cannot be"):
        kept.records.latch("by the red button", AT, long, "", tripped=tripped())
    assert isinstance(kept.events[-1], on.AlertMoved), "it is on its way"
    assert kept.records.latched_since is None
    reserve.rmdir()
    kept.store.run(f"PRAGMA max_page_count = {full + 1000}")
    kept.records.write_again()
    assert kept.records.latched_since is not None
    assert "Ms Ali" in kept.message().body


def test_whatever_becomes_of_a_step_each_one_after_it_is_taken_and_the_first_to_fail_is_told(
    kept: Kept,
) -> None:
    nobody = Adult("m.ali", "Ms Ali \udcff")  # no text for a disk
    with pytest.raises(UnicodeEncodeError):
        kept.records.latch("by the red button", AT, nobody, "", tripped=tripped())
    assert isinstance(kept.events[-1], on.AlertMoved), "it is on its way"
    assert [entry.kind for entry in Log(kept.store).entries()] == ["panic"]
    with pytest.raises(UnicodeEncodeError):
        kept.records.write_again()  # it is not forgotten


def test_an_alert_that_a_mistake_of_ours_kept_from_being_written_is_written_and_sent_as_soon_as_it_can_be(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(safekeeping, "compose", lambda facts: {}["a mistake"])
        with pytest.raises(KeyError):
            kept.records.latch("by the red button", AT, ALI, "", tripped=tripped())
    assert [entry.kind for entry in Log(kept.store).entries()] == ["panic"]
    kept.records.write_again()
    assert "Ms Ali" in kept.message().body
    assert isinstance(kept.events[-1], on.AlertMoved)


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
