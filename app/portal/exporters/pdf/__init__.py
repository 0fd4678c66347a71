"""The proforma as an A4 PDF: invoice pages by WeasyPrint, annex drawn directly, one file with "page x of y" over all.

Every typeface is embedded. Equal contents give equal bytes (with the same versions of the libraries and typefaces).
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from portal.domain.content import Content, Exported
from portal.exporters.layout.annex import annex
from portal.exporters.layout.text import file_stem
from portal.exporters.layout.view import View, view
from portal.exporters.pdf.drawing import draw, foot_of
from portal.exporters.pdf.front import front_pages
from portal.exporters.pdf.laying import Layout, lay_out
from portal.exporters.pdf.merging import merge

MEDIA_TYPE = "application/pdf"


def export(content: Content) -> Exported:
    """One PDF. Raises FontError (a PortalError) when a typeface or library is not installed."""
    with _no_collector():
        shown = view(content)
        front = front_pages(shown)
        layout = _layout(content, shown)
        total = front.pages + (len(layout.pages) if layout else 0)
        drawn = draw(foot_of(shown, total), front.pages, layout)
        data = merge(content, shown, front, drawn, layout.starts if layout else [])
    return Exported(f"{file_stem(content.number)}.pdf", MEDIA_TYPE, data)


def annex_pdf(content: Content) -> bytes:
    """The annex alone, numbered from 1; b"" when no ticket was billed. The benchmark measures it."""
    with _no_collector():
        shown = view(content)
        layout = _layout(content, shown)
        return draw(foot_of(shown, len(layout.pages)), 0, layout) if layout else b""


def _layout(content: Content, shown: View) -> Layout | None:
    made = annex(content)
    if made is None:
        return None
    return lay_out(
        made, f"Annex to {shown.title.lower()[0]}{shown.title[1:]}", f"{shown.annex}. {made.zone}", shown.currency
    )


@contextmanager
def _no_collector() -> Iterator[None]:
    """Layout makes countless small objects and no cycles worth finding: the collector would take a third of it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
