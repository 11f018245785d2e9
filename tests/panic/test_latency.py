"""That the latency program measures. Its numbers are its own; no test has a limit of time."""

from __future__ import annotations

from tests.panic.latency import LOADS, measure


def test_a_press_under_each_load_is_seen_to_be_dark_and_cut_from_outside() -> None:
    results = measure(1, list(LOADS))
    assert list(results) == ["idle", "loading", "video", "cpu"]
    for [press] in results.values():
        assert press["dark"] > 0
        assert press["last byte"] > 0
