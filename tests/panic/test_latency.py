"""That the latency program measures. Its numbers are its own; no test has a limit of time."""

from __future__ import annotations

import pytest

from tests.panic.latency import LOADS, measure


@pytest.mark.timeout(300)
def test_a_press_under_each_load_is_seen_to_be_dark_and_cut_from_outside() -> None:
    results = measure(1, list(LOADS), watch=5)
    assert list(results) == ["idle", "loading", "video", "cpu"]
    for [press] in results.values():
        assert press["dark"] > 0
        assert press["last byte"] > 0
