"""Measures, inside the machine, what the button and the radio switch take; prints JSON, in milliseconds.

`edge_to_trip` begins at the kernel's time stamp of the edge, `move_to_trip` before the contact is moved.
"""

from __future__ import annotations

import json
import time

from hardware.button import ButtonSettings, PanicCircuit, Trip
from hardware.radio import RfkillRadio
from hardware.wiring import CLOSED, OPEN
from tests.hardware.benches import Heard, until
from tests.hardware.machine import GpioSim

PRESSES = 200


def spread(times: list[int]) -> dict[str, float]:
    """Median, 99th percentile and worst, from nanoseconds."""
    ordered = sorted(times)
    ranks = {"median": len(ordered) // 2, "p99": len(ordered) * 99 // 100, "worst": len(ordered) - 1}
    return {name: round(ordered[rank] / 1e6, 2) for name, rank in ranks.items()}


def presses() -> dict[str, object]:
    """Presses the button many times."""
    bench = GpioSim()
    edge, move, by_edge = [], [], 0
    came_at: list[int] = []
    trips, releases = Heard[Trip](), Heard[None]()

    def on_trip(trip: Trip) -> None:
        came_at.append(time.monotonic_ns())
        trips(trip)

    bench.wire(17, CLOSED)
    circuit = PanicCircuit(ButtonSettings(quiet=0.02), bench.factory, on_trip, releases)
    until(lambda: circuit.armed)
    for count in range(1, PRESSES + 1):
        moved = time.monotonic_ns()
        bench.wire(17, OPEN)
        trip = trips.wait(count)[-1]
        edge.append(came_at[-1] - trip.at_ns)
        move.append(came_at[-1] - moved)
        by_edge += trips.threads[-1] != "panic-circuit"
        bench.wire(17, CLOSED)
        releases.wait(count)
    circuit.close()
    bench.close()
    return {
        "presses": len(trips.what),
        "first_noticed_by_edge": by_edge,
        "edge_to_trip": spread(edge),
        "move_to_trip": spread(move),
    }


def blocks() -> dict[str, object]:
    """Switches every radio off, and reads it back, many times."""
    radio = RfkillRadio()
    block, read_back = [], []
    for _ in range(50):
        radio.unblock()
        start = time.monotonic_ns()
        radio.block()
        blocked = time.monotonic_ns()
        assert radio.blocked()
        read_back.append(time.monotonic_ns() - blocked)
        block.append(blocked - start)
    radio.close()
    return {"block": spread(block), "read_back": spread(read_back)}


if __name__ == "__main__":
    print(json.dumps({"button": presses(), "radio": blocks()}))
