"""What runs beside what: a kiosk that is being watched has the machine nearly to itself.

`tests/run --quick` shares the tests out between two processes (pytest-xdist). One has all that raises a
whole kiosk or a whole machine, one test after another: two at once would disturb each other. The rest is
beside it, file by file, and gives way to it: the product has limits of time, and no other test's work may
break them. Hypothesis' own limits are off: a machine that stands still for a moment refutes no property.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

KIOSKS = ("tests/e2e/", "tests/panic/test_latency.py", "tests/vm/", "tests/browser/test_cgroup.py")
NO_KIOSK = "tests/e2e/breakout/test_controls.py"  # a Chromium as it comes, on a display of its own
BESIDE = 10  # of nice(2)

settings.register_profile(
    "steady",
    deadline=None,
    derandomize="KIOSK_EXPLORE"
    not in os.environ,  # or an address that nobody changed anything for fails a run
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("steady")


def group(nodeid: str) -> str:
    """The tests of one group run in one process, one after another."""
    file = nodeid.split("::")[0]
    return "kiosks" if file.startswith(KIOSKS) and file != NO_KIOSK else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling

    class InGroups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group(nodeid)

    return InGroups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Groups are begun in the order of their first tests: the kiosks at once, for they take the longest."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: group(item.nodeid) != "kiosks")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ and group(item.nodeid) != "kiosks":
        os.setpriority(os.PRIO_PROCESS, 0, BESIDE)  # what it starts, too
