"""A nursery's own recordings, in sounds/ beside its kiosk.yaml: each that is named is there, and none is too
long or louder than the kiosk's own. What a child is to hear is checked by measuring, before they hear it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from allowlist.document import Problem
from allowlist.tree import read_tree

KINDS = (".ogg", ".wav")
LONGEST = 3.0  # s a sentence (CHILD_UI 1)
LOUDEST = -16.0  # LUFS: the kiosk's own are at −18 ± 2 (CHILD_UI, voice script)
PEAK = -1.0  # dBFS
LEAST = 0.41  # s that a loudness is measured over (ITU-R BS.1770)


def recording(say: str) -> str:
    """The file in sounds/ that an allowlist's `say: sounds/…` names; nothing if `say` is only words."""
    folder, _, name = say.partition("/")
    return name if folder == "sounds" else ""


def problems(folder: Path) -> Iterator[Problem]:
    """What is wrong with the recordings of a configuration whose allowlist.yaml can be read."""
    listed = folder / "allowlist.yaml"
    tree = read_tree(listed.read_text(encoding="utf-8-sig"))
    named: set[Path] = set()
    for n, site in enumerate(tree.data.get("sites", ())):
        if name := recording(site.get("say", "")):
            file = folder / "sounds" / name
            named.add(file)
            if found := _wrong(file, name):
                yield Problem(str(listed), tree.line(("sites", n, "say")), *found)
    for file in sorted((folder / "sounds").iterdir()) if (folder / "sounds").is_dir() else ():
        if file not in named and (found := _wrong(file, file.name)):
            yield Problem(str(file), 1, *found)


def _wrong(file: Path, name: str) -> tuple[str, str] | None:
    """What is wrong with a recording, and what to do."""
    if Path(name).name != name or file.suffix not in KINDS:
        return f"“{name}” is not the name of a recording", "Save it as .ogg or .wav in sounds/ itself."
    if not file.is_file():
        return f"There is no recording sounds/{name}", f"Put it into {file.parent}."
    try:
        seconds, loudness, peak = measured(file)
    except (OSError, RuntimeError, ValueError):
        return f"The recording {name} cannot be played", "Save it anew as .ogg or .wav."
    if seconds > LONGEST:
        return f"The recording {name} lasts {seconds:.1f} s", f"Make it {LONGEST:.0f} s or shorter."
    over = max(loudness - LOUDEST, peak - PEAK)
    if over > 0:
        return f"The recording {name} is too loud for children", f"Make it {over + 1:.0f} dB quieter."
    return None


def measured(file: Path) -> tuple[float, float, float]:
    """How long it is, in s; how loud, in LUFS; its peak, in dBFS. Raises soundfile's errors, which are
    RuntimeErrors, if it is no sound."""
    import numpy  # what takes a while to load, and few configurations need
    import pyloudnorm
    import soundfile

    sound, rate = soundfile.read(file, always_2d=True)
    if not len(sound):
        raise ValueError("it is empty")
    seconds = len(sound) / rate
    if seconds > 10 * LONGEST:
        return seconds, -numpy.inf, -numpy.inf
    heard = numpy.pad(sound, ((0, max(0, round(LEAST * rate) - len(sound))), (0, 0)))
    with numpy.errstate(divide="ignore"):
        peak = float(20 * numpy.log10(numpy.abs(sound).max()))
        return seconds, float(pyloudnorm.Meter(rate).integrated_loudness(heard)), peak
