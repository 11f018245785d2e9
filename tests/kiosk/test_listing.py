"""The list in force: by the day, renewed for a session, and never replaced by a bad one."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta
from pathlib import Path

import yaml

from allowlist.decision import Allowlist
from allowlist.document import Problems
from kiosk.guardian.listing import Listing

TODAY = date.today()


def written(file: Path, *ids: str, until: date = TODAY + timedelta(days=9)) -> Path:
    """A list of sites that are approved until a day."""
    checked = {"by": "t.harvey", "role": "ict", "on": str(until - timedelta(days=300)), "until": str(until)}
    sites = [
        {
            "id": id_,
            "title": id_,
            "say": id_,
            "picture": "farm.svg",
            "start": f"https://{id_}.example/",
            "pages": [f"https://{id_}.example/"],
            "levels": ["nursery"],
            "status": "approved",
            "checked": {**checked, "reason": "Topic"},
        }
        for id_ in ids
    ]
    new = file.with_suffix(".new")
    new.write_text(yaml.safe_dump({"sites": sites}))
    new.rename(file)
    return file


def ids(listing: Listing) -> list[str]:
    return [site.id for site in listing.policy.sites]


def test_a_changed_list_is_in_force_from_the_next_session_on_and_not_before(tmp_path: Path) -> None:
    file = written(tmp_path / "allowlist.yaml", "farm")
    listing = Listing(file, Allowlist.read(file), "nursery", lambda problems: None)
    written(file, "farm", "pond")
    assert ids(listing) == ["farm"]
    listing.renew()
    assert ids(listing) == ["farm", "pond"]


def test_a_list_that_became_bad_is_told_once_and_the_good_one_stays(tmp_path: Path) -> None:
    file = written(tmp_path / "allowlist.yaml", "farm")
    told: list[Problems] = []
    listing = Listing(file, Allowlist.read(file), "nursery", told.append)
    file.write_text("sites: [{id: farm}]\n")
    listing.renew()
    listing.renew()
    assert ids(listing) == ["farm"]
    assert len(told) == 1
    file.unlink()
    listing.renew()
    assert ids(listing) == ["farm"]
    assert len(told) == 2


def test_what_a_bad_list_withdraws_is_withdrawn_and_a_good_one_may_bring_it_back(tmp_path: Path) -> None:
    file = written(tmp_path / "allowlist.yaml", "farm", "pond")
    listing = Listing(file, Allowlist.read(file), "nursery", lambda problems: None)
    good = file.read_text()
    data = yaml.safe_load(good)
    data["sites"][0] |= {"status": "withdrawn"}
    data["sites"][1] |= {"titel": "a mistake"}
    data["sites"] += ["no site", {"status": "withdrawn"}]
    file.write_text(yaml.safe_dump(data))
    listing.look()
    assert ids(listing) == ["farm", "pond"], "a session that is open keeps its list"
    listing.renew()
    assert ids(listing) == ["pond"]
    for broken in ("sites: [\n", "- a list\n", "sites: none\n"):
        file.write_text(broken)
        listing.renew()
        assert ids(listing) == ["pond"], "nothing is un-withdrawn by a further mistake"
    file.write_text(good)
    listing.renew()
    assert ids(listing) == ["farm", "pond"]


def test_an_adult_can_read_that_an_older_list_is_used_and_of_which_day(tmp_path: Path) -> None:
    file = written(tmp_path / "allowlist.yaml", "farm")
    os.utime(file, (0, datetime(2026, 11, 20, 12).timestamp()))
    listing = Listing(file, Allowlist.read(file), "nursery", lambda problems: None)
    assert listing.note == ""
    for spoil in (lambda: file.write_text("sites: [{id: farm}]\n"), file.unlink):
        spoil()
        listing.look()
        assert listing.note == "List has a mistake: that of 20 Nov is used."
    written(file, "farm")
    listing.look()
    assert listing.note == ""


def test_a_site_whose_check_ran_out_is_gone_without_anybody_changing_the_file_s8(tmp_path: Path) -> None:
    file = written(tmp_path / "allowlist.yaml", "farm", until=TODAY - timedelta(days=1))
    listing = Listing(file, Allowlist.read(file), "nursery", lambda problems: None)
    listing.renew()
    assert ids(listing) == []
