"""`python -m kiosk.screen --socket PATH`: the screen as a process, inside sway."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

# SDL reads these when it starts. One touch is one event; the window has a name that sway's rules know.
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
os.environ.setdefault("SDL_TOUCH_MOUSE_EVENTS", "0")
os.environ.setdefault("SDL_MOUSE_TOUCH_EVENTS", "0")
os.environ.setdefault("SDL_VIDEODRIVER", "wayland")
os.environ["SDL_VIDEO_WAYLAND_WMCLASS"] = "kiosk-screen"

import pygame

import assets
from kiosk.errors import KioskError
from kiosk.screen.app import HEARD, MOVED, App
from kiosk.screen.art import Art
from kiosk.screen.client import Arrival, Client
from kiosk.screen.compositor import CompositorError, Sway
from kiosk.screen.stage import Stage
from kiosk.screen.units import Panel
from kiosk.screen.voice import Voice

TEN_INCH = (217.0, 135.6)  # mm, until the guardian says what the config says


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m kiosk.screen", description="The kiosk's screen, inside sway."
    )
    made.add_argument("--socket", type=Path, required=True, help="the guardian's socket")
    made.add_argument("--pictures", type=Path, help="the nursery's own pictures")
    made.add_argument("--sounds", type=Path, help="the nursery's own recordings")
    made.add_argument("--width-mm", type=float, default=TEN_INCH[0], help="the glass, measured with a ruler")
    made.add_argument("--height-mm", type=float, default=TEN_INCH[1], help="the glass, measured with a ruler")
    return made


def main() -> int:
    """Runs until sway or a signal ends it. A missing compositor is an error: a page could not be hidden."""
    asked = parser().parse_args()
    try:
        run(asked)
    except KioskError as error:
        sys.stderr.write(f"kiosk-screen: {error}\n")
        return 1
    return 0


def run(asked: argparse.Namespace) -> None:
    """Raises CompositorError if there is no sway."""
    address = os.environ.get("SWAYSOCK")
    if not address:
        raise CompositorError("There is no sway here.", "Start the screen from sway's configuration.")
    sway = Sway(Path(address), os.getpid())
    size = sway.output()
    pygame.display.init()
    pygame.font.init()
    pygame.display.set_caption("The kiosk")
    # Not FULLSCREEN: sway would then hide whatever floats above; a single tiled window fills the output.
    pygame.display.set_mode(size, pygame.RESIZABLE)
    folders = [folder for folder in (asked.pictures,) if folder] + [assets.path("pictures")]
    stage = Stage(Panel(*size, asked.width_mm, asked.height_mm), time.monotonic())

    def post(arrival: Arrival) -> None:
        pygame.event.post(pygame.event.Event(HEARD, arrival=arrival))

    client: Client
    app = App(
        stage,
        Art(folders),
        sway,
        Voice(asked.sounds),
        lambda word: client.send(word.kind, **word.data),
        lambda: client.renew(),
        time.monotonic,
    )
    client = Client(asked.socket, app.hello, post)
    sway.watch(lambda: pygame.event.post(pygame.event.Event(MOVED)))
    client.start()
    try:
        app.run()
    finally:
        client.close()
        sway.close()
        pygame.quit()


if __name__ == "__main__":
    sys.exit(main())
