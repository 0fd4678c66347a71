"""The typefaces of the annex: found where Debian puts them, measured and encoded fast, all embedded.

Lato prints the text (its figures are tabular by default; it has Latin, Greek and Cyrillic); DejaVu Sans and Droid Sans
Fallback (Chinese, Japanese) step in character by character, and are read only when a ticket needs them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from portal.domain.errors import PortalError

DIRECTORIES = (Path("/usr/share/fonts/truetype"), Path("/usr/local/share/fonts"))
PACKAGES = {
    "Lato-Regular": ("lato/Lato-Regular.ttf", "fonts-lato"),
    "Lato-Bold": ("lato/Lato-Bold.ttf", "fonts-lato"),
    "DejaVuSans": ("dejavu/DejaVuSans.ttf", "fonts-dejavu-core"),
    "DroidSansFallback": ("droid/DroidSansFallbackFull.ttf", "fonts-droid-fallback"),
}
REGULAR, BOLD = "Lato-Regular", "Lato-Bold"
FALLBACKS = ("DejaVuSans", "DroidSansFallback")
UNKNOWN = "\N{REPLACEMENT CHARACTER}"
"""what is printed for a character that no typeface has; DejaVu Sans has it"""


class FontError(PortalError):
    """A typeface is not installed or cannot be read."""

    code = "pdf.font_missing"


def find(name: str) -> Path:
    """The file of a typeface. Raises FontError with the command that installs it."""
    file, package = PACKAGES[name]
    for directory in DIRECTORIES:
        if (path := directory / file).is_file():
            return path
    raise FontError(
        f"The typeface {name} is not installed.",
        where=str(DIRECTORIES[0] / file),
        kept="No PDF was made; everything else is unchanged.",
        remedy=f"Install it: sudo apt-get install {package}",
    )


@cache
def load(name: str) -> Any:
    """The typeface, registered with ReportLab. Raises FontError."""
    path = find(name)
    try:
        font = TTFont(name, str(path), asciiReadable=True, shapable=False)
    except TTFError as error:
        raise FontError(
            f"The typeface {name} cannot be read: {error}.",
            where=str(path),
            remedy=f"Install it again: sudo apt-get install --reinstall {PACKAGES[name][1]}",
        ) from error
    pdfmetrics.registerFont(font)
    return font


def has(name: str, code: int) -> bool:
    """Whether a typeface has a glyph. One that is not installed has none; `load` says so where it is needed."""
    try:
        return code in load(name).face.charToGlyph
    except FontError:
        return False


class Face:
    """One weight of the annex's text, with fallbacks. Widths are in thousandths of the size."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._font = load(name)
        self._home: dict[str, str] = {}
        self._advance = _Advances(self._measure)
        self._word: dict[str, int] = {}

    def width(self, text: str) -> int:
        """Advance of a text; each distinct text is measured once."""
        known = self._word.get(text)
        if known is None:
            advance = self._advance
            known = self._word[text] = sum([advance[char] for char in text])
        return known

    def advance(self, char: str) -> int:
        return self._advance[char]

    def runs(self, text: str) -> list[tuple[str, str]]:
        """The text cut where the typeface changes: (typeface, text)."""
        runs: list[tuple[str, str]] = []
        for char in text:
            self._advance[char]  # finds its home
            home = self._home[char]
            shown = char if load(home).face.charToGlyph.get(ord(char)) is not None else UNKNOWN
            if runs and runs[-1][0] == home:
                runs[-1] = (home, runs[-1][1] + shown)
            else:
                runs.append((home, shown))
        return runs

    def _measure(self, char: str) -> int:
        code = ord(char)
        for name in (self.name, *FALLBACKS):
            if has(name, code):
                return self._settle(char, name, code)
        return self._settle(char, FALLBACKS[0], ord(UNKNOWN))

    def _settle(self, char: str, name: str, code: int) -> int:
        self._home[char] = name
        face = load(name).face
        return int(face.charWidths.get(code, face.defaultWidth))


class _Advances(dict[str, int]):
    """Character -> advance, asked for once each."""

    def __init__(self, measure: Callable[[str], int]) -> None:
        super().__init__()
        self._measure = measure

    def __missing__(self, char: str) -> int:
        self[char] = found = self._measure(char)
        return found
