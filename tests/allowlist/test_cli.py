"""The command line: one JSON object per URL and line, sentences for what is wrong, the exit status."""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import assets
from allowlist.cli import add_arguments

BUILTIN = str(assets.path("allowlist", "builtin.yaml"))
DUCK = "http://garden.kiosk.internal/animals/"
PROGRAM = (
    "import argparse, sys; from allowlist.cli import add_arguments; p = argparse.ArgumentParser();"
    " add_arguments(p.add_subparsers()); a = p.parse_args(); sys.exit(a.run(a))"
)


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser.add_subparsers())
    args = parser.parse_args(words)
    status: int = args.run(args)
    return status


def test_each_url_is_answered_on_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    urls = [DUCK, "http://garden.kiosk.internal/", "https://user@x.example/", "not a url"]
    assert run("allowlist", "test", "--list", BUILTIN, "--date", "2026-11-22", *urls) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(a["url"], a["page"], a["host"], a["site"]) for a in answers] == [
        (urls[0], True, True, "animals"),
        (urls[1], False, True, "animals"),
        (urls[2], False, False, ""),
        (urls[3], False, False, ""),
    ]
    assert all(set(a) == {"url", "page", "host", "site", "why"} and a["why"] for a in answers)


def test_level_and_day_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    for more in (["--date", "2028-01-01"], ["--level", "staff", "--date", "2026-11-22"]):
        run("allowlist", "test", "--list", BUILTIN, *more, DUCK)
    assert [json.loads(line)["page"] for line in capsys.readouterr().out.splitlines()] == [False, False]


