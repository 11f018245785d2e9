"""H9: wrong tries are slowed, also over a pulled plug; the kiosk's key is made once and is its own."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.errors import StoreError
from kiosk.guardian.attempts import LONGEST_WAIT, TRIES, Attempts
from kiosk.guardian.identity import KEPT, Identity
from kiosk.guardian.secret import Secret
from kiosk.guardian.store import Store


def wrong(times: int, now: float = 0.0) -> tuple[Attempts, float]:
    """So many wrong tries, each as soon as it is looked at; and the time then."""
    attempts = Attempts()
    for _ in range(times):
        now += attempts.wait_left(now)
        attempts = attempts.after_wrong(now)
    return attempts, now


@pytest.mark.parametrize(
    ("times", "sentence", "reports"),
    [
        (0, "", False),
        (1, "Not recognised. 4 tries left.", False),
        (4, "Not recognised. 1 try left.", False),
        (5, "Not recognised. Wait 60 seconds, then try again.", True),
        (6, "Not recognised. 4 tries left.", False),
        (10, "Not recognised. Wait 2 minutes, then try again.", True),
        (15, "Not recognised. Wait 4 minutes, then try again.", True),
        (20, "Not recognised. Wait 8 minutes, then try again.", True),
        (25, "Not recognised. Wait 15 minutes, then try again.", True),
        (500, "Not recognised. Wait 15 minutes, then try again.", True),
    ],
)
def test_wrong_tries_are_counted_and_slowed_h9(times: int, sentence: str, reports: bool) -> None:
    attempts, now = wrong(times)
    assert attempts.sentence(now) == sentence
    assert attempts.reports == reports


def test_a_wait_ends() -> None:
    attempts, now = wrong(5)
    assert attempts.wait_left(now + 59.9) > 0
    assert attempts.sentence(now + 59.5) == "Not recognised. Wait 1 second, then try again."
    assert attempts.wait_left(now + 60) == 0
    assert attempts.sentence(now + 60) == ""


def test_a_try_during_a_wait_is_not_counted() -> None:
    attempts, now = wrong(5)
    assert attempts.after_wrong(now + 30) == attempts


def test_a_right_try_forgets_the_wrong_ones() -> None:
    assert wrong(4)[0].after_right() == Attempts()


@given(st.integers(0, 60), st.floats(0, 2000), st.floats(0, 10**6))
def test_pulling_the_plug_never_shortens_a_wait(times: int, later: float, started: float) -> None:
    attempts, now = wrong(times)
    kept = attempts.to_json(now + later)
    again = Attempts.from_json(kept, started)
    assert again.wrong == attempts.wrong
    assert again.wait_left(started) == pytest.approx(attempts.wait_left(now + later), abs=1e-6)
    assert 0 <= again.wait_left(started) <= LONGEST_WAIT


@given(st.integers(1, 100))
def test_guessing_costs_at_least_a_wait_for_every_five_tries(times: int) -> None:
    _, now = wrong(times + 1)
    assert now >= 60 * (times // TRIES)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"wrong": -1, "left": 0}',
        '{"wrong": 1, "left": 1e9}',
        '{"wrong": 1, "left": NaN}',
        "x",
    ],
)
def test_a_count_that_cannot_be_read_is_not_taken_for_none(text: str) -> None:
    attempts = Attempts.from_json(text, 7)
    assert attempts.wait_left(7) == LONGEST_WAIT
    assert not attempts.wait_left(7 + LONGEST_WAIT), "and it ends by itself"


def test_a_kept_count_that_makes_no_sense_keeps_no_guardian_from_starting(store: Store) -> None:
    for text in ("", '{"wrong": 5, "left": 1000.0}'):
        store.keep(KEPT, text)
        identity = Identity(None, "1", store, None, lambda: 7.0)  # type: ignore[arg-type]
        answer = identity.by_badge("any")
        assert (answer.adult, answer.wait_s) == (None, LONGEST_WAIT)


def test_the_key_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    first = Secret.load(path)
    assert first.made
    again = Secret.load(path)
    assert (again.key, again.made) == (first.key, False)
    assert len(first.key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]


def test_two_kiosks_have_two_keys(tmp_path: Path) -> None:
    assert Secret.load(tmp_path / "a").key != Secret.load(tmp_path / "b").key


def test_the_key_does_not_print_itself(tmp_path: Path) -> None:
    secret = Secret.load(tmp_path / "secret")
    assert repr(secret) == "Secret(made=True)"


def test_each_purpose_has_tags_of_its_own(tmp_path: Path) -> None:
    secret = Secret.load(tmp_path / "secret")
    assert len({secret.tag("pin", "1"), secret.tag("badge", "1"), secret.tag("pin", "2")}) == 3


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.chmod(0o640), "Others on this machine can read"),
        (lambda path: path.write_bytes(b"short"), "is damaged"),
        (lambda path: path.write_bytes(b""), "is damaged"),
        (lambda path: (path.unlink(), path.mkdir(0o700)), "cannot be used"),
    ],
)
def test_a_key_that_cannot_be_trusted_is_not_used(tmp_path: Path, spoil: object, sentence: str) -> None:
    path = tmp_path / "secret"
    Secret.load(path)
    spoil(path)  # type: ignore[operator]
    with pytest.raises(StoreError, match=sentence):
        Secret.load(path)


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Check the folder"):
        Secret.load(tmp_path / "none" / "secret")


def test_many_that_make_it_at_once_agree(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: Secret.load(path), range(8)))
    assert len({secret.key for secret in found}) == 1
    assert [secret.made for secret in found].count(True) == 1
    assert os.listdir(tmp_path) == ["secret"]
