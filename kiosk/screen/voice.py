"""The loudspeaker: one voice, one chime. The latest line replaces an earlier one; a safety line is never cut.

A nursery's own recording of a line comes before ours. A kiosk without a sound card is as safe as one with: it
says so once and carries on silently.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pygame

import assets
from kiosk.lines import GAP, SAFETY

KINDS = (".ogg", ".wav")


class Voice:
    """Plays lines from `recordings`, the nursery's own folder, and from ours."""

    def __init__(self, recordings: Path | None) -> None:
        ours = assets.path("sounds", "voice")
        self._folders = (recordings, ours) if recordings is not None else (ours,)
        self._line: pygame.mixer.Channel | None = None
        self._chime: pygame.mixer.Channel | None = None
        self._safety = False  # is a safety line being said
        try:
            with _alsa_kept_quiet():
                pygame.mixer.init(frequency=44100, size=-16, channels=1, buffer=1024)
        except pygame.error as error:
            sys.stderr.write(f"kiosk-screen: no sound ({error}); the kiosk carries on silently.\n")
            return
        self._line, self._chime = pygame.mixer.Channel(0), pygame.mixer.Channel(1)

    def say(self, lines: Sequence[str]) -> None:
        """Sentences, one after the other, unless a safety line is still being said."""
        if self._line is None or not lines:
            return
        safety = not SAFETY.isdisjoint(lines)
        if self._safety and self._line.get_busy() and not safety:
            return
        self._line.stop()
        self._safety = safety
        if sentences := [sound for line in lines if (sound := self._recording(line)) is not None]:
            self._line.play(_joined(sentences))

    def chime(self, name: str) -> None:
        """One of our two chimes, beside whatever is said."""
        if self._chime is not None and (sound := _load(assets.path("sounds", f"{name}.wav"))) is not None:
            self._chime.play(sound)

    def hush(self) -> None:
        """Silence, at once: a panic is silent."""
        for channel in (self._line, self._chime):
            if channel is not None:
                channel.stop()

    def _recording(self, line: str) -> pygame.mixer.Sound | None:
        """The line by its id, or by the name of a nursery's file. One that nobody recorded is silence."""
        if Path(line).name != line:
            return None
        names = (line,) if line.endswith(KINDS) else tuple(f"{line}{kind}" for kind in KINDS)
        files = (folder / name for folder in self._folders for name in names)
        file = next((file for file in files if file.is_file()), None)
        return None if file is None else _load(file)


@contextmanager
def _alsa_kept_quiet() -> Iterator[None]:
    """Without a sound card, ALSA's library writes a page of its own to standard error; one line is enough."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _load(file: Path) -> pygame.mixer.Sound | None:
    try:
        return pygame.mixer.Sound(str(file))
    except (pygame.error, OSError) as error:
        sys.stderr.write(f"kiosk-screen: the recording {file.name} cannot be played: {error}.\n")
        return None


def _joined(sentences: Sequence[pygame.mixer.Sound]) -> pygame.mixer.Sound:
    """One sound of several, so that no timer has to keep the gap between them."""
    if len(sentences) == 1:
        return sentences[0]
    rate, size, channels = pygame.mixer.get_init()
    silence = bytes(round(GAP * rate) * channels * abs(size) // 8)
    return pygame.mixer.Sound(buffer=silence.join(sentence.get_raw() for sentence in sentences))
