"""A few of the kills of `python -m tests.panic.kills`, every day."""

from __future__ import annotations

import pytest

from tests.panic.kills import place, run


@pytest.mark.timeout(300)
def test_a_guardian_killed_anywhere_between_press_and_acceptance_forgets_no_panic_and_no_alert() -> None:
    with place() as at:
        assert "all alerted" in run(at, 40, seed=20261122)
