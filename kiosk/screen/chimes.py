"""The two chimes, made by arithmetic: `python -m kiosk.screen.chimes FOLDER` writes open.wav and tell.wav.

Opening is G4 to C5, telling is C5 to G5: two soft notes, at most 400 ms, no sharp attack (CHILD_UI 2).
"""

from __future__ import annotations

import array
import math
import sys
import wave
from pathlib import Path

RATE = 44100  # samples a second
LENGTH = 0.4  # s
SECOND_AT = 0.14  # s
ATTACK = 0.02  # s
PEAK = 0.35  # of full scale: about −9 dBFS
G4, C5, G5 = 392.00, 523.25, 783.99  # Hz
CHIMES = {"open": (G4, C5), "tell": (C5, G5)}


def samples(first: float, second: float) -> list[float]:
    """Two notes as numbers between −1 and 1."""
    times = (n / RATE for n in range(int(RATE * LENGTH)))
    return [PEAK * _fade(t) * (_note(first, t) + _note(second, t - SECOND_AT)) / 1.6 for t in times]


def _fade(t: float) -> float:
    return min(1.0, (LENGTH - t) / 0.08)


def _note(pitch: float, t: float) -> float:
    if t < 0:
        return 0.0
    swell = min(1.0, t / ATTACK) * math.exp(-9 * t)
    tone = math.sin(2 * math.pi * pitch * t) + 0.2 * math.sin(4 * math.pi * pitch * t)
    return swell * tone


def pcm(name: str) -> array.array[int]:
    """A chime as 16-bit samples."""
    return array.array("h", (round(32767 * max(-1.0, min(1.0, s))) for s in samples(*CHIMES[name])))


def write(folder: Path) -> None:
    """Writes both chimes."""
    for name in CHIMES:
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            data = pcm(name)
            if sys.byteorder == "big":
                data.byteswap()
            file.writeframes(data.tobytes())


if __name__ == "__main__":
    write(Path(sys.argv[1]))
