"""How long from the press until the glass is dark and the last byte has passed, seen from outside.

    python -m tests.panic.latency --presses 200 [--loads idle,loading,video,cpu] [--json FILE]

The clock starts as the observer orders the press: a thread of the guardian's process (`hooked`) moves the
simulated pin, as a real pin's driver would, whatever the event loop is doing. Dark is seen by `eye`, the last
byte by `witness`. After each press SLT resets, and a session is opened anew. Exit 1 if a 99th percentile is
over what was asked.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kiosk.protocol import Scene
from tests.panic.eye import punctual
from tests.panic.rig import HERE, Rig, Speaker, raised, witness

ASKED = {"dark": 50.0, "last byte": 10.0}  # ms at the 99th percentile
BLINK = "the observer's own longest wait"  # what the machine keeps from whoever goes before all others
WATCH = 0.5  # s of looking after a press
LOADS = {"idle": "still", "loading": "loads", "video": "video", "cpu": "still"}


@contextmanager
def busy(load: str) -> Iterator[None]:
    """Twice as many busy processes as cores, under the load `cpu`."""
    count = 2 * (os.cpu_count() or 1) if load == "cpu" else 0
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def press(rig: Rig, eye: Speaker, seen: Speaker, watch: float) -> dict[str, float]:
    """One press on an open, streaming page: ms until dark, until the last byte, and of the longest blink."""
    streaming(seen)
    eye.tell(f"watch {watch}")
    assert eye.hear() == ["looking"]  # what it sees before the press is counted
    start = time.monotonic_ns()
    rig.hook("press")
    _, dark, light, blink = eye.hear()
    if not int(light):
        raise AssertionError("The eye saw no light before the press.")
    if not int(dark):
        raise AssertionError("The glass was not dark at the end of the watch.")
    live, last = heard(seen)
    if live:
        raise AssertionError(f"{live} connections outlived the press by {watch} s.")
    since = {"dark": int(dark) - start, "last byte": last - start, BLINK: int(blink)}
    return {name: nanoseconds / 1e6 for name, nanoseconds in since.items()}


def heard(seen: Speaker) -> tuple[int, int]:
    """The witness's live streams, and the time of the last byte or end."""
    seen.tell("since")
    live, last = seen.hear()
    return int(live), int(last)


def streaming(seen: Speaker) -> None:
    """Wait until the page streams both ways."""
    end = time.monotonic() + 10
    while heard(seen)[0] < 2:
        if time.monotonic() > end:
            raise AssertionError("The page does not stream to the witness.")
        time.sleep(0.02)
    time.sleep(0.3)  # the load is at its height


def measure(presses: int, loads: list[str], watch: float = WATCH) -> dict[str, list[dict[str, float]]]:
    """`presses` under each load, each of which must have all dark and cut within `watch` seconds."""
    results: dict[str, list[dict[str, float]]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        seen, origin, authority = stack.enter_context(witness(folder))
        sites = {name: f"{origin}/{name}/" for name in sorted(set(LOADS.values()))}
        rig = stack.enter_context(raised(sites, authority, program="tests.panic.hooked"))
        eye = stack.enter_context(Speaker(sys.executable, str(HERE / "eye.py"), str(rig.framebuffer)))
        eye.hear()
        for load in loads:
            results[load] = []
            for _ in range(presses):
                rig.open_page(LOADS[load])
                with busy(load):
                    results[load].append(press(rig, eye, seen, watch))
                rig.until(Scene.PANIC)
                results[load][-1] |= steps(rig)
                rig.reset()
            print(report(load, results[load]), flush=True)
    return results


def steps(rig: Rig) -> dict[str, float]:
    """The kiosk's own times of the same press, since its edge. A picture that came late has come."""
    marks = {mark["name"]: mark for mark in rig.control.ask("status").data["panic_steps"]}
    failed = [mark for mark in marks.values() if mark["error"]]
    assert not failed, failed
    return {f"own: {name}": mark["ms"] for name, mark in marks.items()}


def report(load: str, presses: list[dict[str, float]]) -> str:
    """A line for each thing that was measured."""
    lines = []
    for name in presses[0]:
        times = sorted(one[name] for one in presses)
        asked = f"  asked {ASKED[name]:g}" if name in ASKED else ""
        numbers = f"p50 {statistics.median(times):7.2f}  p99 {p99(times):7.2f}  max {times[-1]:7.2f} ms"
        lines.append(f"{load:8} {len(times):4} presses  {numbers}  {name}{asked}")
    return "\n".join(lines)


def p99(times: list[float]) -> float:
    """The 99th percentile by the nearest rank: of fewer than a hundred, the longest."""
    return sorted(times)[math.ceil(0.99 * len(times)) - 1]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--presses", type=int, default=200, help="in all, evenly over the loads")
    parser.add_argument("--loads", default=",".join(LOADS))
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    punctual()
    loads = chosen.loads.split(",")
    results = measure(max(1, chosen.presses // len(loads)), loads)
    if chosen.json:
        chosen.json.write_text(json.dumps(results))
    every = [press for presses in results.values() for press in presses]
    print(report("all", every))
    return int(any(p99([press[name] for press in every]) > asked for name, asked in ASKED.items()))


if __name__ == "__main__":
    sys.exit(main())
