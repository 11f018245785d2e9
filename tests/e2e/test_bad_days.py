"""What goes wrong: a sentence that says what to do, nothing else changed, and the kiosk closed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from kiosk.demo.control import Control
from kiosk.errors import KioskError
from kiosk.protocol import Scene, encode
from tests.e2e.conftest import KIOSK, PATIENCE, SKY, Observed, below, processes, share, tried, wait_until


def namespaces(pids: Iterable[int]) -> set[str]:
    """Every namespace that these processes are in."""
    found = set()
    for pid in pids:
        with suppress(OSError):  # the process ended, or is the kernel's
            found |= {os.readlink(link) for link in Path(f"/proc/{pid}/ns").glob("*")}
    return found


def policies(tasks: Iterable[int]) -> set[int]:
    """How those that still run are scheduled (sched(7))."""
    found = set()
    for task in tasks:
        with suppress(ProcessLookupError):
            found.add(os.sched_getscheduler(task))
    return found


def test_ctrl_c_leaves_no_process_mount_namespace_or_file_behind(tmp_path: Path) -> None:
    with tried(tmp_path) as kiosk:
        kiosk.until(Scene.LOCKED)
        kiosk.open_session()
        kiosk.open_page(-1)
        alive = [kiosk.process.pid, *below(kiosk.process.pid)]
        made = namespaces(alive) - namespaces([os.getpid()])
        folder = Path(kiosk.facts["runtime_dir"]).parent
        number = kiosk.facts["display"][1:]
        assert len(alive) > 10
        assert len(made) > 5
        kiosk.process.send_signal(signal.SIGINT)
        out = kiosk.process.communicate(timeout=60)[0]
    assert kiosk.process.returncode == 0, out
    assert "Traceback" not in out
    wait_until(lambda: not set(alive) & set(processes()))
    # A namespace lives as long as a process is in it or a mount holds it (namespaces(7)).
    assert "nsfs" not in Path("/proc/self/mountinfo").read_text()
    assert not folder.exists()
    assert not Path(f"/tmp/.X11-unix/X{number}").exists()
    assert str(folder) not in Path("/proc/self/mounts").read_text()


def test_a_killed_kiosk_takes_everything_with_it_at_once(tmp_path: Path) -> None:
    with tried(tmp_path) as kiosk:
        kiosk.until(Scene.LOCKED)
        kiosk.open_session()
        folder = Path(kiosk.facts["runtime_dir"]).parent
        alive = below(kiosk.process.pid)
        kiosk.process.kill()
        kiosk.process.wait(10)
        wait_until(lambda: not set(alive) & set(processes()), 10)
    shutil.rmtree(folder)  # the one thing that a kill -9 leaves


def test_a_killed_guardian_takes_the_browser_with_it_and_the_glass_says_so(kiosk: Observed) -> None:
    kiosk.open_session()
    kiosk.open_page(-1)
    browsers = kiosk.browsers()
    os.kill(kiosk.facts["pids"]["guardian"], signal.SIGKILL)
    wait_until(lambda: not set(browsers) & set(processes()), 5)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may be urgent")
def test_the_guardian_goes_before_everybody_and_its_browser_before_nobody(kiosk: Observed) -> None:
    kiosk.open_session()
    kiosk.open_page(-1)
    guardian = kiosk.facts["pids"]["guardian"]
    threads = [int(task.name) for task in Path(f"/proc/{guardian}/task").iterdir()]
    started = below(guardian)
    assert len(started) > len(kiosk.browsers()) > 3  # the walls' own processes, too
    assert policies(threads) == {os.SCHED_RR}
    assert policies(started) == {os.SCHED_OTHER}


def test_a_guardian_that_hangs_is_killed_and_everything_closes(kiosk: Observed) -> None:
    kiosk.open_session()
    kiosk.open_page(-1)
    browsers = kiosk.browsers()
    guardian = kiosk.facts["pids"]["guardian"]
    wait_until(kiosk.shows_the_pond)
    os.kill(guardian, signal.SIGSTOP)
    wait_until(lambda: share(kiosk.look("hung"), kiosk.page_area(), SKY) == 0)
    assert guardian in processes(), "the screen does not wait for the watchdog"
    wait_until(lambda: not {guardian, *browsers} & set(processes()))


def test_a_killed_screen_closes_the_session(kiosk: Observed) -> None:
    kiosk.open_session()
    kiosk.open_page(-1)
    browsers = kiosk.browsers()
    os.kill(kiosk.facts["pids"]["screen"], signal.SIGKILL)
    wait_until(lambda: kiosk.control.view is not None and kiosk.control.view.scene is Scene.FAULT, 5)
    wait_until(lambda: not set(browsers) & set(processes()), 5)
    assert kiosk.view.trouble is not None
    assert kiosk.view.trouble.sentence == "The screen has stopped."


SECOND_SCREEN = """
import socket, sys
with socket.socket(socket.AF_UNIX) as peer:
    peer.connect(sys.argv[1])
    peer.sendall(sys.argv[2].encode())
    print(peer.makefile().readline())
