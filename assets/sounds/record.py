"""Records the script with a neural voice: `python record.py MODEL VOICES` (README.md beside this says how).

One sentence, one file: trimmed, at most 3.3 syllables a second where stretching allows it, −18 LUFS, its peak
below −1 dBFS (CHILD_UI, voice script). The kiosk plays what comes out and never needs what made it.
"""

from __future__ import annotations

import argparse
import io
import subprocess
from pathlib import Path

import numpy as np
import pyloudnorm
import soundfile
import yaml
from kokoro_onnx import Kokoro

HERE = Path(__file__).resolve().parent
OUT = {"kiosk": HERE / "voice", "site": HERE.parent / "site" / "sounds"}
VOICE = "bf_emma"
RATE = 24000  # samples a second, the model's own
SPEED = 0.95  # slower, and the model lengthens final consonants until they sound like a syllable
SYLLABLES = 3.3  # a second: what kindergarten children understand best (CHILD_UI 1)
SLOWEST = 0.86  # of the tempo: stretched further, a voice sounds stretched
VOWELS = frozenset("aɑɒʌəɐɛɜɪiʊuɔAIQWYᵊ")
LOUDNESS = -18.0  # LUFS
PEAK = 10 ** (-1.5 / 20)  # of full scale
BLOCK = 240  # samples, 10 ms


def trimmed(sound: np.ndarray) -> np.ndarray:
    """From the first sound to the last; a lone burst after a long gap is the model's, not the line's."""
    blocks = sound[: len(sound) // BLOCK * BLOCK].reshape(-1, BLOCK)
    level = 20 * np.log10(np.sqrt((blocks**2).mean(axis=1)) + 1e-9)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], level > level.max() - 35, [0])).astype(int)))
    runs = edges.reshape(-1, 2).tolist()
    while len(runs) > 1 and runs[-1][0] - runs[-2][1] > 12:
        runs.pop()
    while len(runs) > 1 and runs[1][0] - runs[0][1] > 12:
        runs.pop(0)
    cut = sound[max(0, runs[0][0] - 3) * BLOCK : (runs[-1][1] + 5) * BLOCK].copy()
    cut[:480] *= np.linspace(0, 1, 480)
    cut[-1200:] *= np.linspace(1, 0, 1200)
    return cut


def calm(sound: np.ndarray, phonemes: str) -> np.ndarray:
    """Not faster than a child can follow."""
    tempo = SYLLABLES * len(sound) / RATE / max(1, sum(sign in VOWELS for sign in phonemes))
    if tempo >= 1:
        return sound
    wav = io.BytesIO()
    soundfile.write(wav, sound, RATE, format="WAV", subtype="FLOAT")
    sox = ["sox", "-t", "wav", "-", "-t", "wav", "-e", "float", "-b", "32", "-", "tempo", "-s"]
    done = subprocess.run(
        [*sox, f"{max(SLOWEST, tempo):.3f}"], input=wav.getvalue(), capture_output=True, check=True
    )
    return soundfile.read(io.BytesIO(done.stdout))[0]


def even(sound: np.ndarray) -> np.ndarray:
    """As loud as every other line; what sticks out is pressed in softly."""
    meter = pyloudnorm.Meter(RATE)
    for _ in range(6):
        heard = np.pad(sound, (0, max(0, round(0.41 * RATE) - len(sound))))
        sound = sound * 10 ** ((LOUDNESS - meter.integrated_loudness(heard)) / 20)
        if np.abs(sound).max() <= PEAK:
            break
        knee, loud = PEAK * 0.6, np.abs(sound)
        bent = knee + (PEAK - knee) * np.tanh((loud - knee) / (PEAK - knee))
        sound = np.where(loud > knee, np.sign(sound) * bent, sound)
    return sound


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("model", help="Kokoro-82M as ONNX")
    asked.add_argument("voices", help="its voices, .npz")
    asked.add_argument("lines", nargs="*", help="only these")
    said = asked.parse_args()
    kokoro = Kokoro(said.model, said.voices)
    for part, lines in yaml.safe_load((HERE / "script.yaml").read_text()).items():
        for id, line in lines.items():
            if said.lines and id not in said.lines:
                continue
            text = line["phonemes"].rstrip(".")  # with its full stop, a short line grows a tail
            sound, _ = kokoro.create(text, voice=VOICE, speed=SPEED, is_phonemes=True, trim=False)
            sound = even(calm(trimmed(np.asarray(sound, dtype=float)), text))
            soundfile.write(OUT[part] / f"{id}.ogg", sound, RATE, format="OGG", subtype="VORBIS")


if __name__ == "__main__":
    main()
