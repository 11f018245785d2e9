"""The setting's name server falls silent: NOT told in time, no thread is lost, delivered when it speaks.

A network of its own, whose only name server hears every question and answers none until it is mended; names
are looked up by the machine's own resolver (invariant 7).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.guardian.outbox import MOST_HANGING

PATIENCE = 0.5  # s for a try
IN_A_NETWORK_OF_ITS_OWN = """
set -e
ip link set lo up
mount --bind "$1" /etc/resolv.conf
mount --bind "$2" /etc/nsswitch.conf
shift 2
exec "$@"
"""
SENDS = """
import asyncio, json, socket, sys, threading, time
from datetime import UTC, datetime
from pathlib import Path
import apprise, dns.message, dns.rrset
from kiosk.guardian.alerts import Message
from kiosk.guardian.courier import Courier
from kiosk.guardian.incidents import Incidents
from kiosk.guardian.outbox import Outbox
from kiosk.guardian.paths import PathTo
from kiosk.guardian.store import Store
from tests.store.conftest import MailServer, Mailbox

healed, asked = threading.Event(), [0]

def name_server():
    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    wire.bind(("127.0.0.1", 53))
    while True:
        packet, who = wire.recvfrom(4096)
        asked[0] += 1
        if not healed.is_set():
            continue
        answer = dns.message.make_response(dns.message.from_wire(packet))
        question = answer.question[0]
        if question.rdtype == dns.rdatatype.A:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "A", "127.0.0.1"))
        wire.sendto(answer.to_wire(), who)

def hanging():
    return sum(thread.name == "alert" for thread in threading.enumerate())

async def main(path, patience, tries):
    store, said = Store.open(Path(path)), []
    now = lambda: datetime.now(UTC)
    outbox = Outbox(store, Courier(), now, said.append, print, patience=patience, backoff=lambda tries: 0.05)
    with MailServer(Mailbox()) as mail:
        url = f"mailto://mail.nursery.example:{mail.port}/?from=kiosk@nursery.example&to=slt@nursery.example"
        apprise.Apprise.instantiate(url)  # which loads what it needs
        sender, began = asyncio.create_task(outbox.run()), time.monotonic()
        outbox.queue(Incidents(store).open("the red button", now(), "Ms Ali", "Room 2", ""),
                     Message("K7QM-2XVA", "alert", "body"), [PathTo("Mrs Khan", url)])
        while said[-1].state != "not_told":
            await asyncio.sleep(0.01)
        not_told, most = time.monotonic() - began, 0
        while said[-1].tries < tries:
            most = max(most, hanging())
            await asyncio.sleep(0.01)
        healed.set()
        while said[-1].state != "sent":
            await asyncio.sleep(0.01)
        letters = len(mail.mailbox.letters)
        print(json.dumps({"asked": asked[0], "not_told": not_told, "most": most, "letters": letters}))

threading.Thread(target=name_server, daemon=True).start()
asyncio.run(main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3])))
"""


@pytest.mark.parametrize("options", ["timeout:1 attempts:1", "timeout:3 attempts:5"])
def test_a_name_server_that_never_answers_is_not_told_in_time_and_delivered_to_when_it_does(
    path: Path, tmp_path: Path, options: str
) -> None:
    """Once as a resolver that gives up soon, once as one that hangs for longer than any try may take."""
    (tmp_path / "resolv.conf").write_text(f"nameserver 127.0.0.1\noptions {options}\n")
    (tmp_path / "nsswitch.conf").write_text("hosts: files dns\n")
    namespace = ["unshare", "--net", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    files = [str(tmp_path / name) for name in ("resolv.conf", "nsswitch.conf")]
    program = [sys.executable, "-c", SENDS, str(path), str(PATIENCE), str(MOST_HANGING + 4)]
    done = subprocess.run(
        [*namespace, "sh", "-c", IN_A_NETWORK_OF_ITS_OWN, "sh", *files, *program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["asked"] > 0
    assert found["not_told"] < 10, "the slower resolver hangs for 15"
    assert 0 < found["most"] <= MOST_HANGING
    assert found["letters"] > 0
