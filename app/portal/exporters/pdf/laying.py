"""Where everything in the annex stands: laid out completely before anything is drawn, so that every page knows how many
there are. Lengths are in points, y from the foot of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from portal.exporters.layout.annex import Annex, Section
from portal.exporters.pdf.fonts import REGULAR, Face
from portal.exporters.pdf.sheet import FOOT, LEFT, RIGHT, TOP
from portal.exporters.pdf.wrapping import Wrapper

SIZE = 7.3
LEADING = 9.1
ROW_GAP = 4.4
"""white between two rows, with the hairline in its middle"""
GAP = 8.0
"""white between two columns"""
HEAD = 36.0
"""title of a line and the heads of its columns"""
SUM = 14.0
SECTION_GAP = 20.0
TITLE = 62.0
"""the word Annex and what it says below, on its first page"""
TALLEST = 12
"""lines of one row that stay together; a longer summary may go on on the next page"""

NUMBER, KIND, OPENED, COUNTED, SUMMARY, GROUP, AMOUNT = range(7)
_WIDEST = {NUMBER: 78.0, KIND: 72.0, GROUP: 78.0}

Cells = tuple[tuple[str, ...], ...]
"""seven cells of a row, each as its lines"""


@dataclass(frozen=True, slots=True)
class Columns:
    """Of one section: left edges (the amount is set against `RIGHT`) and widths."""

    left: tuple[float, ...]
    width: tuple[float, ...]
    heads: tuple[str, ...]
    """"" over a column that is left out"""


@dataclass(frozen=True, slots=True)
class Placed:
    """Something on a page with the y of its upper edge."""

    y: float
    what: Head | Row | Sum | Title


@dataclass(frozen=True, slots=True)
class Row:
    """A ticket, or a piece of one whose summary is very long; only its last piece is `closed` by a hairline."""

    cells: Cells
    height: float
    closed: bool


@dataclass(frozen=True, slots=True)
class Title:
    text: str
    below: str


@dataclass(frozen=True, slots=True)
class Head:
    title: str
    columns: Columns
    continued: bool


@dataclass(frozen=True, slots=True)
class Sum:
    label: str
    value: str
    last: bool


@dataclass(slots=True)
class Layout:
    """Pages in order; `starts` says on which of them (from 0) each section begins."""

    pages: list[list[Placed]] = field(default_factory=list)
    starts: list[tuple[str, int]] = field(default_factory=list)


def lay_out(annex: Annex, title: str, below: str, currency: str) -> Layout:
    """The whole annex. `currency` heads the column of amounts. Raises FontError."""
    face = Face(REGULAR)
    flow = _Flow(Wrapper(face, SIZE), Title(title, below))
    for section in annex.sections:
        flow.section(section, _columns(section, face, currency))
    return flow.layout


def _columns(section: Section, face: Face, currency: str) -> Columns:
    """Numbers, kinds and groups get what their longest needs, up to a limit; the summary gets the rest."""
    width = [0.0] * 7
    heads: tuple[str, ...] = ("Ticket", "Kind", "Opened", section.counted, "Summary", "Group", currency)
    for index in (NUMBER, KIND, OPENED, COUNTED, GROUP, AMOUNT):
        longest = max(_longest(section, face, index), face.width(heads[index]))
        width[index] = min(longest * SIZE / 1000 + 0.5, _WIDEST.get(index, 999.0))
    rest = RIGHT - LEFT - sum(width) - 6 * GAP
    left = [LEFT]
    if section.has_summaries:
        width[SUMMARY] = rest
    else:  # the group moves into its place
        width[SUMMARY], width[GROUP] = -GAP, width[GROUP] + rest + GAP
        heads = (*heads[:SUMMARY], "", *heads[GROUP:])
    for index in range(6):
        left.append(left[index] + width[index] + GAP)
    return Columns(tuple(left), tuple(width), heads)


def _longest(section: Section, face: Face, index: int) -> int:
    if index in (OPENED, COUNTED):  # tabular figures: all are equally wide
        return face.width("2026-03-31 00:00")
    if index == NUMBER:
        numbers = {row[NUMBER].translate(_FIGURES) for row in section.rows}
        return max(face.width(number) for number in numbers)
    return max(face.width(text) for text in {row[index] for row in section.rows})


_FIGURES = str.maketrans("123456789", "000000000")


class _Flow:
    """Fills one page after another from top to foot."""

    def __init__(self, wrapper: Wrapper, title: Title) -> None:
        self.layout = Layout()
        self._wrap = wrapper
        self._page: list[Placed] = []
        self._y = 0.0
        self._new_page()
        self._place(title, TITLE)

    def section(self, section: Section, columns: Columns) -> None:
        """Head, rows, sums. A head never stands without a row, the sums never without the last one."""
        rows = self._rows(section, columns.width)
        sums = [Sum(label, value, i == len(section.sums) - 1) for i, (label, value) in enumerate(section.sums)]
        row = next(rows)
        if self._y - HEAD - row.height < FOOT:
            self._new_page()
        self.layout.starts.append((section.title, len(self.layout.pages) - 1))
        self._place(Head(section.title, columns, False), HEAD)
        again = Head(section.title, columns, True)
        for after in rows:
            self._row(again, row, 0.0)
            row = after
        self._row(again, row, SUM * len(sums))
        for item in sums:
            self._place(item, SUM)
        self._y -= SECTION_GAP

    def _row(self, again: Head, row: Row, with_it: float) -> None:
        if self._y - row.height - with_it < FOOT:
            self._new_page()
            self._place(again, HEAD)
        self._place(row, row.height)

    def _rows(self, section: Section, width: tuple[float, ...]) -> Iterator[Row]:
        wrap: list[Callable[[str], tuple[str, ...]]] = [partial(self._wrap, limit=w) for w in width]
        number, kind, summary, group = wrap[NUMBER], wrap[KIND], wrap[SUMMARY], wrap[GROUP]
        for row in section.rows:
            cells = (
                number(row[NUMBER]), kind(row[KIND]), (row[OPENED],), (row[COUNTED],),
                summary(row[SUMMARY]), group(row[GROUP]), (row[AMOUNT],),
            )  # fmt: skip
            yield from _slices(cells)

    def _place(self, what: Head | Row | Sum | Title, height: float) -> None:
        self._page.append(Placed(self._y, what))
        self._y -= height

    def _new_page(self) -> None:
        self._page = []
        self.layout.pages.append(self._page)
        self._y = TOP


def _slices(cells: Cells) -> Iterator[Row]:
    tallest = max(map(len, cells))
    if tallest <= TALLEST:
        yield Row(cells, tallest * LEADING + ROW_GAP, True)
        return
    for start in range(0, tallest, TALLEST):
        piece = tuple(cell[start : start + TALLEST] for cell in cells)
        last = start + TALLEST >= tallest
        yield Row(piece, max(map(len, piece)) * LEADING + (ROW_GAP if last else 0), last)
