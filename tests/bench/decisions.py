"""What a decision costs: against its WHATWG parse alone, with a long list against a short one, and a no,
also where a list has stars.

The parse is the one that the decision itself makes, text to text. The long list holds the short one's sites
too: the same questions are asked of both; and once more, questions from all over the long list, which also
measure how long this machine's memory takes to bring what no cache holds.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Sequence

from ada_url import normalize_url

from allowlist.decision import Policy
from allowlist.sites import Site
from tests.bench.ratios import Ratio, in_turns, timed

FEW, MANY = 10, 100_000
ASKED = 2_000  # URLs in one measurement


def sites(count: int) -> list[Site]:
    """So many sites of one directory and one further host each."""
    return [
        Site.model_construct(
            id=f"s{n}", pages=(f"https://site{n}.example/animals/",), needs=(f"cdn{n}.example",), start=""
        )
        for n in range(count)
    ]


def stars(count: int) -> list[Site]:
    """So many sites of one directory of all subdomains."""
    return [
        Site.model_construct(id=f"w{n}", pages=(f"https://*.wild{n}.example/animals/",), needs=(), start="")
        for n in range(count)
    ]


def urls(numbers: Sequence[int], host: str = "site") -> list[str]:
    """An address on each of these sites."""
    return [f"https://{host}{n}.example/animals/page-{at}.html?x={at}" for at, n in enumerate(numbers)]


def each(work: Callable[[str], object], of: list[str]) -> Callable[[], float]:
    """How long `work` takes for one of `of`, in seconds."""

    def run() -> None:
        for url in of:
            work(url)

    return lambda: timed(run) / len(of)


def measure(many: int = MANY, asked: int = ASKED, rounds: int = 31) -> list[Ratio]:
    """The ratios."""
    short, long = Policy(sites(FEW)), Policy(sites(many))
    dice = random.Random(20261122)
    near = urls([n % FEW for n in range(asked)])
    far = urls([dice.randrange(many) for _ in range(asked)])
    elsewhere = urls([n % FEW for n in range(asked)], "other")
    starred = Policy([*sites(FEW), *stars(FEW)])
    under, beside = (urls([n % FEW for n in range(asked)], host) for host in ("a.b.wild", "a.b.other"))
    gc.collect()
    gc.freeze()  # a list is read once a session; its objects are not looked through again in these loops
    try:
        yes, parse = each(short.page, near), each(normalize_url, near)
        return [
            in_turns("a decision over its WHATWG parse", 2.0, yes, parse, rounds),
            in_turns(f"{many} sites over {FEW}, the same pages", 1.2, each(long.page, near), yes, rounds),
            in_turns(f"{many} sites over {FEW}, pages all over", 1.2, each(long.page, far), yes, rounds),
            in_turns("a decision's no over its yes", 1.0, each(short.page, elsewhere), yes, rounds),
            in_turns(
                "a no over a yes by a star",
                1.0,
                each(starred.page, beside),
                each(starred.page, under),
                rounds,
            ),
        ]
    finally:
        gc.unfreeze()


if __name__ == "__main__":
    for ratio in measure():
        print(ratio)
