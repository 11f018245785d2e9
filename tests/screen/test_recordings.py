"""The recordings: every sentence of the script is there, short, evenly loud, and begins and ends softly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile
import yaml

import assets

FOLDERS = {"kiosk": assets.path("sounds", "voice"), "site": assets.path("site", "sounds")}
SCRIPT = yaml.safe_load(assets.path("sounds", "script.yaml").read_text())
SENTENCES = [(part, id) for part, lines in SCRIPT.items() for id in lines]
SUNG = {"song"}  # `sing.py`


def file_of(part: str, id: str) -> Path:
    return FOLDERS[part] / f"{id}.ogg"


@pytest.mark.parametrize(("part", "id"), SENTENCES)
def test_a_sentence_is_recorded_short_and_evenly_loud(part: str, id: str) -> None:
    sound, rate = soundfile.read(file_of(part, id))
    heard = np.pad(sound, (0, max(0, round(0.41 * rate) - len(sound))))
    assert sound.ndim == 1
    assert 0.3 <= len(sound) / rate <= 3.0
    assert abs(pyloudnorm.Meter(rate).integrated_loudness(heard) + 18) <= 2
    assert 20 * np.log10(np.abs(sound).max()) <= -1


@pytest.mark.parametrize(("part", "id"), SENTENCES)
def test_a_sentence_starts_and_ends_softly_and_without_waiting(part: str, id: str) -> None:
    sound, rate = soundfile.read(file_of(part, id))
    loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
    assert loud[0] / rate < 0.12
    assert (len(sound) - loud[-1]) / rate < 0.2
    assert np.abs(sound[: rate // 200]).max() < 0.05
    assert np.abs(sound[-rate // 200 :]).max() < 0.05


@pytest.mark.parametrize("part", FOLDERS)
def test_nothing_is_shipped_that_is_not_in_the_script(part: str) -> None:
    assert {file.stem for file in FOLDERS[part].iterdir()} - SUNG == set(SCRIPT[part])


@pytest.mark.parametrize(("part", "id"), SENTENCES)
def test_a_sentence_is_one_that_a_child_can_hold(part: str, id: str) -> None:
    words = SCRIPT[part][id]["words"]
    assert len(words.split()) <= 8
    assert words[-1] in ".?!,"


def test_the_song_is_whole_as_loud_as_a_sentence_and_in_tune() -> None:
    sound, rate = soundfile.read(file_of("site", "song"))
    assert len(sound) / rate == pytest.approx(16 * 0.55, abs=0.1)  # beats, s
    assert abs(pyloudnorm.Meter(rate).integrated_loudness(sound) + 18) <= 2
    assert 20 * np.log10(np.abs(sound).max()) <= -1
    tune = [261.63, 261.63, 392.0, 392.0, 440.0, 440.0, 392.0, 392.0, 349.23, 349.23, 329.63, 329.63, 293.66]
    for beat, note in enumerate(tune):  # the strongest harmonic of a beat belongs to its note
        part = sound[round((beat + 0.3) * 0.55 * rate) : round((beat + 0.9) * 0.55 * rate)]
        heard = np.argmax(np.abs(np.fft.rfft(part * np.hanning(len(part))))) * rate / len(part)
        harmonic = max(1, round(heard / note))
        assert heard / harmonic == pytest.approx(note, rel=0.03), beat
