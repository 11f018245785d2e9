"""A configuration folder: everything that is wrong with it is said at once, with file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from allowlist.document import Problems
from kiosk.config import Config
from kiosk.guardian.folder import load

KIOSK = """\
device: kiosk-1
room: Rainbow room
alerts:
  people:
    - name: Mrs Khan
      urls: ["mailtos://kiosk:a-password@mail.example/?to=slt@nursery.example"]
"""
SITES = "sites: []\n"
PEOPLE = "people: []\n"


def folder(at: Path, kiosk: str = KIOSK, sites: str = SITES, people: str = PEOPLE) -> Path:
    for name, text in (("kiosk", kiosk), ("allowlist", sites), ("people", people)):
        (at / f"{name}.yaml").write_text(text)
    return at


def test_a_short_configuration_is_enough(tmp_path: Path) -> None:
    config = load(folder(tmp_path)).config
    assert config.room == "Rainbow room"
    assert config.session.sun_minutes == 10


def test_five_mistakes_in_three_files_are_five_lines_with_file_and_line(tmp_path: Path) -> None:
    kiosk = KIOSK + "presense: {every_minutes: 5}\nsession:\n  sun_minutes: 90\n  next: sweets\n"
    sites = "sites:\n  - {id: farm, id: barn}\n"
    people = "people:\n  - {id: m.ali, name: Ms Ali, role: queen}\n"
    with pytest.raises(Problems) as caught:
        load(folder(tmp_path, kiosk, sites, people))
    said = str(caught.value)
    for where in ("kiosk.yaml:7:", "kiosk.yaml:9:", "kiosk.yaml:10:", "allowlist.yaml:2:", "people.yaml:2:"):
        assert where in said
    assert "presence" in said  # did you mean


def test_a_missing_folder_names_all_three_files(tmp_path: Path) -> None:
    with pytest.raises(Problems) as caught:
        load(tmp_path / "nowhere")
    assert [Path(p.file).name for p in caught.value.problems] == [
        "allowlist.yaml",
        "kiosk.yaml",
        "people.yaml",
    ]


def test_no_text_that_a_screen_cannot_draw_gets_to_it_from_any_file(tmp_path: Path) -> None:
    kiosk = KIOSK.replace("Rainbow room", '"Rainbow\\0 room"').replace("Mrs Khan", '"Mrs\\x1b Khan"')
    people = 'people:\n  - {id: m.ali, name: "Ms\\u202E Ali", role: staff}\n'
    sites = 'sites:\n  - title: "The\\0 farm"\n    id: "f\\0"\n    picture: "a\\0.svg"\n'
    with pytest.raises(Problems) as caught:
        load(folder(tmp_path, kiosk, sites, people))
    told = [(Path(p.file).name, p.line) for p in caught.value.problems if "cannot be seen" in p.what]
    assert told == [
        *(("allowlist.yaml", line) for line in (2, 3, 4)),
        *(("kiosk.yaml", line) for line in (2, 5)),
        ("people.yaml", 2),
    ]
    assert all(p.what.isprintable() for p in caught.value.problems), "one of them is shown as a fault"


def test_an_alerts_secret_is_never_printed(tmp_path: Path) -> None:
    config = load(folder(tmp_path)).config
    assert "a-password" not in repr(config)
    assert "a-password" not in str(config.alerts)


@pytest.mark.parametrize(
    "mistake", ['{a: "mailtos://u:a-password@mail.example"}', "[*a-password]", "*a-password"]
)
def test_a_wrong_secret_is_not_printed_among_the_problems(tmp_path: Path, mistake: str) -> None:
    with pytest.raises(Problems) as caught:
        load(folder(tmp_path, re.sub(r'\["mailtos.*?"\]', mistake, KIOSK)))
    assert "urls" in str(caught.value) or "star" in str(caught.value)
    assert "a-password" not in str(caught.value)


def test_every_key_has_a_description_and_an_example() -> None:
    todo = [Config]
    while todo:
        model = todo.pop()
        for name, key in model.model_fields.items():
            assert key.description, f"{model.__name__}.{name}"
            assert key.examples, f"{model.__name__}.{name}"
            if isinstance(key.annotation, type) and hasattr(key.annotation, "model_fields"):
                todo.append(key.annotation)
