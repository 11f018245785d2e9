"""Sounds: two soft chimes made by our own script, one voice, and silence that is no error."""

from __future__ import annotations

import array
import wave
from collections.abc import Iterator
from pathlib import Path

import pygame
import pytest

import assets
from kiosk.screen import chimes
from kiosk.screen.voice import Voice


@pytest.fixture
def voice(tmp_path: Path) -> Iterator[Voice]:
    chimes.write(tmp_path)
    (tmp_path / "open.wav").rename(tmp_path / "well-done.wav")
    (tmp_path / "tell.wav").rename(tmp_path / "home.wav")
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
    voice.play("home", "")
    first = voice._line.get_sound()  # type: ignore[union-attr]
    voice.play("well-done", "")
    assert voice._line.get_sound() is not first  # type: ignore[union-attr]


def test_a_safety_line_cannot_be_cut_by_another(voice: Voice) -> None:
    voice.play("well-done", "tell")
    said = voice._line.get_sound()  # type: ignore[union-attr]
    voice.play("home", "open")
    assert voice._line.get_sound() is said  # type: ignore[union-attr]


def test_panic_is_silent_at_once(voice: Voice) -> None:
    voice.play("well-done", "tell")
    voice.hush()
    assert not pygame.mixer.get_busy()


@pytest.mark.parametrize("line", ["never-recorded", "../../etc/passwd", ""])
def test_a_line_that_nobody_recorded_is_silence(
    voice: Voice, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    voice.play(line, "")
    assert not pygame.mixer.get_busy()
    assert capsys.readouterr().err == ""


def test_a_broken_recording_is_named(voice: Voice, capsys: pytest.CaptureFixture[str]) -> None:
    voice.play("broken", "")
    assert "broken.ogg" in capsys.readouterr().err


def test_without_a_sound_card_the_kiosk_carries_on_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pygame.mixer.quit()
    monkeypatch.setenv("SDL_AUDIODRIVER", "no-such-driver")
    silent = Voice(None)
    silent.play("home", "open")
    silent.play("well-done", "tell")
    silent.hush()
    assert capsys.readouterr().err.count("no sound") == 1
