"""`kiosk door --config`: the door alone, set up as the kiosk's own configuration says."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.kiosk.test_config import KIOSK, folder

LIST = """\
sites:
  - id: farm
    title: The farm
    picture: farm.svg
    start: https://farm.example/
    pages: [https://farm.example/]
    levels: [reception]
    status: approved
    checked: {by: t.harvey, role: ict, on: 2026-11-02, until: 2027-11-01, reason: Farm topic}
"""
PROGRAM = [sys.executable, "-c", "import sys; from kiosk.cli import main; sys.exit(main())"]


def test_the_configurations_list_level_resolver_and_built_in_site_are_the_doors(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as name_server:
        name_server.bind(("127.0.0.1", 0))
        name_server.settimeout(20)
        port = name_server.getsockname()[1]
        kiosk = f"{KIOSK}level: reception\nnetwork: {{dns: {{server: 127.0.0.1, port: {port}}}}}\n"
        command = [*PROGRAM, "door", "--config", str(folder(tmp_path, kiosk, LIST))]
        command += ["--listen", "127.0.0.1:0", "--date", "2026-11-22"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as door:
            assert door.stdout is not None
            host, port = json.loads(door.stdout.readline())["listening"].split(":")
            with socket.create_connection((host, int(port)), timeout=20) as browser:
                browser.sendall(b"CONNECT farm.example:443 HTTP/1.1\r\nHost: farm.example\r\n\r\n")
                assert b"\x04farm\x07example\x00" in name_server.recv(512)
            with socket.create_connection((host, int(port)), timeout=20) as browser:
                browser.sendall(
                    b"GET http://garden.kiosk.internal/ HTTP/1.1\r\nHost: garden.kiosk.internal\r\n\r\n"
                )
                assert browser.recv(4096).startswith(b"HTTP/1.1 403")  # it is not on this list
            os.kill(door.pid, signal.SIGINT)
            assert door.wait(20) == 0


def test_a_configuration_with_mistakes_opens_no_door(tmp_path: Path) -> None:
    command = [*PROGRAM, "door", "--config", str(folder(tmp_path, f"{KIOSK}levle: reception\n", LIST))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert "Did you mean “level”?" in done.stderr
    assert done.stdout == ""
