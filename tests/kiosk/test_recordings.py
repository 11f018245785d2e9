"""A nursery's own sounds: named ones are there, none is too long or too loud; a mistake has its line."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

import assets
from allowlist.document import Problems
from kiosk.guardian.folder import check
from kiosk.guardian.recordings import problems, recording
from kiosk.guardian.settings import setting
from kiosk.lines import spoken
from kiosk.protocol import Scene, Tile, View
from tests.kiosk.test_config import folder

RATE = 24000


def config(folder: Path, *say: str) -> Path:
    """A folder whose list has a site for each `say`."""
    (folder / "sounds").mkdir(exist_ok=True)
    (folder / "allowlist.yaml").write_text(
        yaml.safe_dump({"sites": [{"id": "x", "say": line} for line in say]}, sort_keys=False)
    )
    return folder


def tone(file: Path, seconds: float, size: float) -> None:
    soundfile.write(file, size * np.sin(np.arange(round(seconds * RATE)) * 0.2), RATE)


def told(folder: Path) -> list[str]:
    return [str(problem).replace(f"{folder}/", "") for problem in problems(folder)]


def test_words_need_no_recording(tmp_path: Path) -> None:
    assert told(config(tmp_path, "The farm", "")) == []
    assert (recording("The farm"), recording("sounds/farm.ogg")) == ("", "farm.ogg")


def test_the_kiosk_s_own_recordings_would_do_for_a_nursery(tmp_path: Path) -> None:
    config(tmp_path, "sounds/well-done.ogg")
    shutil.copytree(assets.path("sounds", "voice"), tmp_path / "sounds", dirs_exist_ok=True)
    assert told(tmp_path) == []


def test_every_mistake_is_told_with_its_line_and_what_to_do(tmp_path: Path) -> None:
    config(
        tmp_path,
        "The farm",
        *(f"sounds/{n}" for n in ("gone.ogg", "long.wav", "loud.wav", "no.ogg", "../x.ogg")),
    )
    tone(tmp_path / "sounds" / "long.wav", 4.2, 0.1)
    tone(tmp_path / "sounds" / "loud.wav", 1.0, 0.9)
    (tmp_path / "sounds" / "no.ogg").write_bytes(b"this is no sound")
    assert told(tmp_path) == [
        "allowlist.yaml:5: There is no recording sounds/gone.ogg. Put it into sounds.",
        "allowlist.yaml:7: The recording long.wav lasts 4.2 s. Make it 3 s or shorter.",
        "allowlist.yaml:9: The recording loud.wav is too loud for children. Make it 13 dB quieter.",
        "allowlist.yaml:11: The recording no.ogg cannot be played. Save it anew as .ogg or .wav.",
        "allowlist.yaml:13: “../x.ogg” is not the name of a recording. "
        "Save it as .ogg or .wav in sounds/ itself.",
    ]


@pytest.mark.parametrize(("seconds", "size", "fine"), [(2.9, 0.1, True), (0.1, 0.1, True), (3.1, 0.1, False)])
def test_a_line_that_replaces_ours_is_measured_too(
    tmp_path: Path, seconds: float, size: float, fine: bool
) -> None:
    config(tmp_path)
    tone(tmp_path / "sounds" / "well-done.wav", seconds, size)
    assert (told(tmp_path) == []) is fine


def test_an_empty_or_silent_recording_is_no_crash(tmp_path: Path) -> None:
    config(tmp_path)
    soundfile.write(tmp_path / "sounds" / "empty.wav", np.zeros(0), RATE)
    soundfile.write(tmp_path / "sounds" / "silent.wav", np.zeros(RATE), RATE)
    assert told(tmp_path) == [
        "sounds/empty.wav:1: The recording empty.wav cannot be played. Save it anew as .ogg or .wav."
    ]


FARM = """\
sites:
  - id: farm
    title: The farm
    say: sounds/our-farm.wav
    picture: farm.svg
    start: https://farm.example/
    pages: [https://farm.example/]
    levels: [nursery]
    status: approved
    checked: {by: t.harvey, role: ict, on: 2026-11-02, until: 2027-11-01, reason: Farm topic}
"""


def test_a_tile_speaks_with_the_nursery_s_own_recording_once_it_is_there(tmp_path: Path) -> None:
    folder(tmp_path, sites=FARM)
    with pytest.raises(Problems, match=r"allowlist.yaml:4: There is no recording sounds/our-farm.wav"):
        check(tmp_path)
    (tmp_path / "sounds").mkdir()
    tone(tmp_path / "sounds" / "our-farm.wav", 1.0, 0.1)
    found = check(tmp_path)
    (tile,) = setting(found.config, found.sites.policy("nursery", date(2026, 11, 25))).tiles
    assert tile == Tile("farm", "The farm", "farm.svg", "our-farm.wav")
    here, tapped = View(1, Scene.HOME, tiles=(tile,)), View(2, Scene.PAGE, tiles=(tile,), say="tile-farm")
    assert spoken(here, tapped) == ("our-farm.wav",)
