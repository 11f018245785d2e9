"""`kiosk doctor` without a guardian: each thing that is wrong is one line that says what to do."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import yaml

import assets
from hardware.wiring import ButtonSettings
from kiosk.cli import main
from kiosk.commands.asking import _line, together
from kiosk.config import Network, UpstreamFilter
from kiosk.guardian import filtercheck
from kiosk.guardian.clocks import now
from kiosk.guardian.doctor import examine, namespaces_todo
from kiosk.guardian.latch import Latch
from kiosk.guardian.log import Log
from kiosk.guardian.people import hash_pin
from kiosk.guardian.proof import UNTESTED, Proof
from kiosk.guardian.safekeeping import BUTTON_TESTED
from kiosk.guardian.secret import Secret
from kiosk.guardian.selftest import Check, Finding, SelfTest
from kiosk.guardian.store import Store
from tests.alerts.test_guardian import Guarded, guarded, switch
from tests.allowlist.conftest import Zone, name_server

__all__ = ["guarded", "switch"]

SECRET = "s3cr3tt0k3n"
BAD, GOOD = "blocked.filter.example", "www.example.org"


class Setting:
    """A configuration folder, written anew for each question."""

    def __init__(self, at: Path) -> None:
        self.config, self.state = at / "config", at / "state"
        self.config.mkdir()
        self.state.mkdir()
        key = Secret.load(self.state / "key")
        today = date.today().isoformat()
        self.kiosk = {
            "device": "kiosk-1",
            "room": "Rainbow room",
            "alerts": {
                "people": [{"name": "Mrs Khan", "urls": [f"mailtos://kiosk:{SECRET}@mail.example"]}],
                "heartbeat": {"url": f"https://ping.example/{SECRET}"},
            },
        }
        self.people = [
            {
                "id": "a.khan",
                "name": "Mrs Khan",
                "role": "slt",
                "pin": hash_pin("806429", key),
                "aua": {"version": "1", "on": today},
            }
        ]
        self.sites = yaml.load(  # builtin.yaml, as the demonstration reads it
            assets.path("allowlist", "builtin.yaml").read_text(), yaml.BaseLoader
        )["sites"]

    def findings(self) -> dict[str, Finding]:
        files = {"kiosk": self.kiosk, "people": {"people": self.people}, "allowlist": {"sites": self.sites}}
        for name, data in files.items():
            (self.config / f"{name}.yaml").write_text(yaml.safe_dump(data))
        found: dict[str, Finding] = {}
        for finding in examine(self.config, self.state, simulate=True):
            if finding.code not in found or not finding.holds:
                found[finding.code] = finding
        return found


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path)


def test_where_all_is_well_everything_holds(setting: Setting) -> None:
    Store.open(setting.state / "kiosk.db").close()
    found = setting.findings()
    assert [finding for finding in found.values() if not finding.holds] == []
    assert {"config", "adults", "slt", "pictures", "fonts", "records"} <= set(found)
    assert {"disk", "latch", "chromium", "bwrap", "sway", "namespaces", "clock"} <= set(found)


def test_every_mistake_of_a_configuration_is_a_line(setting: Setting) -> None:
    setting.kiosk |= {"rom": "x", "level": ""}
    setting.findings()
    found = list(examine(setting.config, setting.state, simulate=True))
    wrong = [finding.sentence for finding in found if finding.code == "config"]
    assert len(wrong) == 2
    assert all(sentence.startswith("kiosk.yaml, line ") for sentence in wrong)


def test_an_address_that_could_not_work_is_named_without_its_secret(setting: Setting) -> None:
    setting.kiosk["alerts"] = {
        "people": [{"name": "Mrs Khan", "urls": [f"mailto://kiosk:{SECRET}@mail.example"]}],
        "heartbeat": {"url": f"http://ping.example/{SECRET}"},
    }
    setting.findings()
    found = [each for each in examine(setting.config, setting.state, simulate=True) if each.code == "config"]
    assert ["in the clear" in each.sentence for each in found] == [True, True]
    assert SECRET not in str(found)


def test_nobody_who_could_reset_or_open_is_told_before_it_is_needed(setting: Setting) -> None:
    long_ago = (date.today() - timedelta(days=400)).isoformat()
    setting.people[0] |= {"role": "staff", "aua": {"version": "1", "on": long_ago}}
    found = setting.findings()
    assert "nobody could reset" in found["slt"].sentence
    assert "acceptable-use agreement" in found["adults"].sentence


def test_a_picture_that_is_missing_is_named(setting: Setting) -> None:
    setting.sites[0]["picture"] = "dragon.svg"
    assert setting.findings()["pictures"].sentence == "Missing: dragon.svg."
    (setting.config / "pictures").mkdir()
    (setting.config / "pictures" / "dragon.svg").write_text("<svg/>")
    assert setting.findings()["pictures"].holds


def test_a_recording_that_is_missing_or_is_no_sound_is_named(setting: Setting) -> None:
    setting.sites[0]["say"] = "sounds/dragon.ogg"
    assert setting.findings()["sounds"].sentence == "There is no recording sounds/dragon.ogg."
    (setting.config / "sounds").mkdir()
    (setting.config / "sounds" / "dragon.ogg").write_bytes(b"a roar")
    assert setting.findings()["sounds"].sentence == "The recording dragon.ogg cannot be played."
    setting.sites[0]["say"] = "The dragon"
    (setting.config / "sounds" / "dragon.ogg").unlink()
    assert setting.findings()["sounds"].holds


def test_a_latch_and_a_log_that_was_edited_are_told(setting: Setting) -> None:
    store = Store.open(setting.state / "kiosk.db")
    Latch(store).set("by the red button", now())
    Log(store).append("panic", now(), 0)
    store.run("DROP TRIGGER log_never_changes")
    store.run("UPDATE log SET record = '{}'")
    store.close()
    found = setting.findings()
    assert found["latch"].todo == "SLT resets it at the screen."
    assert found["records"].sentence.startswith("Record 1 was changed")


def test_records_that_are_none_are_told(setting: Setting) -> None:
    (setting.state / "kiosk.db").write_bytes(b"not a database at all" * 500)
    assert not setting.findings()["store"].holds


def test_a_program_that_is_missing_is_named_with_its_package(
    setting: Setting, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = setting.findings()
    assert found["bwrap"].todo == "Install it: apt install bubblewrap"
    assert not found["namespaces"].known, "what cannot be looked at is neither well nor wrong"


def test_its_exit_status_says_whether_anything_fails(
    setting: Setting, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.commands.asking.SOCKET", setting.state / "no.sock")
    setting.findings()
    words = ["doctor", "--simulate", "--config", str(setting.config), "--state", str(setting.state)]
    assert main(words) == 0
    assert "No guardian is running; nothing that was looked at" in capsys.readouterr().out
    setting.people = []
    setting.findings()
    assert main(words) == 1
    said = capsys.readouterr().out
    assert "FAIL  slt  No member of SLT has a PIN or badge" in said
    assert "A session cannot open: 2 of" in said


def test_what_a_mistake_in_the_configuration_hides_is_said_not_to_be_known(setting: Setting) -> None:
    well = {finding.code for finding in examine(setting.config, setting.state, simulate=True)}
    well |= set(setting.findings())
    setting.kiosk |= {"rooom": "x"}
    found = setting.findings()
    assert well <= set(found)
    assert not any(found[code].known for code in ("adults", "slt", "sites", "pictures", "sounds", "filter"))
    assert found["fonts"].known
    (setting.state / "kiosk.db").write_bytes(b"not a database at all" * 500)
    assert well <= set(setting.findings())


def test_a_running_kiosk_hides_no_mistake_that_its_next_start_will_meet(setting: Setting) -> None:
    setting.kiosk |= {"rooom": "x", "level": ""}
    setting.findings()
    outside = [*examine(setting.config, setting.state, simulate=True, alive=True)]
    wrong = [finding for finding in outside if finding.code == "config"]
    assert len(wrong) == 2
    well = [Finding(code, True) for code in ("config", "key", "clock", "list")]
    now, later = together(well, outside)
    assert now[: len(well)] == well
    assert [line.sentence for line in later] == [f"At the next start: {line.sentence}" for line in wrong]
    assert not any(finding.holds for finding in later)
    closed = [Finding("config", False, "The configuration has 2 mistakes."), *well[1:]]
    now, later = together(closed, outside)
    assert [finding for finding in now if finding.code == "config"] == wrong, "each of them, and no summary"
    assert not later


def test_the_doctor_of_a_running_kiosk_says_each_mistake_that_came_since(
    guarded: Guarded, capsys: pytest.CaptureFixture[str]
) -> None:
    with guarded.start():
        (guarded.folder / "config" / "kiosk.yaml").write_text("rooom: x\n")
        assert main(["doctor", "--socket", str(guarded.socket)]) == 1
    said = capsys.readouterr().out
    assert "ok    config\n" in said
    assert "FAIL  config  At the next start: kiosk.yaml, line 1: “rooom” is not a key here." in said
    assert "FAIL  config  At the next start: kiosk.yaml, line 1: “alerts” is missing." in said
    assert "?     sites  The configuration has a mistake." in said


def test_a_lost_file_of_records_is_told_before_the_next_start_latches(setting: Setting) -> None:
    Store.open(setting.state / "kiosk.db").close()
    (setting.state / "kiosk.db").unlink()
    assert "are gone" in setting.findings()["store"].sentence


def test_a_key_that_others_can_read_is_told(setting: Setting) -> None:
    (setting.state / "key").chmod(0o644)
    assert "Others on this machine can read" in setting.findings()["key"].sentence


def test_hardware_that_is_not_there_is_told_part_by_part(setting: Setting) -> None:
    setting.findings()
    found = list(examine(setting.config, setting.state))
    parts = [finding for finding in found if finding.code == "hardware"]
    assert parts
    assert not any(part.holds for part in parts)
    assert not next(finding for finding in found if finding.code == "button").holds


def test_a_button_that_was_never_tested_is_told(setting: Setting) -> None:
    Store.open(setting.state / "kiosk.db").close()
    setting.findings()
    found = {finding.code: finding for finding in examine(setting.config, setting.state)}
    assert not found["button test"].holds
    assert found["button test"].todo


def test_so_is_one_that_was_tested_as_it_was_wired_then(setting: Setting) -> None:
    def told() -> tuple[bool, str]:
        [found] = [each for each in examine(setting.config, setting.state) if each.code == "button test"]
        return found.holds, found.sentence

    with closing(Store.open(setting.state / "kiosk.db")) as store:
        store.keep(BUTTON_TESTED, Proof.kept(now(), ButtonSettings().circuit))
        setting.findings()
        assert told() == (True, "")
        store.keep(BUTTON_TESTED, Proof.kept(now(), ButtonSettings(pin=5).circuit))
        assert told() == (False, UNTESTED)


def test_what_only_a_running_kiosk_can_know_is_said_not_to_be_known(setting: Setting) -> None:
    found = setting.findings()
    assert not found["screen"].known
    assert not found["curtain"].known
    assert found["button"].known


@contextmanager
def name_server_beside(*refused: str) -> Iterator[int]:
    """A name server on a thread of its own, which gives 0.0.0.0 for these names and no address is unknown."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = name_server(Zone({GOOD: ["198.51.100.7"]} | {name: ["0.0.0.0"] for name in refused}))
    try:
        yield asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(5)
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.mark.parametrize("required", [True, False])
def test_it_always_says_whether_the_filter_is_in_the_path_and_fails_only_where_it_is_needed_h21(
    setting: Setting, required: bool
) -> None:
    def found(**more: object) -> Finding:
        setting.kiosk["network"] = {"require_upstream_filter": required, **more}
        return setting.findings()["filter"]

    none = found()
    assert "does not know the setting's internet filter" in none.sentence
    assert "network.filter" in none.todo
    assert none.holds is not required
    for refuses in (True, False):
        with name_server_beside(*([BAD] if refuses else [GOOD])) as port:
            one = found(
                dns={"server": "127.0.0.1", "port": port}, filter={"refused": [BAD], "allowed": [GOOD]}
            )
        assert one.known
        assert ("is in the path" if refuses else "is not in the path") in one.sentence
        assert one.holds is (refuses or not required)
        silent = found(
            dns={"server": "127.0.0.1", "port": port}, filter={"refused": [BAD], "allowed": [GOOD]}
        )
        assert not silent.known, "the radio may be off"
        assert "is not in the path. Nobody answers" in silent.sentence