"""


def test_a_second_screen_is_told_that_there_is_one(kiosk: Observed) -> None:
    hello = encode("hello", role="screen", w=1280, h=800, bar=148).decode()
    command = [sys.executable, "-c", SECOND_SCREEN, kiosk.facts["guardian_socket"], hello]
    if os.geteuid() == 0:  # the screen's own user, whom the guardian would let in
        command = ["setpriv", "--reuid=kiosk-screen", "--regid=kiosk-screen", "--clear-groups", *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True, cwd="/")
    answer = json.loads(done.stdout)
    assert answer["kind"] == "error"
    assert "Another screen is connected" in answer["text"]
    kiosk.open_session()


def test_garbage_on_the_socket_changes_nothing(kiosk: Observed) -> None:
    before = kiosk.view
    for junk in (b"\x00\xff\n", b"{}\n", encode("hello", role="queen"), encode("tap", tap="told")):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(PATIENCE)
            peer.connect(kiosk.facts["guardian_socket"])
            peer.sendall(junk)
            answer = json.loads(peer.makefile("rb").readline())
            assert answer["kind"] == "error"
            assert answer["text"].endswith(".")
    kiosk.open_session()
    assert before.scene is Scene.LOCKED


def test_an_unknown_badge_opens_nothing_and_five_make_slt_hear_of_it_h9(kiosk: Observed) -> None:
    for left in (4, 3, 2, 1):
        kiosk.control.ask("badge", id="nobody's")
        word = "try" if left == 1 else "tries"
        wait_until(lambda left=left, word=word: kiosk.control.said == f"Not recognised. {left} {word} left.")
    kiosk.control.ask("badge", id="nobody's")
    wait_until(lambda: "Wait 60 seconds" in kiosk.control.said)
    wait_until(kiosk.alerts)
    assert "not recognised 5 times" in kiosk.alerts()[0]
    kiosk.badge("staff")
    wait_until(lambda: kiosk.control.credentials >= 6)
    assert kiosk.view.scene is Scene.LOCKED


def run(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*KIOSK, *arguments],
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_configuration_with_five_mistakes_is_five_lines_and_nothing_starts(tmp_path: Path) -> None:
    (tmp_path / "kiosk.yaml").write_text(
        "device: kiosk-1\nroom: ''\nlevle: nursery\nsession: {sun_minutes: soon}\n"
        "alerts: {people: [{name: Mrs Khan, urls: ['mailto://x']}]}\n"
    )
    (tmp_path / "people.yaml").write_text("people:\n  - {id: m.ali, name: Ms Ali, role: queen}\n")
    (tmp_path / "allowlist.yaml").write_text("sites:\n  - {id: farm}\n")
    for command in (("check", str(tmp_path)), ("try", "--headless", "--config", str(tmp_path))):
        done = run(*command)
        assert done.returncode == 2
        for where in (
            "kiosk.yaml:2:",
            "kiosk.yaml:3:",
            "kiosk.yaml:4:",
            "people.yaml:2:",
            "allowlist.yaml:2:",
        ):
            assert where in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
        assert "level" in done.stderr  # did you mean


@pytest.mark.parametrize(
    ("program", "package"), [("chromium", "chromium"), ("sway", "sway"), ("Xvfb", "xvfb")]
)
def test_a_missing_program_is_a_sentence_with_the_command_that_installs_it(
    tmp_path: Path, program: str, package: str
) -> None:
    for folder in os.environ["PATH"].split(":"):
        for file in Path(folder).glob("*") if Path(folder).is_dir() else ():
            if file.name != program and not os.path.lexists(tmp_path / file.name):
                (tmp_path / file.name).symlink_to(file)
    done = run("try", "--headless", env={"PATH": str(tmp_path)})
    assert done.returncode == 2
    assert f"Not installed: {program}." in done.stderr
    assert f"apt-get install {program.lower()}" in done.stderr


def test_a_full_disk_at_the_start_is_shown_and_the_kiosk_opens_by_itself_when_there_is_room(
    tmp_path: Path,
) -> None:
    for name in ("config", "state", "run"):
        (tmp_path / name).mkdir()
    alerts = {"people": [{"name": "Mrs Khan", "urls": ["json://127.0.0.1:9/"]}]}
    (tmp_path / "config" / "kiosk.yaml").write_text(
        yaml.safe_dump({"device": "kiosk-1", "room": "Rainbow room", "alerts": alerts})
    )
    (tmp_path / "config" / "people.yaml").write_text("people: []\n")
    (tmp_path / "config" / "allowlist.yaml").write_text("sites: []\n")
    command = [KIOSK[0], "-m", "kiosk.guardian", "--simulate", "--wayland", "/nowhere"]
    for name in ("config", "state", "run"):
        command += [f"--{name}", str(tmp_path / name)]
    state = tmp_path / "state"
    mount = f'mount -t tmpfs -o size=4m tmpfs {state} && head -c 4100000 /dev/zero > {state}/film; exec "$@"'
    guardian = subprocess.Popen(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh", *command],
        stderr=subprocess.PIPE,
        text=True,
    )
    socket = tmp_path / "run" / "guardian.sock"

    def faults() -> set[str]:
        """Nobody answers for a moment while the next guardian begins."""
        with suppress(KioskError), Control(socket) as control:
            return set(control.ask("status").data["faults"])
        return set()

    try:
        wait_until(lambda: socket.exists() or guardian.poll() is not None)
        with Control(socket) as control:
            assert control.wait_for(lambda: control.view is not None, PATIENCE)
            assert control.view is not None
            assert control.view.scene is Scene.FAULT
            said = {check["code"]: check for check in control.ask("status").data["checks"]}
            assert "disk is full" in said["store"]["sentence"]
            assert said["store"]["todo"]
        assert {"store", "disk"} <= faults()
        Path(f"/proc/{guardian.pid}/root{state}/film").unlink()
        wait_until(lambda: faults() == {"screen"})
    finally:
        guardian.terminate()
        assert "Traceback" not in guardian.communicate(timeout=20)[1]


def test_a_walk_whose_kiosk_dies_reports_the_step_at_which_it_did(tmp_path: Path) -> None:
    report = tmp_path / "walk.json"
    command = [*KIOSK, "try", "--walk", "--json", str(report)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as walk:
        assert walk.stdout is not None
        for line in walk.stdout:
            if "a PIN wakes the internet" in line:
                break
        [guardian] = [pid for pid, name in below(walk.pid).items() if is_guardian(pid)]
        os.kill(guardian, signal.SIGKILL)
        out = walk.communicate(timeout=90)[0]
    assert walk.returncode == 1, out
    said = json.loads(report.read_text())
    assert not said["ok"]
    assert [step["ok"] for step in said["steps"]][-2:] == [True, False]
    assert "Traceback" not in out


def is_guardian(pid: int) -> bool:
    try:
        return b"kiosk.guardian" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_a_report_that_could_not_be_written_is_said_before_anything_starts(tmp_path: Path) -> None:
    done = run("try", "--walk", "--json", str(tmp_path / "no" / "walk.json"))
    assert done.returncode == 2
    assert "No such file or directory" in done.stderr
    assert not done.stdout


def test_a_kiosk_that_knows_none_of_the_demonstrations_adults_announces_none(tmp_path: Path) -> None:
    alerts = {"people": [{"name": "Mrs Khan", "urls": ["jsons://127.0.0.1:9/"]}]}
    dns = {"dns": {"server": "127.0.0.1", "port": 9}}
    (tmp_path / "kiosk.yaml").write_text(
        yaml.safe_dump({"device": "kiosk-1", "room": "Rainbow room", "alerts": alerts, "network": dns})
    )
    (tmp_path / "people.yaml").write_text("people: []\n")
    (tmp_path / "allowlist.yaml").write_text("sites: []\n")
    with tried(tmp_path, "--config", str(tmp_path)) as kiosk:
        assert kiosk.facts["people"] == []
        assert kiosk.process.stdout is not None
        # The facts are written before it is said.
        assert any("The kiosk is up" in line for line in kiosk.process.stdout)
        kiosk.process.send_signal(signal.SIGINT)
        out = kiosk.process.stdout.read()
    assert "PIN " not in out
    assert "those of the configuration" in out


def test_a_socket_that_a_killed_kiosk_left_is_nobodys(tmp_path: Path) -> None:
    left = Path(tempfile.mkdtemp(prefix="kiosk-try-"))
    try:
        (left / "run").mkdir()
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(left / "run" / "guardian.sock"))
        with tried(tmp_path) as kiosk:
            kiosk.until(Scene.LOCKED)
            done = run("press", "panic")
            assert done.returncode == 0, done.stderr
            kiosk.until(Scene.PANIC)
    finally:
        shutil.rmtree(left)
