"""Draws text and rules on a ReportLab canvas, faster than its own calls: characters are looked up, not encoded."""

from __future__ import annotations

from typing import Any

from portal.exporters.pdf.fonts import Face, load
from portal.exporters.pdf.sheet import Colour

FOREIGN = "\N{REPLACEMENT CHARACTER}"
"""stands for a character that needs another typeface or another subset of this one"""


class Pen:
    """Writes operators of a page (PDF 32000-1, 8 and 9) and gives them to the canvas when the page ends."""

    def __init__(self, canvas: Any) -> None:
        self._canvas = canvas
        self._doc = canvas._doc
        self._ops: list[str] = []
        self._names: dict[str, str] = {}
        self._codes: dict[str, _Codes] = {}

    def colour(self, colour: Colour) -> None:
        self._ops.append(" ".join(f"{part:.3f}" for part in colour) + " rg")

    def band(self, x: float, y: float, width: float, height: float) -> None:
        """A filled rectangle in the current colour."""
        self._ops.append(f"{x:.2f} {y:.2f} {width:.2f} {height:.2f} re f")

    def rules(self, ys: list[float], left: float, right: float, thickness: float) -> None:
        """Horizontal rules in the current colour, as thin bands: printers draw them all equally thick."""
        self._ops.extend(f"{left:.2f} {y - thickness / 2:.2f} {right - left:.2f} {thickness:.2f} re" for y in ys)
        if ys:
            self._ops.append("f")

    def text(self, face: Face, size: float, items: list[tuple[float, float, str]]) -> None:
        """Texts at (x, y of the base line), in the current colour."""
        if not items:
            return
        plain, codes = self._name(face.name), self._codes[face.name]
        ops = [f"BT {plain} {size} Tf"]
        at_x = at_y = 0
        for x, y, text in items:
            # in hundredths of a point, so that rounding errors do not add up along the page
            new_x, new_y = int(x * 100 + 0.5), int(y * 100 + 0.5)
            shown = text.translate(codes)
            move = f"{(new_x - at_x) / 100:g} {(new_y - at_y) / 100:g} Td "
            ops.append(f"{move}({shown}) Tj" if FOREIGN not in shown else move + self._mixed(face, size, text, plain))
            at_x, at_y = new_x, new_y
        ops.append("ET")
        self._ops.append("\n".join(ops))

    def right(self, face: Face, size: float, x: float, y: float, text: str) -> None:
        """One text that ends at x."""
        self.text(face, size, [(x - face.width(text) * size / 1000, y, text)])

    def end_page(self) -> None:
        self._canvas._code.append("\n".join(self._ops))
        self._ops = []
        self._canvas.showPage()

    def _mixed(self, face: Face, size: float, text: str, plain: str) -> str:
        """Text with other characters: changes typeface and subset as needed, and back."""
        ops: list[str] = []
        current = plain
        for name, run in face.runs(text):
            font = load(name)
            for subset, codes in font.splitString(run, self._doc):
                needed = font.getSubsetInternalName(subset, self._doc)
                if needed != current:
                    ops.append(f"{needed} {size} Tf")
                    current = needed
                ops.append(f"<{codes.hex()}> Tj")
        if current != plain:
            ops.append(f"{plain} {size} Tf")
        return " ".join(ops)

    def _name(self, font: str) -> str:
        """The canvas's name of a typeface's first subset, in which ASCII stands at its own codes."""
        if font not in self._names:
            load(font).splitString(" ", self._doc)
            self._names[font] = load(font).getSubsetInternalName(0, self._doc)
            self._codes[font] = _Codes(load(font), self._doc)
        return self._names[font]


class _Codes(dict[int, str]):
    """For str.translate: a character as it stands in a PDF string of the typeface's first subset, or FOREIGN."""

    def __init__(self, font: Any, doc: Any) -> None:
        super().__init__({ord(char): "\\" + char for char in "()\\"})
        self._font = font
        self._doc = doc

    def __missing__(self, code: int) -> str:
        self[code] = found = self._find(code)
        return found

    def _find(self, code: int) -> str:
        if 32 <= code < 127:
            return chr(code)
        if code not in self._font.face.charToGlyph:
            return FOREIGN
        subset, codes = self._font.splitString(chr(code), self._doc)[0]
        return f"\\{codes[0]:03o}" if subset == 0 else FOREIGN
