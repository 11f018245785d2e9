"""`python -m tests.bench [NAME…] [--quick]`: what speed was asked for, and what was measured, in one run.

Needs tinyproxy (apt-get install tinyproxy-bin) and, for pages, what `kiosk try` needs. Exits 1 if a ratio is
missed. Run it on a machine that does nothing else: `pages` counts a browser's every process.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping

from tests.bench import decisions, pages, proxies
from tests.bench.ratios import Ratio

BENCHES: Mapping[str, tuple[Callable[[], list[Ratio]], Callable[[], list[Ratio]]]] = {
    "decisions": (decisions.measure, lambda: decisions.measure(many=1000, asked=100, rounds=3)),
    "proxies": (proxies.measure, lambda: proxies.measure(mib=2, rounds=1, connections=5)),
    "pages": (pages.measure, lambda: [pages.on_a_screen(rounds=1, delay=0)]),
}
"""By name: the whole measurement, and a tiny one that only shows that it runs."""


def main() -> int:
    """Print every ratio; 1 if one is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []], metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--quick", action="store_true", help="a tiny size: numbers that mean nothing")
    chosen = parser.parse_args()
    missed = 0
    for name in chosen.names or BENCHES:
        print(f"{name}", flush=True)
        for ratio in BENCHES[name][chosen.quick]():
            print(f"  {ratio}", flush=True)
            missed += not ratio.holds
    return 1 if missed and not chosen.quick else 0


if __name__ == "__main__":
    sys.exit(main())
