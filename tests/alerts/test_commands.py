"""The records as SLT and ICT read them on the command line: H5, H7, H17, H19."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from hardware.wiring import ButtonSettings
from kiosk.cli import main
from kiosk.commands.summary import armed, armed_days, summarise
from kiosk.events import Adult, Care, Outcome, Role
from kiosk.guardian.alerts import Message
from kiosk.guardian.clocks import now
from kiosk.guardian.emergency import Mark, Tripped
from kiosk.guardian.incidents import Incidents
from kiosk.guardian.log import Entry, Log
from kiosk.guardian.paths import Delivery, PathTo
from kiosk.guardian.proof import Proof
from kiosk.guardian.safekeeping import BUTTON_TESTED, Place, Safekeeping
from kiosk.guardian.steps import WORDS
from kiosk.guardian.store import Store

SECRET = "s3cr3tt0k3n"
ALI, KHAN = Adult("m.ali", "Ms Ali"), Adult("a.khan", "Mrs Khan", Role.SLT)
PLACE = Place(
    "Rainbow room (kiosk-1)",
    (
        PathTo("Mrs Khan", f"mailtos://kiosk:{SECRET}@mail.nursery.example/?to=slt@nursery.example"),
        PathTo("Mr Harvey", f"twilio://AC{SECRET}:{SECRET}@+441234567890/+441234567891"),
    ),
    ("Local authority duty desk 01234 567890",),
    escalate_after=60,
)
Run = Callable[..., tuple[int, str]]


def refuse(url: str, message: Message) -> Delivery:
    return Delivery(False, "refused")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def kept(state: Path) -> Iterator[Safekeeping]:
    """Records with one panic in an open session, as a running guardian holds them."""
    store = Store.open(state / "kiosk.db")
    records = Safekeeping(store, PLACE, refuse, lambda event: None)
    marks = (Mark("latched", 0.1), Mark("browser dead, internet cut", 1.9), Mark("radio read back", 3.2))
    tripped = Tripped("by the red button", time.monotonic_ns(), True, True, marks)
    records.log("session_open", "m.ali")
    records.latch("by the red button", now(), ALI, "https://farm.example/\x1b[2Jcow", tripped=tripped)
    records.steps(marks)
    yield records
    store.close()


@pytest.fixture
def run(state: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: str) -> tuple[int, str]:
        status = main([*words, "--state", str(state)])
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def test_the_log_is_read_while_the_guardian_writes_it(kept: Safekeeping, run: Run) -> None:
    status, said = run("log")
    assert status == 0
    assert [line.split()[3] for line in said.splitlines()] == ["session_open", "panic"]
    assert "hxxps://farm[.]example/" in said
    assert "\x1b" not in said


def test_the_log_can_be_narrowed_to_a_kind_and_a_day(kept: Safekeeping, run: Run) -> None:
    assert len(run("log", "--kind", "panic")[1].splitlines()) == 1
    tomorrow = (now() + timedelta(days=1)).date().isoformat()
    assert run("log", "--since", tomorrow) == (0, "")
    [line] = run("log", "--kind", "panic", "--json")[1].splitlines()
    assert json.loads(line)["detail"]["url"] == "https://farm.example/\x1b[2Jcow", "word for word"


def test_a_day_that_is_none_is_a_sentence(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["log", "--since", "yesterday"])
    assert ended.value.code == 2
    assert "“yesterday” is no day. Write 2026-11-22" in capsys.readouterr().err


def test_a_log_that_is_whole_is_verified_and_says_its_seal(kept: Safekeeping, run: Run) -> None:
    status, said = run("log", "verify")
    assert status == 0
    assert "All 2 records are as they were written." in said
    seal = said.split()[-1]
    assert run("log", "verify", "--known", seal)[0] == 0
    assert run("log", "verify", "--known", seal[:20])[0] == 0, "an alert carries the beginning of it"
    assert run("log", "verify", "--known", f"2:{'0' * 16}")[0] == 1


def test_a_log_that_was_edited_is_exit_1(kept: Safekeeping, run: Run, state: Path) -> None:
    kept._store.run("DROP TRIGGER log_never_changes")
    kept._store.run("UPDATE log SET record = replace(record, 'm.ali', 'nobody') WHERE serial = 1")
    status, said = run("log", "verify")
    assert status == 1
    assert "Record 1 was changed" in said


def test_no_records_is_a_sentence_and_exit_2(run: Run) -> None:
    for words in (("log",), ("incidents",), ("report",), ("incidents", "take", "1", "--as", "Mrs Khan")):
        status, said = run(*words)
        assert status == 2
        assert "There are no records at" in said


def test_incidents_are_listed_with_what_they_are_and_where_they_stand(kept: Safekeeping, run: Run) -> None:
    kept.notify("Wrong PINs or badges", "A PIN was not recognised 5 times.")
    status, said = run("incidents")
    newest, panic = said.splitlines()
    assert status == 0
    assert "OPEN, nobody took it: notice, Wrong PINs or badges" in newest
    assert "OPEN, nobody took it: by the red button, Ms Ali" in panic


def test_an_incident_shows_its_steps_and_every_path_and_no_secret(kept: Safekeeping, run: Run) -> None:
    status, said = run("incidents", "show", "1")
    assert status == 0
    assert "+1.9 ms browser closed and internet cut" in said
    assert "Mrs Khan by e-mail (mailtos://mail.nursery.example/…): being sent" in said
    assert "Mr Harvey by text message" in said
    assert "not yet their turn" in said
    assert "hxxps://farm[.]example/" in said
    assert SECRET not in said
    assert run("incidents", "show", "7") == (
        2,
        "kiosk: There is no incident 7. `kiosk incidents` lists them.\n",
    )


def test_taking_one_while_a_guardian_runs_with_these_records_needs_its_socket(
    kept: Safekeeping, run: Run
) -> None:
    status, said = run("incidents", "take", "1", "--as", "Mrs Khan")
    assert status == 2
    assert "Say --socket" in said
    assert Incidents(kept._store).show(1).taken_by == ""


def known(state: Path) -> Path:
    """A configuration in which Mrs Khan is told and Ms Lee is SLT."""
    people = [
        {"id": "s.lee", "name": "Ms Lee", "role": "slt"},
        {"id": "m.ali", "name": "Ms Ali", "role": "staff"},
    ]
    told = [{"name": "Mrs Khan", "urls": ["mailtos://u:p@mail.example?to=slt@nursery.example"]}]
    kiosk = {"device": "kiosk-1", "room": "Rainbow room", "alerts": {"people": told}}
    for name, data in (("kiosk", kiosk), ("people", {"people": people})):
        (state / f"{name}.yaml").write_text(yaml.safe_dump(data))
    return state


def test_taking_one_with_no_guardian_writes_to_the_records_and_the_log(
    kept: Safekeeping, run: Run, state: Path
) -> None:
    kept._store.close()
    take = ("incidents", "take", "1", "--config", str(known(state)), "--as")
    assert run(*take, "Mrs Khan") == (0, "Incident 1 is taken by Mrs Khan.\n")
    status, said = run(*take, "Ms Lee")
    assert (status, said) == (1, "Incident 1 is taken by Mrs Khan. That stays.\n")
    assert "by=“Mrs Khan”" not in said
    assert "incident_taken" in run("log")[1]
    assert "taken by Mrs Khan" in run("incidents")[1]
    kept._store = Store.open(state / "kiosk.db")


@pytest.mark.parametrize(
    "name", ["", "Mickey Mouse", "Ms Ali", "mrs khan", "two\nlines", "http://example.org/"]
)
def test_a_name_that_is_nobodys_who_may_answer_is_refused_and_ends_nothing_h18(
    kept: Safekeeping, run: Run, state: Path, name: str
) -> None:
    kept._store.close()
    status, said = run("incidents", "take", "1", "--config", str(known(state)), "--as", name)
    assert status == 2
    assert said.endswith("may not answer for an incident. These may: Mrs Khan, Ms Lee.\n")
    status, said = run("incidents", "take", "1", "--config", str(state / "nowhere"), "--as", name)
    assert status == 2
    assert said.endswith("Nobody is known who may: kiosk check\n")
    assert "OPEN, nobody took it" in run("incidents")[1]
    kept._store = Store.open(state / "kiosk.db")


def test_an_incident_becomes_a_document_for_the_file_h19(kept: Safekeeping, run: Run, state: Path) -> None:
    kept.unlatch(Outcome.CAUGHT, KHAN, care=(Care.DSL,))
    file = state / "incident-1.pdf"
    status, said = run("incidents", "show", "1", "--pdf", str(file))
    assert (status, said) == (0, f"Incident 1 is in {file}.\n")
    page = subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, text=True, check=True)
    text = " ".join(page.stdout.split())
    for words in (
        "Incident 1",
        "Rainbow room (kiosk-1)",
        "Ms Ali",
        "hxxps://farm[.]example/",
        "something wrong, but not seen",
        "by Mrs Khan",
        "the designated safeguarding lead knows: ticked",
        "the parents are to be told: not ticked",
        "Local authority duty desk 01234 567890",
        "internet confirmed off",
        "Signed, date",
        "page 1 of",
    ):
        assert words in text
    assert SECRET not in text
    assert "https://" not in text


def test_every_step_is_in_plain_words_on_the_screen_and_in_the_document(
    kept: Safekeeping, run: Run, state: Path
) -> None:
    for number, step in enumerate(WORDS):
        kept.step(Mark(step, 5.0 + 2 * number))
        kept.step(Mark(step, 6.0 + 2 * number, "OSError: [Errno 5] Input/output error"))
    file = state / "incident-1.pdf"
    run("incidents", "show", "1", "--pdf", str(file))
    page = subprocess.run(["pdftotext", file, "-"], capture_output=True, text=True, check=True)
    for text in (run("incidents", "show", "1")[1], page.stdout):
        said = " ".join(text.split())
        for step, (done, failed) in WORDS.items():
            assert f"ms {step}" not in said
            assert f"ms {done}" in said
            assert f"ms {failed} (for ICT: OSError: [Errno 5] Input/output error)" in said


# The report.


@dataclass
class Book:
    """A log written by hand: minutes since nine, and a monotonic clock that power cuts reset."""

    at: datetime = datetime(2026, 11, 16, 9, tzinfo=UTC)
    entries: list[Entry] = field(default_factory=list)
    mono: float = 1000.0

    def later(self, minutes: float, mono: float | None = None) -> None:
        self.at += timedelta(minutes=minutes)
        self.mono = self.mono + minutes * 60 if mono is None else mono

    def write(self, kind: str, person: str = "", **detail: object) -> None:
        serial = len(self.entries) + 1
        self.entries.append(Entry(serial, kind, self.at, int(self.mono * 1e9), person, dict(detail)))


def test_a_session_and_its_radio_are_counted_in_minutes_h5() -> None:
    book = Book()
    book.write("radio_on")
    book.write("session_open", "m.ali")
    book.later(12)
    book.write("session_closed", "m.ali", why="finished")
    book.write("radio_off", confirmed=True)
    summary = summarise(book.entries)
    [sitting] = summary.sittings
    assert (sitting.person, sitting.seconds, sitting.ending) == ("m.ali", 720, "finished")
    assert summary.radio == {book.at.astimezone().date(): 720}


def test_a_clock_that_is_set_in_a_session_makes_it_no_longer() -> None:
    book = Book()
    book.write("radio_on")
    book.at += timedelta(days=9000)
    book.mono += 60
    book.write("radio_off")
    assert list(summarise(book.entries).radio.values()) == [60]


def test_a_night_with_the_plug_out_is_no_minute_of_radio() -> None:
    book = Book()
    book.write("radio_on")
    book.write("session_open", "m.ali")
    book.later(5)
    book.write("page", "m.ali", url="https://farm.example/")
    book.later(14 * 60, mono=30.0)
    book.write("started")
    book.write("radio_off")
    summary = summarise(book.entries)
    assert list(summary.radio.values()) == [300], "until the last that is known"
    assert (summary.sittings[0].seconds, summary.sittings[0].ending) == (300, "power lost")


def test_three_refused_links_within_five_minutes_stand_out_and_four_spread_out_do_not_h7() -> None:
    book = Book()
    book.write("session_open", "m.ali")
    for pause in (0, 4, 4, 4, 60, 1, 1):
        book.later(pause)
        book.write("link_refused", "m.ali", host="elsewhere.example")
    summary = summarise(book.entries)
    assert len(summary.bursts) == 1
    assert summary.links == {"elsewhere.example": 7}


def test_a_child_who_tells_often_is_counted_and_a_presence_check_is_not_telling_h8() -> None:
    book = Book()
    book.write("session_open", "m.ali")
    book.write("covered", "m.ali", why="presence")
    for _ in range(3):
        book.write("covered", "m.ali", why="told", url="https://farm.example/")
    assert summarise(book.entries).sittings[0].told == 3


def test_presses_in_a_panic_that_were_counted_count() -> None:
    book = Book()
    book.write("panic_again", cause="by the red button")
    book.write("panic_again", count=41)
    assert summarise(book.entries).counts["panic_again"] == 42


def test_still_armed_is_yes_no_or_not_known() -> None:
    book = Book()
    book.write("started")
    book.write("self_test", faults=[])
    an_hour = timedelta(hours=1)
    assert armed(summarise(book.entries), book.at + an_hour).startswith("Still armed: yes")
    assert armed(summarise(book.entries), book.at + 30 * an_hour).startswith("Still armed: NOT KNOWN")
    book.write("fault", code="button", sentence="The red button is not ready.")
    assert armed(summarise(book.entries), book.at).startswith("Still armed: NO. The red button is not ready.")
    book.write("fault_cleared", code="button")
    assert armed(summarise(book.entries), book.at).startswith("Still armed: yes")
    assert armed(summarise([]), book.at).startswith("Still armed: NOT KNOWN")


def test_the_days_on_which_it_stood_armed_are_named_and_so_are_the_others() -> None:
    book = Book()  # a Monday
    monday = book.at.astimezone().date()
    book.write("self_test", faults=[])
    book.later(24 * 60)
    book.write("self_test", faults=[])
    book.write("fault", code="button", sentence="The red button is not ready.")
    line = armed_days(summarise(book.entries), monday, monday + timedelta(days=2))
    assert line == (
        "Armed on 1 of 3 days. NOT always armed on Tue 17 November."
        " Switched off, or nothing written, on Wed 18 November."
    )


def test_the_report_says_what_is_owed(kept: Safekeeping, run: Run, tmp_path: Path) -> None:
    said = run("report", "--week")[1]
    assert "never tested by a press: one is owed" in said
    assert "Alerts outstanding, accepted by no path: 1" in said
    nine_days_ago = datetime.now(UTC) - timedelta(days=9)
    kept._store.keep(BUTTON_TESTED, Proof.kept(nine_days_ago, ButtonSettings().circuit))
    kept.log("heartbeat", ok=False, why="HTTP 500")
    assert "is not known: say --config" in run("report", "--week")[1]
    alerts = (
        "alerts: {people: [{name: Mrs Khan, urls: ['mailtos://u:p@mail.example?to=slt@nursery.example']}]}"
    )
    (tmp_path / "kiosk.yaml").write_text(f"device: kiosk-1\nroom: Rainbow room\n{alerts}\n")
    said = run("report", "--week", "--config", str(tmp_path))[1]
    assert "A TEST IS OWED since" in said
    assert "Heartbeat: NOT KEPT since" in said
    assert "failed once" in said
    with (tmp_path / "kiosk.yaml").open("a") as file:
        file.write("hardware: {panic_pin: 5}\n")
    said = run("report", "--week", "--config", str(tmp_path))[1]
    assert "never tested by a press as it is wired now: one is owed" in said


def test_an_alert_that_began_anew_is_outstanding_though_its_first_sending_was_accepted(
    kept: Safekeeping, run: Run
) -> None:
    kept._store.run("UPDATE delivery SET state = 'accepted'")
    assert "Alerts outstanding, accepted by no path: none" in run("report")[1]
    later = Safekeeping(kept._store, PLACE, refuse, lambda event: None)
    later.resume()
    later.take(1, "Mrs Khan")
    later.tell_again("The red button was pressed again")
    assert "Alerts outstanding, accepted by no path: 1\n" in run("report")[1]
    kept._store.run("UPDATE delivery SET state = 'accepted' WHERE place = 3")
    assert "Alerts outstanding, accepted by no path: none" in run("report")[1]


def test_a_screen_that_is_still_on_its_way_at_a_start_is_no_fault_and_one_that_goes_later_is() -> None:
    book = Book()
    book.write("started")
    for pause in (0.1, 30):
        book.write("fault", code="screen", sentence="The screen has stopped.")
        book.later(pause)
        book.write("fault_cleared", code="screen")
    assert summarise(book.entries).counts["fault"] == 1


def test_a_fault_from_before_the_week_is_known_by_the_daily_line() -> None:
    book = Book()
    book.write("self_test", faults=["button"])
    assert armed(summarise(book.entries), book.at).startswith("Still armed: NO.")


def test_the_report_says_what_the_week_was(kept: Safekeeping, run: Run) -> None:
    kept.unlatch(Outcome.UPSETTING, KHAN)
    kept.log("self_test", faults=[])
    kept.log("session_open", "t.harvey")
    kept.on_page("https://farm.example/", Adult("t.harvey", "Mr Harvey"))
    for _ in range(3):
        kept.log("covered", "t.harvey", why="told", url="https://farm.example/")
        kept.log("link_refused", "t.harvey", host="elsewhere.example")
        kept.log("part_refused", "t.harvey", host="ads.example")
        kept.refused("ads.example", "ads.example is not on the list.")
        kept.refused("cdn.example.org", "cdn.example.org takes too long to answer.", failed=True)
    kept.on_page("", None)
    kept.log("not_recognised", what="PIN", wrong=1)
    kept.notify("Wrong PINs or badges", "A PIN was not recognised 5 times.")
    status, said = run("report", "--week")
    assert status == 0
    for words in (
        "Still armed: yes.",
        "resolved (an upsetting thing was seen)",
        "Panics: 1, and drills: none",
        "Alerts that nobody took: 1\n  incident 2",
        "Sessions: 2",
        "Links that were a closed door: 3\n     3  elsewhere[.]example",
        "Refused to pages and to the browser itself: 6\n     6  ads[.]example",
        "On the list, and not reached: 3\n     3  cdn[.]example[.]org",
        "3 links or more refused within minutes",
        "the child told 3 times in one session (t.harvey)",
        "wrong PINs or badges: 1",
        "records are as they were written",
    ):
        assert words in said, said


def test_telling_alerts_nobody_by_itself_h8(kept: Safekeeping) -> None:
    before = len(Incidents(kept._store).latest())
    for _ in range(5):
        kept.log("covered", "m.ali", why="told", url="https://farm.example/")
    assert len(Incidents(kept._store).latest()) == before
    assert len(list(Log(kept._store).entries(kind="covered"))) == 5
