"""The README says what is: its diagram, keys, commands and folders. KIOSK_README=write mends it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from kiosk import cli, config, faults, session

TREE = Path(__file__).resolve().parents[2]
README = TREE / "README.md"

GENERATED = {
    "states": lambda: f"```mermaid\n{session.diagram()}\n```",
    "keys": config.table,
    "faults": faults.table,
}


@pytest.mark.parametrize("name", GENERATED)
def test_what_is_generated_is_up_to_date(name: str) -> None:
    text = README.read_text()
    part = re.compile(rf"(<!-- {name} -->\n)(.*?)(\n<!-- /{name} -->)", re.DOTALL)
    found = part.search(text)
    assert found
    wanted = GENERATED[name]()
    if os.environ.get("KIOSK_README") == "write":
        README.write_text(part.sub(lambda m: m[1] + wanted + m[3], text))
    else:
        assert found[2] == wanted


def commands(parser: object, words: tuple[str, ...] = ()) -> set[str]:
    """Every command of the command line, as it is typed."""
    found = set()
    for action in parser._subparsers._actions if parser._subparsers else ():  # type: ignore[attr-defined]
        for name, inner in (getattr(action, "choices", None) or {}).items():
            if hasattr(inner, "_subparsers"):
                found |= commands(inner, (*words, name)) or {" ".join((*words, name))}
    return found


def test_every_command_is_in_the_readme() -> None:
    named = commands(cli._parser())
    assert "try" in named
    text = README.read_text()
    missing = [command for command in sorted(named) if f"`kiosk {command}" not in text]
    assert not missing


def test_every_folder_of_the_map_exists_and_every_top_level_one_is_in_it() -> None:
    text = README.read_text()
    listed = set(re.findall(r"^([a-z_./-]+/)\s{2,}", text, re.MULTILINE))
    assert listed
    assert not [folder for folder in listed if not (TREE / folder).is_dir()]
    for folder in ("allowlist/", "hardware/", "kiosk/", "assets/", "tests/"):
        assert folder in listed


def test_every_local_link_and_picture_leads_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README.read_text()):
        assert (TREE / target).exists(), target


def test_nothing_else_is_at_the_top() -> None:
    allowed = {
        "allowlist",
        "hardware",
        "kiosk",
        "assets",
        "tests",
        "install.sh",
        "pyproject.toml",
        "README.md",
    }
    listed = os.popen(f"git -C {TREE} ls-files").read().splitlines()
    top = {path.split("/")[0] for path in listed}
    assert {name for name in top if not name.startswith(".")} <= allowed
