"""The sun's visible area is the time that is left: half the time, half the sun (CHILD_UI 2).

A disc sinks behind the sill. How deep has no closed form, so it is found by bisection; the part that shows is
drawn as one path, because SVG clip paths are ignored by the rasteriser.
"""

from __future__ import annotations

import math


def visible(height: float) -> float:
    """The share of a unit disc's area above the sill, when its centre is `height` radii above it (−1 … 1)."""
    h = min(1.0, max(-1.0, height))
    return 1 - (math.acos(h) - h * math.sqrt(1 - h * h)) / math.pi


def height_for(share: float) -> float:
    """How many radii the centre stands above the sill so that `share` (0 … 1) of the disc is visible."""
    wanted = min(1.0, max(0.0, share))
    low, high = -1.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if visible(middle) < wanted else (low, middle)
    return (low + high) / 2


def path(share: float, x: float, sill: float, radius: float) -> str:
    """The visible part as SVG path data: a disc around column `x`, cut off at the line y = `sill`."""
    if share <= 0:
        return ""
    if share >= 1:
        half, middle = f"A{radius} {radius} 0 0 1", sill - radius
        return f"M{x - radius} {middle}{half} {x + radius} {middle}{half} {x - radius} {middle}Z"
    height = height_for(share)
    reach = radius * math.sqrt(max(0.0, 1 - height * height))
    large = int(height > 0)
    return f"M{x - reach:.3f} {sill}A{radius} {radius} 0 {large} 1 {x + reach:.3f} {sill}Z"
