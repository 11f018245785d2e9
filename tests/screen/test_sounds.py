"""Sounds: two soft chimes made by our own script, one voice, and silence that is no error."""

from __future__ import annotations

import array
import os
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import pygame
import pytest

import assets
from kiosk.screen import chimes
from kiosk.screen.voice import Voice, _joined


@pytest.fixture
def voice(tmp_path: Path) -> Iterator[Voice]:
    """With two recordings; the first one is long enough to be still heard on a slow machine."""
    chimes.write(tmp_path)
    (tmp_path / "tell.wav").rename(tmp_path / "home.wav")
    with wave.open(str(tmp_path / "well-done.wav"), "wb") as file:
        file.setparams((1, 2, chimes.RATE, 0, "NONE", ""))
        file.writeframes(20 * chimes.pcm("open").tobytes())
    (tmp_path / "broken.ogg").write_bytes(b"not a sound")
    yield Voice(tmp_path)
    pygame.mixer.quit()


@pytest.mark.parametrize("name", chimes.CHIMES)
def test_the_chimes_in_assets_are_those_of_the_script(name: str) -> None:
    with wave.open(str(assets.path("sounds", f"{name}.wav"))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, chimes.RATE)
        there = array.array("h", file.readframes(file.getnframes()))
    made = chimes.pcm(name)
    assert len(there) == len(made)
    assert max(abs(a - b) for a, b in zip(there, made, strict=True)) <= 1


@pytest.mark.parametrize("name", chimes.CHIMES)
def test_a_chime_is_short_soft_and_ends_in_silence(name: str) -> None:
    made = chimes.pcm(name)
    assert len(made) / chimes.RATE <= 0.4
    assert max(map(abs, made)) < 32767 * 0.5
    assert max(map(abs, made[:40])) < 32767 * 0.02
    assert max(map(abs, made[-40:])) < 32767 * 0.02


def test_the_latest_line_replaces_an_earlier_one(voice: Voice) -> None:
    voice.say(["home"])
    first = voice._line.get_sound()  # type: ignore[union-attr]
    voice.say(["well-done"])
    assert voice._line.get_sound() is not first  # type: ignore[union-attr]


def test_a_safety_line_cannot_be_cut_by_another(voice: Voice) -> None:
    voice.say(["well-done"])
    said = voice._line.get_sound()  # type: ignore[union-attr]
    voice.say(["home"])
    assert voice._line.get_sound() is said  # type: ignore[union-attr]


def test_a_safety_line_replaces_what_is_less(voice: Voice) -> None:
    voice.say(["home"])
    voice.say(["well-done"])
    said = voice._line.get_sound()  # type: ignore[union-attr]
    voice.say(["find-grown-up"])
    assert voice._line.get_sound() is not said  # type: ignore[union-attr]


def test_two_sentences_are_told_apart_by_a_pause(voice: Voice) -> None:
    rate = pygame.mixer.get_init()[0]
    whole = _joined([voice._recording("home"), voice._recording("well-done")])  # type: ignore[list-item]
    assert whole.get_length() == pytest.approx(0.4 + 0.4 + 20 * 0.4, abs=0.02)
    raw = array.array("h", whole.get_raw())
    assert not any(raw[round(0.42 * rate) : round(0.78 * rate)])


def test_a_nursery_s_own_recording_of_a_line_comes_before_ours(tmp_path: Path, voice: Voice) -> None:
    own, ours = voice._recording("home"), Voice(None)._recording("home")
    assert own is not None
    assert ours is not None
    assert own.get_raw() != ours.get_raw()
    assert voice._recording("home.wav") is not None


def test_a_chime_sounds_beside_the_voice(voice: Voice) -> None:
    voice.say(["well-done"])
    voice.chime("tell")
    assert voice._line.get_busy()  # type: ignore[union-attr]
    assert voice._chime.get_busy()  # type: ignore[union-attr]


def test_panic_is_silent_at_once(voice: Voice) -> None:
    voice.say(["well-done"])
    voice.chime("tell")
    voice.hush()
    assert not pygame.mixer.get_busy()


@pytest.mark.parametrize("line", ["never-recorded", "../../etc/passwd", "", "/etc/hostname.ogg"])
def test_a_line_that_nobody_recorded_is_silence(
    voice: Voice, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    voice.say([line])
    assert not pygame.mixer.get_busy()
    assert capsys.readouterr().err == ""


def test_a_broken_recording_is_named(voice: Voice, capsys: pytest.CaptureFixture[str]) -> None:
    voice.say(["broken"])
    assert "broken.ogg" in capsys.readouterr().err


def test_without_a_sound_card_the_kiosk_carries_on_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pygame.mixer.quit()
    monkeypatch.setenv("SDL_AUDIODRIVER", "no-such-driver")
    silent = Voice(None)
    silent.say(["home"])
    silent.chime("open")
    silent.say(["well-done", "hidden"])
    silent.hush()
    assert capsys.readouterr().err.count("no sound") == 1


def test_a_machine_without_a_sound_card_writes_one_line_to_its_log() -> None:
    code = "from kiosk.screen.voice import Voice; v = Voice(None); v.say(['home']); v.chime('open')"
    environment = {**os.environ, "SDL_AUDIODRIVER": "alsa", "AUDIODEV": "no-such-card"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    (line,) = done.stderr.splitlines()
    assert "no sound" in line
    assert done.returncode == 0
