"""kill -9 at any moment, and a disk that is really full: what was committed is there, and the chain holds."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.guardian.incidents import Incidents
from kiosk.guardian.latch import Latch
from kiosk.guardian.log import Log
from kiosk.guardian.store import Store

KILLS = 50

WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from kiosk.guardian.incidents import Incidents
from kiosk.guardian.latch import Latch
from kiosk.guardian.log import Log
from kiosk.guardian.store import Store

store = Store.open(Path(sys.argv[1]))
log, now = Log(store), datetime.now(UTC)

def panic():
    Latch(store).set("the red button", now)
    number = Incidents(store).open("the red button", now, "Ms Ali", "Room 2", "")
    log.append("panic", now, 0, incident=number)
    return number

while True:
    serial = log.append("tick", now, 0, note="x" * 300)
    print("log", serial, flush=True)
    print("incident", store.urgently(panic), flush=True)
"""


def acknowledged(lines: list[str], word: str) -> int:
    """The last number that the writer had committed and said so."""
    return max((int(line.split()[1]) for line in lines if line.startswith(word)), default=0)


def test_after_a_kill_at_any_moment_the_chain_holds_and_nothing_acknowledged_is_lost(path: Path) -> None:
    rng = random.Random(20261122)
    records = incidents = 0
    for _ in range(KILLS):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(rng.randint(1, 12))]
        writer.kill()
        rest, _ = writer.communicate(timeout=20)
        lines += [line for line in rest.splitlines() if len(line.split()) == 2]
        store = Store.open(path)
        found = Log(store).verify()
        assert found.ok, found.sentence
        assert store.set_aside is None
        assert Latch(store).latched == (len(Incidents(store).latest(10**6)) > 0)
        records, incidents = acknowledged(lines, "log"), acknowledged(lines, "incident")
        assert found.count >= records
        numbers = [incident.number for incident in Incidents(store).open_ones()]
        logged = [entry.detail["incident"] for entry in Log(store).entries(kind="panic")]
        assert numbers == logged, "an incident and its record are one transaction"
        assert max(numbers, default=0) >= incidents
        store.close()
    assert records > KILLS


PANIC_ON_A_FULL_DISK = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from kiosk.guardian.alerts import Message
from kiosk.guardian.incidents import Incidents
from kiosk.guardian.latch import Latch
from kiosk.guardian.log import Log
from kiosk.guardian.outbox import Outbox
from kiosk.guardian.paths import Delivery, PathTo
from kiosk.guardian.store import Store
from kiosk.guardian.storefault import StoreFull

path, now = Path(sys.argv[1]), datetime.now(UTC)
store = Store.open(path)
log = Log(store)
assert store.has_reserve
with open(path.with_name("filler"), "wb") as filler:
    try:
        while True:
            os.write(filler.fileno(), bytes(4096))
    except OSError as error:
        print("filled:", error.strerror)
written = 0
try:
    while written < 100_000:
        written = log.append("tick", now, 0, note="x" * 1000)
except StoreFull as error:
    print("sentence:", error)
print("written:", written)
outbox = Outbox(store, lambda url, message: Delivery(True), lambda: now, lambda news: None, print)
Latch(store).set("the red button", now)
number = Incidents(store).open("the red button", now, "Ms Ali", "Room 2", "")
outbox.queue(number, Message("K7QM-2XVA", "subject", "body"), [PathTo("Mrs Khan", "mailto://127.0.0.1")])
print("reserve after the panic:", store.has_reserve, flush=True)
if sys.argv[2] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
store.close()
"""

START_AGAIN = """
import sys
from pathlib import Path
from kiosk.guardian.latch import Latch
from kiosk.guardian.log import Log
from kiosk.guardian.store import Store

path = Path(sys.argv[1])
store = Store.open(path)
print("latched:", Latch(store).latched)
print("chain:", Log(store).verify().sentence)
print("owed:", [row["state"] for row in store.rows("SELECT state FROM delivery")])
store.close()
path.with_name("filler").unlink()
store = Store.open(path)
print("reserve when there is room again:", store.has_reserve)
store.close()
"""


@pytest.mark.parametrize("ending", ["closed", "killed"])
def test_on_a_full_disk_a_panic_is_still_written_from_the_reserve(tmp_path: Path, ending: str) -> None:
    first, second, disk = tmp_path / "first.py", tmp_path / "second.py", tmp_path / "disk"
    first.write_text(PANIC_ON_A_FULL_DISK)
    second.write_text(START_AGAIN)
    disk.mkdir()
    script = (
        'mount -t tmpfs -o size=3m tmpfs "$2" && { "$1" "$3" "$2/kiosk.db" "$5"; "$1" "$4" "$2/kiosk.db"; }'
    )
    done = subprocess.run(
        [
            *("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"),
            *(sys.executable, str(disk), str(first), str(second), ending),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert said["filled"] == "No space left on device"
    assert said["sentence"].startswith("The disk is full")
    assert said["reserve after the panic"] == "False"
    assert said["latched"] == "True"
    assert said["chain"] == f"All {said['written']} records are as they were written."
    assert said["owed"] == "['queued']"
    assert said["reserve when there is room again"] == "True"


OPEN_READ_ONLY = """
import sys
from pathlib import Path
from kiosk.errors import StoreError
from kiosk.guardian.store import Store

try:
    Store.open(Path(sys.argv[1]))
except StoreError as error:
    print(type(error).__name__, error)
"""


def test_a_card_that_has_made_itself_read_only_is_told_apart(tmp_path: Path) -> None:
    program, disk = tmp_path / "program.py", tmp_path / "disk"
    program.write_text(OPEN_READ_ONLY)
    disk.mkdir()
    script = 'mount -t tmpfs -o size=3m,ro tmpfs "$2" && exec "$1" "$3" "$2/kiosk.db"'
    done = subprocess.run(
        [
            *("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"),
            *(sys.executable, str(disk), str(program)),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith("StoreReadOnly The records at "), done.stderr
    assert "A worn-out SD card makes itself read-only: replace it." in done.stdout
