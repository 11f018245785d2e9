"""Sings the song of the built-in site: `python sing.py MODEL VOICES` (README.md beside this says how).

Each line is spoken once; then every syllable is stretched over its beats and put on its note (WORLD vocoder).
“Twinkle, twinkle, little star”: words by Jane Taylor, 1806, tune traditional; both in the public domain.
"""

from __future__ import annotations

import sys
from itertools import pairwise

import numpy as np
import pyworld
import soundfile
from kokoro_onnx import Kokoro
from record import OUT, RATE, VOICE, even, trimmed

FRAME = 5.0  # ms, the vocoder's step
BEAT = 0.55  # s, as in sound.js
SPEED = 0.85
NOTES = {1: 261.63, 2: 293.66, 3: 329.63, 4: 349.23, 5: 392.0, 6: 440.0}  # C4 to A4, Hz

# What is spoken; where its syllables lie, in s, read off its loudness; the note and the beats of each.
LINES = (
    (
        "twˈɪŋkᵊl twˈɪŋkᵊl lˈɪtᵊl stˈɑː",
        (0, 0.36, 0.55, 0.82, 0.99, 1.14, 1.27, 1.86),
        ((1, 1), (1, 1), (5, 1), (5, 1), (6, 1), (6, 1), (5, 2)),
    ),
    (
        "hˈW ˈI wˈʌndə wˈɒt juː ˈɑː",
        (0, 0.40, 0.65, 0.88, 1.0, 1.18, 1.37, 1.84),
        ((4, 1), (4, 1), (3, 1), (3, 1), (2, 1), (2, 1), (1, 2)),
    ),
)


def stretched(start: float, end: float, length: float) -> np.ndarray:
    """The frames of a syllable, in s, that fill `length` s: its consonants as they are, its vowel longer."""
    frames, wanted = round((end - start) * 1000 / FRAME), round(length * 1000 / FRAME)
    first, last = min(14, frames // 3), min(10, frames // 4)
    middle = np.linspace(first, frames - last - 1, max(0, wanted - first - last))
    whole = np.concatenate((np.arange(first), middle, np.arange(frames - last, frames)))
    return start * 1000 / FRAME + whole


def sung(spoken: np.ndarray, cuts: tuple[float, ...], notes: tuple[tuple[int, int], ...]) -> np.ndarray:
    """One line."""
    pitch, times = pyworld.harvest(spoken, RATE, frame_period=FRAME)
    spectrum = pyworld.cheaptrick(spoken, pitch, times, RATE)
    breath = pyworld.d4c(spoken, pitch, times, RATE)
    spans = zip(pairwise(cuts), notes, strict=True)
    parts = [stretched(*span, beats * BEAT) for span, (_, beats) in spans]
    frames = np.clip(np.round(np.concatenate(parts)).astype(int), 0, len(pitch) - 1)
    levels = zip(parts, notes, strict=True)
    tune = np.concatenate([np.full(len(part), NOTES[note]) for part, (note, _) in levels])
    glide = np.hanning(13) / np.hanning(13).sum()
    tune = np.exp(np.convolve(np.pad(np.log(tune), 6, "edge"), glide, "valid"))
    tune *= 1 + 0.006 * np.sin(2 * np.pi * 5.2 * np.arange(len(tune)) * FRAME / 1000)
    heard = np.where(pitch[frames] > 0, tune, 0.0)
    return pyworld.synthesize(heard, spectrum[frames], breath[frames], RATE, FRAME)


def main() -> None:
    kokoro = Kokoro(*sys.argv[1:3])
    lines = []
    for phonemes, cuts, notes in LINES:
        spoken, _ = kokoro.create(phonemes, voice=VOICE, speed=SPEED, is_phonemes=True, trim=False)
        lines.append(sung(trimmed(np.asarray(spoken, dtype=float)), cuts, notes))
    soundfile.write(
        OUT["site"] / "song.ogg", even(np.concatenate(lines)), RATE, format="OGG", subtype="VORBIS"
    )


if __name__ == "__main__":
    main()
