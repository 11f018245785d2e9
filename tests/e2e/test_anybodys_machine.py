"""`kiosk try` on somebody's own computer: as an ordinary user, in a window, whatever their umask."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kiosk.demo.control import Control
from kiosk.demo.walk import Hands
from kiosk.protocol import Scene
from tests.e2e.conftest import KIOSK, PATIENCE, processes, tried, wait_until, walked


def as_ordinary(*command: str) -> list[str]:
    """The command as a user who is nobody in particular."""
    if os.geteuid():
        return list(command)
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that such a user may write to and find; those of pytest are for its own user alone."""
    with tempfile.TemporaryDirectory(prefix="home-") as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def theirs(home: Path, **more: str) -> dict[str, str]:
    from_source = {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **from_source, **more}


@pytest.mark.timeout(240)
def test_an_ordinary_user_walks_through_a_whole_session(home: Path) -> None:
    command = as_ordinary(*KIOSK, "try", "--walk")
    assert walked(command, home / "walk.json", env=theirs(home), cwd="/")["ok"]


@contextmanager
def desktop() -> Iterator[str]:
    """A display of somebody's, without anything on it."""
    read, write = os.pipe()
    server = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1000x24", "-nolisten", "tcp", "-ac"]
    with subprocess.Popen(server, pass_fds=(write,), stderr=subprocess.DEVNULL) as xvfb:
        os.close(write)
        try:
            with os.fdopen(read) as answer:
                yield f":{answer.readline().strip()}"
        finally:
            xvfb.terminate()


def test_on_a_desktop_it_is_a_window_and_its_keys_press_the_button(home: Path) -> None:
    told = home / "kiosk.json"
    with desktop() as display:
        command = as_ordinary(*KIOSK, "try", "--json", str(told))
        with subprocess.Popen(
            command,
            env=theirs(home, DISPLAY=display),
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as kiosk:
            try:
                wait_until(lambda: told.exists() or kiosk.poll() is not None)
                assert told.exists(), kiosk.communicate()[0]
                facts = json.loads(told.read_text())
                hands = Hands(display)
                with Control(Path(facts["guardian_socket"])) as control:
                    assert control.until(lambda view: view.scene is Scene.LOCKED, PATIENCE)
                    hands.touch(640, 100)  # the window lies in the corner: nobody manages this desktop
                    hands.type("F12")
                    assert control.until(lambda view: view.scene is Scene.PANIC, PATIENCE)
            finally:
                kiosk.send_signal(signal.SIGINT)
                out = kiosk.communicate(timeout=60)[0]
    assert kiosk.returncode == 0, out
    assert not set(facts["pids"].values()) & set(processes())
    assert not Path(facts["runtime_dir"]).parent.exists()


def test_a_careful_umask_keeps_nobody_out_who_is_needed(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with tried(tmp_path) as kiosk:
            kiosk.until(Scene.LOCKED)
            kiosk.open_session()
    finally:
        os.umask(before)
