"""Draws what was laid out: the annex, and on every page of the file its foot and, in a rehearsal, the banner."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from reportlab import rl_config
from reportlab.pdfgen.canvas import Canvas

from portal.exporters.layout.view import View
from portal.exporters.pdf import sheet
from portal.exporters.pdf.fonts import BOLD, REGULAR, Face, load
from portal.exporters.pdf.laying import (
    AMOUNT,
    GAP,
    LEADING,
    NUMBER,
    ROW_GAP,
    SIZE,
    Cells,
    Head,
    Layout,
    Placed,
    Row,
    Sum,
    Title,
)
from portal.exporters.pdf.pen import Pen

rl_config.useA85 = 0  # pages as ASCII would be a quarter larger, and pikepdf would only have to decode them again

ASCENT = 6.9
"""from the upper edge of a row to its first base line"""
Texts = list[tuple[float, float, str]]


@dataclass(frozen=True, slots=True)
class Foot:
    """What the foot of every page says; `total` counts the pages of the whole file."""

    left: str
    middle: str
    banner: str
    total: int


def draw(foot: Foot, invoice_pages: int, layout: Layout | None) -> bytes:
    """A PDF: first one sheet for each invoice page with foot and banner only, to be laid over it; then the annex."""
    buffer = io.BytesIO()
    load(REGULAR)  # the canvas looks it up by name, and without an annex nothing has read it yet
    canvas = Canvas(
        buffer, pagesize=(sheet.WIDTH, sheet.HEIGHT), pageCompression=1, invariant=1, initialFontName=REGULAR
    )
    press = _Press(canvas, foot)
    for _ in range(invoice_pages):
        press.finish()
    for page in layout.pages if layout else ():
        press.page(page)
        press.finish()
    canvas.save()
    return buffer.getvalue()


def foot_of(view: View, total: int) -> Foot:
    return Foot(f"{view.title}  ·  {view.supplier.name}", view.notice, view.test_banner, total)


class _Press:
    """One page after the other."""

    def __init__(self, canvas: Any, foot: Foot) -> None:
        self._regular, self._bold = Face(REGULAR), Face(BOLD)  # loaded first: the canvas opens with REGULAR
        self._pen = Pen(canvas)
        self._foot = foot
        self._number = 0

    def page(self, placed: list[Placed]) -> None:
        """The annex part of a page: rules first, then all plain text in one go, then what is set in bold."""
        texts: Texts = []
        hairlines: list[float] = []
        left: tuple[float, ...] = ()
        for item in placed:
            if isinstance(item.what, Head):
                left = item.what.columns.left
            elif isinstance(item.what, Row):
                self._row(texts, item.what.cells, item.y, left)
                if item.what.closed:
                    hairlines.append(item.y - item.what.height + ROW_GAP / 2)
        self._pen.colour(sheet.HAIRLINE)
        self._pen.rules(hairlines, sheet.LEFT, sheet.RIGHT, 0.4)
        self._pen.colour(sheet.INK)
        self._pen.text(self._regular, SIZE, texts)
        self._around(placed)

    def _around(self, placed: list[Placed]) -> None:
        """All that is not rows."""
        for item in placed:
            if isinstance(item.what, Head):
                self._head(item.what, item.y)
            elif isinstance(item.what, Sum):
                self._sum(item.what, item.y)
            elif isinstance(item.what, Title):
                self._title(item.what, item.y)

    def finish(self) -> None:
        """Foot and banner, and on to the next page."""
        self._number += 1
        pen, foot, y = self._pen, self._foot, 13 * sheet.MM
        pen.colour(sheet.HAIRLINE)
        pen.rules([y + 11], sheet.LEFT, sheet.RIGHT, 0.4)
        pen.colour(sheet.SOFT)
        pages = f"Page {self._number} of {foot.total}"
        pen.right(self._regular, 7.2, sheet.RIGHT, y, pages)
        middle = sheet.RIGHT - self._width(f"Page {foot.total} of {foot.total}") - 16
        pen.right(self._regular, 7.2, middle, y, foot.middle)
        room = middle - self._width(foot.middle) - 16 - sheet.LEFT
        pen.text(self._regular, 7.2, [(sheet.LEFT, y, shortened(self._regular, 7.2, foot.left, room))])
        if foot.banner:
            self._banner(foot.banner)
        pen.end_page()

    def _banner(self, banner: str) -> None:
        pen, high = self._pen, 9.5 * sheet.MM
        pen.colour(sheet.WARNING)
        pen.band(0, sheet.HEIGHT - high, sheet.WIDTH, high)
        pen.colour(sheet.WHITE)
        width = self._bold.width(banner) * 11 / 1000
        pen.text(self._bold, 11, [((sheet.WIDTH - width) / 2, sheet.HEIGHT - high / 2 - 3.9, banner)])

    def _row(self, texts: Texts, row: Cells, y: float, left: tuple[float, ...]) -> None:
        """Adds the texts of a row."""
        base = y - ASCENT
        for index in range(NUMBER, AMOUNT):
            x = left[index]
            for step, line in enumerate(row[index]):
                texts.append((x, base - step * LEADING, line))
        for line in row[AMOUNT]:
            texts.append((sheet.RIGHT - self._regular.width(line) * SIZE / 1000, base, line))

    def _title(self, title: Title, y: float) -> None:
        self._pen.colour(sheet.ACCENT)
        self._pen.text(self._regular, 19, [(sheet.LEFT, y - 16, title.text)])
        self._pen.colour(sheet.SOFT)
        self._pen.text(self._regular, 8.4, [(sheet.LEFT, y - 33, title.below)])

    def _head(self, head: Head, y: float) -> None:
        pen = self._pen
        room = sheet.RIGHT - sheet.LEFT - (50 if head.continued else 0)
        title = shortened(self._bold, 9.2, head.title, room)
        pen.colour(sheet.INK)
        pen.text(self._bold, 9.2, [(sheet.LEFT, y - 9, title)])
        if head.continued:
            pen.colour(sheet.SOFT)
            pen.right(self._regular, SIZE, sheet.RIGHT, y - 9, "continued")
        heads = [(x, y - 26, name) for x, name in zip(head.columns.left, head.columns.heads, strict=True)]
        pen.colour(sheet.SOFT)
        pen.text(self._bold, 6.9, heads[:AMOUNT])
        pen.right(self._bold, 6.9, sheet.RIGHT, y - 26, head.columns.heads[AMOUNT])
        pen.colour(sheet.ACCENT)
        pen.rules([y - 31.5], sheet.LEFT, sheet.RIGHT, 0.8)

    def _sum(self, item: Sum, y: float) -> None:
        face = self._bold if item.last else self._regular
        self._pen.colour(sheet.INK)
        self._pen.right(face, 7.8, sheet.RIGHT, y - 8.5, item.value)
        value = self._bold.width(item.value) * 7.8 / 1000
        self._pen.right(face, 7.8, sheet.RIGHT - max(52.0, value + GAP), y - 8.5, item.label)

    def _width(self, text: str) -> float:
        """Of a text in the foot."""
        return self._regular.width(text) * 7.2 / 1000


def shortened(face: Face, size: float, text: str, room: float) -> str:
    """A text on one line of `room` points; what does not fit ends in three dots (it stands in full elsewhere)."""
    limit = room * 1000 / size
    if face.width(text) <= limit:
        return text
    while text and face.width(text + "...") > limit:
        text = text[:-1]
    return text.rstrip() + "..."