def test_lines_are_answered_as_they_come() -> None:
    """An answer arrives before the next question is asked: a long list needs no memory."""
    command = [
        sys.executable,
        "-c",
        PROGRAM,
        "allowlist",
        "test",
        "--list",
        BUILTIN,
        "--date",
        "2026-11-22",
        "-",
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as asked:
        assert asked.stdin is not None
        assert asked.stdout is not None
        for url, may in ((DUCK, True), ("https://other.example/", False), ("", False)):
            asked.stdin.write(f"{url}\n")
            asked.stdin.flush()
            assert json.loads(asked.stdout.readline())["page"] is may
        asked.stdin.close()
        assert asked.wait(20) == 0


def test_a_list_with_mistakes_is_told_about_and_decides_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "allowlist.yaml"
    file.write_text("site: []\n")
    for command in (["test", DUCK], ["policy"], ["list"]):
        assert run("allowlist", *command, "--list", str(file)) == 1
    assert run("door", "--list", str(file)) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{file}:1: “site” is not a key here. Did you mean “sites”?" in err


def test_the_browsers_policy_is_printed_as_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("allowlist", "policy", "--list", BUILTIN, "--date", "2026-11-22") == 0
    policy = json.loads(capsys.readouterr().out)
    assert "http://.garden.kiosk.internal:80/animals" in policy["URLAllowlist"]
    assert policy["URLBlocklist"][0] == "*"


def test_every_site_is_listed_with_its_state(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("allowlist", "list", "--list", BUILTIN, "--date", "2027-12-24") == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["id"] for each in listed][:2] == ["animals", "shapes"]
    assert {(each["status"], each["counts"]) for each in listed} == {("approved", False)}


@pytest.mark.parametrize("word", ["--listen=here", "--dns=1.2.3.4", "--listen=h:99999", "--date=tomorrow"])
def test_a_word_that_cannot_be_read_ends_with_status_2(word: str) -> None:
    with pytest.raises(SystemExit) as ended:
        run("door", word)
    assert ended.value.code == 2


def test_the_door_alone_serves_the_list_until_it_is_interrupted() -> None:
    command = [sys.executable, "-c", PROGRAM, "door", "--list", BUILTIN, "--listen", "127.0.0.1:0"]
    command += ["--builtin", str(assets.path("site"))]
    with subprocess.Popen([*command, "--date", "2026-11-22"], stdout=subprocess.PIPE, text=True) as door:
        assert door.stdout is not None
        host, port = json.loads(door.stdout.readline())["listening"].split(":")
        with socket.create_connection((host, int(port)), timeout=20) as browser:
            browser.sendall(b"CONNECT other.example:443 HTTP/1.1\r\nHost: other.example\r\n\r\n")
            assert browser.recv(4096).startswith(b"HTTP/1.1 403")
        refused = json.loads(door.stdout.readline())
        assert (refused["refused"], refused["port"]) == ("other.example", 443)
        with socket.create_connection((host, int(port)), timeout=20) as browser:
            browser.sendall(
                b"GET http://garden.kiosk.internal/animals/ HTTP/1.1\r\nHost: garden.kiosk.internal\r\n\r\n"
            )
            assert browser.recv(4096).startswith(b"HTTP/1.1 200")
        os.kill(door.pid, signal.SIGINT)
        assert door.wait(20) == 0


def test_a_place_that_is_taken_is_told_about(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run("door", "--list", BUILTIN, "--listen", f"127.0.0.1:{port}") == 1
    assert "cannot listen there" in capsys.readouterr().err


def test_standard_input_is_read_when_no_url_is_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{DUCK}\r\n".encode())))
    run("allowlist", "test", "--list", BUILTIN, "--date", "2026-11-22")
    assert re.search(r'"page": true', capsys.readouterr().out)


def test_a_standard_input_that_is_closed_is_told_about(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", None)  # as `<&-` leaves it
    assert run("allowlist", "test", "--list", BUILTIN, "--date", "2026-11-22") == 1
    assert "standard input is closed" in capsys.readouterr().err
    assert run("allowlist", "test", "--list", BUILTIN, "--date", "2026-11-22", DUCK) == 0


ASK = [sys.executable, "-c", PROGRAM, "allowlist", "test", "--list", BUILTIN, "--date", "2026-11-22"]
IN_ENGLISH = {**os.environ, "LC_ALL": "C.UTF-8"}  # where Python refuses odd bytes, unless it is told not to


@pytest.mark.parametrize("env", [IN_ENGLISH, {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_there_is_one_answer_for_each_line_whatever_is_in_it(env: dict[str, str]) -> None:
    lines = [
        b"\xff\xfe https://a.example/\xff",
        b"",
        b"https://b.example/\0\0",
        b"https://c.example/\rd\x0b\x0c\x1c\xc2\x85\xe2\x80\xa8",
        b"a" * 3_000_000,
        b"https://d.example/" + b"a" * 100_000,
        "https://b\u00fccher.example/\U0001f986".encode(),
        DUCK.encode() + b"\r",
        b"\xed\xb3\xbf",
        DUCK.encode(),  # without an end of line
    ]
    asked = subprocess.run([*ASK, "-"], input=b"\n".join(lines), capture_output=True, env=env, timeout=60)
    assert (asked.returncode, asked.stderr) == (0, b"")
    answers = [json.loads(line) for line in asked.stdout.splitlines()]
    assert [answer["page"] for answer in answers] == [False] * 7 + [True, False, True]
    for line, answer in zip(lines, answers, strict=True):
        said = answer["url"].encode("utf-8", "surrogateescape")
        assert said == line.rstrip(b"\r")[: len(said)]
        assert len(said) == min(len(line.rstrip(b"\r")), 1024 * 1024)


def test_an_odd_word_on_the_command_line_is_answered_too() -> None:
    asked = subprocess.run([*ASK, b"https://a.example/\xff", ""], capture_output=True, timeout=60)
    assert (asked.returncode, asked.stderr, len(asked.stdout.splitlines())) == (0, b"", 2)


def test_whoever_has_read_enough_hangs_up_and_no_complaint_is_heard() -> None:
    with subprocess.Popen(
        [*ASK, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as asked:
        assert asked.stdin is not None
        assert asked.stdout is not None
        assert asked.stderr is not None
        asked.stdin.write(b"https://a.example/\n")
        asked.stdin.flush()
        assert asked.stdout.readline()
        asked.stdout.close()
        asked.stdin.write(b"https://a.example/\n" * 3)
        asked.stdin.close()
        assert asked.stderr.read() == b""
        assert asked.wait(20) == 0
