"""Signs of life come from a loop that turns, and stop with one that stands still (sd_notify(3))."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.guardian.watchdog import Watchdog


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[socket.socket]:
    """systemd's end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
        wire.bind(str(tmp_path / "notify"))
        wire.settimeout(5)
        yield wire


def environment(tmp_path: Path, seconds: float = 0.06) -> dict[str, str]:
    return {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": str(int(seconds * 1e6))}


def drain(wire: socket.socket) -> list[bytes]:
    """All that has been said so far."""
    wire.setblocking(False)
    said = []
    try:
        while True:
            said.append(wire.recv(100))
    except BlockingIOError:
        return said


def test_a_turning_loop_is_ready_once_and_then_alive_again_and_again(
    tmp_path: Path, supervisor: socket.socket
) -> None:
    async def live() -> list[bytes]:
        running = asyncio.create_task(Watchdog(environment(tmp_path)).run())
        loop = asyncio.get_running_loop()
        heard = [await loop.run_in_executor(None, supervisor.recv, 100) for _ in range(4)]
        running.cancel()
        return heard

    assert asyncio.run(live()) == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1", b"WATCHDOG=1"]


def test_a_loop_that_stands_still_falls_silent(tmp_path: Path, supervisor: socket.socket) -> None:
    async def stumble() -> list[bytes]:
        running = asyncio.create_task(Watchdog(environment(tmp_path)).run())
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, supervisor.recv, 100) != b"WATCHDOG=1":
            pass
        drain(supervisor)
        time.sleep(0.3)  # the loop stands still
        during = drain(supervisor)
        running.cancel()
        return during

    assert asyncio.run(stumble()) == []


def test_without_a_supervisor_nobody_is_told_and_nothing_breaks() -> None:
    asyncio.run(Watchdog({}).run())
    asyncio.run(Watchdog({"NOTIFY_SOCKET": "/nowhere/at/all"}).run())


def test_a_watchdog_meant_for_another_process_is_not_ours(tmp_path: Path) -> None:
    assert Watchdog(environment(tmp_path) | {"WATCHDOG_PID": "1"}).every is None
    assert Watchdog(environment(tmp_path) | {"WATCHDOG_PID": str(os.getpid())}).every == pytest.approx(0.02)


def test_an_abstract_socket_is_understood() -> None:
    name = f"kiosk-watchdog-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
        wire.bind("\0" + name)
        Watchdog({"NOTIFY_SOCKET": "@" + name}).tell("READY=1")
        assert wire.recv(100) == b"READY=1"
