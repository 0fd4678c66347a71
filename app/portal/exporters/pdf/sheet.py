"""The sheet of paper and its colours. Points, y from the foot. Margins as on the invoice pages (print.css)."""

from __future__ import annotations

from typing import Final

MM: Final = 72 / 25.4
WIDTH: Final = 210 * MM
HEIGHT: Final = 297 * MM
LEFT: Final = 18 * MM
RIGHT: Final = WIDTH - 18 * MM
TOP: Final = HEIGHT - 20 * MM
FOOT: Final = 24 * MM
"""nothing but the foot of the page below"""

Colour = tuple[float, float, float]


def _rgb(hexa: str) -> Colour:
    red, green, blue = bytes.fromhex(hexa)
    return red / 255, green / 255, blue / 255


INK: Final = _rgb("1d2733")
SOFT: Final = _rgb("66727f")
ACCENT: Final = _rgb("0b5d6b")
HAIRLINE: Final = _rgb("dde3e8")
WARNING: Final = _rgb("b3261e")
WHITE: Final = _rgb("ffffff")
