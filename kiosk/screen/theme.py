"""The tokens: every colour and every size of type that the kiosk may use, and what each is for (CHILD_UI 2).

Clay is reserved for the grown-up and for telling; black for panic; the sun's yellow for the sun, on plum.
"""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[int, int, int]


def _hex(code: str) -> Colour:
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


PAPER, CARD, LINEN = _hex("#FBF3E4"), _hex("#FFFDF8"), _hex("#F1E4CC")
INK, INK2 = _hex("#2B2440"), _hex("#5A5170")
PLUM, PLUM_DEEP = _hex("#4A3B6B"), _hex("#3B3158")
SUN = _hex("#F2A93B")
CLAY = _hex("#B24A29")
MEADOW, MEADOW_LIGHT = _hex("#3A7754"), _hex("#BFDDC4")
POND, POND_LIGHT = _hex("#2F6E8C"), _hex("#BBDDE8")
TEAL, TEAL_LIGHT = _hex("#1F6F72"), _hex("#B9DFDC")
BARK, BARK_LIGHT = _hex("#A8500C"), _hex("#F3D3A6")
LAVENDER, LAVENDER_LIGHT = _hex("#6C5AA0"), _hex("#D9CFEE")
DUSK = _hex("#E7C9C6")
OK, ALARM = _hex("#2E6B4A"), _hex("#9E2A2B")
NIGHTINK, STATUS, BLACK = _hex("#EDE6DA"), _hex("#8F8A99"), (0, 0, 0)
NIGHT_FAR, NIGHT_NEAR = _hex("#355560"), _hex("#2A4745")  # the hills by moonlight
REST_FAR, REST_NEAR = _hex("#C9C3D6"), _hex("#8C86A0")  # the hills of a fault: no colour, no alarm
BAR_GREY = _hex("#CFC8DC")  # the adult's small line on the bar

PALE_HILL = _hex("#DFEBDA")  # the far hill behind the tiles

TILE_COLOURS = (POND, TEAL, BARK, LAVENDER, MEADOW, PLUM)
TILE_LIGHTS = (POND_LIGHT, TEAL_LIGHT, BARK_LIGHT, LAVENDER_LIGHT, MEADOW_LIGHT, LAVENDER_LIGHT)


@dataclass(frozen=True)
class Type:
    """A size of type in u; text that does not fit its box goes down to `least` u before it is cut."""

    size: float
    bold: bool
    least: float
    garden: bool = False  # a child's: it grows with the picture


HEADLINE = Type(11, True, 6, garden=True)
LABEL = Type(5.4, True, 3.6, garden=True)
BAR_LABEL = Type(5.4, True, 3.6)
NIGHT_LINE = Type(7, True, 4.6, garden=True)
TITLE = Type(7, True, 4.6)  # adult
BODY = Type(4.2, False, 3.4)
STRONG = Type(4.2, True, 3.4)
MINOR = Type(3.4, False, 3.4)
SMALL_STRONG = Type(3.4, True, 3.4)
KEY = Type(6.4, True, 4.2)
ALERT = Type(11, True, 5)  # the card of a panic that went wrong
ALERT_BODY = Type(6, True, 4.2)

LEADING = 1.35  # of the size of type, from line to line
LEAST_MM = 3.5  # no type is smaller than this on the glass


def luminance(colour: Colour) -> float:
    """The relative luminance of WCAG 2.2, 0 to 1."""
    parts = (c / 255 for c in colour)
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of WCAG 2.2, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def hex_of(colour: Colour) -> str:
    """As SVG writes it."""
    return "#" + "".join(f"{part:02X}" for part in colour)