def test_a_doctor_says_what_the_kiosk_found_at_its_last_opening() -> None:
    network = Network(filter=UpstreamFilter(refused=(BAD,), allowed=(GOOD,)))
    test = SelfTest([Check("clock", lambda: True)])
    for found, at, words in (
        (None, None, "?     filter  No session has opened yet; each looks"),
        (filtercheck.IN_PATH, datetime(2026, 11, 26, 9, 5), "ok    filter  26 Nov 09:05: The setting's"),
    ):
        test.note(filtercheck.line(found, network, at))
        assert [finding.code for finding in test.findings({})] == ["clock", "filter"]
        (line,) = [_line(finding) for finding in test.findings({}) if finding.code == "filter"]
        assert line.startswith(words)
    assert not list(test.changes({}))


@pytest.mark.parametrize(
    ("keys", "lines"),
    [
        ({}, []),
        ({"kernel.unprivileged_userns_clone": "1", "kernel.apparmor_restrict_unprivileged_userns": "0"}, []),
        ({"kernel.unprivileged_userns_clone": "0"}, ["kernel.unprivileged_userns_clone = 1"]),
        (
            {"kernel.apparmor_restrict_unprivileged_userns": "1", "user.max_user_namespaces": "0"},
            ["kernel.apparmor_restrict_unprivileged_userns = 0", "user.max_user_namespaces = 15000"],
        ),
    ],
)
def test_what_to_do_about_namespaces_lasts_and_names_only_what_this_kernel_has(
    keys: dict[str, str], lines: list[str], tmp_path: Path
) -> None:
    for name, value in keys.items():
        file = tmp_path / name.replace(".", "/")
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{value}\n")
    todo = namespaces_todo(tmp_path)
    assert [line in todo for line in lines] == [True] * len(lines)
    assert todo.count(" = ") == len(lines)
    assert ("/etc/sysctl.d/60-kiosk.conf" in todo) is bool(lines)
    assert "sysctl -w" not in todo


def test_a_filter_that_a_session_needs_is_looked_for(setting: Setting) -> None:
    setting.kiosk["network"] = {"require_upstream_filter": True}
    found = setting.findings()
    assert "filter" in found
    assert not found["filter"].holds
    assert "network.filter" in found["filter"].todo


def test_where_there_is_a_proxy_it_is_said_that_mail_does_not_take_it(setting: Setting) -> None:
    assert "mail" not in setting.findings()
    setting.kiosk["network"] = {"upstream_proxy": "proxy.example:8080"}
    assert not setting.findings()["mail"].known
    setting.kiosk["alerts"] = {"people": [{"name": "Mrs Khan", "urls": [f"ntfys://{SECRET}"]}]}
    assert "mail" not in setting.findings()
