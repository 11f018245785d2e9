"""Every benchmark runs, at a tiny size that measures nothing. To measure: python -m tests.bench"""

from __future__ import annotations

import pytest

from tests.bench.__main__ import BENCHES
from tests.bench.ratios import Ratio, in_turns


@pytest.mark.parametrize("name", BENCHES)
def test_a_benchmark_runs_and_gives_ratios_of_times_above_zero(name: str) -> None:
    ratios = BENCHES[name][1]()
    assert ratios
    assert all(ratio.ours > 0 and ratio.theirs > 0 and ratio.name for ratio in ratios)


def test_a_ratio_is_of_medians_taken_in_turns_and_says_whether_it_holds() -> None:
    order: list[str] = []

    def measured(name: str, *seconds: float) -> object:
        left = iter(seconds)

        def one() -> float:
            order.append(name)
            return next(left)

        return one

    ours, theirs = measured("a", 9, 1, 5, 3), measured("b", 9, 2, 2, 2)
    ratio = in_turns("one over two", 1.5, ours, theirs, rounds=3)  # type: ignore[arg-type]
    assert "".join(order) in ("baabbaab", "abbaabba")
    assert (ratio.ours, ratio.theirs, ratio.measured, ratio.holds) == (3, 2, 1.5, True)
    assert not Ratio("x", 1.0, 3, 2).holds
    assert str(Ratio("x", 1.0, 3, 2)).startswith("MISS x: 1.50 (asked: at most 1.00;")
