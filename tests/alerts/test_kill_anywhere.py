"""Invariants 3 and 7: killed anywhere between press and acceptance, no alert is lost and it is latched.

KIOSK_KILLS=1000 is the long form (about a minute); the everyday one is enough to fail if an order is wrong.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

KILLS = int(os.environ.get("KIOSK_KILLS", "150"))
LONGEST = 60 + KILLS // 5  # s

LIVES = """
import asyncio, os, random, signal, sys
from pathlib import Path
from kiosk.events import Adult, Outcome, Role
from kiosk.guardian.clocks import now
from kiosk.guardian.courier import Courier
from kiosk.guardian.paths import PathTo
from kiosk.guardian.safekeeping import Place, Safekeeping
from kiosk.guardian.store import Store

path, url, kills = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
ali, khan = Adult("m.ali", "Ms Ali"), Adult("a.khan", "Mrs Khan", Role.SLT)
courier, rng = Courier(), random.Random(20261122)

async def live(number, say):
    store = Store.open(path)
    records = Safekeeping(store, Place("Room 2", (PathTo("Mrs Khan", url),)), courier, lambda event: None)
    if records.latched_since is None and records.left:
        records.latch(f"by a loss of power in {number - 1}.", now(), None, "")
    latched = records.latched_since is not None
    say("latched" if latched else "open")
    sender = asyncio.create_task(records.outbox.run())
    if number > kills:
        while store.rows("SELECT 1 FROM delivery WHERE state <> 'accepted'"):
            await asyncio.sleep(0.01)
        return
    if latched:
        records.resume()
        records.unlatch(Outcome.PRACTICE, khan)
    records.session_begins(ali)
    say("pressed")
    records.latch(f"by press {number}.", now(), ali, "https://farm.example/")
    await sender

for number in range(1, kills + 2):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        asyncio.run(live(number, lambda word: os.write(write, (word + "\\n").encode())))
        os._exit(0)
    os.close(write)
    with open(read) as said:
        state = said.readline().strip()
        pressed = said.readline().strip()
        if pressed:
            signal.sigtimedwait([], rng.choice((0, 0.002, 0.005, 0.01, 0.02)) * rng.random())
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    print(number, state, pressed or "ended", status, flush=True)
"""


@pytest.mark.timeout(LONGEST + 10)
def test_killed_anywhere_between_press_and_acceptance_no_alert_is_lost_and_it_is_latched(
    path: Path, servers: Any
) -> None:
    server = servers.accepting()
    line = [sys.executable, "-c", LIVES, str(path), server.url(), str(KILLS)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=LONGEST, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    lives = [said.split() for said in done.stdout.splitlines()]
    assert len(lives) == KILLS + 1, done.stderr[-2000:]
    assert {pressed for _, _, pressed, _ in lives[:-1]} == {"pressed"}
    assert {state for _, state, _, _ in lives[1:]} == {"latched"}, "after every kill it is found latched"
    assert lives[-1][2:] == ["ended", "0"]
    bodies = [letter.get_content() for letter in server.mailbox.letters]
    heard = {
        int(body.split(word)[1].split(".")[0])
        for body in bodies
        for word in (" by press ", " by a loss of power in ")
        if word in body
    }
    assert heard >= set(range(1, KILLS + 1))
