"""One voice and two chimes. The latest line replaces an earlier one; a safety line is never cut.

A kiosk without a sound card is as safe as one with: it says so once and carries on silently.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pygame

import assets

SAFETY = frozenset({"well-done", "find-grown-up"})  # the child has just told, or has to find the adult
KINDS = (".ogg", ".wav")


class Voice:
    """Plays lines from the nursery's own recordings, and our chimes."""

    def __init__(self, recordings: Path | None) -> None:
        self._folder = recordings
        self._line: pygame.mixer.Channel | None = None
        self._chime: pygame.mixer.Channel | None = None
        self._saying = ""
        try:
            pygame.mixer.init(frequency=44100, size=-16, channels=1, buffer=1024)
        except pygame.error as error:
            sys.stderr.write(f"kiosk-screen: no sound ({error}); the kiosk carries on silently.\n")
            return
        self._line, self._chime = pygame.mixer.Channel(0), pygame.mixer.Channel(1)

    def play(self, say: str, chime: str) -> None:
        """On a view's arrival: its chime, and its line unless a safety line is still being said."""
        if chime and self._chime is not None:
            self._start(self._chime, assets.path("sounds"), chime)
        if not say or self._line is None:
            return
        if self._saying in SAFETY and self._line.get_busy() and say not in SAFETY:
            return
        self._line.stop()
        self._saying = say
        if self._folder is not None:
            self._start(self._line, self._folder, say)

    def hush(self) -> None:
        """Silence, at once: a panic is silent."""
        for channel in (self._line, self._chime):
            if channel is not None:
                channel.stop()

    def _start(self, channel: pygame.mixer.Channel, folder: Path, name: str) -> None:
        if Path(name).name != name:
            return
        files = (folder / f"{name}{kind}" for kind in KINDS)
        file = next((f for f in files if f.is_file()), None)
        if file is None:
            return  # a line that nobody recorded is silence
        try:
            channel.play(pygame.mixer.Sound(str(file)))
        except pygame.error as error:
            sys.stderr.write(f"kiosk-screen: the recording {file.name} cannot be played: {error}.\n")
